"""Limits how much a report for people shows. The findings file contains everything."""

from dataclasses import dataclass, fields, replace
from operator import attrgetter

from logdiag.model import Change, Diagnosis, Finding, Incident, MemberCoverage


@dataclass(frozen=True)
class Limits:
    """The maximum number of objects of each kind that an output shows; or the number that it leaves out."""

    incidents: int
    findings: int
    changes: int
    wanted: int
    peers: int
    members: int
    gaps: int
    reasons: int
    alarm_events: int = 0


DOCUMENT = Limits(
    incidents=20, findings=150, changes=100, wanted=30, peers=60, members=50, gaps=50, reasons=50
)
"""For a document that people read from its beginning."""

_PLACES = {
    "peers": "cluster.peers",
    "members": "coverage.members",
    "gaps": "coverage.gaps",
    "reasons": "exit.reasons",
}
"""The attribute of a diagnosis that a limit is for, if it does not have the name of the limit."""


def limited(diagnosis: Diagnosis, limits: Limits) -> tuple[Diagnosis, Limits]:
    """Return the diagnosis within some limits, and how many objects of each kind were left out.

    Incidents: the first, which are the worst. Findings: theirs, then the others. Changes: the last
    before the headline is over, since those are what may have caused it. Members: those that are
    not all there, then logs and dumps.
    """
    incidents = diagnosis.incidents[: limits.incidents]
    findings = _findings(diagnosis, {id_ for one in incidents for id_ in one.findings}, limits.findings)
    hidden = {finding.id for finding in diagnosis.findings} - {finding.id for finding in findings}
    coverage, exit_ = diagnosis.coverage, diagnosis.exit
    cut = replace(
        diagnosis,
        incidents=tuple(
            replace(one, findings=tuple(id_ for id_ in one.findings if id_ not in hidden))
            for one in incidents
        ),
        findings=findings,
        changes=_changes(diagnosis, limits.changes),
        wanted=diagnosis.wanted[: limits.wanted],
        alarm_events=diagnosis.alarm_events[: limits.alarm_events],
        cluster=replace(diagnosis.cluster, peers=diagnosis.cluster.peers[: limits.peers]),
        coverage=replace(
            coverage, members=_members(coverage.members, limits.members), gaps=coverage.gaps[: limits.gaps]
        ),
        exit=replace(exit_, reasons=exit_.reasons[: limits.reasons]),
    )
    counts = {field.name: attrgetter(_PLACES.get(field.name, field.name)) for field in fields(Limits)}
    return cut, Limits(**{name: len(of(diagnosis)) - len(of(cut)) for name, of in counts.items()})


def _members(members: tuple[MemberCoverage, ...], most: int) -> tuple[MemberCoverage, ...]:
    # Faults first, and members of other kinds last: the fault is what the reader has to know.
    ranked = sorted(range(len(members)), key=lambda i: (not members[i].faults, members[i].kind == "other", i))
    return tuple(members[i] for i in sorted(ranked[:most]))


def _findings(diagnosis: Diagnosis, first: set[str], most: int) -> tuple[Finding, ...]:
    chosen = sorted(diagnosis.findings, key=lambda finding: finding.id not in first)[:most]
    ids = {finding.id for finding in chosen}
    return tuple(finding for finding in diagnosis.findings if finding.id in ids)


def _changes(diagnosis: Diagnosis, most: int) -> tuple[Change, ...]:
    if len(diagnosis.changes) <= most:
        return diagnosis.changes
    if not diagnosis.incidents:
        return diagnosis.changes[-most:]
    # A change after the end cannot be the cause; without an end, every change can be.
    last = diagnosis.incidents[0].last
    before = [change for change in diagnosis.changes if last is None or change.time <= last]
    return tuple(before[-most:]) or diagnosis.changes[:most]


def grouped(diagnosis: Diagnosis) -> list[tuple[int, Incident | None, list[Finding]]]:
    """Return each incident with its number and its findings, each finding once, then the other findings."""
    left = {finding.id: finding for finding in diagnosis.findings}
    groups: list[tuple[int, Incident | None, list[Finding]]] = [
        (number, incident, [left.pop(id_) for id_ in incident.findings if id_ in left])
        for number, incident in enumerate(diagnosis.incidents, start=1)
    ]
    return [*groups, (0, None, list(left.values()))] if left else groups


def rules_by_reason(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """Return the rules that could not be judged, by the reason."""
    rules: dict[str, list[str]] = {}
    for one in diagnosis.not_checked:
        rules.setdefault(one.reason, []).append(one.rule)
    return rules
