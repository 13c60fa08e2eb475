"""Rows on their way into the tables: of records those that somebody wants, of all of them what is counted.

Rules ask for few of a log's records. The others are read and counted, and their texts are let go.
"""

import io
import mmap
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.errors import ResourceError
from logdiag.language import gettext
from logdiag.records.columns import RECORDS, Names
from logdiag.records.digests import SEED, digest
from logdiag.records.rows import Record, Unparsed
from logdiag.records.spans import Span, spans_of


class Selected(NamedTuple):
    """The rows of a table that are wanted, ascending, and how many are asked for: not all need be kept."""

    rows: npt.NDArray[np.int64]
    asked: int


Select = Callable[[pa.Table], Selected]
"""What is wanted of a table with the columns `READ`."""


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


READ = pa.schema([one for one in RECORDS if one.name not in ("snapshot", "source")])
"""What a record says and where; the table adds whose it is."""

TOLD = ("host", "time", "length", "utc_offset")
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


def batch(
    table: pa.Table,
    texts: Callable[[npt.NDArray[np.int64]], list[str]],
    digests: npt.NDArray[np.uint64],
    want: Want,
) -> Batch:
    """A batch of a table with columns of `READ`, at least `TOLD`; ``texts`` gives what some rows say.

    Rows that are selected are copied, even if they are all.
    """
    if want.select is None:
        numbers, asked = np.arange(table.num_rows, dtype=np.int64), table.num_rows
    else:
        numbers, asked = want.select(table)
    kept = table if want.select is None else table.take(pa.array(numbers))
    kept = kept.select([name for name in kept.column_names if want.wants(name)])
    said = pa.array(texts(numbers) if want.texts else [], pa.string())
    spans = tuple(spans_of(*(whole(table.column(name)) for name in TOLD)))
    size = sum(span.bytes for span in spans)
    return Batch(kept, numbers, said, spans, digests, size, table.num_rows, asked)


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
    return batch(table, lambda rows: [records[row].text_as_logged for row in rows.tolist()], digests, want)


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
        place = {"snapshot": snapshot, "source": source}
        size = records.num_rows
        arrays = []
        for name in self._schema.names:
            if name in place:
                number = self._names[name].number_of(place[name])
                arrays.append(pa.array(np.full(size, number, np.int32)))
            elif name in self._names:
                arrays.append(self._names[name].numbers(whole(records.column(name))))
            else:
                arrays.append(whole(records.column(name)))
        if self._spool is not None:
            arrays = self._spool.put(arrays)
        self._tables.setdefault((snapshot, source), []).append(arrays)

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
                chunks = _gathered(chunks, sys.maxsize if field.name in self._names else _ROWS)
            if field.name in self._names:
                values = self._names[field.name].values()
                chunks = [pa.DictionaryArray.from_arrays(chunk, values) for chunk in chunks]
            columns.append(pa.chunked_array(chunks, field.type))
        return pa.table(columns, schema=self._schema)


def _gathered(chunks: Iterable[pa.Array], rows: int) -> list[pa.Array]:
    """The same in chunks of some rows or more, but for the last one."""
    gathered: list[pa.Array] = []
    waiting: list[pa.Array] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= rows:
            gathered.append(pa.concat_arrays(waiting) if len(waiting) > 1 else chunk)
            waiting, size = [], 0
    return gathered + ([pa.concat_arrays(waiting)] if waiting else [])


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
