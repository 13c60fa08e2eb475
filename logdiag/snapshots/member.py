"""One file inside a snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logdiag.model import Fault

CHUNK = 1 << 18
"""Bytes that are read at a time."""

_MAX_NAME_CHARS = 1024
"""Characters of a name. Paths of file systems are hardly longer, and all names are kept in memory."""
_BEGINNING, _ENDING = 512, 511


@dataclass
class Member:
    """One file inside a snapshot, while it is being read.

    ``chunks`` can be read once, before the next member. ``faults`` are complete when ``chunks`` is used up.
    ``skipped`` is the reason why a member has no bytes to read (a link, a device). ``packed`` is set if the
    archive packs each member alone, as zip does.
    """

    source: str
    chunks: Iterator[bytes]
    faults: list[Fault] = field(default_factory=list)
    skipped: str | None = None
    packed: bool = False


def readable(name: str) -> str:
    """Return a name as text: bytes that are not UTF-8 become U+FFFD, and a very long name is shortened."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return shown if len(shown) <= _MAX_NAME_CHARS else f"{shown[:_BEGINNING]}…{shown[-_ENDING:]}"
