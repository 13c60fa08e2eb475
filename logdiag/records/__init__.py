"""From the bytes of one log to rows: its records, and the lines that belong to none.

The rows of a log tile its bytes: no gap, no overlap.
"""

from logdiag.records.columns import RECORDS, SETTINGS, UNPARSED, Rows
from logdiag.records.pieces import ORPHAN, pieces
from logdiag.records.rows import EACH, NO_INSTANT, Record, Unparsed, instant, rows

__all__ = [
    "EACH",
    "NO_INSTANT",
    "ORPHAN",
    "RECORDS",
    "SETTINGS",
    "UNPARSED",
    "Record",
    "Rows",
    "Unparsed",
    "instant",
    "pieces",
    "rows",
]
