"""Cuts a text into pasted records, each repaired, and the prose between them."""

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

from logdiag.i18n import N_
from logdiag.records.chunker import Unrecognised
from logdiag.records.pasted.record import PastedRecord
from logdiag.records.pasted.starts import starts
from logdiag.records.record import Record, Unparsed
from logdiag.records.rows import rows

PROSE = N_("is between pasted records")

# Signs of Markdown's escapes: a user may be DOMAIN\_name, and a regular expression may contain \[.
_ESCAPED = re.compile(rb'[a-z0-9]\\_[a-z0-9]|= ?"\\[\[<]|[a-z]\\\[[0-9]{1,20}\\?\]:')
_MARKDOWN = re.compile(rb"^[> \t]*(?:```|~~~|#{1,6} )|\*\*(?:[0-9]{4}-|[A-Za-z]+=)", re.MULTILINE)


class Piece(NamedTuple):
    """A part of a text: bytes ``[offset, offset + length)``, from line ``line`` (the first is 1) on.

    ``record`` is the repaired record with a line end; None for prose.
    """

    offset: int
    length: int
    line: int
    record: bytes | None


def records_of(content: bytes, hosts: Container[bytes] = ()) -> Iterator[PastedRecord]:
    """Return the records of a text, in order, each with the bytes that it takes up.

    A time and one of ``hosts`` at the start of a line start a record, whatever follows.
    """
    escaped = _ESCAPED.search(content) is not None
    record: PastedRecord | None = None
    for start in starts(content):
        if start.sign is None and start.host in hosts:
            start = start._replace(sign="host")
        if record is not None:
            record.read(start.offset)
            if not record.ends_at(start):
                continue
            record.close(start.offset)
            yield record
        elif start.sign != "key" and (start.marks is None or start.sign is None):
            continue
        record = PastedRecord(content, start, escaped=escaped)
    if record is not None:
        record.read(len(content))
        record.close(len(content))
        yield record


def repaired(content: bytes) -> Iterator[Piece]:
    """Return the records and the prose of a pasted text. The pieces tile the text."""
    markdown = _MARKDOWN.search(content) is not None or _ESCAPED.search(content) is not None
    hosts = {start.host for start in starts(content) if start.sign == "key"}
    at, line = 0, 1
    for record in records_of(content, hosts):
        if at < record.offset:
            yield Piece(at, record.offset - at, line, None)
            line += content.count(b"\n", at, record.offset)
        yield Piece(record.offset, record.end - record.offset, line, record.repaired(markdown=markdown))
        line += content.count(b"\n", record.offset, record.end)
        at = record.end
    if at < len(content):
        yield Piece(at, len(content) - at, line, None)


def pasted_rows(content: bytes) -> Iterator[Record | Unparsed]:
    """Return the rows of a pasted text, in order; places are in the text, ``raw`` is the repaired record.

    A record that the grammar does not accept becomes one unparsed row.
    """
    for piece in repaired(content):
        raw = content[piece.offset : piece.offset + piece.length]
        if piece.record is None:
            for row in rows([Unrecognised(raw, piece.length, PROSE)]):
                row.offset += piece.offset
                row.line += piece.line - 1
                yield row
            continue
        row = next(rows([piece.record]))
        row.offset, row.length, row.line = piece.offset, piece.length, piece.line
        if isinstance(row, Unparsed):
            row.lines = max(1, raw.count(b"\n"))
        else:
            row.raw = bytearray(piece.record)
        yield row
