"""Computes how an incident unfolded: its findings as a tree from cause to effects, each with a bar in time.

The form is that of a distributed trace: a row for each finding, indented under its cause, with bars on one
time axis. In a drawing with a lane for each peer, the effects of a loss cover each other within one second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from logdiag.i18n import gettext
from logdiag.i18n.sentences import stretch
from logdiag.model import Diagnosis, Finding, Incident
from logdiag.report.time_axis import Bars, Scale, Tick, make_scale, make_ticks

_MAX_DEPTH = 5
"""Levels of indentation: on a phone, more leave no room for the title."""


@dataclass(frozen=True)
class Row:
    """A finding of an incident, ``depth`` levels below the first cause.

    Equal effects of one cause are one row. ``after`` is the time since its cause began; without a cause in
    the incident, since the incident began. ``bars`` are those of findings with a place on the time axis.
    """

    finding: Finding
    depth: int
    has_cause: bool
    after: timedelta | None
    count: int
    bars: tuple[Bars, ...]


def distance(row: Row) -> str:
    """Return how long after its cause, or after or before the incident's first time, a finding began."""
    span = stretch(abs(row.after or timedelta()))
    if row.after is not None and row.after < timedelta():
        return gettext("{span} before").format(span=span)
    said = gettext("{span} after its cause") if row.has_cause else gettext("{span} after the first")
    return said.format(span=span)


@dataclass(frozen=True)
class Waterfall:
    """The rows of an incident, cause before effect, and the time axis they share."""

    rows: tuple[Row, ...]
    scale: Scale | None
    ticks: tuple[Tick, ...]


def draw_incident(incident: Incident, diagnosis: Diagnosis) -> Waterfall:
    """Return the waterfall of an incident of ``diagnosis``."""
    by_id = {finding.id: finding for finding in diagnosis.findings}
    findings = {id_: by_id[id_] for id_ in incident.findings if id_ in by_id}
    times = [time for one in findings.values() for time in (one.first, one.last) if time is not None]
    scale = make_scale(times)
    rows = tuple(_rows(findings, scale, incident))
    return Waterfall(rows, scale, make_ticks(scale) if scale else ())


def _rows(findings: Mapping[str, Finding], scale: Scale | None, incident: Incident) -> Iterator[Row]:
    places = {id_: place for place, id_ in enumerate(findings)}
    # An incident names causes first, so a cause that comes later would be a circle.
    causes = {
        id_: next((cause for cause in one.caused_by if places.get(cause, place) < place), None)
        for (id_, one), place in zip(findings.items(), places.values(), strict=True)
    }
    effects: dict[str | None, list[str]] = {}
    for id_ in sorted(findings, key=lambda id_: (findings[id_].began, places[id_])):
        effects.setdefault(causes[id_], []).append(id_)
    waiting = [([id_], 0) for id_ in findings if causes[id_] is None][::-1]
    while waiting:
        ids, depth = waiting.pop()
        first, cause = findings[ids[0]], causes[ids[0]]
        since = findings[cause].first if cause else incident.first
        yield Row(
            finding=first,
            depth=min(depth, _MAX_DEPTH),
            has_cause=cause is not None,
            after=first.first - since if first.first is not None and since is not None else None,
            count=sum(findings[id_].count for id_ in ids),
            bars=tuple(bars for id_ in ids if (bars := _bars(findings[id_], scale))),
        )
        equal: dict[tuple[str, ...], list[str]] = {}
        for id_ in effects.get(ids[0], []):
            one = findings[id_]
            equal.setdefault((id_,) if id_ in effects else (one.rule, one.title), []).append(id_)
        waiting += [(group, depth + 1) for group in equal.values()][::-1]


def _bars(finding: Finding, scale: Scale | None) -> Bars | None:
    if scale is None or finding.last is None:
        return None
    return scale.bars(finding.first or finding.last, finding.last, finding.state)
