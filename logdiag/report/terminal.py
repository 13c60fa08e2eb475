"""Helpers of the outputs for a terminal: colours, and sanitized log text."""

import io
from collections.abc import Iterable, Iterator
from functools import partial

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from logdiag.i18n import gettext
from logdiag.model import Severity, Step
from logdiag.report.sanitize import defuse, one_line

MAX_VALUE_LENGTH = 600
SOFT = "dim"
HEADING = "bold underline"
COLORS: dict[Severity, str] = {
    "critical": "bold magenta",
    "high": "bold red",
    "medium": "yellow",
    "low": "green",
    "info": "cyan",
}

MIN_WIDTH = 20
"""The columns that a layout needs, whatever a terminal says."""

line = partial(one_line, max_length=MAX_VALUE_LENGTH)
"""Put a value on one line, harmless, and too short to scroll the verdict away."""


def soft(text: str) -> Text:
    """Return a line that is of less importance."""
    return Text(line(text), style=SOFT)


def section(title: str, *parts: RenderableType) -> Iterator[RenderableType]:
    """Yield a heading after an empty line, and what is under it."""
    yield from (Text(""), Text(line(title), style=HEADING), *parts)


def item(sign: str, *lines: RenderableType, label: str | None = None) -> RenderableType:
    """Make a list item whose lines all start after the sign, however they wrap."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style=SOFT)
    grid.add_column(overflow="fold")
    if label is not None and lines and isinstance(lines[0], Text):
        lines = (Text(f"{line(label)}: ", style="bold").append_text(lines[0]), *lines[1:])
    grid.add_row(sign, Group(*lines))
    return grid


def step_item(
    number: int, about: str, step: Step, notes: Iterable[str] = (), *, max_length: int = MAX_VALUE_LENGTH
) -> RenderableType:
    """Make the list item of a step: what it is about, the text, the command, and notes."""
    parts = [Text(one_line(about, max_length), style=SOFT), Text(one_line(step.do, max_length))]
    if step.risk == "destructive":
        warning = gettext(
            "This step destroys data and cannot be undone. Run it only together with support, and after a "
            "system snapshot and a backup."
        )
        parts.append(Text(warning, style="bold red"))
    if step.command is not None:
        # Blanks count in a command, so they are not put together.
        lines = (defuse(one[:max_length]) for one in step.command.split("\n"))
        parts += [Text(f"  {one}", style="bold") for one in lines]
    parts += [Text(one_line(note, max_length)) for note in notes]
    return item(f"{number}.", *parts)


def print_parts(parts: Iterable[RenderableType], *, color: bool, width: int) -> str:
    """Return what a terminal of ``width`` columns shows of ``parts``, without blanks at the ends of lines."""
    # An empty environment: the caller decides about colour and width, not TERM, COLUMNS or NO_COLOR.
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        force_jupyter=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return "".join(line.rstrip() + "\n" for line in captured.get().rstrip("\n").split("\n"))
