"""The incident report as one HTML file, which needs no network, no other file and no script.

The words and the layout stand in ``reports/``; here is what a template cannot work out well: places
on the time axis, anchors, spans of time, and the hashes that allow the report's own style and script
and nothing else. Every value that a template prints passes ``_shown`` and then Jinja's escaping.
"""

import base64
import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from logdiag.model import SEVERITIES, Diagnosis, Finding, Incident, Peer, Severity, Step
from logdiag.report.defuse import defuse, is_plain
from logdiag.resources import folder

LONGEST = 4000
"""Characters that are shown of one value: a record can be megabytes long, and a page is for reading."""
FIRST_STEPS = 3

_PAIR = re.compile(r'(?<![\w.-])([\w.-]{1,64}=)("[^"]*")')
_HEADER = re.compile(r"\S{19,40} \S{1,255}(?= )")
_SENTENCE = re.compile(r".{12,240}?[.?!:]\s+(?=\S)", re.DOTALL)
_TELLING = {"Detail=", "Event=", "Id=", "Reason=", "Context="}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
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
_HEAD, _ROW, _LANE, _FOOT = 8, 36, 62, 40


def render(diagnosis: Diagnosis) -> str:
    """Return the report on ``diagnosis``, a complete HTML document."""
    environment = _environment()
    style, script = _asset("report.css"), _asset("report.js")
    ids = [finding.id for finding in diagnosis.findings]
    return environment.get_template("report.html.jinja").render(
        d=diagnosis,
        style=Markup(style),  # noqa: S704 - our own files, which hold no value
        script=Markup(script),  # noqa: S704
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        anchors=_anchors(ids),
        finding_of={finding.id: finding for finding in diagnosis.findings},
        groups=_groups(diagnosis),
        first_steps=first_steps(diagnosis),
        chart=_chart(diagnosis),
        events=_events(diagnosis),
        span=_span(_own_times(diagnosis.cluster.peers)),
    )


def first_steps(diagnosis: Diagnosis) -> tuple[Step, ...]:
    """Return what to do first about the headline, up to the first destructive step.

    That one is for reading in its place; what comes after it rests on it, and is left out too.
    """
    if not diagnosis.incidents:
        return ()
    remedy = diagnosis.incidents[0].remedy[:FIRST_STEPS]
    return tuple(takewhile(lambda step: step.risk != "destructive", remedy))


def utc(time: datetime) -> str:
    """Write ``2020-08-12 19:57:43``; the templates say once that it is UTC."""
    return time.isoformat(" ", "seconds")[:19]


def utc_ms(time: datetime) -> str:
    """Write ``2020-08-12 19:57:43.353``."""
    return time.isoformat(" ", "milliseconds")[:23]


def clock(time: datetime) -> str:
    """Write ``19:57:43.353``."""
    return utc_ms(time)[-12:]


def iso(time: datetime) -> str:
    """Write RFC 3339 with milliseconds, for ``<time datetime>``."""
    return utc_ms(time).replace(" ", "T") + "Z"


def duration(span: timedelta | float) -> str:
    """Write ``18 min 1 s``: its two largest units; a number is seconds."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    left = round(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def clip(text: str, length: int = LONGEST) -> str:
    """Return ``text``, or its beginning and how much is missing."""
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length:,} more characters)"


def short(text: str, length: int) -> str:
    """Put ``text`` on one line of the drawing, which cannot wrap."""
    line = defuse(" ".join(clip(text).split()))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def lead(text: str) -> tuple[str, str]:
    """Split ``text`` into its first sentence, which a reader scans for, and the rest."""
    found = _SENTENCE.match(text)
    return (found[0].rstrip(), text[found.end() :]) if found else (text, "")


def highlight(record: str) -> Markup:
    """Set a record's header back and its telling fields off; the characters stay the same."""
    text = defuse(clip(record), lines=True)
    parts: list[Markup] = []
    end = 0
    if header := _HEADER.match(text):
        end = header.end()
        parts.append(Markup('<span class="head">{}</span>').format(text[:end]))
    for pair in _PAIR.finditer(text, end):
        parts.append(escape(text[end : pair.start()]))
        kind = "telling" if pair[1] in _TELLING else "pair"
        parts.append(Markup('<span class="{}">{}<b>{}</b></span>').format(kind, pair[1], pair[2]))
        end = pair.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def copyable(step: Step) -> bool:
    """Tell whether a copy button may stand beside the step's command.

    Never for a destructive one, nor where what the page shows is not what the shell would get.
    """
    return (
        step.command is not None
        and step.risk != "destructive"
        and len(step.command) <= LONGEST
        and is_plain(step.command)
    )


def _shown(value: Any) -> Any:
    """Return what stands in the page for a value: nothing invisible, nothing endless."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return defuse(clip(value), lines=True)
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (utc, utc_ms, clock, iso, duration, short, lead, highlight, copyable)
    environment.filters.update({function.__name__: function for function in filters})
    environment.filters["number"] = "{:,}".format
    return environment


@cache
def _asset(name: str) -> str:
    return (folder("reports") / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _anchors(ids: Iterable[str]) -> dict[str, str]:
    """Name a fragment for each finding, the same in every report in which the finding has this id."""
    anchors: dict[str, str] = {}
    taken: set[str] = set()
    for given in ids:
        anchor = wish = "finding-" + re.sub(r"[^A-Za-z0-9]+", "-", given[:80]).strip("-")
        number = 1
        while anchor in taken:
            number += 1
            anchor = f"{wish}-{number}"
        taken.add(anchor)
        anchors[given] = anchor
    return anchors


def _groups(diagnosis: Diagnosis) -> list[tuple[Incident | None, list[Finding]]]:
    """Group the findings by incident, causes first, each once; those of no incident at the end."""
    left = {finding.id: finding for finding in diagnosis.findings}
    groups: list[tuple[Incident | None, list[Finding]]] = []
    for incident in diagnosis.incidents:
        members = [left.pop(given) for given in incident.findings if given in left]
        if members:
            groups.append((incident, members))
    if left:
        groups.append((None, list(left.values())))
    return groups


# The timeline


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
class Lane:
    """One peer on the time axis; ``peer`` is None for a host that is no peer of the cluster."""

    name: str
    y: int
    peer: Peer | None
    seen: Bar | None
    gaps: tuple[Bar, ...]
    lasting: tuple[tuple[Severity, Bar], ...]
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


@dataclass(frozen=True)
class Event:
    """A line of the list in time order. ``item`` is what happened, of the kind that ``kind`` names."""

    time: datetime
    until: datetime | None
    where: tuple[str, ...]
    kind: str
    item: Any


def _chart(diagnosis: Diagnosis) -> Chart | None:
    peers = diagnosis.cluster.peers
    times = [*_own_times(peers), *(change.time for change in diagnosis.changes)]
    times += [time for finding in diagnosis.findings for time in (finding.first, finding.last)]
    times += [time for incident in diagnosis.incidents for time in (incident.first, incident.last)]
    span = _span(times)
    if span is None or span[0] == span[1]:
        return None
    start, end = span
    scale = _scale(start, end, _silences(diagnosis, start, end))
    stretches = tuple(
        _stretch(number, incident, scale) for number, incident in enumerate(diagnosis.incidents, start=1)
    )
    top = _HEAD + _ROW * len(stretches)
    hosts = {host for finding in diagnosis.findings for host in finding.hosts}
    names: list[tuple[str, Peer | None]] = [(peer.name, peer) for peer in peers]
    names += [(host, None) for host in sorted(hosts - {peer.name for peer in peers})]
    lanes = tuple(
        _lane(name, peer, top + _LANE * row, diagnosis, scale) for row, (name, peer) in enumerate(names)
    )
    axis = top + _LANE * len(lanes) + 4
    breaks = tuple((scale.place(first + (last - first) / 2), last - first) for first, last in scale.breaks)
    return Chart(start, end, axis + _FOOT, axis, _ticks(scale), breaks, stretches, lanes)


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


def _stretch(number: int, incident: Incident, scale: Scale) -> Stretch:
    end = scale.times[-1]
    lasts = incident.state in ("open", "open_at_end", "unknown") and incident.last < end
    return Stretch(
        _HEAD + _ROW * (number - 1),
        number,
        incident,
        scale.bar(incident.first, incident.last),
        scale.bar(incident.last, end) if lasts else None,
    )


def _lane(name: str, peer: Peer | None, y: int, diagnosis: Diagnosis, scale: Scale) -> Lane:
    found = [finding for finding in diagnosis.findings if name in finding.hosts]
    seen = None
    if peer is not None and peer.seen_from is not None and peer.seen_to is not None:
        seen = scale.bar(peer.seen_from, peer.seen_to)
    return Lane(
        name=name,
        y=y,
        peer=peer,
        seen=seen,
        gaps=tuple(scale.bar(gap.start, gap.end) for gap in diagnosis.coverage.gaps if gap.peer == name),
        lasting=tuple(
            (finding.severity, scale.bar(finding.first, finding.last))
            for finding in found
            if finding.last > finding.first
        ),
        marks=_marks(found, scale),
    )


def _marks(findings: Sequence[Finding], scale: Scale) -> tuple[Mark, ...]:
    bundles: list[tuple[float, list[Finding]]] = []
    for finding in sorted(findings, key=lambda finding: finding.first):
        x = scale.place(finding.first)
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


def _events(diagnosis: Diagnosis) -> list[Event]:
    events = [
        Event(found.first, found.last if found.last > found.first else None, found.hosts, "finding", found)
        for found in diagnosis.findings
    ]
    events += [Event(change.time, None, (change.peer,), "change", change) for change in diagnosis.changes]
    events += [Event(gap.start, gap.end, (gap.peer,), "gap", gap) for gap in diagnosis.coverage.gaps]
    for peer in diagnosis.cluster.peers:
        if peer.seen_from is not None:
            events.append(Event(peer.seen_from, None, (peer.name,), "begin", peer))
        if peer.seen_to is not None:
            events.append(Event(peer.seen_to, None, (peer.name,), "end", peer))
    return sorted(events, key=lambda event: event.time)


def _own_times(peers: Iterable[Peer]) -> list[datetime]:
    return [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]


def _span(times: Sequence[datetime]) -> tuple[datetime, datetime] | None:
    return (min(times), max(times)) if times else None
