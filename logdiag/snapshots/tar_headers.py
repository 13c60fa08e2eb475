"""The headers of tar archives: ustar, GNU, pax and the old format without a magic.

Pure functions of blocks. Whatever a header contains, reading it takes time in proportion to its bytes.
"""

import re
from typing import NamedTuple

from logdiag.i18n import gettext

BLOCK = 512
MAGIC = b"ustar"

PATH, SIZE = b"path", b"size"
SPARSE_NAME = b"GNU.sparse.name"
SPARSE = b"GNU.sparse."
"""The keys of sparse files begin so. As a key of its own it marks a sparse file."""

_OLD_SPARSE = b"S"
# Numbers are octal with blanks before them and blanks or zero bytes after them, as old tars wrote them.
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
# 20 digits hold any number of 64 bits; more digits are an attack on the conversion.
_DECIMAL = re.compile(rb"[0-9]{1,20}")
_LENGTH = re.compile(rb"([0-9]{1,20}) ")


class HeaderError(ValueError):
    """A header is wrong. The text names what is wrong in it."""


class Header(NamedTuple):
    """One header block. ``is_extended``: blocks with the places of data in a sparse file follow it."""

    kind: bytes
    name: bytes
    size: int
    is_extended: bool

    @property
    def is_sparse(self) -> bool:
        """Whether it is of a sparse file in the old format of GNU tar."""
        return self.kind == _OLD_SPARSE


def header_of(block: bytes) -> Header | None:
    """Return the header in a block; None if its checksum is wrong.

    Raises:
        HeaderError: its size is not a number.

    """
    if len(block) < BLOCK or not _is_checksum_right(block):
        return None
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == MAGIC + b"\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    kind = block[156:157]
    return Header(kind, name, _number(block[124:136]), kind == _OLD_SPARSE and block[482] != 0)


def _is_checksum_right(block: bytes) -> bool:
    said = _OCTAL.fullmatch(block, 148, 156)
    if said is None or not said[1]:
        return False
    summed, expected = sum(block) - sum(block[148:156]) + 8 * ord(" "), int(said[1], 8)
    # Some old programs added up signed bytes.
    return expected == summed or expected == summed - 256 * sum(
        byte > 127 for byte in block[:148] + block[156:]
    )


def _number(written: bytes) -> int:
    """Return a number in octal digits or, if these are too few, in bytes."""
    if written[0] & 0x80:
        value = int.from_bytes(written, "big", signed=True) + (1 << 8 * len(written) - 1)
        if written[0] & 0x40:
            raise HeaderError(gettext("a number below 0"))
        return value
    octal = _OCTAL.fullmatch(written) or _OCTAL.fullmatch(written.partition(b"\0")[0])
    if octal is None:
        raise HeaderError(gettext("not a number"))
    return int(octal[1] or b"0", 8)


def read_pax(data: bytes, values: dict[bytes, bytes]) -> str | None:
    """Add the values of a pax header for the next member, as far as it can be read. Return what is wrong."""
    at = 0
    while at < len(data) and data[at]:
        length = _LENGTH.match(data, at)
        end = at + int(length[1]) if length is not None else 0
        if length is None or not length.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            return gettext("an extended header that lies about its lengths")
        key, _, value = data[length.end() : end - 1].partition(b"=")
        if key == SIZE and not _DECIMAL.fullmatch(value):
            return gettext("not a number")
        if key in (PATH, SIZE, SPARSE_NAME):
            values[key] = value
        if key.startswith(SPARSE):
            values[SPARSE] = b""
        at = end
    return None
