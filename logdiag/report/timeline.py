"""Where things stand on the time axis of a report, and the same things as a list in time order.

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
from logdiag.report.replication import HEALTHY

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICK_STEPS = (
    *(1, 2, 5, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY, 91 * _DAY),
    *(365 * _DAY, 3653 * _DAY, 36525 * _DAY, 365250 * _DAY),
)
_MOST_TICKS = 5
_EDGE = 7.0
# Marks nearer to each other than this share of the width would hide one another on a phone.
_ONE_MARK = 3.0
# A silence of all peers that would take more than this share of the width is drawn as a break.
_LONG_SILENCE, _BREAK = 0.4, 5.0
_TICK_APART, _DATES_APART = 15.0, 24.0
_HEAD, _ROW, _FOOT = 8, 36, 40
_LABEL, _BAND, _SPAN, _BELOW = 24, 26, 8, 12
_MOST_ROWS = 6
"""Rows of spans in a lane; what finds no room in them shares the last one."""


@dataclass(frozen=True)
class Bar:
    """A stretch of the time axis, in percent of its width."""

    x: float
    width: float


@dataclass(frozen=True)
class Scale:
    """From time to percent of the width, in straight pieces: a break is narrower than it lasted."""

    times: tuple[datetime, ...]
    places: tuple[float, ...]
    breaks: tuple[tuple[datetime, datetime], ...]

    def place(self, time: datetime) -> float:
        """Where ``time`` stands."""
        right = min(max(bisect_right(self.times, time), 1), len(self.times) - 1)
        share = (time - self.times[right - 1]) / (self.times[right] - self.times[right - 1])
        return round(self.places[right - 1] + share * (self.places[right] - self.places[right - 1]), 2)

    def bar(self, first: datetime, last: datetime) -> Bar:
        """Where the time from ``first`` to ``last`` stands."""
        x = self.place(first)
        return Bar(x, round(self.place(last) - x, 2))


@dataclass(frozen=True)
class Mark:
    """Findings that begin at about the same time on one peer."""

    x: float
    severity: Severity
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Lasting:
    """A finding that lasts: what was seen of it, and how far it may go on; ``y`` counts from its lane."""

    y: int
    finding: Finding
    seen: Bar
    open: Bar | None


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
    lasting: tuple[Lasting, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Stretch:
    """One incident on the time axis: what was seen of it, and how far it stays open."""

    y: int
    number: int
    incident: Incident
    seen: Bar
    open: Bar | None


@dataclass(frozen=True)
class Tick:
    """A time on the axis; ``date`` only where it is another day than at the tick before."""

    x: float
    anchor: str
    time: str
    date: str


@dataclass(frozen=True)
class Chart:
    """Everything the drawing needs. Across it counts in percent, so that it fits any page; down in pixels."""

    start: datetime
    end: datetime
    height: int
    axis: int
    ticks: tuple[Tick, ...]
    breaks: tuple[tuple[float, timedelta], ...]
    stretches: tuple[Stretch, ...]
    lanes: tuple[Lane, ...]
    scale: tuple[tuple[float, float], ...]
    """Seconds since 1970 and percent of the width, between which time runs evenly."""


@dataclass(frozen=True)
class Event:
    """A line of the list in time order. ``item`` is what happened, of the kind that ``kind`` names."""

    time: datetime
    until: datetime | None
    where: tuple[str, ...]
    kind: str
    item: Any


def chart(diagnosis: Diagnosis) -> Chart | None:
    """The drawing; None where nothing has a place on a time axis."""
    peers = diagnosis.cluster.peers
    times = [*own_times(peers), *(change.time for change in diagnosis.changes)]
    spans = [(finding.first, finding.last) for finding in diagnosis.findings]
    spans += [(incident.first, incident.last) for incident in diagnosis.incidents]
    times += [time for span in spans for time in span if time is not None]
    whole = span_of(times)
    if whole is None or whole[0] == whole[1]:
        return None
    start, end = whole
    scale = _scale(start, end, _silences(diagnosis, start, end))
    timed = [(number, one) for number, one in enumerate(diagnosis.incidents, start=1) if one.last is not None]
    stretches = tuple(_stretch(row, *one, scale) for row, one in enumerate(timed))
    top = _HEAD + _ROW * len(stretches)
    hosts = {host for finding in diagnosis.findings for host in finding.hosts}
    names: list[tuple[str, Peer | None]] = [(peer.name, peer) for peer in peers]
    names += [(host, None) for host in sorted(hosts - {peer.name for peer in peers})]
    lanes: list[Lane] = []
    for name, peer in names:
        lanes.append(_lane(name, peer, top, diagnosis, scale))
        top += lanes[-1].height
    axis = top + 4
    breaks = tuple((scale.place(first + (last - first) / 2), last - first) for first, last in scale.breaks)
    pieces = tuple((time.timestamp(), place) for time, place in zip(scale.times, scale.places, strict=True))
    return Chart(start, end, axis + _FOOT, axis, _ticks(scale), breaks, stretches, tuple(lanes), pieces)


def _silences(diagnosis: Diagnosis, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Find the stretches of which no peer that gave a log says anything."""
    common = [(start, end)]
    logged = False
    for peer in diagnosis.cluster.peers:
        if peer.seen_from is None or peer.seen_to is None:
            continue
        logged = True
        silent = [(start, peer.seen_from), (peer.seen_to, end)]
        silent += [(gap.start, gap.end) for gap in diagnosis.coverage.gaps if gap.peer == peer.name]
        both = [(max(a, c), min(b, d)) for a, b in common for c, d in silent]
        common = [(first, last) for first, last in both if first < last]
    return sorted(common) if logged else []


def _scale(start: datetime, end: datetime, silences: Iterable[tuple[datetime, datetime]]) -> Scale:
    total = end - start
    breaks = tuple((first, last) for first, last in silences if (last - first) / total > _LONG_SILENCE)
    told = total - sum((last - first for first, last in breaks), timedelta())
    if not told:
        return Scale((start, end), (0.0, 100.0), ())
    width = 100 - _BREAK * len(breaks)
    times, places = [start], [0.0]
    for first, last in (*breaks, (end, end)):
        if first > times[-1]:
            places.append(places[-1] + width * ((first - times[-1]) / told))
            times.append(first)
        if last > times[-1]:
            places.append(places[-1] + _BREAK)
            times.append(last)
    return Scale(tuple(times), tuple(places), breaks)


def _stretch(row: int, number: int, incident: Incident, scale: Scale) -> Stretch:
    seen, after = _seen_and_after(incident, scale)
    return Stretch(_HEAD + _ROW * row, number, incident, seen, after)


def _seen_and_after(it: Incident | Finding, scale: Scale) -> tuple[Bar, Bar | None]:
    """What was seen of it, and from then to the end where it may go on."""
    start, end = scale.times[0], scale.times[-1]
    first, last = it.first or start, it.last or end
    lasts = it.state in ("open", "open_at_end", "unknown") and last < end
    return scale.bar(first, last), scale.bar(last, end) if lasts else None


def _lane(name: str, peer: Peer | None, y: int, diagnosis: Diagnosis, scale: Scale) -> Lane:
    every = [finding for finding in diagnosis.findings if name in finding.hosts]
    # What only a dump shows has no place on a time axis.
    found = [finding for finding in every if finding.rule != HEALTHY and finding.last is not None]
    lasting = _lasting(found, scale)
    rows = len({one.y for one in lasting})
    seen = None
    if peer is not None and peer.seen_from is not None and peer.seen_to is not None:
        seen = scale.bar(peer.seen_from, peer.seen_to)
    return Lane(
        name=name,
        y=y,
        height=_LABEL + _BAND + _SPAN * rows + _BELOW,
        peer=peer,
        seen=seen,
        gaps=tuple(scale.bar(gap.start, gap.end) for gap in diagnosis.coverage.gaps if gap.peer == name),
        quiet=tuple(_seen_and_after(one, scale)[0] for one in every if one.rule == HEALTHY),
        lasting=lasting,
        marks=_marks(found, scale),
    )


def _lasting(findings: Sequence[Finding], scale: Scale) -> tuple[Lasting, ...]:
    """Spans in rows below the band, so that none hides another while there is room."""
    ends: list[float] = []
    lasting = []
    for finding in sorted(findings, key=lambda finding: finding.began):
        seen, after = _seen_and_after(finding, scale)
        if not seen.width and after is None:
            continue
        row = next((row for row, end in enumerate(ends) if end <= seen.x), len(ends))
        row = min(row, _MOST_ROWS - 1)
        until = seen.x + seen.width + (after.width if after else 0)
        ends[row : row + 1] = [max(until, *ends[row : row + 1], 0)]
        lasting.append(Lasting(_LABEL + _BAND + 2 + _SPAN * row, finding, seen, after))
    return tuple(lasting)


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
            anchor = "start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle"
            ticks.append(Tick(x, anchor, f"{time:{shown}}" if shown else "", date if date != day else ""))
            day = date
    return tuple(ticks)


def _round_times(start: datetime, end: datetime, share: float) -> Iterator[tuple[datetime, str]]:
    """Round times for a piece that has this share of the width, and how to write them; else its start."""
    seconds = (end - start).total_seconds()
    most = max(1.0, _MOST_TICKS * share)
    step = next((size for size in _TICK_STEPS if seconds / size <= most), _TICK_STEPS[-1])
    shown = "" if step >= _DAY else "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = (start - midnight).total_seconds()
    numbers = range(math.ceil(begin / step), math.floor((begin + seconds) / step) + 1)
    if not numbers or share < _TICK_APART / 100:
        yield start, "%H:%M:%S"
        return
    for number in numbers:
        yield midnight + timedelta(seconds=step * number), shown


def events(diagnosis: Diagnosis) -> list[Event]:
    """Everything that happened, in the order of time."""
    told = [_finding_event(found) for found in diagnosis.findings if found.last is not None]
    told += [Event(change.time, None, (change.peer,), "change", change) for change in diagnosis.changes]
    told += [Event(gap.start, gap.end, (gap.peer,), "gap", gap) for gap in diagnosis.coverage.gaps]
    for peer in diagnosis.cluster.peers:
        if peer.seen_from is not None:
            told.append(Event(peer.seen_from, None, (peer.name,), "begin", peer))
        if peer.seen_to is not None:
            told.append(Event(peer.seen_to, None, (peer.name,), "end", peer))
    # At one time a log begins before anything is in it, and ends behind all of it.
    return sorted(told, key=lambda event: (event.time, (event.kind != "begin") + (event.kind == "end")))


def _finding_event(found: Finding) -> Event:
    """A finding in the list: where its beginning was not seen, at the first time that is known of it."""
    first, last = found.first or found.ended, found.ended
    return Event(first, last if last > first else None, found.hosts, "finding", found)


def own_times(peers: Iterable[Peer]) -> list[datetime]:
    """When the logs of some peers begin and end."""
    return [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]


def span_of(times: Sequence[datetime]) -> tuple[datetime, datetime] | None:
    """The first and the last of some times."""
    return (min(times), max(times)) if times else None
