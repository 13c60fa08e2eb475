"""Chunks of bytes, taken in the sizes that a reader of headers and data wants."""

from collections.abc import Iterator

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.member import CHUNK
from logdiag.snapshots.tar_headers import BLOCK


class Stream:
    """Bytes in one forward pass."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._at = 0

    def piece(self, size: int) -> bytes:
        """Some of the next ``size`` bytes; none at the end only."""
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._chunk, self._at = chunk, 0
        piece = self._chunk[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end only."""
        parts = [self.piece(size)]
        left = size - len(parts[0])
        while left and parts[-1]:
            parts.append(self.piece(left))
            left -= len(parts[-1])
        return b"".join(parts)


class Data:
    """The data behind a header, which end with their last block."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._behind = -size % BLOCK
        self.left = size

    def piece(self, size: int) -> bytes:
        """Some of the next ``size`` bytes of it; none at its end, or where the archive ends."""
        piece = self._stream.piece(min(size, self.left)) if self.left else b""
        self.left -= len(piece)
        return piece

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes of it, fewer at its end, or where the archive ends."""
        taken = self._stream.take(min(size, self.left))
        self.left -= len(taken)
        return taken

    def skip(self) -> None:
        """Go to the next header."""
        left = self.left + self._behind
        while left and (piece := self._stream.piece(min(left, CHUNK))):
            left -= len(piece)

    def note_cut(self, faults: list[Fault]) -> None:
        """Write down that it ends too early, if it does."""
        if self.left:
            faults.append(Fault("cut", gettext("cut: the archive ends inside this member")))
