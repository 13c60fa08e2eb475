"""Records in batches: the wanted records, and figures about all records.

Rules ask for few of a log's records. The others are read and counted, and their texts are dropped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.records.digests import digest
from logdiag.records.product import of_product
from logdiag.records.record import Record, Unparsed
from logdiag.records.spans import Span, spans_of
from logdiag.records.want import READ, Numbers, Want
from logdiag.tables.arrays import arrow

COUNTED = ("host", "time", "length", "utc_offset")
"""The columns that the coverage needs of all records."""

_ROWS, _BYTES = 1 << 14, 1 << 22

_Digests = npt.NDArray[np.uint64]
_Texts = Callable[[Numbers], list[str]]


@dataclass(frozen=True)
class Batch:
    """Consecutive records of a member: ``count`` in all; rules ask for ``asked`` of them.

    ``records`` are the wanted ones, with columns of `READ`, ``numbers`` their places among all records of
    the batch, and ``texts`` their whole texts, if wanted. ``spans``, ``digests`` and ``bytes`` are of all.
    """

    records: pa.Table
    numbers: Numbers
    texts: pa.Array
    spans: tuple[Span, ...]
    digests: _Digests
    bytes: int
    count: int
    asked: int

    def __len__(self) -> int:
        return self.count


class Part(NamedTuple):
    """Records that `together` selects from, with columns of `READ`, at least `COUNTED`.

    ``members`` are ascending numbers of members, ``counts`` their numbers of records. ``texts`` returns
    the texts of some rows.
    """

    table: pa.Table
    members: Sequence[int]
    counts: Sequence[int]
    texts: _Texts
    digests: _Digests


@dataclass(frozen=True)
class Together:
    """The wanted records of consecutive small members: selecting from each alone would take longer.

    ``records``, ``numbers`` and ``texts`` are as in `Batch`, of all members, each of which has as many as
    ``shares`` says. ``batches`` have the figures of each member, and no records.
    """

    records: pa.Table
    numbers: Numbers
    texts: pa.Array
    shares: Sequence[int]
    batches: Sequence[Batch]


def batch(table: pa.Table, texts: _Texts, digests: _Digests, want: Want) -> Batch:
    """Return a batch of the records of a table with columns of `READ` or `SELECTING`, at least `COUNTED`.

    Selected rows are copied, even if they are all.
    """
    one = _select(table, np.array([table.num_rows]), texts, digests, want)
    return replace(one.batches[0], records=one.records, numbers=one.numbers, texts=one.texts)


def together(parts: Sequence[Part], size: int, want: Want) -> Together:
    """Return the records of ``size`` members, in their order. Each member is in one of the parts."""
    names = [name for name in READ.names if all(name in part.table.column_names for part in parts)]
    tables = pa.concat_tables([part.table.select(names) for part in parts])
    tables = tables.unify_dictionaries().combine_chunks()
    members = np.concatenate([np.repeat(np.array(part.members, np.int64), part.counts) for part in parts])
    digests = np.concatenate([part.digests for part in parts])
    order = np.argsort(members, kind="stable")
    starts = np.cumsum([0, *(part.table.num_rows for part in parts)])

    def texts(rows: Numbers) -> list[str]:
        places = order[rows]
        found = np.empty(len(rows), object)
        for start, end, part in zip(starts, starts[1:], parts, strict=False):
            here = (places >= start) & (places < end)
            found[here] = part.texts(places[here] - start)
        return list(found)

    counts = np.bincount(members, minlength=size)
    ordered = digests[order] if want.digests else digests
    return _select(tables.take(arrow(order)), counts, texts, ordered, want)


def _select(table: pa.Table, counts: Numbers, texts: _Texts, digests: _Digests, want: Want) -> Together:
    """Return the wanted records of several members; ``counts`` are their numbers of records."""
    members = np.repeat(np.arange(len(counts)), counts)
    if want.select is None:
        numbers = asked = np.arange(table.num_rows, dtype=np.int64)
        kept = table
    else:
        numbers, asked = want.select(table, members)
        types = pa.schema([READ.field(name) for name in table.column_names])
        kept = table.take(arrow(numbers)).cast(types)
    kept = kept.select([name for name in kept.column_names if want.wants(name)])
    kept_texts = pa.array(texts(numbers) if want.texts else [], pa.string())
    hosts, times, lengths, offsets = (whole(table.column(name)) for name in COUNTED)
    spans = spans_of(hosts, times, lengths, offsets, of_product(table), counts)
    shares, asked_shares = (np.bincount(members[rows], minlength=len(counts)) for rows in (numbers, asked))
    starts = np.cumsum(counts) - counts
    no_record, no_number, no_text = kept.slice(0, 0), numbers[:0], kept_texts.slice(0, 0)
    batches = [
        Batch(no_record, no_number, no_text, tuple(own), digest, sum(span.bytes for span in own), *share)
        for own, digest, *share in zip(
            spans, np.split(digests, starts[1:]), counts.tolist(), asked_shares.tolist(), strict=True
        )
    ]
    return Together(kept, numbers - starts[members[numbers]], kept_texts, shares.tolist(), batches)


def batched(rows: Iterable[Record | Unparsed], want: Want) -> Iterator[Batch | Unparsed]:
    """Return the same rows with the records in batches."""
    waiting: list[Record] = []
    size = 0

    def flush() -> Batch:
        part = part_of({0: waiting}, want)
        return batch(part.table, part.texts, part.digests, want)

    for row in rows:
        if isinstance(row, Unparsed):
            yield row
            continue
        waiting.append(row)
        size += row.length
        if len(waiting) >= _ROWS or size >= _BYTES:
            yield flush()
            waiting, size = [], 0
    if waiting:
        yield flush()


def part_of(members: Mapping[int, Sequence[Record]], want: Want) -> Part:
    """Return the records of some members, given by the members' numbers."""
    records = [record for own in members.values() for record in own]
    columns: dict[str, list[Any]] = {
        "fields": [[{"key": key, "value": value} for key, value in one.fields] for one in records],
        "module": [one.name("Module") for one in records],
        "level": [one.name("Level") for one in records],
        "event": [one.name("Event") for one in records],
        "detail": [one.first("Detail") for one in records],
    }
    arrays = [
        pa.array(columns.get(field.name) or [getattr(one, field.name) for one in records], field.type)
        for field in READ
    ]
    digests = np.array([digest(one.raw) for one in records if want.digests], np.uint64)

    def texts(rows: Numbers) -> list[str]:
        return [records[row].text_as_logged for row in rows.tolist()]

    counts = [len(own) for own in members.values()]
    return Part(pa.table(arrays, schema=READ), list(members), counts, texts, digests)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)
