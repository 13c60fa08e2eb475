"""The headers of tar archives: ustar, GNU, pax and the old kind that has no magic.

Pure functions on blocks that are at hand. Whatever stands in a header, reading it takes no longer
than its bytes are many.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from logdiag.i18n import gettext

BLOCK = 512
MAGIC = b"ustar"

LONGEST = 1 << 20
"""Bytes of a header that extends another: names are shorter, and lists of holes nearly always."""

MOST_NUMBERS = 100_000
"""Places and lengths of data in one sparse file."""

_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_DECIMAL = re.compile(rb"[0-9]{1,20}")
_LENGTH = re.compile(rb"([0-9]{1,20}) ")

_OF_HOLES = b"GNU.sparse."
_KEPT = {b"path", *(_OF_HOLES + key for key in (b"name", b"size", b"realsize", b"major", b"minor"))}


class HeaderError(ValueError):
    """A header lies; its text says of what."""


class Header(NamedTuple):
    """One header block, as it is."""

    kind: bytes
    name: bytes
    size: int
    block: bytes


@dataclass(frozen=True)
class Extension:
    """What extended headers say of the member behind them.

    ``numbers`` are the places and lengths of data in a sparse file, in turn.
    """

    values: dict[bytes, bytes] = field(default_factory=dict)
    numbers: tuple[bytes, ...] = ()

    def with_(self, other: "Extension") -> "Extension":
        """Both; where they differ, the other counts."""
        return Extension({**self.values, **other.values}, other.numbers or self.numbers)

    def of_holes(self, *keys: bytes) -> bytes:
        """The first of these that is said of a sparse file."""
        said = (self.values.get(_OF_HOLES + key) for key in keys)
        return next((value for value in said if value), b"")


def header_of(block: bytes) -> Header | None:
    """What a block says, if it is a header: if its sum is right.

    Raises:
        HeaderError: its size is no number.

    """
    if len(block) < BLOCK or not _sum_is_right(block):
        return None
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == MAGIC + b"\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    return Header(block[156:157], name, number(block[124:136]), block)


def _sum_is_right(block: bytes) -> bool:
    said = _OCTAL.fullmatch(block, 148, 156)
    if said is None or not said[1]:
        return False
    summed, expected = sum(block) - sum(block[148:156]) + 8 * ord(" "), int(said[1], 8)
    # Some old programs added up signed bytes.
    return expected == summed or expected == summed - 256 * sum(
        byte > 127 for byte in block[:148] + block[156:]
    )


def number(written: bytes) -> int:
    """A number as a header block has it, in octal digits or, where they are too few, in bytes.

    Raises:
        HeaderError: it is none.

    """
    if written[0] & 0x80:
        value = int.from_bytes(written, "big", signed=True) + (1 << 8 * len(written) - 1)
        if written[0] & 0x40:
            raise HeaderError(gettext("a number below 0"))
        return value
    octal = _OCTAL.fullmatch(written)
    if octal is None:
        octal = _OCTAL.fullmatch(written.partition(b"\0")[0])
    if octal is None:
        raise HeaderError(gettext("a number that is none"))
    return int(octal[1] or b"0", 8)


def decimal(written: bytes) -> int:
    """A number of an extended header.

    Raises:
        HeaderError: it is none.

    """
    if not _DECIMAL.fullmatch(written):
        raise HeaderError(gettext("a number that is none"))
    return int(written)


def extension_of(data: bytes) -> tuple[Extension, str | None]:
    """What a pax header says as far as it can be read, and why not further."""
    values: dict[bytes, bytes] = {}
    numbers: list[bytes] = []
    problem = None
    try:
        for key, value in _records(data):
            if key in (_OF_HOLES + b"offset", _OF_HOLES + b"numbytes"):
                numbers.append(value)
            elif key == _OF_HOLES + b"map":
                numbers = value.split(b",", MOST_NUMBERS + 1)
            elif key == b"size":
                values[key] = b"%d" % decimal(value)
            elif key in _KEPT:
                values[key] = value
    except HeaderError as error:
        problem = str(error)
    return Extension(values, tuple(numbers)), problem


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data) and data[at]:
        length = _LENGTH.match(data, at)
        end = at + int(length[1]) if length is not None else 0
        if length is None or not length.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise HeaderError(gettext("an extended header that lies about its lengths"))
        key, _, value = data[length.end() : end - 1].partition(b"=")
        yield key, value
        at = end
