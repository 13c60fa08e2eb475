"""The data of members of zip archives, unpacked in small pieces whatever they were packed with."""

import struct
from collections.abc import Callable, Iterator
from typing import IO

from isal import isal_zlib

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.compression import (
    ERRORS,
    Decompressor,
    bzip2,
    content,
    deflate,
    lzma_alone,
    slices,
    xz,
    zstandard,
)
from logdiag.snapshots.member import CHUNK
from logdiag.snapshots.zip_list import Entry, read_at

STORED = 0
_LZMA = 14
_HAS_END_MARK = 1 << 1

_DECOMPRESSORS: dict[int, Callable[[], Decompressor]] = {
    8: deflate,
    12: bzip2,
    _LZMA: lzma_alone,
    93: zstandard,
    95: xz,
}
KNOWN_METHODS = {STORED, *_DECOMPRESSORS}


class Packed:
    """The archive as packed data of members; each byte of it may be read about once.

    Members that lie on top of each other would make little data much, or reading it endless.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self.size = size
        self.place = 0
        """Up to where the last member was read."""

    def pieces(self, start: int, end: int, faults: list[Fault]) -> Iterator[bytes]:
        """The bytes between two places."""
        while start < end:
            if not self._left:
                said = gettext("damaged: members of the archive lie on top of each other")
                faults.append(Fault("damaged", said))
                return
            piece = read_at(self._file, start, min(CHUNK, end - start, self._left))
            if not piece:
                faults.append(Fault("cut", gettext("cut: the archive ends inside this member")))
                return
            for part in slices(iter([piece])):
                yield part
                # Only what is followed by more was data to its end.
                self._left -= len(part)
                start += len(part)
                self.place = start


def unpacked(packed: Packed, entry: Entry, start: int, end: int, faults: list[Fault]) -> Iterator[bytes]:
    """The content of a member, whose packed data stand between two places."""
    pieces = packed.pieces(start, end, faults)
    crc = 0
    try:
        for part in pieces if entry.method == STORED else _unpacked(packed, entry, pieces):
            crc = isal_zlib.crc32(part, crc)
            yield part
        if entry.crc not in (None, crc) and not faults:
            raise EOFError(gettext("its checksum is wrong"))
    except ERRORS as error:
        if not faults:
            said = gettext("damaged: the archive cannot give this member whole ({reason})")
            faults.append(Fault("damaged", said.format(reason=error)))


def _unpacked(packed: Packed, entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
    stream = _DECOMPRESSORS[entry.method]()
    for piece in _with_header(entry, pieces) if entry.method == _LZMA else pieces:
        yield from content(stream, piece)
        if stream.eof:
            packed.place += len(piece) - len(stream.unused_data)
            return
    raise EOFError(gettext("its data end too early"))


def _with_header(entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What zip packs with LZMA, with the header that LZMA has elsewhere."""
    start = b""
    while len(start) < 9:
        piece = next(pieces, b"")
        if not piece:
            raise EOFError(gettext("its data end too early"))
        start += piece
    _, length, properties = struct.unpack("<2H5s", start[:9])
    if length != len(properties):
        raise EOFError(gettext("it is packed in an odd way"))
    size = (1 << 64) - 1 if entry.flags & _HAS_END_MARK or entry.crc is None else entry.size
    yield properties + size.to_bytes(8, "little")
    yield start[9:]
    yield from pieces
