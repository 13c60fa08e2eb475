"""Renders outputs for GitHub Actions: annotations of a step, and its summary in Markdown.

A runner obeys lines of a step's output that begin with ``::``, and ``##[`` anywhere in a line. Log text
reaches the output with neither of them.
"""

import re
from collections.abc import Iterator

from logdiag.i18n import gettext, ngettext
from logdiag.model import Diagnosis
from logdiag.report import sentences
from logdiag.report.labels import LEVELS
from logdiag.report.locations import Origins
from logdiag.report.sanitize import clipped, defuse

MAX_ANNOTATIONS = 10
"""Annotations of one kind that GitHub takes of a step."""
MAX_SUMMARY_BYTES = 1 << 20
"""What GitHub takes of a step's summary."""
MAX_TITLE_LENGTH, MAX_MESSAGE_LENGTH = 200, 2000

_FENCE = re.compile(r" *(`{3,})")


def annotations(diagnosis: Diagnosis) -> str:
    """Return a command for each finding that neither requested work nor the baseline explains."""
    return "".join(f"{line}\n" for line in _annotations(diagnosis))


def _annotations(diagnosis: Diagnosis) -> Iterator[str]:
    origins = Origins(diagnosis)
    numbers = {"error": 0, "warning": 0, "notice": 0}
    for finding in diagnosis.findings:
        if finding.requested or finding.known:
            continue
        command = LEVELS[finding.severity].replace("note", "notice")
        numbers[command] += 1
        if numbers[command] > MAX_ANNOTATIONS:
            continue
        location = origins.location(finding)
        file = _property(clipped(location.path, MAX_MESSAGE_LENGTH))
        title = _property(clipped(finding.title, MAX_TITLE_LENGTH))
        message = f"{finding.explanation} ({sentences.state(finding)}; {finding.rule})"
        message = _escaped(defuse(clipped(message, MAX_MESSAGE_LENGTH), lines=True))
        yield f"::{command} file={file},line={location.line},title={title}::{message}"
    for command, number in numbers.items():
        if (left := number - MAX_ANNOTATIONS) > 0:
            said = ngettext(
                "{number} more annotation of the kind {kind} is not shown: GitHub takes {most} of a step.",
                "{number} more annotations of the kind {kind} are not shown: GitHub takes {most} of a step.",
                left,
            )
            yield said.format(number=f"{left:,}", kind=command, most=MAX_ANNOTATIONS)


def summary(markdown: str, taken: int = 0) -> str:
    """Return as much of a Markdown report as GitHub takes if ``taken`` bytes are there already."""
    free = MAX_SUMMARY_BYTES - taken
    if len(markdown.encode()) <= free:
        return markdown
    note = gettext("This is the beginning of the report: GitHub takes 1 MiB. All of it: -o FILE.md.")
    note = f"\n{note}\n"
    return _beginning(markdown, free - len(note.encode())) + note if len(note.encode()) <= free else ""


def _beginning(markdown: str, max_bytes: int) -> str:
    """Return the lines that fit, up to the last that is not inside of a block of code."""
    size = end = length = 0
    fence: str | None = None
    for line in markdown.splitlines(keepends=True):
        size += len(line.encode())
        if size > max_bytes:
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
