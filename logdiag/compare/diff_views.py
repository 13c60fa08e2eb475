"""Renders a difference as JSON, Markdown, or text for a terminal."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from logdiag.compare.diff import OUTCOMES, Comparison, Difference, Outcome
from logdiag.i18n import N_, gettext, ngettext
from logdiag.model import to_plain
from logdiag.report import labels, sentences
from logdiag.report.labels import Labels
from logdiag.report.markdown_escape import inline
from logdiag.report.sanitize import clipped
from logdiag.report.terminal import COLORS, HEADING, MIN_WIDTH, SOFT, line, print_parts

SCHEMA = "logdiag.diff/1"
MAX_IN_MARKDOWN, MAX_IN_TEXT = 200, 50
"""Findings of an outcome that are shown; JSON has all."""
MAX_VALUE_LENGTH = 600

HEADINGS: Labels[Outcome] = Labels(
    {
        "opened": N_("New"),
        "worse": N_("Worse"),
        "closed": N_("Resolved"),
        "went_on": N_("Still open"),
        "gone": N_("No longer reported"),
        "same": N_("Unchanged"),
    }
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
        **{outcome: list(map(_plain, found[outcome])) for outcome in OUTCOMES},
        "same": len(found["same"]),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _plain(one: Comparison) -> dict[str, Any]:
    was = one.was and {"severity": one.was.severity, "state": one.was.state}
    return {**{name: to_plain(getattr(one.finding, name)) for name in _FIELDS}, "was": was}


def to_markdown(difference: Difference) -> str:
    """Return the difference for a ticket."""
    title = gettext("What changed between two diagnoses")
    lines = [f"# {title}", "", _totals(difference), ""]
    for note in _notes(difference):
        lines += [note, ""]
    for heading, found in _sections(difference):
        lines += [f"## {heading}", ""]
        for one in found[:MAX_IN_MARKDOWN]:
            rule, title = (
                inline(clipped(text, MAX_VALUE_LENGTH)) for text in (one.finding.rule, one.finding.title)
            )
            lines.append(f"- **{labels.SEVERITIES[one.finding.severity].upper()}** {title}  ")
            lines.append(f"  {inline(_state(one))} · {rule}")
        lines.append("")
        if found[MAX_IN_MARKDOWN:]:
            lines += [sentences.more(len(found) - MAX_IN_MARKDOWN, "findings"), ""]
    return "\n".join(lines)


def to_text(difference: Difference, *, color: bool, width: int) -> str:
    """Return the difference, laid out for ``width`` columns, with ANSI colours if ``color``."""
    return print_parts(_parts(difference), color=color, width=max(width, MIN_WIDTH))


def _parts(difference: Difference) -> Iterator[RenderableType]:
    yield Text(_totals(difference), style="bold")
    for note in _notes(difference):
        yield Text(note, style="yellow")
    for heading, found in _sections(difference):
        yield from (Text(""), Text(heading, style=HEADING))
        for one in found[:MAX_IN_TEXT]:
            severity = one.finding.severity
            title = Text(f"{labels.SEVERITIES[severity].upper()}  ", style=COLORS[severity])
            yield title.append(line(one.finding.title), style="not bold default")
            facts = Text(f"{line(_state(one))} · {line(one.finding.rule)}", style=SOFT)
            yield Padding(facts, (0, 0, 0, 2))
        if found[MAX_IN_TEXT:]:
            yield Text(sentences.more(len(found) - MAX_IN_TEXT, "findings"), style=SOFT)


def _sections(difference: Difference) -> Iterator[tuple[str, tuple[Comparison, ...]]]:
    """Return the headings with the findings below them, new findings first."""
    for outcome in OUTCOMES:
        if outcome != "same" and difference.outcomes[outcome]:
            yield HEADINGS[outcome], difference.outcomes[outcome]


def _totals(difference: Difference) -> str:
    said = gettext(
        "New: {opened}; worse: {worse}; resolved: {closed}; still open: {went_on}; "
        "no longer reported: {gone}; unchanged: {same}."
    )
    return said.format(**{outcome: f"{len(found):,}" for outcome, found in difference.outcomes.items()})


def _notes(difference: Difference) -> Iterator[str]:
    if not difference.same_cluster:
        yield gettext("The two have no peer in common: they are probably of different clusters.")
    gone = len(difference.outcomes["gone"])
    if gone:
        said = ngettext(
            "{number} open finding is missing in the new file: the new logs may begin after it.",
            "{number} open findings are missing in the new file: the new logs may begin after them.",
            gone,
        )
        yield said.format(number=f"{gone:,}")


def _state(one: Comparison) -> str:
    """Return the state of a finding, and its older state if that differs."""
    now, was = one.finding, one.was
    if was is None or (was.state, was.severity) == (now.state, now.severity):
        return sentences.state(now)
    said = gettext("was {severity}, {state}")
    said = said.format(severity=labels.SEVERITIES[was.severity], state=labels.STATES[was.state])
    return f"{sentences.state(now)} ({said})"


VIEWS: dict[str, Callable[[Difference], str]] = {".md": to_markdown, ".json": to_json}
"""The views that are written to a file, by the suffix of the file."""
