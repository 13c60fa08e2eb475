"""Splits a stream into lines, in memory that does not grow with their length."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_LINE_BYTES = 1 << 16
"""Bytes of a line, with its end; a longer one is not read."""


class Line(NamedTuple):
    """A line: its number (from 1), byte offset (from 0), length with its line end, and content.

    ``content`` includes the line end; of a line that is too long it is the first `MAX_LINE_BYTES`.
    """

    number: int
    offset: int
    length: int
    content: bytes

    @property
    def is_whole(self) -> bool:
        """Whether the content is all of the line."""
        return len(self.content) == self.length


def split_lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of a stream, in order, without gaps. Only a line feed ends a line."""
    number, offset, length = 1, 0, 0
    kept = bytearray()
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            end = chunk.find(b"\n", start) + 1 or len(chunk)
            length += end - start
            kept += chunk[start : min(end, start + MAX_LINE_BYTES - len(kept))]
            if chunk[end - 1] == ord("\n"):
                yield Line(number, offset, length, bytes(kept))
                number, offset, length = number + 1, offset + length, 0
                kept.clear()
            start = end
    if length:
        yield Line(number, offset, length, bytes(kept))
