"""From snapshots to Arrow tables: records, unparsed lines and the ledger.

In each log member the rows of ``records`` and ``unparsed`` tile its bytes: no gap, no overlap.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from logdiag.grammar import plain_record_start, record_start
from logdiag.model import MemberCoverage
from logdiag.records.columns import RECORDS, UNPARSED, Rows
from logdiag.records.rows import NO_INSTANT, ORPHAN, Unparsed, instant, rows
from logdiag.snapshots import Member, Snapshot

__all__ = [
    "NO_INSTANT",
    "NO_RECORD",
    "ORPHAN",
    "RECORDS",
    "UNPARSED",
    "Tables",
    "instant",
    "read",
    "read_texts",
]

NO_RECORD = "holds no log record"

SEARCHED = 8 << 20
"""A member in whose first 8 MiB no record starts is no log."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Tables:
    """What was read: two Arrow tables (`RECORDS`, `UNPARSED`) and an entry for every member.

    ``texts`` holds each record as it was logged, row by row, where it was asked for.
    """

    records: pa.Table
    unparsed: pa.Table
    members: tuple[MemberCoverage, ...]
    texts: pa.ChunkedArray | None = None


def read(snapshots: Iterable[Snapshot], *, keep_texts: bool = False) -> Tables:
    """Read snapshots whole.

    Rows stand in the order of snapshot name, member and offset. No content raises: what is wrong
    with it stands in ``members`` and ``unparsed``.
    """
    kept = RECORDS.append(pa.field("raw", pa.string(), nullable=False)) if keep_texts else RECORDS
    records, unparsed = Rows(kept), Rows(UNPARSED)
    coverage = []
    for snapshot in snapshots:
        seen: dict[str, int] = {}
        for member in snapshot.members():
            count = seen[member.source] = seen.get(member.source, 0) + 1
            source = member.source if count == 1 else f"{member.source}#{count}"
            coverage.append(_read_member(snapshot.name, source, member, records, unparsed))
    table = records.table()
    texts = table.column("raw") if keep_texts else None
    return Tables(table.select(RECORDS.names), unparsed.table(), tuple(coverage), texts)


def read_texts(logs: Mapping[str, bytes]) -> Tables:
    """Read logs that are at hand as bytes, each as a snapshot of one member of the same name."""
    kept = RECORDS.append(pa.field("raw", pa.string(), nullable=False))
    records, unparsed = Rows(kept), Rows(UNPARSED)
    coverage = [
        _read_member(name, name, Member(name, iter([content])), records, unparsed)
        for name, content in sorted(logs.items())
    ]
    table = records.table()
    return Tables(table.select(RECORDS.names), unparsed.table(), tuple(coverage), table.column("raw"))


def _read_member(snapshot: str, source: str, member: Member, records: Rows, unparsed: Rows) -> MemberCoverage:
    ledger = MemberCoverage(snapshot=snapshot, source=source, kind="other", size=0, reason=member.skipped)
    head, rest = b"", member.chunks
    for chunk in rest:
        head += chunk
        if record_start().search(head) or len(head) > SEARCHED:
            break
    if not record_start().search(head):
        size = len(head) + sum(len(chunk) for chunk in rest)
        if ledger.reason is None and not (member.faults and not size):
            ledger = replace(ledger, reason=NO_RECORD)
        return replace(ledger, size=size, faults=tuple(member.faults))
    size = found = orphans = orphan_bytes = 0
    first = last = None
    waiting: list[Unparsed] = []  # until a record shows that this is a log
    for row in rows(_cut(head, rest)):
        size = row.offset + row.length
        if isinstance(row, Unparsed):
            orphans += 1
            orphan_bytes += row.length
            waiting.append(row)
        else:
            found += 1
            for orphan in waiting:
                unparsed.add(snapshot, source, orphan)
            waiting.clear()
            first = row.time if first is None else min(first, row.time)
            last = row.time if last is None else max(last, row.time)
            records.add(snapshot, source, row)
    if not found:
        return replace(ledger, size=size, reason=NO_RECORD, faults=tuple(member.faults))
    return replace(
        ledger,
        kind="log",
        size=size,
        records=found,
        unparsed=orphans,
        unparsed_bytes=orphan_bytes,
        first=None if first is None else instant(first),
        last=None if last is None else instant(last),
        faults=tuple(member.faults),
    )


def _cut(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of about 1 MiB that start at the start of the member or of a record."""
    buffer = bytearray(head)
    searched = 0
    while True:
        if len(buffer) >= _CHUNK:
            line = buffer.rfind(b"\n", 0, searched) + 1
            cuts = [match.start() for match in plain_record_start().finditer(buffer, line) if match.start()]
            searched = len(buffer)
            if cuts:
                yield bytes(buffer[: cuts[-1]])
                del buffer[: cuts[-1]]
                searched -= cuts[-1]
        chunk = next(rest, b"")
        if not chunk:
            break
        buffer += chunk
    if buffer:
        yield bytes(buffer)
