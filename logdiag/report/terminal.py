"""What views for a terminal share: colours, layout, and log text made harmless for it."""

import io
import re

from rich.console import Console

from logdiag.model import Severity
from logdiag.report import sentences
from logdiag.report.sanitize import defuse

LONGEST = 600
"""Characters that are shown of one value."""
SOFT = "dim"
HEADING = "bold underline"
COLORS: dict[Severity, str] = {
    "critical": "bold magenta",
    "high": "bold red",
    "medium": "yellow",
    "low": "green",
    "info": "cyan",
}

_NARROWEST = 20
# Blanks and newlines of prose; not \v, \f or a lone \r, which are oddities and shown as such.
_LAYOUT = re.compile(r"(?:\r\n|[ \n\t])+")


def paper(*, color: bool, width: int) -> Console:
    """A console that keeps what is printed on it, for `printed`."""
    # An empty environment: the caller decides about colour and width, not TERM, COLUMNS or NO_COLOR.
    return Console(
        file=io.StringIO(),
        width=max(width, _NARROWEST),
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


def printed(console: Console) -> str:
    """What was printed on a paper, without blanks at the ends of lines."""
    assert isinstance(console.file, io.StringIO)  # noqa: S101
    return "".join(line.rstrip() + "\n" for line in console.file.getvalue().rstrip("\n").split("\n"))


def one_line(text: str) -> str:
    """Put ``text`` on one line, harmless, and too short to scroll the verdict away."""
    return defuse(_LAYOUT.sub(" ", sentences.clipped(text, LONGEST)))
