"""From the bytes of one log to rows: its records, and the lines that belong to none.

The rows of a log tile its bytes: no gap, no overlap.
"""

from logdiag.records.batches import (
    Batch,
    Joined,
    Part,
    Select,
    Selected,
    Together,
    Want,
    batched,
    gathered,
    part_of,
    together,
)
from logdiag.records.chunker import ORPHAN, lacks_year, pieces
from logdiag.records.columns import RECORDS, SETTINGS, UNPARSED, Rows
from logdiag.records.record import Record, Unparsed, instant, micros
from logdiag.records.rows import EACH, NO_INSTANT, rows
from logdiag.records.spans import SILENCE, Span, Spans

__all__ = [
    "EACH",
    "NO_INSTANT",
    "ORPHAN",
    "RECORDS",
    "SETTINGS",
    "SILENCE",
    "UNPARSED",
    "Batch",
    "Joined",
    "Part",
    "Record",
    "Rows",
    "Select",
    "Selected",
    "Span",
    "Spans",
    "Together",
    "Unparsed",
    "Want",
    "batched",
    "gathered",
    "instant",
    "lacks_year",
    "micros",
    "part_of",
    "pieces",
    "rows",
    "together",
]
