"""From snapshots to tables: what each member is, its rows, and the coverage of its bytes.

The rows of ``records`` and ``unparsed`` of each log member tile its bytes: no gap, no overlap.
"""

from logdiag.reading.engines import Engine
from logdiag.reading.other_logs import without_other_logs
from logdiag.reading.reader import PASTED, read, read_texts
from logdiag.reading.tables import Dump, MemberKey, Tables

__all__ = ["PASTED", "Dump", "Engine", "MemberKey", "Tables", "read", "read_texts", "without_other_logs"]
