"""The nouns of dumps: settings, and what could not be read as one."""

from typing import Literal, NamedTuple

Kind = Literal["xconfiguration", "xstatus", "certificate", "page"]
"""``page`` is text of the web interface that was pasted: System > Clustering or Status > Alarms."""

DEEPEST = 100
"""Sections or elements inside each other; what is nested deeper is not read."""

LONGEST_PATH = 1000
"""Characters; a longer path is no path. (Else a few long names make every path below them long.)"""

LONGEST_UNREAD = 1000
"""Characters that are kept of a line that was not read."""


class Setting(NamedTuple):
    """One value of a dump.

    ``path`` holds its parts joined by single blanks, spelled as in the dump, without
    ``xConfiguration`` or ``xStatus``; ``line`` counts from 1. ``kind`` is what the line itself says
    that it belongs to, None if the dump does not say.
    """

    path: str
    value: str
    line: int
    kind: Kind | None = None


class Unread(NamedTuple):
    """Lines that hold no setting, from ``line`` (from 1) and byte ``offset`` (from 0) on.

    ``length`` is in bytes, with line ends; ``text`` is at most `LONGEST_UNREAD` characters of it,
    or empty where it must not be kept; ``reason`` completes "these lines ...".
    """

    line: int
    offset: int
    length: int
    text: str
    reason: str


def canonical(words: list[str]) -> str:
    """A path from its words; of the two known spellings of a peer's path, the usual one.

    The administrator guide X15.0 has both ``Alternates Peer 1 Address`` and ``Alternates 1 Peer Address``.
    """
    match [word.casefold() for word in words[:3]]:
        case ["alternates", index, "peer"] if index.isdecimal():
            words = [words[0], words[2], words[1], *words[3:]]
    return " ".join(words)
