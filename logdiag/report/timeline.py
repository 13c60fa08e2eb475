"""Computes the timeline of a report: a drawing, and the same events as a list in time order.

A page draws it in percent of its width, so that one drawing fits a phone, a screen and paper.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from logdiag.model import SEVERITIES, Diagnosis, Finding, Incident, Peer, Severity

# The drawing is plain SVG from a template: the report must work without scripts, and a chart library needs
# them.
HEALTHY = "replication/healthy"
"""The rule for replication cycles that succeed."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICK_STEPS = (
    *(1, 2, 5, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY, 91 * _DAY),
    *(365 * _DAY, 3653 * _DAY, 36525 * _DAY, 365250 * _DAY),
)
_MAX_TICKS = 5
# Marks nearer to each other than this share of the width would hide one another on a phone.
_ONE_MARK = 3.0
# A silence of all peers that would take more than this share of the width is drawn as a break.
_LONG_SILENCE, _BREAK = 0.4, 5.0
_TICK_APART, _DATES_APART = 15.0, 24.0
_HEAD, _ROW = 8, 36
_LABEL, _BAND, _SPAN, _BELOW = 24, 26, 8, 12
_MAX_ROWS = 6
"""Rows of spans in a lane; a span that finds no room in them shares the last one."""


@dataclass(frozen=True)
class Bar:
    """A part of the time axis, in percent of its width."""

    x: float
    width: float


@dataclass(frozen=True)
class Scale:
    """From time to percent of the width, in straight pieces: a break is narrower than it lasted."""

    times: tuple[datetime, ...]
    percents: tuple[float, ...]
    breaks: tuple[tuple[datetime, datetime], ...]

    def place(self, time: datetime) -> float:
        """Return the percent of the width at which ``time`` is."""
        right = min(max(bisect_right(self.times, time), 1), len(self.times) - 1)
        share = (time - self.times[right - 1]) / (self.times[right] - self.times[right - 1])
        left = self.percents[right - 1]
        return round(left + share * (self.percents[right] - left), 2)

    @property
    def pieces(self) -> list[tuple[float, float]]:
        """Seconds since 1970 and percent of the width, between which time runs evenly."""
        return [(time.timestamp(), x) for time, x in zip(self.times, self.percents, strict=True)]

    def bar(self, first: datetime, last: datetime) -> Bar:
        """Return the bar from ``first`` to ``last``."""
        x = self.place(first)
        return Bar(x, round(self.place(last) - x, 2))


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
class Tick:
    """A time on the axis; ``date`` only if it is another day than at the tick before."""

    x: float
    time: str
    date: str


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
    # One instant has no axis.
    if not times or min(times) == max(times):
        return None
    scale = _scale(min(times), max(times), _silences(diagnosis, min(times), max(times)))
    numbered = [
        (number, one) for number, one in enumerate(diagnosis.incidents, start=1) if one.last is not None
    ]
    incidents = tuple(
        Span(_HEAD + _ROW * row, one, *_seen_and_after(one, scale), number)
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
    return Chart(scale, top + 4, _ticks(scale), incidents, tuple(lanes))


def log_times(peers: Iterable[Peer]) -> list[datetime]:
    """Return when the logs of some peers begin and end."""
    return [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]


def _silences(diagnosis: Diagnosis, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the times in which no log has a record."""
    common = [(start, end)]
    logged = [peer for peer in diagnosis.cluster.peers if None not in (peer.seen_from, peer.seen_to)]
    for peer in logged:
        first, last = log_times([peer])
        silent = [(start, first), (last, end)]
        silent += [(gap.start, gap.end) for gap in diagnosis.coverage.gaps if gap.peer == peer.name]
        both = [(max(a, c), min(b, d)) for a, b in common for c, d in silent]
        common = [(first, last) for first, last in both if first < last]
    return sorted(common) if logged else []


def _scale(start: datetime, end: datetime, silences: Iterable[tuple[datetime, datetime]]) -> Scale:
    total = end - start
    breaks = tuple((first, last) for first, last in silences if (last - first) / total > _LONG_SILENCE)
    drawn = total - sum((last - first for first, last in breaks), timedelta())
    # No log has a record between the ends: a break over the whole axis would show nothing.
    if not drawn:
        return Scale((start, end), (0.0, 100.0), ())
    width = 100 - _BREAK * len(breaks)
    times, percents = [start], [0.0]
    for first, last in (*breaks, (end, end)):
        if first > times[-1]:
            percents.append(percents[-1] + width * ((first - times[-1]) / drawn))
            times.append(first)
        if last > times[-1]:
            percents.append(percents[-1] + _BREAK)
            times.append(last)
    return Scale(tuple(times), tuple(percents), breaks)


def _seen_and_after(of: Incident | Finding, scale: Scale) -> tuple[Bar, Bar | None]:
    """Return the bars of its known duration, and from there to the end if it may have lasted longer."""
    start, end = scale.times[0], scale.times[-1]
    first, last = of.first or start, of.last or end
    lasts = of.state in ("open", "open_at_end", "unknown") and last < end
    return scale.bar(first, last), scale.bar(last, end) if lasts else None


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
        quiet=tuple(_seen_and_after(one, scale)[0] for one in every if one.rule == HEALTHY),
        spans=spans,
        marks=_marks(found, scale),
    )


def _spans(findings: Sequence[Finding], scale: Scale) -> tuple[Span, ...]:
    """Put spans into rows below the band, so that none hides another while there is room."""
    ends = [0.0] * _MAX_ROWS
    spans = []
    for finding in sorted(findings, key=lambda finding: finding.began):
        seen, after = _seen_and_after(finding, scale)
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


def _ticks(scale: Scale) -> tuple[Tick, ...]:
    ticks: list[Tick] = []
    day = ""
    broken = {first for first, _ in scale.breaks}
    for first, last in pairwise(scale.times):
        if first in broken:
            continue
        for time, shown in _round_times(first, last, (scale.place(last) - scale.place(first)) / 100):
            x, date = scale.place(time), f"{time:%Y-%m-%d}"
            if ticks and x - ticks[-1].x < (_DATES_APART if date != day and ticks[-1].date else _TICK_APART):
                continue
            ticks.append(Tick(x, f"{time:{shown}}" if shown else "", date if date != day else ""))
            day = date
    return tuple(ticks)


def _round_times(start: datetime, end: datetime, share: float) -> Iterator[tuple[datetime, str]]:
    """Return round times for a piece that has this share of the width, with their format; else its start."""
    seconds = (end - start).total_seconds()
    most = max(1.0, _MAX_TICKS * share)
    step = next((size for size in _TICK_STEPS if seconds / size <= most), _TICK_STEPS[-1])
    # Ticks of whole days need the date only.
    shown = "" if step >= _DAY else "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = (start - midnight).total_seconds()
    numbers = range(math.ceil(begin / step), math.floor((begin + seconds) / step) + 1)
    if not numbers or share < _TICK_APART / 100:
        yield start, "%H:%M:%S"
        return
    for number in numbers:
        yield midnight + timedelta(seconds=step * number), shown


def list_events(diagnosis: Diagnosis) -> list[Event]:
    """Return all events in the order of time."""
    events = [_finding_event(found) for found in diagnosis.findings if found.last is not None]
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
