"""Computes the timeline of a report: a drawing with a lane for each peer, and a list of events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logdiag.model import SEVERITIES, Diagnosis, Finding, Incident, Peer, Severity
from logdiag.report.time_axis import Bar, Bars, Scale, Tick, make_scale, make_ticks

# The drawing is plain SVG from a template: the report must work without scripts, and a chart library needs
# them.
HEALTHY = "replication/healthy"
"""The rule for replication cycles that succeed."""

# Marks nearer to each other than this share of the width would hide one another on a phone.
_ONE_MARK = 3.0
_HEAD, _ROW = 8, 36
_LABEL, _BAND, _SPAN, _BELOW = 24, 26, 8, 12
_MAX_ROWS = 6
"""Rows of spans in a lane; a span that finds no room in them shares the last one."""


@dataclass(frozen=True)
class Mark:
    """Findings that begin at about the same time on one peer."""

    x: float
    severity: Severity
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Span:
    """A finding or an incident that lasts: its known duration, and how much longer it may have lasted.

    ``y`` counts from the lane of a finding, or from the top for an incident, which has a ``number``.
    """

    y: int
    of: Finding | Incident
    seen: Bar
    open: Bar | None
    number: int = 0


@dataclass(frozen=True)
class Lane:
    """One peer on the time axis; ``peer`` is None for a host that is no peer of the cluster."""

    name: str
    y: int
    height: int
    peer: Peer | None
    seen: Bar | None
    gaps: tuple[Bar, ...]
    quiet: tuple[Bar, ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """Everything the drawing needs. Across it counts in percent, so that it fits any page; down in pixels."""

    scale: Scale
    axis: int
    ticks: tuple[Tick, ...]
    incidents: tuple[Span, ...]
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Event:
    """A line of the list in time order. ``item`` is what happened, of the kind that ``kind`` names."""

    time: datetime
    until: datetime | None
    where: tuple[str, ...]
    kind: str
    item: Any


def draw(diagnosis: Diagnosis) -> Chart | None:
    """Return the drawing; None if nothing has a place on a time axis."""
    peers = diagnosis.cluster.peers
    times = [*log_times(peers), *(change.time for change in diagnosis.changes)]
    dated: list[Finding | Incident] = [*diagnosis.findings, *diagnosis.incidents]
    times += [time for one in dated for time in (one.first, one.last) if time is not None]
    times += [time for gap in diagnosis.coverage.gaps for time in (gap.start, gap.end)]
    scale = make_scale(times)
    if scale is None:
        return None
    numbered = [
        (number, one) for number, one in enumerate(diagnosis.incidents, start=1) if one.last is not None
    ]
    incidents = tuple(
        Span(_HEAD + _ROW * row, one, *_bars(one, scale), number)
        for row, (number, one) in enumerate(numbered)
    )
    top = _HEAD + _ROW * len(incidents)
    names: dict[str, Peer | None] = {peer.name: peer for peer in peers}
    hosts = {host for finding in diagnosis.findings for host in finding.hosts}
    names |= dict.fromkeys(sorted(hosts - set(names)))
    lanes: list[Lane] = []
    for name, peer in names.items():
        lanes.append(_lane(name, peer, top, diagnosis, scale))
        top += lanes[-1].height
    return Chart(scale, top + 4, make_ticks(scale), incidents, tuple(lanes))


def log_times(peers: Iterable[Peer]) -> list[datetime]:
    """Return when the logs of some peers begin and end."""
    return [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]


def _bars(of: Incident | Finding, scale: Scale) -> Bars:
    return scale.bars(of.first or scale.times[0], of.last or scale.times[-1], of.state)


def _lane(name: str, peer: Peer | None, y: int, diagnosis: Diagnosis, scale: Scale) -> Lane:
    every = [finding for finding in diagnosis.findings if name in finding.hosts]
    # What only a dump shows has no place on a time axis.
    found = [finding for finding in every if finding.rule != HEALTHY and finding.last is not None]
    spans = _spans(found, scale)
    seen = None
    if peer is not None and peer.seen_from is not None and peer.seen_to is not None:
        seen = scale.bar(peer.seen_from, peer.seen_to)
    return Lane(
        name=name,
        y=y,
        height=_LABEL + _BAND + _SPAN * len({one.y for one in spans}) + _BELOW,
        peer=peer,
        seen=seen,
        gaps=tuple(scale.bar(gap.start, gap.end) for gap in diagnosis.coverage.gaps if gap.peer == name),
        quiet=tuple(_bars(one, scale).seen for one in every if one.rule == HEALTHY),
        spans=spans,
        marks=_marks(found, scale),
    )


def _spans(findings: Sequence[Finding], scale: Scale) -> tuple[Span, ...]:
    """Put spans into rows below the band, so that none hides another while there is room."""
    ends = [0.0] * _MAX_ROWS
    spans = []
    for finding in sorted(findings, key=lambda finding: finding.began):
        seen, after = _bars(finding, scale)
        if seen.width or after is not None:
            # Rows are filled from the top; the last row takes the rest, so that the height of a lane is
            # bounded.
            row = next((row for row, end in enumerate(ends) if end <= seen.x), _MAX_ROWS - 1)
            ends[row] = max(ends[row], seen.x + seen.width + (after.width if after else 0))
            spans.append(Span(_LABEL + _BAND + 2 + _SPAN * row, finding, seen, after))
    return tuple(spans)


def _marks(findings: Sequence[Finding], scale: Scale) -> tuple[Mark, ...]:
    bundles: list[tuple[float, list[Finding]]] = []
    for finding in sorted(findings, key=lambda finding: finding.first or scale.times[0]):
        x = scale.place(finding.first or scale.times[0])
        if bundles and x - bundles[-1][0] < _ONE_MARK:
            bundles[-1][1].append(finding)
        else:
            bundles.append((x, [finding]))
    return tuple(
        Mark(x, max((f.severity for f in some), key=SEVERITIES.index), tuple(some)) for x, some in bundles
    )


def list_events(diagnosis: Diagnosis) -> list[Event]:
    """Return the events in the order of time, without findings that are for the record only.

    Those are audits and healthy states: they are no events.
    """
    told = {id_ for incident in diagnosis.incidents for id_ in incident.findings}
    events = [_finding_event(one) for one in diagnosis.findings if one.last is not None and one.id in told]
    events += [Event(change.time, None, (change.peer,), "change", change) for change in diagnosis.changes]
    events += [Event(gap.start, gap.end, (gap.peer,), "gap", gap) for gap in diagnosis.coverage.gaps]
    for peer in diagnosis.cluster.peers:
        for kind, time in (("begin", peer.seen_from), ("end", peer.seen_to)):
            if time is not None:
                events.append(Event(time, None, (peer.name,), kind, peer))
    # At the same time, a log begins before everything in it, and ends after all of it.
    return sorted(events, key=lambda event: (event.time, (event.kind != "begin") + (event.kind == "end")))


def _finding_event(found: Finding) -> Event:
    """Return the event of a finding; if its beginning was not seen, at the first time that is known."""
    first, last = found.first or found.ended, found.ended
    return Event(first, last if last > first else None, found.hosts, "finding", found)
