"""From the bytes of one log to rows: records, and lines that are in no record.

The rows of a log tile its bytes: no gap, no overlap.
"""

from logdiag.records.batches import Batch, Together, batched, part_of, together
from logdiag.records.chunker import ORPHAN, lacks_year, pieces
from logdiag.records.columns import RECORDS, SETTINGS, UNPARSED, Rows
from logdiag.records.joined import Joined, gathered
from logdiag.records.record import Record, Unparsed, instant, micros
from logdiag.records.rows import EACH, NO_INSTANT, rows
from logdiag.records.spans import SILENCE, Span, Spans
from logdiag.records.want import Select, Selected, Want

__all__ = ["EACH", "NO_INSTANT", "ORPHAN", "RECORDS", "SETTINGS", "SILENCE", "UNPARSED"]
__all__ += ["Batch", "Joined", "Record", "Rows", "Select", "Selected", "Span", "Spans", "Together"]
__all__ += ["Unparsed", "Want", "batched", "gathered", "instant", "lacks_year", "micros", "part_of"]
__all__ += ["pieces", "rows", "together"]
