"""Decides whether a file is a text with pasted records, and not a log."""

import re
from collections.abc import Iterator

from logdiag.grammar import record_start
from logdiag.records.pasted.record import PastedRecord
from logdiag.records.pasted.starts import BLANK, FENCE
from logdiag.records.pasted.text import records_of

_BARE = re.compile(rb"(?: |Line [0-9]+: )?")
_PAIR_END = re.compile(rb"(?:\"|\xe2\x80\x9d)%b{0,3}$" % BLANK)
_RELAY_END = re.compile(rb"[\]-] +(?:\xef\xbb\xbf)?$")
_FENCED = re.compile(rb"(?:^|\n)[> \t]*%b\r{0,2}\n[> \t]*$" % FENCE)
_DAMAGED_SHARE = 50
"""A text is pasted if one record in so many is damaged."""
_SAMPLE_BYTES = 16 << 10
_SAMPLES = 16
_MIN_BYTES = 20
"""Bytes of a time and the host after it: an archive may contain very many files that are shorter."""


def is_pasted(head: bytes) -> bool:
    """Return whether a file is a text with pasted records; ``head`` is its beginning, at most 8 MiB.

    Signs, in more than a few records, are a line break in a header or after a pair, a no-break space between
    pairs, an escape before a value, a second record in a line, and a fence. Another sign is that most records
    follow quoting, bullets or prose. What a record of a log quotes is no sign.
    """
    if len(head) < _MIN_BYTES:
        return False
    # To examine every record of a log takes longer than to read it: samples of a long text come first.
    if len(head) > _SAMPLES * _SAMPLE_BYTES and not any(any(_signs(one)[1:]) for one in _samples(head)):
        return False
    records, damaged, after_text = _signs(head)
    return damaged * _DAMAGED_SHARE >= records if damaged else after_text * 2 > records


def _samples(head: bytes) -> Iterator[bytes]:
    """Whole lines all over a text, together an eighth of it or a quarter of a megabyte."""
    each = max(_SAMPLE_BYTES, len(head) // 8 // _SAMPLES)
    for start in range(0, len(head) - each, max(1, (len(head) - each) // _SAMPLES)):
        begin = head.rfind(b"\n", max(0, start - each), start) + 1 if start else 0
        yield head[begin : start + each]


def _signs(head: bytes) -> tuple[int, int, int]:
    """Return the number of records, of damaged ones, and of those after other text in their line."""
    records = damaged = after_text = 0
    previous: PastedRecord | None = None
    for record in records_of(head):
        records += 1
        marks = record.start.marks
        is_bare = marks is not None and _BARE.fullmatch(marks) is not None
        before = head[max(0, record.offset - 8) : record.offset]
        if record.damaged:
            damaged += 1
        elif previous is not None and previous.message:
            pass  # the message may quote the record
        elif record.start.broken or (
            is_bare and _FENCED.search(head[max(0, record.offset - 64) : record.offset])
        ):
            damaged += 1
        elif marks is None and previous is not None and not previous.over:
            damaged += _PAIR_END.search(before) is not None
        elif not is_bare and not _starts_a_line(head, record.offset):
            after_text += _RELAY_END.search(before) is None
        previous = record
    return records, damaged, after_text


def _starts_a_line(head: bytes, offset: int) -> bool:
    """Return whether the grammar accepts the text before a time: a prefix of a collector or of grep."""
    return record_start().match(head, head.rfind(b"\n", 0, offset) + 1) is not None
