"""Rows on their way into the tables: of records those that somebody wants, of all of them what is counted.

Rules ask for few of a log's records. The others are read and counted, and their texts are let go.
"""

import io
import mmap
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.errors import ResourceError
from logdiag.i18n import gettext
from logdiag.records.columns import RECORDS, Names
from logdiag.records.digests import SEED, digest
from logdiag.records.product import of_product
from logdiag.records.record import Record, Unparsed
from logdiag.records.spans import Span, spans_of


class Selected(NamedTuple):
    """The rows of a table that are wanted, and those that are asked for: not all need be kept. Ascending."""

    rows: npt.NDArray[np.int64]
    asked: npt.NDArray[np.int64]


Select = Callable[[pa.Table, npt.NDArray[np.int64]], Selected]
"""What is wanted of a table with the columns `READ`, each row of the member with this number."""


class Want(NamedTuple):
    """What is kept of a log's records: which of them, all without ``select``; whether their texts too.

    ``columns`` are those of the records table, all without: what nobody asks for is not even written.
    ``digests`` tell records that were given twice; they begin with ``seed``, which processes that read for
    one diagnosis must share. All records of many logs may be more than the memory holds: ``spooled``
    keeps them in a file. ``sha256`` is of what was given, which takes a while.
    """

    select: Select | None = None
    columns: frozenset[str] | None = None
    texts: bool = False
    digests: bool = False
    seed: int = SEED
    spooled: bool = False
    sha256: bool = False

    def wants(self, column: str) -> bool:
        """Whether a column of the records is wanted."""
        return self.columns is None or column in self.columns

    def kept(self, schema: pa.Schema) -> pa.Schema:
        """The part of a schema that is wanted."""
        return pa.schema([field for field in schema if self.wants(field.name)])


PLACE = ("snapshot", "source")
"""The columns that say whose a record is."""

READ = pa.schema([one for one in RECORDS if one.name not in PLACE])
"""What a record says and where; the table adds whose it is."""

COUNTED = ("host", "time", "length", "utc_offset")
"""What the ledger tells of all records."""

_ROWS, _BYTES = 1 << 14, 1 << 22


@dataclass(frozen=True)
class Batch:
    """Records of a member that follow each other.

    ``records`` are those that are wanted, with columns of `READ`; ``numbers`` are their places among
    all ``count`` records of the batch, ``texts`` what they say as it was logged, where that is kept.
    ``spans`` are of all records, and so are ``digests``, where they are kept. ``asked`` is how many of
    all somebody asks for.
    """

    records: pa.Table
    numbers: npt.NDArray[np.int64]
    texts: pa.Array
    spans: tuple[Span, ...]
    digests: npt.NDArray[np.uint64]
    bytes: int
    count: int
    asked: int

    def __len__(self) -> int:
        return self.count


class Part(NamedTuple):
    """Records with columns of `READ`, at least `COUNTED`, that `together` selects from.

    ``counts`` are how many of them each member has, in the order of ``members`` (numbers that ascend).
    ``texts`` gives what some rows say.
    """

    table: pa.Table
    members: Sequence[int]
    counts: Sequence[int]
    texts: Callable[[npt.NDArray[np.int64]], list[str]]
    digests: npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Together:
    """The records of small members that follow each other: selecting from each alone takes longer.

    ``records``, ``numbers`` and ``texts`` are as in `Batch`, of all members, each of which has as many as
    ``shares`` says. ``batches`` say the rest of each member, and hold no records.
    """

    records: pa.Table
    numbers: npt.NDArray[np.int64]
    texts: pa.Array
    shares: Sequence[int]
    batches: Sequence[Batch]


def batch(
    table: pa.Table,
    texts: Callable[[npt.NDArray[np.int64]], list[str]],
    digests: npt.NDArray[np.uint64],
    want: Want,
) -> Batch:
    """A batch of a table with columns of `READ`, at least `COUNTED`; ``texts`` gives what some rows say.

    Rows that are selected are copied, even if they are all.
    """
    one = _selected(table, np.array([table.num_rows]), texts, digests, want)
    return replace(one.batches[0], records=one.records, numbers=one.numbers, texts=one.texts)


def together(parts: Sequence[Part], size: int, want: Want) -> Together:
    """The records of ``size`` members, in their order. Each is in one of the parts."""
    names = [name for name in READ.names if all(name in part.table.column_names for part in parts)]
    tables = pa.concat_tables([part.table.select(names) for part in parts])
    tables = tables.unify_dictionaries().combine_chunks()
    members = np.concatenate([np.repeat(np.array(part.members, np.int64), part.counts) for part in parts])
    digests = np.concatenate([part.digests for part in parts])
    order = np.argsort(members, kind="stable")
    starts = np.cumsum([0, *(part.table.num_rows for part in parts)])

    def texts(rows: npt.NDArray[np.int64]) -> list[str]:
        places = order[rows]
        said = np.empty(len(rows), object)
        for start, end, part in zip(starts, starts[1:], parts, strict=False):
            here = (places >= start) & (places < end)
            said[here] = part.texts(places[here] - start)
        found: list[str] = said.tolist()
        return found

    counts = np.bincount(members, minlength=size)
    ordered = digests[order] if want.digests else digests
    return _selected(tables.take(pa.array(order)), counts, texts, ordered, want)


def _selected(
    table: pa.Table,
    counts: npt.NDArray[np.int64],
    texts: Callable[[npt.NDArray[np.int64]], list[str]],
    digests: npt.NDArray[np.uint64],
    want: Want,
) -> Together:
    """The wanted records of several members; ``counts`` are the numbers of their records."""
    members = np.repeat(np.arange(len(counts)), counts)
    if want.select is None:
        numbers = asked = np.arange(table.num_rows, dtype=np.int64)
    else:
        numbers, asked = want.select(table, members)
    kept = table if want.select is None else table.take(pa.array(numbers))
    kept = kept.select([name for name in kept.column_names if want.wants(name)])
    said = pa.array(texts(numbers) if want.texts else [], pa.string())
    hosts, times, lengths, offsets = (whole(table.column(name)) for name in COUNTED)
    spans = spans_of(hosts, times, lengths, offsets, of_product(table), counts)
    shares, of_asked = (np.bincount(members[rows], minlength=len(counts)) for rows in (numbers, asked))
    starts = np.cumsum(counts) - counts
    none, no_text, no_number = kept.slice(0, 0), said.slice(0, 0), numbers[:0]
    batches = [
        Batch(none, no_number, no_text, tuple(own), digest, sum(span.bytes for span in own), count, asks)
        for own, digest, count, asks in zip(
            spans, np.split(digests, starts[1:]), counts.tolist(), of_asked.tolist(), strict=True
        )
    ]
    return Together(kept, numbers - starts[members[numbers]], said, shares.tolist(), batches)


def batched(rows: Iterable[Record | Unparsed], want: Want) -> Iterator[Batch | Unparsed]:
    """The same rows, records by the batch."""
    waiting: list[Record] = []
    size = 0
    for row in rows:
        if isinstance(row, Unparsed):
            yield row
            continue
        waiting.append(row)
        size += row.length
        if len(waiting) >= _ROWS or size >= _BYTES:
            yield _of(waiting, want)
            waiting, size = [], 0
    if waiting:
        yield _of(waiting, want)


def _of(records: Sequence[Record], want: Want) -> Batch:
    part = part_of({0: records}, want)
    return batch(part.table, part.texts, part.digests, want)


def part_of(members: Mapping[int, Sequence[Record]], want: Want) -> Part:
    """The records of some members, by the numbers of these."""
    records = [record for own in members.values() for record in own]
    columns: dict[str, list[Any]] = {
        "fields": [[{"key": key, "value": value} for key, value in one.fields] for one in records],
        "module": [one.name("Module") for one in records],
        "level": [one.name("Level") for one in records],
        "event": [one.name("Event") for one in records],
        "detail": [one.first("Detail") for one in records],
    }
    arrays = [
        pa.array(columns.get(name) or [getattr(one, name) for one in records], _written(name))
        for name in READ.names
    ]
    arrays = [
        array.dictionary_encode() if pa.types.is_dictionary(READ.field(name).type) else array
        for name, array in zip(READ.names, arrays, strict=True)
    ]
    digests = np.array([digest(one.raw, want.seed) for one in records if want.digests], np.uint64)
    table = pa.table(arrays, schema=READ)
    counts = [len(own) for own in members.values()]

    def texts(rows: npt.NDArray[np.int64]) -> list[str]:
        return [records[row].text_as_logged for row in rows.tolist()]

    return Part(table, list(members), counts, texts, digests)


def _written(name: str) -> pa.DataType:
    kind = READ.field(name).type
    return pa.string() if pa.types.is_dictionary(kind) else kind


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


class Joined:
    """Batches on their way into one table, with columns of `RECORDS`. The names of a column only grow.

    A table that is larger than the memory may lie in a file without a name meanwhile (``spooled``).
    """

    def __init__(self, want: Want) -> None:
        self._schema = want.kept(RECORDS)
        self._spool = _Spool() if want.spooled else None
        self._names = {one.name: Names() for one in self._schema if pa.types.is_dictionary(one.type)}
        self._tables: dict[tuple[str, str], list[list[pa.Array]]] = {}

    def add(self, snapshot: str, source: str, records: pa.Table) -> None:
        """Add the records of a batch to those of a member."""
        self.add_all([(snapshot, source)], [records.num_rows], records)

    def add_all(self, members: Sequence[tuple[str, str]], shares: Sequence[int], records: pa.Table) -> None:
        """Add records to those of several members, as many as each has a share of."""
        arrays = []
        for name in self._schema.names:
            if name in PLACE:
                own = [self._names[name].number_of(member[PLACE.index(name)]) for member in members]
                arrays.append(pa.array(np.repeat(np.array(own, np.int32), shares)))
            elif name in self._names:
                arrays.append(self._names[name].numbers(whole(records.column(name))))
            else:
                arrays.append(whole(records.column(name)))
        if self._spool is not None:
            arrays = self._spool.put(arrays)
        start = 0
        for member, size in zip(members, shares, strict=True):
            if size:
                own = [array.slice(start, size) for array in arrays] if size < len(records) else arrays
                self._tables.setdefault(member, []).append(own)
            start += size

    def table(self, members: Iterable[tuple[str, str]]) -> pa.Table:
        """The records of some members, one after the other; no more can be added."""
        if self._spool is not None:
            self._spool.close()  # what is mapped stays
        parts = [part for member in members for part in self._tables.get(member, ())]
        columns = []
        for number, field in enumerate(self._schema):
            chunks = [part[number] for part in parts]
            if self._spool is None:
                # Of many small members few chunks: each costs, whatever is asked of a column. The numbers of
                # names are one chunk, as Arrow writes a dictionary anew for each chunk that shares it.
                chunks = gathered(chunks, sys.maxsize if field.name in self._names else _ROWS)
            if field.name in self._names:
                values = self._names[field.name].values()
                chunks = [pa.DictionaryArray.from_arrays(chunk, values) for chunk in chunks]
            columns.append(pa.chunked_array(chunks, field.type))
        return pa.table(columns, schema=self._schema)


def gathered(chunks: Iterable[pa.Array], rows: int = _ROWS) -> list[pa.Array]:
    """The same in chunks of some rows or more, but for the last one."""
    found: list[pa.Array] = []
    waiting: list[pa.Array] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= rows:
            found.append(pa.concat_arrays(waiting) if len(waiting) > 1 else chunk)
            waiting, size = [], 0
    return found + ([pa.concat_arrays(waiting)] if waiting else [])


class _Spool:
    """Arrays that lie in a file, and are read from there when they are looked at."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="logdiag-")  # noqa: SIM115
        self.close = self._file.close

    def put(self, arrays: list[pa.Array]) -> list[pa.Array]:
        """The same arrays, in the file."""
        content = io.BytesIO()
        batch = pa.record_batch(arrays, [str(number) for number in range(len(arrays))])
        with pa.ipc.new_stream(content, batch.schema) as writer:
            writer.write_batch(batch)
        # Each part begins on a page, so that it can be mapped by itself.
        start = -(-self._file.tell() // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        try:
            self._file.seek(start)
            size = self._file.write(content.getbuffer())
            self._file.flush()
        except OSError as error:
            said = gettext(
                "{folder}: {reason}: records are kept there while they are read, {size} bytes so far; "
                "set TMPDIR to a folder with more room"
            )
            reason = gettext(error.strerror or str(error))
            room = f"{start + len(content.getbuffer()):,}"
            raise ResourceError(said.format(folder=tempfile.gettempdir(), reason=reason, size=room)) from None
        mapped = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ, offset=start)
        with pa.ipc.open_stream(pa.py_buffer(mapped)) as reader:
            return list(reader.read_next_batch().columns)
