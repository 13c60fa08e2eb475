"""A log in pieces that can be read by themselves: each starts at the start of a record.

What is in no record is set apart here: the lines before the first one, a line that is too long, and
the lines behind it or behind a record that is too long, up to the next start.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from logdiag.grammar import record_header, record_start
from logdiag.i18n import N_
from logdiag.records.header import stamp_of, yearless_of

ORPHAN = N_("stands before the first record")
NO_YEAR = N_("starts with a time that has no year (BSD syslog)")
LONG_LINE = N_("a line that is too long")
BEHIND_LONG_LINE = N_("stands behind a line that is too long")
BEHIND_LONG_RECORD = N_("stands behind the part of its record that is read")

LONGEST_RECORD = 1 << 20
"""Bytes of a record that are read: the longest that are known have a few hundred lines."""

_PIECE = 1 << 23
_WINDOW = 1 << 14
_SHOWN = 1000
_YEARLESS = re.compile(
    rb"^(?:<[0-9]{1,9}>)?[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} ", re.MULTILINE
)


def lacks_year(lines: bytes) -> bool:
    """Whether one of some lines starts with a time that nobody can place: the relay left the year out."""
    return _YEARLESS.search(lines) is not None


class Apart(NamedTuple):
    """Bytes that belong to no record: whole lines, or of a line that is too long the beginning."""

    raw: bytes
    length: int
    reason: str


def pieces(chunks: Iterator[bytes], longest_line: int) -> Iterator[memoryview | Apart]:
    """Pieces of about 8 MiB; all bytes of ``chunks`` in their order."""
    reader = _Reader(longest_line)
    for chunk in chunks:
        yield from reader.take(chunk)
    yield from reader.rest()


def is_cut(piece: memoryview) -> bool:
    """Whether a log may be cut where a piece starts: another piece can then precede it."""
    found = record_header().match(piece)
    return found is not None and stamp_of(bytes(found["time"])) is not None


class _Reader:
    def __init__(self, longest_line: int) -> None:
        self._longest = longest_line
        self._buffer = bytearray()  # its memory is used again,
        self._size = 0  # and so much of it holds bytes
        self._checked = 0  # up to here it holds whole lines that are not too long
        self._searched = 0  # up to here it was searched for starts of records
        self._apart: str | None = ORPHAN  # why lines belong to no record at the moment
        self._line: Apart | None = None  # the line that is too long and has not ended

    def take(self, chunk: bytes) -> Iterator[memoryview | Apart]:
        self._buffer[self._size : self._size + len(chunk)] = chunk
        self._size += len(chunk)
        while self._line is not None or self._is_too_long():
            if self._line is None:
                yield from self._flush(self._checked)
                self._line = Apart(bytes(self._buffer[: min(_SHOWN, self._size)]), 0, LONG_LINE)
            end = self._buffer.find(b"\n", 0, self._size) + 1
            size = end or self._size
            self._line = self._line._replace(length=self._line.length + size)
            self._drop(size)
            self._checked = self._searched = 0
            if not end:
                return
            yield self._line
            self._line, self._apart = None, BEHIND_LONG_LINE
        if self._size >= _PIECE:
            yield from self._cut()

    def rest(self) -> Iterator[memoryview | Apart]:
        """What is left at the end of the log."""
        if self._line is not None:
            yield self._line
        yield from self._flush(self._size)

    def _is_too_long(self) -> bool:
        """Move on to the first line that is too long, or behind the last that is whole."""
        while self._size - self._checked > self._longest:
            end = self._buffer.rfind(b"\n", self._checked, self._checked + self._longest) + 1
            if not end:
                return True
            self._checked = end
        self._checked = self._buffer.rfind(b"\n", self._checked, self._size) + 1 or self._checked
        return False

    def _cut(self) -> Iterator[memoryview | Apart]:
        """Give out what is complete: up to the start of the last record, or of lines without one all."""
        if self._apart is not None:
            yield from self._set_apart(self._checked)
        start = self._last_start()
        self._searched = self._checked
        if start:
            yield self._give(start)
        elif self._apart is None and self._checked >= LONGEST_RECORD:
            yield self._give(self._checked)
            self._apart = BEHIND_LONG_RECORD

    def _last_start(self) -> int:
        """Where the last record starts, of those not searched for before; 0 where there is none."""
        first = self._buffer.rfind(b"\n", 0, self._searched) + 1
        end, window = self._checked, _WINDOW
        while end > first:
            start = max(first, self._buffer.rfind(b"\n", 0, max(0, end - window)) + 1)
            for header in reversed(list(record_header().finditer(self._buffer, start, end))):
                if stamp_of(header["time"]) is not None or yearless_of(header["time"]) is not None:
                    return header.start()
            end, window = start, 8 * window
        return 0

    def _flush(self, end: int) -> Iterator[memoryview | Apart]:
        if self._apart is not None:
            before = self._size
            yield from self._set_apart(end)
            end -= before - self._size
        if end:
            yield self._give(end)

    def _set_apart(self, end: int) -> Iterator[Apart]:
        """Give out the lines before the next start of a record."""
        found = record_start().search(self._buffer, 0, end)
        size = found.start() if found else end
        reason = self._apart or ORPHAN
        if found:
            self._apart = None
        if size:
            yield Apart(bytes(self._give(size)), size, reason)

    def _give(self, size: int) -> memoryview:
        # Arrow gives memory that was used before: new memory would cost more than the copy.
        piece = memoryview(pa.allocate_buffer(size)).cast("B")
        with memoryview(self._buffer) as buffer:
            piece[:] = buffer[:size]
        self._drop(size)
        self._checked = max(0, self._checked - size)
        self._searched = max(0, self._searched - size)
        return piece.toreadonly()

    def _drop(self, size: int) -> None:
        self._size -= size
        self._buffer[: self._size] = self._buffer[size : size + self._size]
