"""How much a report shows: it is for reading. The findings file holds everything."""

from dataclasses import dataclass, replace

from logdiag.model import Change, Diagnosis, Finding, MemberCoverage


@dataclass(frozen=True)
class Limits:
    """The most that an output shows of each; and, as what is left out, how many of each it does not."""

    incidents: int
    findings: int
    changes: int
    wanted: int
    peers: int
    members: int
    gaps: int
    reasons: int
    alarm_events: int = 0


def limited(diagnosis: Diagnosis, limits: Limits) -> tuple[Diagnosis, Limits]:
    """The diagnosis with no more than can be read, and how much that leaves out.

    Incidents: the first, which are the worst. Findings: theirs, then the others. Changes: the last
    before the headline is over, since those are what may have caused it. Members: those that are
    not all there, then logs and dumps.
    """
    incidents = diagnosis.incidents[: limits.incidents]
    findings = _findings(diagnosis, {id_ for one in incidents for id_ in one.findings}, limits.findings)
    hidden = {finding.id for finding in diagnosis.findings} - {finding.id for finding in findings}
    changes = _changes(diagnosis, limits.changes)
    wanted = diagnosis.wanted[: limits.wanted]
    peers = diagnosis.cluster.peers[: limits.peers]
    ledger = diagnosis.coverage
    members = _members(ledger.members, limits.members)
    gaps = ledger.gaps[: limits.gaps]
    reasons = diagnosis.exit.reasons[: limits.reasons]
    alarm_events = diagnosis.alarm_events[: limits.alarm_events]
    left = Limits(
        incidents=len(diagnosis.incidents) - len(incidents),
        findings=len(diagnosis.findings) - len(findings),
        changes=len(diagnosis.changes) - len(changes),
        wanted=len(diagnosis.wanted) - len(wanted),
        peers=len(diagnosis.cluster.peers) - len(peers),
        members=len(ledger.members) - len(members),
        gaps=len(ledger.gaps) - len(gaps),
        reasons=len(diagnosis.exit.reasons) - len(reasons),
        alarm_events=len(diagnosis.alarm_events) - len(alarm_events),
    )
    incidents = tuple(
        replace(one, findings=tuple(id_ for id_ in one.findings if id_ not in hidden)) for one in incidents
    )
    cut = replace(
        diagnosis,
        incidents=incidents,
        findings=findings,
        changes=changes,
        wanted=wanted,
        alarm_events=alarm_events,
        cluster=replace(diagnosis.cluster, peers=peers),
        coverage=replace(ledger, members=members, gaps=gaps),
        exit=replace(diagnosis.exit, reasons=reasons),
    )
    return cut, left


def _members(members: tuple[MemberCoverage, ...], most: int) -> tuple[MemberCoverage, ...]:
    if len(members) <= most:
        return members
    ranked = sorted(range(len(members)), key=lambda i: (not members[i].faults, members[i].kind == "other", i))
    return tuple(members[i] for i in sorted(ranked[:most]))


def _findings(diagnosis: Diagnosis, first: set[str], most: int) -> tuple[Finding, ...]:
    if len(diagnosis.findings) <= most:
        return diagnosis.findings
    chosen = sorted(diagnosis.findings, key=lambda finding: finding.id not in first)[:most]
    kept = {finding.id for finding in chosen}
    return tuple(finding for finding in diagnosis.findings if finding.id in kept)


def _changes(diagnosis: Diagnosis, most: int) -> tuple[Change, ...]:
    if len(diagnosis.changes) <= most:
        return diagnosis.changes
    if not diagnosis.incidents:
        return diagnosis.changes[-most:]
    last = diagnosis.incidents[0].last
    before = [change for change in diagnosis.changes if last is None or change.time <= last]
    return tuple(before[-most:]) or diagnosis.changes[:most]
