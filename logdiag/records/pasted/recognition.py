"""Whether a file is a text with pasted records in it, and no log."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from logdiag.grammar import record_start
from logdiag.records.pasted.record import Pasted
from logdiag.records.pasted.starts import BLANK, FENCE
from logdiag.records.pasted.text import records_of

_BARE = re.compile(rb"(?: |Line [0-9]+: )?")
_PAIR_ENDED = re.compile(rb"(?:\"|\xe2\x80\x9d)%b{0,3}$" % BLANK)
_RELAYED = re.compile(rb"[\]-] +(?:\xef\xbb\xbf)?$")
_FENCED = re.compile(rb"(?:^|\n)[> \t]*%b\r{0,2}\n[> \t]*$" % FENCE)
_ONE_IN = 50
_STRETCH = 16 << 10
_STRETCHES = 16


class _Signs(NamedTuple):
    """How many records there are, how many of them are damaged, and how many stand behind something else."""

    records: int
    damaged: int
    apart: int


_SHORTEST = 20
"""Bytes of a time and the host after it: an archive may hold very many files that are shorter."""


def is_pasted(head: bytes) -> bool:
    """Whether a file is a text with pasted records in it; ``head`` is its beginning, at most 8 MiB.

    A log is not one, whatever its records quote. What tells, in more than a few records: a
    header or a pair that a line end breaks, a no-break space between pairs, an escape before a value,
    a record behind another in a line, a fence. Or most records stand behind quoting, bullets or prose. In a
    long text, stretches are looked at first: where none of them shows a sign, it is none.
    """
    if len(head) < _SHORTEST:
        return False
    if len(head) > _STRETCHES * _STRETCH and not any(
        one.damaged or one.apart for one in map(_signs_in, _stretches(head))
    ):
        return False  # to look at every record of a log takes longer than to read it
    signs = _signs_in(head)
    return signs.damaged * _ONE_IN >= signs.records if signs.damaged else signs.apart * 2 > signs.records


def _stretches(head: bytes) -> Iterator[bytes]:
    """Stretches of whole lines all over a text, together an eighth of it or a quarter of a megabyte."""
    each = max(_STRETCH, len(head) // 8 // _STRETCHES)
    for start in range(0, len(head) - each, max(1, (len(head) - each) // _STRETCHES)):
        begin = head.rfind(b"\n", max(0, start - each), start) + 1 if start else 0
        yield head[begin : start + each]


def _signs_in(head: bytes) -> _Signs:
    records = damaged = apart = 0
    before: Pasted | None = None
    for record in records_of(head):
        records += 1
        marks = record.start.marks
        quoted_by_message = before is not None and before.message
        if record.damaged:
            damaged += 1
        elif quoted_by_message:
            pass
        elif record.start.broken or (
            marks is not None
            and _BARE.fullmatch(marks)
            and _FENCED.search(head[max(0, record.offset - 64) : record.offset])
        ):
            damaged += 1
        elif marks is None and before is not None and not before.over:
            damaged += _PAIR_ENDED.search(head[max(0, record.offset - 8) : record.offset]) is not None
        elif (marks is None or not _BARE.fullmatch(marks)) and not _starts_a_line(head, record.offset):
            apart += not _RELAYED.search(head[max(0, record.offset - 8) : record.offset])
        before = record
    return _Signs(records, damaged, apart)


def _starts_a_line(head: bytes, offset: int) -> bool:
    """Whether the grammar takes what stands before a time in its line: a collector's or grep's prefix."""
    return record_start().match(head, head.rfind(b"\n", 0, offset) + 1) is not None
