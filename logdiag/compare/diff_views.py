"""Renders a difference as HTML, JSON, Markdown, or text for a terminal."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from logdiag.compare.diff import OUTCOMES, Comparison, Difference
from logdiag.compare.diff_sentences import HEADINGS, LISTED, Line, compared, notes, sections, verdict
from logdiag.i18n import gettext
from logdiag.model import to_plain
from logdiag.report import labels, sentences
from logdiag.report.terminal import COLORS, MIN_WIDTH, SOFT, item, line, print_parts, section, soft, step_item

SCHEMA = "logdiag.diff/1"
MAX_IN_DOCUMENT, MAX_IN_TEXT = 200, 50
"""Findings of an outcome that are shown; JSON has all."""
MAX_VALUE_LENGTH = 600

_INCIDENT_FIELDS = (
    *("id", "rule", "title", "severity", "state"),
    *("first", "last", "as_of", "peers", "findings"),
)
_FIELDS = (
    *("id", "fingerprint", "rule", "title", "severity", "state"),
    *("first", "last", "as_of", "hosts", "peers"),
)


def to_json(difference: Difference) -> str:
    """Return the whole difference for programs."""
    found = difference.outcomes
    whole: dict[str, Any] = {
        "schema": SCHEMA,
        "same_cluster": difference.same_cluster,
        **{outcome: list(map(_plain, found[outcome])) for outcome in LISTED},
        "same": len(found["same"]),
        "incidents": {
            outcome: [
                {name: to_plain(getattr(one.incident, name)) for name in _INCIDENT_FIELDS}
                for one in difference.groups(outcome)
                if one.is_whole
            ]
            for outcome in OUTCOMES
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _plain(one: Comparison) -> dict[str, Any]:
    was = one.was and {"severity": one.was.severity, "state": one.was.state}
    return {**{name: to_plain(getattr(one.finding, name)) for name in _FIELDS}, "was": was}


def to_html(difference: Difference) -> str:
    """Return the difference as one page, which needs no other file and no script."""
    # Templates take long to load, and the other views need none.
    from logdiag.report.html import render_page

    styles = "report.css", "overview.css"
    return render_page("diff.html.jinja", styles, d=difference.newer, **_values(difference))


def to_markdown(difference: Difference) -> str:
    """Return the difference for a ticket."""
    from logdiag.report.markdown import render_document

    return render_document("diff.md.jinja", max_length=MAX_VALUE_LENGTH, **_values(difference))


def _values(difference: Difference) -> dict[str, Any]:
    """Return what the templates of a difference show."""
    return {
        "verdict": verdict(difference),
        "compared": compared(difference),
        "notes": list(notes(difference)),
        "sections": list(sections(difference, MAX_IN_DOCUMENT)),
        "headings": HEADINGS,
        "actions": difference.actions(),
        "prohibitions": difference.prohibitions(),
    }


def to_text(difference: Difference, *, color: bool, width: int) -> str:
    """Return the difference, laid out for ``width`` columns, with ANSI colours if ``color``."""
    return print_parts(_parts(difference), color=color, width=max(width, MIN_WIDTH))


def _parts(difference: Difference) -> Iterator[RenderableType]:
    yield Text(verdict(difference), style="bold")
    yield soft(compared(difference))
    for note in notes(difference):
        yield Text(note, style="yellow")
    for outcome, lines, left in sections(difference, MAX_IN_TEXT):
        yield from section(HEADINGS[outcome])
        for one in lines:
            yield from _printed(one)
        if left:
            yield Text(sentences.more(left, "findings"), style=SOFT)
    if actions := difference.actions():
        steps = (
            step_item(number, sentences.action_place(one), one.step)
            for number, one in enumerate(actions, start=1)
        )
        yield from section(gettext("Do this first"), *steps)
    if prohibitions := difference.prohibitions():
        yield from section(gettext("Do not do this"), *(item("-", Text(line(one))) for one in prohibitions))


def _printed(one: Line, indent: int = 0) -> Iterator[RenderableType]:
    severity = one.of.severity
    title = Text(f"{labels.SEVERITIES[severity].upper()}  ", style=COLORS[severity])
    yield Padding(title.append(line(one.of.title), style="not bold default"), (0, 0, 0, indent))
    yield Padding(soft(one.facts), (0, 0, 0, indent + 2))
    for below in one.below:
        yield from _printed(below, 2)


VIEWS: dict[str, Callable[[Difference], str]] = {".html": to_html, ".md": to_markdown, ".json": to_json}
"""The views that are written to a file, by the suffix of the file."""
