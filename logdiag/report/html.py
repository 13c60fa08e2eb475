"""Renders the incident report as one HTML file, which needs no network, no other file and no script.

The words and the layout are in ``reports/``; this module computes what templates cannot compute well. Every
value that a template prints passes `_shown` and then Jinja's escaping.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from logdiag.files.unique_names import Numbering
from logdiag.i18n import ngettext
from logdiag.i18n.sentences import stretch
from logdiag.model import Change, Diagnosis, Finding, Incident, Step
from logdiag.report import brief, sentences
from logdiag.report.actions import find_actions, find_prohibitions, find_repeated
from logdiag.report.glossary import make_glossary
from logdiag.report.limits import DOCUMENT, Limits, grouped, limited, rules_by_reason
from logdiag.report.sanitize import clipped, defuse, is_plain
from logdiag.report.templates import assets, make_environment
from logdiag.report.timeline import HEALTHY, draw, list_events, log_times
from logdiag.report.waterfall import distance, draw_incident

LIMITS = replace(DOCUMENT, members=300, gaps=100, alarm_events=200)
MAX_VALUE_LENGTH = 4000
"""Characters that are shown of one value: a record can be megabytes long, and a page is for reading."""

# An older change has had its effect before: it is in the list of all changes.
_DAYS_BEFORE, _MAX_CHANGES = timedelta(days=7), 5

_PAIR = re.compile(r'(?<![\w.-])([\w.-]{1,64}=)("[^"]*")')
_HEADER = re.compile(r"\S{19,40} \S{1,255}(?= )")
_SENTENCE = re.compile(r".{12,240}?[.?!:]\s+(?=\S)", re.DOTALL)
_TELLING = {"Detail=", "Event=", "Id=", "Reason=", "Context="}


def render(diagnosis: Diagnosis) -> str:
    """Return the report on ``diagnosis``, a complete HTML document."""
    cut, left_out = limited(diagnosis, LIMITS)
    rules = {one.rule for one in cut.silent} - {one.rule for one in cut.not_checked}
    rules |= {finding.rule for finding in diagnosis.findings}
    peers = cut.cluster.peers
    times = log_times(peers)
    groups = grouped(cut)
    return render_page(
        "report.html.jinja",
        d=cut,
        left_out=left_out,
        whole=diagnosis.coverage,
        most=LIMITS.peers,
        clusters=[
            (name or "", list(own)) for name, own in itertools.groupby(peers, key=lambda peer: peer.cluster)
        ],
        anchors=_anchors("finding", cut.findings) | _anchors("incident", cut.incidents),
        waterfalls={incident.id: draw_incident(incident, cut) for incident in cut.incidents},
        finding_of={finding.id: finding for finding in cut.findings},
        groups=groups,
        changes_before={incident.id: _changes_before(incident, cut) for incident in cut.incidents},
        references={
            incident.id: sentences.references(*found) for _, incident, found in groups if incident is not None
        },
        actions=find_actions(cut),
        prohibitions=find_prohibitions(cut),
        repeated=find_repeated(cut),
        short=brief.render(diagnosis),
        steps_as_text=brief.steps_as_text,
        unjudged=rules_by_reason(cut),
        open_questions=_open_questions(cut, left_out),
        whole_incidents=len(diagnosis.incidents),
        alarms=make_glossary(cut),
        looked=len(rules),
        replicated=_replicated(cut),
        zones={peer.name: peer.utc_offset for peer in peers if peer.utc_offset is not None},
        chart=draw(cut),
        events=list_events(cut),
        span=(min(times), max(times)) if times else None,
    )


def render_page(
    template: str, styles: tuple[str, ...] = ("report.css",), code: str = "report.js", /, **values: Any
) -> str:
    """Return a page from a template in ``reports/``; each value that it prints is shown inert."""
    return _environment().get_template(template).render(**assets(styles, code), **values)


@dataclass(frozen=True)
class Replication:
    """The successes that a peer logged, and the findings that say that it does not replicate now."""

    count: int
    last: datetime | None
    failing: tuple[Finding, ...]


def _replicated(diagnosis: Diagnosis) -> dict[str, Replication]:
    """Return the successes and failures of replication, by the peers that findings on replication name."""
    found: dict[str, Replication] = {}
    about = [finding for finding in diagnosis.findings if finding.rule.startswith("replication/")]
    for peer in diagnosis.cluster.peers:
        good = [one for one in about if one.rule == HEALTHY and peer.name in one.hosts]
        failing = [
            one
            for one in about
            if one.rule != HEALTHY and one.state != "closed" and peer.name in (*one.hosts, *one.peers)
        ]
        if good or failing:
            last = max((one.ended for one in good), default=None)
            found[peer.name] = Replication(sum(one.count for one in good), last, tuple(failing))
    return found


def _changes_before(incident: Incident, diagnosis: Diagnosis) -> tuple[Change, ...]:
    """Return the last changes in the cluster of an incident, of the days before it began."""
    if incident.first is None:
        return ()
    clusters = {peer.name: peer.cluster for peer in diagnosis.cluster.peers}
    own = {clusters[name] for name in incident.peers if name in clusters} or set(clusters.values())
    return tuple(
        change
        for change in diagnosis.changes
        if incident.first - _DAYS_BEFORE <= change.time < incident.first
        and clusters.get(change.peer) in {*own, None}
    )[-_MAX_CHANGES:]


def _open_questions(diagnosis: Diagnosis, left_out: Limits) -> list[tuple[str, str]]:
    """Return what could not be judged, in short, each with the section of the page that has more."""
    silent = sum(peer.snapshot is None and not peer.snapshots for peer in diagnosis.cluster.peers)
    gaps = len(diagnosis.coverage.gaps) + left_out.gaps
    rules, wanted = len(diagnosis.not_checked), len(diagnosis.wanted) + left_out.wanted
    counted = (
        (silent, ngettext("{n} peer without a snapshot", "{n} peers without a snapshot", silent), "cluster"),
        (gaps, ngettext("{n} gap in the logs", "{n} gaps in the logs", gaps), "coverage"),
        (rules, ngettext("{n} rule not judged", "{n} rules not judged", rules), "notchecked"),
        (wanted, ngettext("{n} thing to ask for", "{n} things to ask for", wanted), "wanted"),
    )
    return [(said.format(n=f"{number:,}"), section) for number, said, section in counted if number]


def zone(minutes: int) -> str:
    """Return ``+01:00`` or ``−05:00``."""
    return f"{'−' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def at_offset(time: datetime, minutes: int) -> str:
    """Return ``14:57:43 −05:00``, the time on a clock that is so many minutes ahead of UTC."""
    try:
        local = time + timedelta(minutes=minutes)
    except OverflowError:  # at either end of the calendar
        return zone(minutes)
    return f"{local:%H:%M:%S} {zone(minutes)}"


def duration(span: timedelta | float) -> str:
    """Return ``18 m 1 s``; a number is seconds."""
    return stretch(span if isinstance(span, timedelta) else timedelta(seconds=span))


def short(text: str, length: int) -> str:
    """Put ``text`` on one line of the drawing, which cannot wrap."""
    line = defuse(" ".join(clipped(text, MAX_VALUE_LENGTH).split()))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def lead(text: str) -> tuple[str, str]:
    """Split ``text`` into its first sentence, which a reader scans for, and the rest."""
    found = _SENTENCE.match(text)
    return (found[0].rstrip(), text[found.end() :]) if found else (text, "")


def highlight(record: str) -> Markup:
    """Mark up a record: its header is dimmed and its important fields stand out; the text is unchanged."""
    text = _shown(record)
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
    """Return whether a copy button may be next to the step's command.

    Never for a destructive one, nor if what the page shows is not what the shell would get.
    """
    return step.command is not None and step.risk != "destructive" and sendable(step.command, lines=False)


def sendable(text: str, *, lines: bool = True) -> bool:
    """Return whether a copy button may be next to a text: it is shown whole, and is what it looks like."""
    return len(text) <= MAX_VALUE_LENGTH and all(map(is_plain, text.split("\n") if lines else [text]))


def _shown(text: str) -> str:
    return defuse(clipped(text, MAX_VALUE_LENGTH), lines=True)


@cache
def _environment() -> Environment:
    environment = make_environment(_shown)
    filters: list[Callable[..., object]] = [sentences.utc, sentences.utc_ms, zone, at_offset, duration]
    filters += [short, lead, highlight, copyable, sendable, distance]
    environment.globals["zones"] = {}  # only a report has the offsets of its peers
    environment.filters |= {function.__name__: function for function in filters}
    return environment


def _anchors(kind: str, of: Iterable[Finding | Incident]) -> dict[str, str]:
    """Name a fragment for each finding or incident, the same in every report in which it has this id."""
    numbering = Numbering("-")
    slugs = {one.id: re.sub(r"[^A-Za-z0-9]+", "-", one.id[:80]).strip("-") for one in of}
    return {id_: numbering.name(f"{kind}-{slug}") for id_, slug in slugs.items()}
