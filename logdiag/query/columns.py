"""The tables that a query can name, and their columns."""

import pyarrow as pa

from logdiag.records import RECORDS, UNPARSED
from logdiag.tables.schemas import COVERAGE, FINDINGS

_DUMPS = pa.schema(
    [
        ("snapshot", pa.string()),
        ("source", pa.string()),
        ("host", pa.string()),
        ("path", pa.string()),
        ("value", pa.string()),
        ("line", pa.int64()),
    ]
)
TABLES: dict[str, pa.Schema] = {
    "records": RECORDS,
    "unparsed": UNPARSED,
    "config": _DUMPS,
    "status": _DUMPS,
    "findings": FINDINGS,
    "coverage": COVERAGE,
}
