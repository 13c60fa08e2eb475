"""From the tokens of one log to its rows, in order: records, and lines that are in no record."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from logdiag.grammar import Token, tokens
from logdiag.i18n import N_
from logdiag.records.chunker import NO_YEAR, ORPHAN, Unrecognised
from logdiag.records.record import Record, Unparsed, decode
from logdiag.records.record_tokens import LINE_ENDS, STARTS, read_record

NO_INSTANT = N_("starts with a time that is not valid, or that no host follows")

EACH = 10_000
"""Unparsed lines of a member that have a row each; later ones share rows of about a MiB."""

_SHARED_BYTES = 1 << 20
_MAX_ROW_BYTES = 1 << 30  # the column of lengths holds 31 bits
_SHOWN_BYTES = 4000
_REPEATED = {"BODY", "VALUE_LINE"}

_Row = tuple[Record | None, Unrecognised]
"""The bytes of a row, and its record if it is one."""


def rows(chunks: Iterable[bytes | memoryview | Unrecognised]) -> Iterator[Record | Unparsed]:
    """Return the rows of one member, in order.

    A header whose time is not valid, or without a host, starts no record, and its lines do not belong to
    the record before it. A header without a year takes the year of its neighbours in its chunk.
    """
    cursor = Cursor()
    for chunk in chunks:
        if isinstance(chunk, Unrecognised):
            yield from cursor.pass_unrecognised(chunk)
            continue
        for record, raw in _joined(_dated(_rows_of_chunk(bytes(chunk)))):
            if record is None:
                yield from cursor.pass_unrecognised(raw)
            else:
                record.line, record.offset = cursor.line, cursor.offset
                yield record
                cursor.advance(raw.raw.count(b"\n"), raw.length)


class Cursor:
    """The place in a member up to which rows were made, from line 1 and offset 0."""

    def __init__(self) -> None:
        self.line, self.offset = 1, 0
        self._each = EACH

    def advance(self, lines: int, length: int) -> None:
        """Move on by some lines and bytes."""
        self.line += lines
        self.offset += length

    def pass_unrecognised(self, found: Unrecognised) -> Iterator[Unparsed]:
        """Return the rows of the next bytes, which are in no record, and move on past them."""
        for row in self.unparsed(found):
            self.advance(row.lines, row.length)
            yield row

    def unparsed(self, found: Unrecognised, line: int = 0, offset: int = 0) -> Iterator[Unparsed]:
        """Return the rows of bytes in no record; they start ``line`` lines and ``offset`` bytes ahead."""
        line += self.line
        offset += self.offset
        start = 0
        is_cut = len(found.raw) < found.length  # only the beginning of a line that is too long
        while start < found.length:
            if is_cut:
                text = decode(found.raw)
                end = min(start + _MAX_ROW_BYTES, found.length)
                lines = int(end == found.length)
            else:
                end = found.raw.find(b"\n", start) + 1 or found.length
                text = decode(found.raw[start : min(end, start + _SHOWN_BYTES)].rstrip(b"\r\n"))
                if self._each <= 0:
                    end = found.raw.find(b"\n", start + _SHARED_BYTES) + 1 or found.length
                lines = max(1, found.raw.count(b"\n", start, end))
            self._each -= 1
            yield Unparsed(line, offset + start, end - start, text, found.reason, lines)
            line += lines
            start = end


def _rows_of_chunk(log: bytes) -> Iterator[_Row]:
    for group in _groups(tokens(log)):
        raw = log[group[0].start : group[-1].end]
        is_orphan = group[0].terminal == "ORPHAN"
        record = None if is_orphan else read_record(log, group)
        if record is not None:
            record.raw, record.length = bytearray(raw), len(raw)
        yield record, Unrecognised(raw, len(raw), ORPHAN if is_orphan else NO_INSTANT)


def _groups(stream: Iterable[Token]) -> Iterator[list[Token]]:
    """Group tokens by record: a group starts with a time at the start of a line, or is one orphan line.

    Repeated lines below the first become one token: a record may have a million of them.
    """
    group: list[Token] = []
    for token in stream:
        if group and token.terminal in _REPEATED and token.terminal == group[-1].terminal:
            group[-1] = Token(token.terminal, group[-1].start, token.end)
            continue
        starts_line = bool(group) and group[-1].terminal in LINE_ENDS
        if group and (token.terminal == "ORPHAN" or (token.terminal in STARTS and starts_line)):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _dated(found: Iterable[_Row]) -> Iterator[_Row]:
    """Date records without a year by a neighbour; without a dated neighbour they become unparsed."""
    waiting: list[_Row] = []  # from the first record without a year
    neighbour: Record | None = None
    for row in found:
        record, _ = row
        if record is None and not waiting:
            yield row
        elif record is None or not record.date(neighbour):
            waiting.append(row)
        else:
            for earlier, _ in waiting:
                if earlier is not None:
                    earlier.date(record)
            yield from waiting
            yield row
            waiting.clear()
            neighbour = record
    yield from ((None, raw if record is None else raw._replace(reason=NO_YEAR)) for record, raw in waiting)


def _joined(found: Iterable[_Row]) -> Iterator[_Row]:
    """Join lines in no record that follow each other and have the same reason."""
    for reason, same in groupby(found, key=lambda row: row[1].reason if row[0] is None else None):
        if reason is None:
            yield from same
        else:
            joined = b"".join(raw.raw for _, raw in same)
            yield None, Unrecognised(joined, len(joined), reason)
