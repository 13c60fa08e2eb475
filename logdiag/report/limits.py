"""How much a report shows: it is for reading. The findings file holds everything."""

from dataclasses import dataclass, replace

from logdiag.model import Change, Diagnosis, Finding


@dataclass(frozen=True)
class Limits:
    """The most that an output shows of each."""

    incidents: int
    findings: int
    changes: int
    wanted: int


@dataclass(frozen=True)
class LeftOut:
    """How many of each an output does not show."""

    incidents: int
    findings: int
    changes: int
    wanted: int


def limited(diagnosis: Diagnosis, limits: Limits) -> tuple[Diagnosis, LeftOut]:
    """The diagnosis with no more than can be read, and how much that leaves out.

    Incidents: the first, which are the worst. Findings: theirs, then the others. Changes: the last
    before the headline is over, since those are what may have caused it.
    """
    incidents = diagnosis.incidents[: limits.incidents]
    findings = _findings(diagnosis, {id_ for one in incidents for id_ in one.findings}, limits.findings)
    hidden = {finding.id for finding in diagnosis.findings} - {finding.id for finding in findings}
    changes = _changes(diagnosis, limits.changes)
    wanted = diagnosis.wanted[: limits.wanted]
    left = LeftOut(
        len(diagnosis.incidents) - len(incidents),
        len(diagnosis.findings) - len(findings),
        len(diagnosis.changes) - len(changes),
        len(diagnosis.wanted) - len(wanted),
    )
    incidents = tuple(
        replace(one, findings=tuple(id_ for id_ in one.findings if id_ not in hidden)) for one in incidents
    )
    cut = replace(diagnosis, incidents=incidents, findings=findings, changes=changes, wanted=wanted)
    return cut, left


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
    before = [change for change in diagnosis.changes if change.time <= diagnosis.incidents[0].last]
    return tuple(before[-most:]) or diagnosis.changes[:most]
