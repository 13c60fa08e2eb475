"""What GitHub Actions takes from a step: annotations, and a summary in Markdown.

A runner obeys lines of a step's output that begin with ``::``, and ``##[`` anywhere in one. Log text
gets neither to the output as it is.
"""

import re
from collections.abc import Iterator, Mapping

from logdiag.i18n import gettext, ngettext
from logdiag.model import Diagnosis, Severity
from logdiag.report import labels, sentences
from logdiag.report.locations import Places
from logdiag.report.sanitize import defuse

MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub takes of a step."""
MOST_SUMMARY = 1 << 20
"""Bytes that GitHub takes of a step's summary."""
LONGEST_TITLE, LONGEST = 200, 2000
"""Characters that are shown of a title, and of a message."""

_COMMANDS: dict[Severity, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "notice",
    "info": "notice",
}
# A runner takes off what it counts as blank, and then looks for colons.
_COMMAND = re.compile(r"^(?:[^\S\n]|[\u180e\u200b\ufeff])*:(?=:)|##(?=\[)", re.MULTILINE)
_FENCE = re.compile(r" *(`{3,})")


def is_at_hand(environment: Mapping[str, str]) -> bool:
    """Whether this is a step of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def inert(text: str, environment: Mapping[str, str]) -> str:
    """``text``, in a step of GitHub Actions with a blank in whatever a runner would take for a command."""
    return _COMMAND.sub(r"\g<0> ", text) if is_at_hand(environment) else text


def annotations(diagnosis: Diagnosis) -> str:
    """A command a line for each finding that neither requested work nor the baseline explains."""
    return "".join(f"{line}\n" for line in _annotations(diagnosis))


def _annotations(diagnosis: Diagnosis) -> Iterator[str]:
    places = Places(diagnosis)
    left = dict.fromkeys(_COMMANDS.values(), MOST_ANNOTATIONS)
    more = dict.fromkeys(_COMMANDS.values(), 0)
    for finding in diagnosis.findings:
        command = _COMMANDS[finding.severity]
        if finding.requested or finding.known:
            continue
        if not left[command]:
            more[command] += 1
            continue
        left[command] -= 1
        place = places.of(finding)
        properties = {
            "file": sentences.clipped(place.path, LONGEST),
            "line": str(place.line),
            "title": sentences.clipped(finding.title, LONGEST_TITLE),
        }
        said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        state = f"{labels.STATES[finding.state]}: {sentences.since_until(finding)}"
        message = sentences.clipped(" ".join((finding.explanation, f"({state}; {finding.rule})")), LONGEST)
        yield f"::{command} {said}::{_escaped(defuse(message, lines=True))}"
    for command, number in more.items():
        if number:
            said = ngettext(
                "{number} more annotation of the kind {kind} is not shown: GitHub takes {most} of a step.",
                "{number} more annotations of the kind {kind} are not shown: GitHub takes {most} of a step.",
                number,
            )
            yield said.format(number=f"{number:,}", kind=command, most=MOST_ANNOTATIONS)


def summary(markdown: str, taken: int = 0) -> str:
    """As much of a Markdown report as GitHub takes where ``taken`` bytes are there already."""
    room = MOST_SUMMARY - taken
    if len(markdown.encode()) <= room:
        return markdown
    note = gettext("This is the beginning of the report: GitHub takes 1 MiB. All of it: -o FILE.md.")
    note = f"\n{note}\n"
    return _beginning(markdown, room - len(note.encode())) + note if len(note.encode()) <= room else ""


def _beginning(markdown: str, room: int) -> str:
    """The lines that there is room for, up to the last that is not inside of a block of code."""
    size = end = length = 0
    fence: str | None = None
    for line in markdown.splitlines(keepends=True):
        size += len(line.encode())
        if size > room:
            break
        length += len(line)
        ticks = _FENCE.match(line)
        if fence is None:
            fence = ticks[1] if ticks else None
        elif line.strip() == fence:
            fence = None
        if fence is None:
            end = length
    return markdown[:end]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(defuse(text)).replace(":", "%3A").replace(",", "%2C")
