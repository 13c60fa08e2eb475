"""Whether a file is a text with pasted records in it, and no log."""

import re

from logdiag.grammar import record_start
from logdiag.records.pasted.record import Pasted
from logdiag.records.pasted.starts import BLANK, FENCE
from logdiag.records.pasted.text import records_of

_BARE = re.compile(rb"(?: |Line [0-9]+: )?")
_PAIR_ENDED = re.compile(rb"(?:\"|\xe2\x80\x9d)%b{0,3}$" % BLANK)
_RELAYED = re.compile(rb"[\]-] +(?:\xef\xbb\xbf)?$")
_FENCED = re.compile(rb"(?:^|\n)[> \t]*%b\r{0,2}\n[> \t]*$" % FENCE)
_ONE_IN = 50


def is_pasted(head: bytes) -> bool:
    """Whether a file is a text with pasted records in it; ``head`` is its beginning, at most 8 MiB.

    A log is not one, whatever its records quote. What tells, in more than a few records: a
    header or a pair that a line end breaks, a no-break space between pairs, an escape before a value,
    a record behind another in a line, a fence. Or most records stand behind quoting, bullets or prose.
    """
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
    return damaged * _ONE_IN >= records if damaged else apart * 2 > records


def _starts_a_line(head: bytes, offset: int) -> bool:
    """Whether the grammar takes what stands before a time in its line: a collector's or grep's prefix."""
    return record_start().match(head, head.rfind(b"\n", 0, offset) + 1) is not None
