"""What a zip archive says of its members: in the list at its end, and in the header in front of each."""

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from logdiag.snapshots.member import CHUNK, readable

SIGNATURE = b"PK\x03\x04"
END = b"PK\x05\x06"

_LOCAL = struct.Struct("<4s5H3I2H")
_LISTED = struct.Struct("<4s6H3I5H2I")
_LISTED_SIGNATURE = b"PK\x01\x02"
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR = struct.Struct("<4sIQI")
_LOCATOR_SIGNATURE = b"PK\x06\x07"

_LONGEST_COMMENT = 0xFFFF
_LARGEST = 1 << 48
_IN_EXTRA = 0xFFFFFFFF
_EXTRA64, _LONGEST_EXTRA64 = 1, 24

_ENCRYPTED = 1
_SIZES_FOLLOW = 1 << 3
_UTF8 = 1 << 11
_LINK = 0o120000
_NOTHING_PACKED = 2


class Entry(NamedTuple):
    """A member as the archive tells of it. ``place`` is where its own header stands.

    ``crc`` is None where the checksum and the sizes stand behind the data only.
    """

    raw_name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int
    size: int
    mode: int
    place: int

    @property
    def name(self) -> str:
        """Its name, a label only."""
        return readable(self.raw_name.decode("utf-8" if self.flags & _UTF8 else "cp437", "replace"))

    @property
    def is_folder(self) -> bool:
        """Whether it has no content of its own, which programs may have packed to 2 bytes."""
        return self.raw_name.endswith(b"/") and self.packed <= _NOTHING_PACKED

    @property
    def is_link(self) -> bool:
        """Whether it names another file."""
        return self.mode & 0o170000 == _LINK

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody can read it without a password."""
        return bool(self.flags & _ENCRYPTED)


class Listing(NamedTuple):
    """Where the list of an archive is, and how much of it.

    ``shift`` is what all places in it lack because something was put in front of the archive;
    ``behind`` are the bytes behind the archive.
    """

    start: int
    end: int
    members: int
    shift: int
    behind: int


def listing_of(file: IO[bytes], size: int) -> Listing | None:
    """The list of the archive that ends last in a file of ``size`` bytes; None where there is none."""
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    tail = read_at(file, start, size - start)
    at = tail.rfind(END)
    while at >= 0:
        found = _listing(file, start + at, tail[at : at + _END.size], size)
        if found is not None:
            return found
        at = tail.rfind(END, 0, at + len(END) - 1)
    return None


def _listing(file: IO[bytes], at: int, record: bytes, size: int) -> Listing | None:
    if len(record) < _END.size:
        return None
    *_, count, length, place, comment = _END.unpack(record)
    behind = size - at - len(record) - comment
    end = at
    locator = read_at(file, at - _LOCATOR.size, _LOCATOR.size) if at >= _LOCATOR.size else b""
    if locator.startswith(_LOCATOR_SIGNATURE):
        end64 = _LOCATOR.unpack(locator)[2]
        # Its place is wrong where something was put in front of the archive.
        for end in (end64, at - _LOCATOR.size - _END64.size):
            record = read_at(file, end, _END64.size) if end < at else b""
            if len(record) == _END64.size and record.startswith(_END64_SIGNATURE):
                *_, count, length, place = _END64.unpack(record)
                break
        else:
            return None
    start = end - length
    if behind < 0 or start < place:
        return None
    # Archives without members have no list, and nothing in front of their end.
    if not (read_at(file, start, 4) == _LISTED_SIGNATURE if length else end == count == 0):
        return None
    return Listing(start, end, count, start - place, behind)


def listed(file: IO[bytes], listing: Listing) -> Iterator[Entry]:
    """The members of the list, as far as it is whole."""
    at = listing.start
    while listing.end - at >= _LISTED.size:
        header = read_at(file, at, _LISTED.size)
        if len(header) < _LISTED.size or not header.startswith(_LISTED_SIGNATURE):
            return
        _, _, _, flags, method, _, _, crc, packed, size, *rest = _LISTED.unpack(header)
        *lengths, _, _, attributes, place = rest
        behind = read_at(file, at + _LISTED.size, sum(lengths))
        at += _LISTED.size + sum(lengths)
        name = behind[: lengths[0]]
        extra = behind[lengths[0] : lengths[0] + lengths[1]]
        size, packed, place = _with_extra(extra, size, packed, place)
        yield Entry(name, flags, method, crc, packed, size, attributes >> 16, place + listing.shift)


def local(file: IO[bytes], place: int) -> tuple[Entry, int] | None:
    """The member whose own header stands at a place, and where its data start; None if none does."""
    header = read_at(file, place, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(SIGNATURE):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
    behind = read_at(file, place + _LOCAL.size, name_length + extra_length)
    size, packed, _ = _with_extra(behind[name_length:], size, packed, 0)
    known = None if flags & _SIZES_FOLLOW else crc
    entry = Entry(behind[:name_length], flags, method, known, packed, size, 0, place)
    return entry, place + _LOCAL.size + name_length + extra_length


def next_local(file: IO[bytes], place: int) -> int | None:
    """Where the next header of a member stands, from a place on."""
    kept = b""
    while chunk := read_at(file, place + len(kept), CHUNK):
        searched = kept + chunk
        at = searched.find(SIGNATURE)
        if at >= 0:
            return place + at
        kept = searched[-len(SIGNATURE) + 1 :]
        place += len(searched) - len(kept)
    return None


def _with_extra(extra: bytes, *numbers: int) -> tuple[int, ...]:
    """The numbers, those that 32 bits cannot hold from the part of the extra data that has them."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if kind == _EXTRA64:
            there = extra[at : at + min(length, _LONGEST_EXTRA64)]
            wide = struct.iter_unpack("<Q", there[: len(there) // 8 * 8])
            return tuple(next(wide, (number,))[0] if number == _IN_EXTRA else number for number in numbers)
        at += length
    return numbers


def read_at(file: IO[bytes], place: int, size: int) -> bytes:
    """Bytes from the middle of a file, fewer at its end; archives name places that no file has."""
    if not 0 <= place <= _LARGEST:
        return b""
    file.seek(place)
    return file.read(size)
