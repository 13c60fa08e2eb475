"""The incident report as one HTML file, which needs no network, no other file and no script.

The words and the layout stand in ``reports/``; here is what a template cannot work out well: places
on the time axis, anchors, spans of time, and the hashes that allow the report's own style and script
and nothing else. Every value that a template prints passes ``_shown`` and then Jinja's escaping.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import takewhile
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
_TELLING = {"Detail=", "Event=", "Id=", "Reason=", "Context="}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICK_STEPS = (
    *(1, 2, 5, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY, 365 * _DAY),
)
_MOST_TICKS = 5
_EDGE = 7.0
# Marks nearer to each other than this share of the width would hide one another on a phone.
_ONE_MARK = 3.0
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
    return f"{time:%Y-%m-%d %H:%M:%S}"


def utc_ms(time: datetime) -> str:
    """Write ``2020-08-12 19:57:43.353``."""
    return f"{utc(time)}.{time.microsecond // 1000:03d}"


def clock(time: datetime) -> str:
    """Write ``19:57:43.353``."""
    return utc_ms(time)[-12:]


def iso(time: datetime) -> str:
    """Write RFC 3339 with milliseconds, for ``<time datetime>``."""
    return utc_ms(time).replace(" ", "T") + "Z"


def duration(span: timedelta | float) -> str:
    """Write ``18 min 1 s``: the two largest units; below a second in milliseconds. A number is seconds."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
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
    line = defuse(" ".join(text.split()))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def highlight(record: str) -> Markup:
    """Set a record's header back and its telling fields off; the characters stay the same."""
    text = clip(defuse(record, lines=True))
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
        return clip(defuse(value, lines=True))
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
    filters = (utc, utc_ms, clock, iso, duration, short, highlight, copyable)
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
    stretches = tuple(
        _stretch(number, incident, start, end) for number, incident in enumerate(diagnosis.incidents, start=1)
    )
    top = _HEAD + _ROW * len(stretches)
    hosts = {host for finding in diagnosis.findings for host in finding.hosts}
    names: list[tuple[str, Peer | None]] = [(peer.name, peer) for peer in peers]
    names += [(host, None) for host in sorted(hosts - {peer.name for peer in peers})]
    lanes = tuple(
        _lane(name, peer, top + _LANE * row, diagnosis, start, end) for row, (name, peer) in enumerate(names)
    )
    axis = top + _LANE * len(lanes) + 4
    return Chart(start, end, axis + _FOOT, axis, _ticks(start, end), stretches, lanes)


def _stretch(number: int, incident: Incident, start: datetime, end: datetime) -> Stretch:
    lasts = incident.state in ("open", "open_at_end", "unknown") and incident.last < end
    return Stretch(
        _HEAD + _ROW * (number - 1),
        number,
        incident,
        _bar(incident.first, incident.last, start, end),
        _bar(incident.last, end, start, end) if lasts else None,
    )


def _lane(name: str, peer: Peer | None, y: int, diagnosis: Diagnosis, start: datetime, end: datetime) -> Lane:
    found = [finding for finding in diagnosis.findings if name in finding.hosts]
    seen = None
    if peer is not None and peer.seen_from is not None and peer.seen_to is not None:
        seen = _bar(peer.seen_from, peer.seen_to, start, end)
    return Lane(
        name=name,
        y=y,
        peer=peer,
        seen=seen,
        gaps=tuple(
            _bar(gap.start, gap.end, start, end) for gap in diagnosis.coverage.gaps if gap.peer == name
        ),
        lasting=tuple(
            (finding.severity, _bar(finding.first, finding.last, start, end))
            for finding in found
            if finding.last > finding.first
        ),
        marks=_marks(found, start, end),
    )


def _marks(findings: Sequence[Finding], start: datetime, end: datetime) -> tuple[Mark, ...]:
    bundles: list[tuple[float, list[Finding]]] = []
    for finding in sorted(findings, key=lambda finding: finding.first):
        x = _place(finding.first, start, end)
        if bundles and x - bundles[-1][0] < _ONE_MARK:
            bundles[-1][1].append(finding)
        else:
            bundles.append((x, [finding]))
    return tuple(
        Mark(x, max((f.severity for f in some), key=SEVERITIES.index), tuple(some)) for x, some in bundles
    )


def _place(time: datetime, start: datetime, end: datetime) -> float:
    return round(100 * ((time - start) / (end - start)), 2)


def _bar(first: datetime, last: datetime, start: datetime, end: datetime) -> Bar:
    x = _place(first, start, end)
    return Bar(x, round(_place(last, start, end) - x, 2))


def _ticks(start: datetime, end: datetime) -> tuple[Tick, ...]:
    seconds = (end - start).total_seconds()
    step = next((size for size in _TICK_STEPS if seconds / size <= _MOST_TICKS), _TICK_STEPS[-1])
    shown = "%H:%M:%S" if step < _MINUTE else "%H:%M"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    skipped = -((midnight - start).total_seconds() // step)
    time = midnight + timedelta(seconds=step * skipped)
    ticks: list[Tick] = []
    day = ""
    while time <= end and len(ticks) < 2 * _MOST_TICKS:
        x = _place(time, start, end)
        anchor = "start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle"
        date = f"{time:%Y-%m-%d}"
        ticks.append(Tick(x, anchor, f"{time:{shown}}" if step < _DAY else "", date if date != day else ""))
        day = date
        time += timedelta(seconds=step)
    return tuple(ticks)


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
