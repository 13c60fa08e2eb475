"""The nouns of a diagnosis as rows of Arrow tables: findings, and the members of the ledger."""

import pyarrow as pa

_TIME = pa.timestamp("us", "UTC")
_NAMES = pa.list_(pa.string())
_EVIDENCE = pa.struct(
    [
        ("snapshot", pa.string()),
        ("source", pa.string()),
        ("line", pa.int64()),
        ("time", _TIME),
        ("text", pa.string()),
    ]
)
_STEP = pa.struct(
    [
        ("do", pa.string()),
        ("why", pa.string()),
        ("where", _NAMES),
        ("command", pa.string()),
        ("risk", pa.string()),
        ("impact", pa.string()),
        ("verify", pa.string()),
        ("wait", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("fingerprint", pa.string()),
        ("id", pa.string()),
        ("rule", pa.string()),
        ("title", pa.string()),
        ("severity", pa.string()),
        ("state", pa.string()),
        ("hosts", _NAMES),
        ("peers", _NAMES),
        ("first", _TIME),
        ("last", _TIME),
        ("count", pa.int64()),
        ("evidence", pa.list_(_EVIDENCE)),
        ("explanation", pa.string()),
        ("basis", pa.string()),
        ("remedy", pa.list_(_STEP)),
        ("references", _NAMES),
        ("caused_by", _NAMES),
        ("requested", pa.bool_()),
        ("as_of", _TIME),
        ("known", pa.bool_()),
        ("outcome", pa.string()),
        ("values", pa.map_(pa.string(), pa.string())),
    ]
)
"""A row a `logdiag.model.Finding`."""
COVERAGE = pa.schema(
    [
        ("snapshot", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("size", pa.int64()),
        ("records", pa.int64()),
        ("record_bytes", pa.int64()),
        ("asked", pa.int64()),
        ("unparsed", pa.int64()),
        ("unparsed_bytes", pa.int64()),
        ("reasons", pa.map_(pa.string(), pa.int64())),
        ("settings", pa.int64()),
        ("holds", _NAMES),
        ("first", _TIME),
        ("last", _TIME),
        ("taken", _TIME),
        ("reason", pa.string()),
        ("repair", pa.string()),
        ("faults", pa.list_(pa.struct([("kind", pa.string()), ("text", pa.string())]))),
    ]
)
"""A row a `logdiag.model.MemberCoverage`."""
