"""The packed data of members of zip archives."""

from collections.abc import Iterator
from typing import IO

from isal import isal_zlib

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.compression import ERRORS, Deflate, cut_slices, unpack_piece
from logdiag.snapshots.member import CHUNK
from logdiag.snapshots.zip_headers import Entry, read_at

STORED, DEFLATED = 0, 8


class PackedData:
    """The packed data of all members. Each byte of the archive may be read about once.

    Members that overlap would make much of little data, or reading endless.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._budget = size
        self.size = size
        self.read_to = 0
        """The place up to which the last member was read."""

    def pieces(self, start: int, end: int, faults: list[Fault]) -> Iterator[bytes]:
        """Yield the bytes between two places."""
        while start < end:
            if not self._budget:
                said = gettext("damaged: members of the archive overlap")
                faults.append(Fault("damaged", said))
                return
            chunk = read_at(self._file, start, min(CHUNK, end - start, self._budget))
            if not chunk:
                faults.append(Fault("cut", gettext("cut: the archive ends inside this member")))
                return
            for piece in cut_slices(iter([chunk])):
                self.read_to = start
                yield piece
                # If another piece is asked for, all of this one was used.
                self.use(len(piece))
                start += len(piece)

    def use(self, number: int) -> None:
        """Count so many bytes of the last piece as read."""
        self._budget -= number
        self.read_to += number


def unpack(data: PackedData, entry: Entry, start: int, end: int, faults: list[Fault]) -> Iterator[bytes]:
    """Yield the content of a member whose packed data are between two places."""
    pieces = data.pieces(start, end, faults)
    crc = 0
    try:
        for piece in pieces if entry.method == STORED else _inflate(data, pieces):
            crc = isal_zlib.crc32(piece, crc)
            yield piece
        if entry.crc not in (None, crc) and not faults:
            raise EOFError(gettext("its checksum is wrong"))
    except ERRORS as error:
        if not faults:
            said = gettext("damaged: the archive cannot give this member whole ({reason})")
            faults.append(Fault("damaged", said.format(reason=error)))


def _inflate(data: PackedData, pieces: Iterator[bytes]) -> Iterator[bytes]:
    stream = Deflate(Deflate.RAW)
    for piece in pieces:
        yield from unpack_piece(stream, piece)
        if stream.eof:
            data.use(len(piece) - len(stream.unused_data))
            return
    raise EOFError(gettext("its data end too early"))
