"""The nouns of dumps: settings, and what could not be read as one."""

from typing import Literal, NamedTuple

DumpKind = Literal["xconfiguration", "xstatus", "certificate", "page"]
"""``page`` is text of the web interface that was pasted: System > Clustering or Status > Alarms."""

MAX_DEPTH = 100
"""Sections or elements inside each other; deeper ones are not read."""

MAX_PATH_LENGTH = 1000
"""Characters of a path; longer ones are not read: a few long names make every path below them long."""

MAX_UNREAD_LENGTH = 1000
"""Characters that are kept of a line that is not read."""


class Setting(NamedTuple):
    """One value of a dump.

    ``path`` has its parts joined by single blanks, spelled as in the dump, without
    ``xConfiguration`` or ``xStatus``; ``line`` counts from 1. ``kind`` is what the line itself says
    that it belongs to, None if it does not say.
    """

    path: str
    value: str
    line: int
    kind: DumpKind | None = None


class Unread(NamedTuple):
    """Lines without a setting, from ``line`` (from 1) and byte ``offset`` (from 0) on.

    ``length`` is in bytes, with line ends; ``text`` is at most `MAX_UNREAD_LENGTH` characters of it,
    or empty if it must not be kept; ``reason`` completes "these lines ...".
    """

    line: int
    offset: int
    length: int
    text: str
    reason: str


def normalize_path(path: str) -> str:
    """Return a path with the usual one of the two known spellings of a peer's path.

    The administrator guide X15.0 has both ``Alternates Peer 1 Address`` and ``Alternates 1 Peer Address``.
    """
    words = path.split(" ")
    match [word.casefold() for word in words[:3]]:
        case ["alternates", index, "peer"] if index.isdecimal():
            return " ".join([words[0], words[2], words[1], *words[3:]])
    return path
