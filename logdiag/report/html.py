"""The incident report as one HTML file, which needs no network, no other file and no script.

The words and the layout stand in ``reports/``; here is what a template cannot work out well: places
on the time axis, anchors, spans of time, and the hashes that allow the report's own style and script
and nothing else. Every value that a template prints passes ``_shown`` and then Jinja's escaping.
"""

import base64
import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from logdiag.files.resources import folder
from logdiag.i18n import gettext, ngettext
from logdiag.i18n.sentences import stretch
from logdiag.model import Change, Diagnosis, Finding, Incident, Step
from logdiag.report import labels
from logdiag.report.actions import first_steps, message
from logdiag.report.limits import Limits, limited
from logdiag.report.replication import replicated
from logdiag.report.sanitize import defuse, is_plain
from logdiag.report.timeline import chart, events, own_times, span_of

LIMITS = Limits(
    incidents=20,
    findings=150,
    changes=100,
    wanted=30,
    peers=60,
    members=300,
    gaps=100,
    reasons=50,
    alarm_events=200,
)
CHANGES_BEFORE = 5
"""Changes that are shown with an incident: those that may have caused it are the last before it."""
LONGEST = 4000
"""Characters that are shown of one value: a record can be megabytes long, and a page is for reading."""

_PAIR = re.compile(r'(?<![\w.-])([\w.-]{1,64}=)("[^"]*")')
_HEADER = re.compile(r"\S{19,40} \S{1,255}(?= )")
OTHER_ALARM = "alarm/raised"
"""What tells of alarms that no other rule knows: they do not concern the cluster."""

_SENTENCE = re.compile(r".{12,240}?[.?!:]\s+(?=\S)", re.DOTALL)
_TELLING = {"Detail=", "Event=", "Id=", "Reason=", "Context="}


def render(diagnosis: Diagnosis) -> str:
    """Return the report on ``diagnosis``, a complete HTML document."""
    whole, whole_findings = diagnosis.coverage, diagnosis.findings
    diagnosis, left_out = limited(diagnosis, LIMITS)
    style, script = asset("report.css"), asset("report.js")
    ids = [finding.id for finding in diagnosis.findings]
    return template("report.html.jinja").render(
        d=diagnosis,
        redacted=gettext(labels.REDACTED) if labels.is_redacted(diagnosis) else "",
        left_out=left_out,
        whole=whole,
        most=LIMITS.peers,
        clusters=[
            (name or "", list(peers))
            for name, peers in itertools.groupby(diagnosis.cluster.peers, key=lambda peer: peer.cluster)
        ],
        style=Markup(style),  # noqa: S704 - our own files, which hold no value
        script=Markup(script),  # noqa: S704
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
        anchors=_anchors(ids),
        finding_of={finding.id: finding for finding in diagnosis.findings},
        groups=_groups(diagnosis),
        first_steps=first_steps(diagnosis),
        looked=len(
            {finding.rule for finding in whole_findings}
            | {one.rule for one in diagnosis.silent} - {one.rule for one in diagnosis.not_checked}
        ),
        replicated=replicated(diagnosis),
        other_alarms=[one for one in diagnosis.findings if one.rule == OTHER_ALARM],
        message=message(diagnosis),
        zones={peer.name: peer.utc_offset for peer in diagnosis.cluster.peers if peer.utc_offset is not None},
        chart=chart(diagnosis),
        events=events(diagnosis),
        span=span_of(own_times(diagnosis.cluster.peers)),
    )


def utc(time: datetime) -> str:
    """Write ``2020-08-12 19:57:43``; the templates say once that it is UTC."""
    return time.isoformat(" ", "seconds")[:19]


def utc_ms(time: datetime) -> str:
    """Write ``2020-08-12 19:57:43.353``."""
    return time.isoformat(" ", "milliseconds")[:23]


def clock(time: datetime) -> str:
    """Write ``19:57:43.353``."""
    return utc_ms(time)[-12:]


def zone(minutes: int) -> str:
    """Write ``+01:00`` or ``−05:00``."""
    return f"{'−' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def at_offset(time: datetime, minutes: int) -> str:
    """Write ``14:57:43 −05:00``, the time on a clock that is so many minutes ahead of UTC."""
    try:
        local = time + timedelta(minutes=minutes)
    except OverflowError:  # at either end of the calendar
        return zone(minutes)
    return f"{local:%H:%M:%S} {zone(minutes)}"


def before(changes: Sequence[Change], incident: Incident) -> list[Change]:
    """Return the last changes before an incident."""
    first = incident.first
    return [change for change in changes if first is not None and change.time < first][-CHANGES_BEFORE:]


def iso(time: datetime) -> str:
    """Write RFC 3339 with milliseconds, for ``<time datetime>``."""
    return utc_ms(time).replace(" ", "T") + "Z"


def duration(span: timedelta | float) -> str:
    """Write ``18 m 1 s``; a number is seconds."""
    return stretch(span if isinstance(span, timedelta) else timedelta(seconds=span))


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


def sendable(text: str) -> bool:
    """Tell whether a copy button may stand beside a message: each of its lines is what it looks like."""
    return len(text) <= LONGEST and all(map(is_plain, text.split("\n")))


def _shown(value: Any) -> Any:
    """Return what stands in the page for a value: nothing invisible, nothing endless."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return defuse(clip(value), lines=True)
    return value


def _told(text: str, **values: Any) -> Markup:
    """One of our own texts in the language at hand, filled in; values are shown as everywhere else."""
    return _filled(gettext(text), values)


def _told_of(one: str, several: str, number: int, **values: Any) -> Markup:
    """One of two texts of ours, by a number."""
    return _filled(ngettext(one, several, number), values)


def _filled(text: str, values: dict[str, Any]) -> Markup:
    return Markup(text) % {name: _shown(value) for name, value in values.items()}  # noqa: S704


def template(name: str) -> Template:
    """A page's template from ``reports/``; every value that it prints is shown inert."""
    return _environment().get_template(name)


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
    environment.globals.update(_=_told, ngettext=_told_of)
    filters = (
        utc,
        utc_ms,
        clock,
        zone,
        at_offset,
        iso,
        duration,
        short,
        lead,
        highlight,
        copyable,
        sendable,
        before,
    )
    environment.filters.update({function.__name__: function for function in filters})
    environment.globals["labels"] = labels
    environment.filters["number"] = "{:,}".format
    return environment


@cache
def asset(name: str) -> str:
    """A style or script from ``reports/``."""
    return (folder("reports") / name).read_text(encoding="utf-8")


def csp_hash(text: str) -> str:
    """How a page's policy allows a style or script of its own."""
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
