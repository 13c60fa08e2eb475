"""The headers of zip archives: the list of members at the end, and the header before each member."""

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from logdiag.snapshots.member import CHUNK, readable

SIGNATURE = b"PK\x03\x04"
END = b"PK\x05\x06"

# Layouts of the zip specification (APPNOTE 6.3): 4.3.7, 4.3.12, 4.3.16, 4.3.14 and 4.3.15.
_LOCAL = struct.Struct("<4s5H3I2H")
_LISTED = struct.Struct("<4s6H3I5H2I")
_LISTED_SIGNATURE = b"PK\x01\x02"
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR = struct.Struct("<4sIQI")
_LOCATOR_SIGNATURE = b"PK\x06\x07"

_MAX_COMMENT_BYTES = 0xFFFF
_MAX_OFFSET = 1 << 48
# A size or offset of all ones is in the extra field (APPNOTE 4.5.3).
_IN_EXTRA = 0xFFFFFFFF
_EXTRA64, _MAX_EXTRA64_BYTES = 1, 24

# Bits of the general purpose flag (APPNOTE 4.4.4), and the file type of Unix for a link.
_ENCRYPTED = 1
_SIZES_FOLLOW = 1 << 3
_UTF8 = 1 << 11
_LINK = 0o120000
_NOTHING_PACKED = 2


class Entry(NamedTuple):
    """A member, by its header or by the list. ``crc`` is None if it follows the data, like the sizes."""

    raw_name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int
    mode: int
    offset: int

    @property
    def name(self) -> str:
        """Its name, a label only."""
        return readable(self.raw_name.decode("utf-8" if self.flags & _UTF8 else "cp437", "replace"))

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder without content, which some programs pack to 2 bytes."""
        return self.raw_name.endswith(b"/") and self.packed <= _NOTHING_PACKED

    @property
    def is_link(self) -> bool:
        """Whether it names another file."""
        return self.mode & 0o170000 == _LINK

    @property
    def is_encrypted(self) -> bool:
        """Whether it needs a password."""
        return bool(self.flags & _ENCRYPTED)


class Directory(NamedTuple):
    """The place of the list of members, and the number of members that it claims.

    ``shift`` is to be added to all offsets in it, because of data before the archive; ``trailing`` is the
    number of bytes after the archive.
    """

    start: int
    end: int
    members: int
    shift: int
    trailing: int


def find_directory(file: IO[bytes], size: int) -> Directory | None:
    """Return the list of the archive that ends last in a file of ``size`` bytes; None without a list."""
    start = max(0, size - _END.size - _MAX_COMMENT_BYTES)
    tail = read_at(file, start, size - start)
    at = tail.rfind(END)
    while at >= 0:
        found = _directory(file, start + at, tail[at : at + _END.size], size)
        if found is not None:
            return found
        at = tail.rfind(END, 0, at + len(END) - 1)
    return None


def _directory(file: IO[bytes], at: int, record: bytes, size: int) -> Directory | None:
    if len(record) < _END.size:
        return None
    *_, count, length, offset, comment = _END.unpack(record)
    trailing = size - at - len(record) - comment
    end = at
    locator = read_at(file, at - _LOCATOR.size, _LOCATOR.size) if at >= _LOCATOR.size else b""
    if locator.startswith(_LOCATOR_SIGNATURE):
        end64 = _LOCATOR.unpack(locator)[2]
        # Its offset is wrong if there are data before the archive.
        for end in (end64, at - _LOCATOR.size - _END64.size):
            record = read_at(file, end, _END64.size) if end < at else b""
            if len(record) == _END64.size and record.startswith(_END64_SIGNATURE):
                *_, count, length, offset = _END64.unpack(record)
                break
        else:
            return None
    start = end - length
    if trailing < 0 or start < offset:
        return None
    # Archives without members have no list, and nothing before their end.
    if not (read_at(file, start, 4) == _LISTED_SIGNATURE if length else end == count == 0):
        return None
    return Directory(start, end, count, start - offset, trailing)


def listed_entries(file: IO[bytes], directory: Directory) -> Iterator[Entry]:
    """Yield the members in the list, up to a damaged one."""
    at = directory.start
    while directory.end - at >= _LISTED.size:
        header = read_at(file, at, _LISTED.size)
        if len(header) < _LISTED.size or not header.startswith(_LISTED_SIGNATURE):
            return
        _, _, _, flags, method, _, _, crc, packed, size, *rest = _LISTED.unpack(header)
        *lengths, _, _, attributes, offset = rest
        texts = read_at(file, at + _LISTED.size, sum(lengths))
        at += _LISTED.size + sum(lengths)
        extra = texts[lengths[0] : lengths[0] + lengths[1]]
        _, packed, offset = _with_extra(extra, size, packed, offset)
        yield Entry(
            texts[: lengths[0]], flags, method, crc, packed, attributes >> 16, offset + directory.shift
        )


def local_entry(file: IO[bytes], offset: int) -> tuple[Entry, int] | None:
    """Return the member whose header is at an offset, and the offset of its data; None without a header."""
    header = read_at(file, offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(SIGNATURE):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
    texts = read_at(file, offset + _LOCAL.size, name_length + extra_length)
    _, packed = _with_extra(texts[name_length:], size, packed)
    known = None if flags & _SIZES_FOLLOW else crc
    entry = Entry(texts[:name_length], flags, method, known, packed, 0, offset)
    return entry, offset + _LOCAL.size + name_length + extra_length


def next_local(file: IO[bytes], offset: int) -> int | None:
    """Return the offset of the next header of a member."""
    kept = b""
    while chunk := read_at(file, offset + len(kept), CHUNK):
        searched = kept + chunk
        at = searched.find(SIGNATURE)
        if at >= 0:
            return offset + at
        kept = searched[-len(SIGNATURE) + 1 :]
        offset += len(searched) - len(kept)
    return None


def _with_extra(extra: bytes, *numbers: int) -> tuple[int, ...]:
    """Return the numbers; those that do not fit into 32 bits come from the extra data."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if kind == _EXTRA64:
            content = extra[at : at + min(length, _MAX_EXTRA64_BYTES)]
            wide = struct.iter_unpack("<Q", content[: len(content) // 8 * 8])
            return tuple(next(wide, (number,))[0] if number == _IN_EXTRA else number for number in numbers)
        at += length
    return numbers


def read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    """Return bytes from the middle of a file, fewer at its end, none at an offset that no file has."""
    if not 0 <= offset <= _MAX_OFFSET:
        return b""
    file.seek(offset)
    return file.read(size)
