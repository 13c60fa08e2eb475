"""One file inside a snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logdiag.model import Fault

CHUNK = 1 << 18
"""Bytes asked for at a time."""

_LONGEST_NAME = 1024
"""Characters of a name: a path that a file system takes is hardly longer, and all names are kept."""
_BEGINNING, _ENDING = 512, 511


@dataclass
class Member:
    """One file inside a snapshot, while it is being read.

    ``chunks`` can be read once, and before the next member is asked for. ``faults`` says in what
    way the bytes are not all there; it is complete when ``chunks`` is used up. ``skipped`` says
    why a member has no bytes to read at all (a link, a device). ``packed`` is set where the archive
    unpacks each member by itself.
    """

    source: str
    chunks: Iterator[bytes]
    faults: list[Fault] = field(default_factory=list)
    skipped: str | None = None
    packed: bool = False


def readable(name: str) -> str:
    """A name as text: bytes in it that are not UTF-8 become U+FFFD, and a very long one is shortened."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_BEGINNING]}…{shown[-_ENDING:]}"
