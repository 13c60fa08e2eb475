"""Renders a difference as HTML, JSON, Markdown, or text for a terminal."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from logdiag.compare.diff import OUTCOMES, Comparison, Difference
from logdiag.compare.diff_sentences import HEADINGS, LISTED, Line, compared, notes, sections, verdict, where
from logdiag.i18n import gettext
from logdiag.model import to_plain
from logdiag.report import labels, sentences
from logdiag.report.actions import Action
from logdiag.report.markdown_escape import fenced, inline
from logdiag.report.sanitize import clipped, defuse
from logdiag.report.terminal import COLORS, MIN_WIDTH, SOFT, item, line, print_parts, section, soft

SCHEMA = "logdiag.diff/1"
MAX_IN_DOCUMENT, MAX_IN_TEXT = 200, 50
"""Findings of an outcome that are shown; JSON has all."""
MAX_VALUE_LENGTH, MAX_STEP_LENGTH = 600, 4000

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
    # Templates take long to load, and no other view needs them.
    from logdiag.report.html import render_page
    from logdiag.report.templates import assets

    return render_page(
        "diff.html.jinja",
        d=difference.newer,
        verdict=verdict(difference),
        compared=compared(difference),
        notes=list(notes(difference)),
        sections=list(sections(difference, MAX_IN_DOCUMENT)),
        headings=HEADINGS,
        actions=difference.actions(),
        prohibitions=difference.prohibitions(),
        zones={},
        **assets(("report.css", "overview.css"), "report.js"),
    )


def to_markdown(difference: Difference) -> str:
    """Return the difference for a ticket."""
    said = [f"# {gettext('What changed between two diagnoses')}", verdict(difference), compared(difference)]
    parts = [*said, *notes(difference)]
    for outcome, lines, left in sections(difference, MAX_IN_DOCUMENT):
        parts.append(f"## {HEADINGS[outcome]}")
        parts.append("\n".join(text for one in lines for text in _items(one)))
        if left:
            parts.append(sentences.more(left, "findings"))
    actions = difference.actions()
    if actions:
        parts.append(f"## {gettext('Do this first')}")
    for number, action in enumerate(actions, start=1):
        step = action.step
        parts.append(f"{number}. {inline(where(action))}: {inline(clipped(step.do, MAX_STEP_LENGTH))}")
        if step.command is not None:
            parts.append("\n".join(fenced(clipped(step.command, MAX_STEP_LENGTH), "   ")))
    if prohibitions := difference.prohibitions():
        parts.append(f"## {gettext('Do not do this')}")
        parts.append("\n".join(f"- {inline(clipped(one, MAX_STEP_LENGTH))}" for one in prohibitions))
    return "\n\n".join([*parts, ""])


def _items(one: Line, indent: str = "") -> Iterator[str]:
    title, facts = (inline(clipped(text, MAX_VALUE_LENGTH)) for text in (one.of.title, one.facts))
    yield f"{indent}- **{labels.SEVERITIES[one.of.severity].upper()}** {title}  "
    yield f"{indent}  {facts}"
    for below in one.below:
        yield from _items(below, "  ")


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
        steps = (_step(number, action) for number, action in enumerate(actions, start=1))
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


def _step(number: int, action: Action) -> RenderableType:
    parts: list[RenderableType] = [soft(where(action)), Text(line(action.step.do))]
    if action.step.command is not None:
        # Blanks count in a command, so they are not put together.
        commands = (defuse(one[:MAX_VALUE_LENGTH]) for one in action.step.command.split("\n"))
        parts.extend(Text(f"  {one}", style="bold") for one in commands)
    return item(f"{number}.", *parts)


VIEWS: dict[str, Callable[[Difference], str]] = {".html": to_html, ".md": to_markdown, ".json": to_json}
"""The views that are written to a file, by the suffix of the file."""
