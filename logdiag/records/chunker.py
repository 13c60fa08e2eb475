"""Cuts a log into chunks that can be read on their own: each starts at the start of a record.

Bytes in no record are split off here: the lines before the first record, a line that is too long, and the
lines after it or after a record that is too long, up to the next start of a record.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from logdiag.grammar import record_header, record_start
from logdiag.i18n import N_
from logdiag.records.header import stamp_of, yearless_of

ORPHAN = N_("is before the first record")
NO_YEAR = N_("starts with a time that has no year (BSD syslog)")
LONG_LINE = N_("a line that is too long")
BEHIND_LONG_LINE = N_("follows a line that is too long")
BEHIND_LONG_RECORD = N_("follows the part of its record that is read")

LONGEST_RECORD = 1 << 20
"""Bytes of a record that are read: the longest known ones have a few hundred lines."""

# Each chunk takes the rules some time, whatever its size: with 8 MiB a large log takes 8 % longer.
_CHUNK_BYTES = 12 << 20
_BUFFER_BYTES = _CHUNK_BYTES + (1 << 20)
_WINDOW = 1 << 14
_SHOWN_BYTES = 1000
_YEARLESS = re.compile(
    rb"^(?:<[0-9]{1,9}>)?[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} ", re.MULTILINE
)


_LINE_END = re.compile(rb"\n")


def lacks_year(lines: bytes) -> bool:
    """Return whether a line starts with a time from which the relay left out the year."""
    return _YEARLESS.search(lines) is not None


class Unrecognised(NamedTuple):
    """Bytes that belong to no record: whole lines, or the beginning of a line that is too long."""

    raw: bytes
    length: int
    reason: str


def pieces(chunks: Iterator[bytes], longest_line: int) -> Iterator[memoryview | Unrecognised]:
    """Cut a stream into chunks of about 12 MiB, which contain all its bytes in their order."""
    cutter = _Cutter(longest_line)
    for chunk in chunks:
        yield from cutter.take(chunk)
    yield from cutter.finish()


def is_cut(chunk: memoryview) -> bool:
    """Return whether a log may be cut at the start of a chunk, so that another chunk can precede it."""
    found = record_header().match(chunk)
    return found is not None and stamp_of(bytes(found["time"])) is not None


class _Cutter:
    def __init__(self, longest_line: int) -> None:
        self._longest = longest_line
        self._buffer = _new_buffer(0)  # becomes a chunk without a copy
        self._size = 0  # only this part of it holds bytes
        self._checked = 0  # the end of the lines that are complete and not too long
        self._searched = 0  # the end of the lines that were searched for starts of records
        self._reason: str | None = ORPHAN  # why the current lines belong to no record
        self._line: Unrecognised | None = None  # the line that is too long and has not ended

    def take(self, chunk: bytes) -> Iterator[memoryview | Unrecognised]:
        """Add bytes, and return the chunks that are complete."""
        self._append(chunk)
        while self._line is not None or self._is_too_long():
            if self._line is None:
                yield from self._flush(self._checked)
                self._line = Unrecognised(bytes(self._buffer[: min(_SHOWN_BYTES, self._size)]), 0, LONG_LINE)
            found = _LINE_END.search(self._buffer, 0, self._size)
            end = found.end() if found else 0
            size = end or self._size
            self._line = self._line._replace(length=self._line.length + size)
            self._drop(size)
            self._checked = self._searched = 0
            if not end:
                return
            yield self._line
            self._line, self._reason = None, BEHIND_LONG_LINE
        if self._size >= _CHUNK_BYTES:
            yield from self._cut()

    def finish(self) -> Iterator[memoryview | Unrecognised]:
        """Return the rest at the end of the log."""
        if self._line is not None:
            yield self._line
        yield from self._flush(self._size)

    def _is_too_long(self) -> bool:
        """Move on to the first line that is too long, or past the last complete line."""
        while self._size - self._checked > self._longest:
            end = self._line_start(self._checked, self._checked + self._longest)
            if not end:
                return True
            self._checked = end
        self._checked = self._line_start(self._checked, self._size) or self._checked
        return False

    def _line_start(self, start: int, end: int) -> int:
        """Return where the line after the last line end of a part of the buffer starts; 0 without one."""
        while end > start:
            begin = max(start, end - _WINDOW)
            place = bytes(self._buffer[begin:end]).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end = begin
        return 0

    def _cut(self) -> Iterator[memoryview | Unrecognised]:
        """Return everything before the start of the last record, or all unrecognised lines."""
        if self._reason is not None:
            yield from self._split_off(self._checked)
        start = self._last_start()
        self._searched = self._checked
        if start:
            yield self._give(start)
        elif self._reason is None and self._checked >= LONGEST_RECORD:
            yield self._give(self._checked)
            self._reason = BEHIND_LONG_RECORD

    def _last_start(self) -> int:
        """Return where the last record starts in the lines that were not searched yet; 0 without a start."""
        first = self._line_start(0, self._searched)
        end, window = self._checked, _WINDOW
        while end > first:
            start = max(first, self._line_start(0, max(0, end - window)))
            for header in reversed(list(record_header().finditer(self._buffer, start, end))):
                if stamp_of(header["time"]) is not None or yearless_of(header["time"]) is not None:
                    return header.start()
            end, window = start, 8 * window
        return 0

    def _flush(self, end: int) -> Iterator[memoryview | Unrecognised]:
        if self._reason is not None:
            before = self._size
            yield from self._split_off(end)
            end -= before - self._size
        if end:
            yield self._give(end)

    def _split_off(self, end: int) -> Iterator[Unrecognised]:
        """Return the lines before the next start of a record."""
        found = record_start().search(self._buffer, 0, end)
        size = found.start() if found else end
        reason = self._reason or ORPHAN
        if found:
            self._reason = None
        if size:
            yield Unrecognised(bytes(self._give(size)), size, reason)

    def _give(self, size: int) -> memoryview:
        chunk, rest = self._buffer[:size], self._buffer[size : self._size]
        self._buffer, self._size = _new_buffer(0), 0
        self._append(rest)
        self._checked = max(0, self._checked - size)
        self._searched = max(0, self._searched - size)
        return chunk.toreadonly()

    def _append(self, content: bytes | memoryview) -> None:
        end = self._size + len(content)
        if end > len(self._buffer):
            # Most logs are small; a large one gets all room for a chunk at once.
            larger = _new_buffer(end if not self._size else max(2 * end, _BUFFER_BYTES))
            larger[: self._size] = self._buffer[: self._size]
            self._buffer = larger
        self._buffer[self._size : end] = content
        self._size = end

    def _drop(self, size: int) -> None:
        self._size -= size
        self._buffer[: self._size] = self._buffer[size : size + self._size]


def _new_buffer(size: int) -> memoryview:
    # Arrow reuses memory: the first touch of new memory would cost more than what is done with it.
    return memoryview(pa.allocate_buffer(size)).cast("B")
