"""The columns of the tables, and rows on their way into them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from logdiag.records.rows import Record

if TYPE_CHECKING:
    from logdiag.records.compiled import Stretch
    from logdiag.records.compiled.columns import Numbers

_NAME = pa.dictionary(pa.int32(), pa.string())
_FIELD = pa.struct(
    [pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string(), nullable=False)]
)

RECORDS = pa.schema(
    [
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("header_time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("utc_offset", pa.int16(), nullable=False),
        pa.field("host", _NAME, nullable=False),
        pa.field("process", _NAME),
        pa.field("subprocess", _NAME),
        pa.field("pid", pa.int32()),
        pa.field("module", _NAME),
        pa.field("level", _NAME),
        pa.field("event", _NAME),
        pa.field("detail", pa.string()),
        pa.field("fields", pa.list_(pa.field("item", _FIELD, nullable=False)), nullable=False),
        pa.field("text", pa.string()),
        pa.field("body", pa.string()),
        pa.field("snapshot", _NAME, nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
    ]
)

UNPARSED = pa.schema(
    [
        pa.field("snapshot", _NAME, nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)

SETTINGS = pa.schema(
    [
        pa.field("snapshot", _NAME, nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("path", _NAME, nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
    ]
)
"""Values of dumps; whose they are, the column ``host``, is known when all is read."""


class _Names:
    """A dictionary column: its values only grow, so that every chunk shares them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, value: str | None) -> int | None:
        return None if value is None else self.number_of(value)

    def number_of(self, value: str) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> pa.Array:
        return pa.array(list(self._numbers), pa.string())


_STRETCH_NAMES: list[tuple[str, Callable[[str], str]]] = [
    ("host", lambda name: name.rstrip(" ")),
    ("process", str),
    ("subprocess", str),
    ("module", str.strip),
    ("level", str.strip),
    ("event", str.strip),
]
"""The columns of names in the order in which a stretch has them, and what its names still carry."""


class Row(Protocol):
    """What `Rows` takes: a record, an unparsed line, a setting. It has an attribute for each column."""

    @property
    def line(self) -> int:
        """The line where it starts, from 1."""
        ...


class Rows:
    """Rows on their way into an Arrow table, in chunks of at most `ROWS` rows.

    A chunk of strings must stay under 2 GiB: one that holds `BYTES` of the log ends early.
    """

    ROWS = 1 << 16
    BYTES = 1 << 28

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._names = {name: _Names() for name in schema.names if schema.field(name).type == _NAME}
        self._columns: dict[str, list[object]] = {name: [] for name in schema.names}
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
        self._bytes = 0

    def add(self, snapshot: str, source: str, row: Row) -> None:
        """Add a row of the schema."""
        place = {"snapshot": snapshot, "source": source}
        for name, column in self._columns.items():
            value = place[name] if name in place else self._value(row, name)
            column.append(self._names[name].number(value) if name in self._names else value)
        self._bytes += getattr(row, "length", 0)
        if len(column) == self.ROWS or self._bytes >= self.BYTES:
            self._flush()

    def add_stretch(self, snapshot: str, source: str, stretch: "Stretch") -> None:
        """Add the records of a stretch; their columns are taken over as they are."""
        self._flush()
        if not len(stretch):
            return
        place = {"snapshot": snapshot, "source": source}
        arrays = arrays_of(stretch)
        codes = self._codes(stretch)
        for name, chunks in self._chunks.items():
            if name in place:
                number = self._names[name].number(place[name])
                chunks.append(pa.repeat(pa.scalar(number, pa.int32()), len(stretch)))
            else:
                chunks.append(codes[name] if name in codes else arrays[name])

    def _codes(self, stretch: "Stretch") -> dict[str, pa.Array]:
        """The columns of names: what is a number of the stretch becomes one of the table."""
        numbers = np.full((len(_STRETCH_NAMES), len(stretch.names) + 1), -1, np.int32)
        for column, code in stretch.columns.order.tolist():
            name, trim = _STRETCH_NAMES[column]
            numbers[column, code] = self._names[name].number_of(trim(stretch.names[code]))
        found = {}
        for column, (name, _) in enumerate(_STRETCH_NAMES):
            values = numbers[column][stretch.columns.codes[column]]
            found[name] = pa.array(values, pa.int32(), mask=values < 0)
        return found

    @staticmethod
    def _value(row: Row, name: str) -> Any:
        if isinstance(row, Record):
            if name in ("module", "level", "event"):
                return row.name(name.capitalize())
            if name == "detail":
                return row.first("Detail")
            if name == "raw":
                return row.text_as_logged
            if name == "fields":
                return [{"key": key, "value": value} for key, value in row.fields]
        return getattr(row, name)

    def _flush(self) -> None:
        if not self._columns["line"]:
            return
        for name, column in self._columns.items():
            kind = pa.int32() if name in self._names else self._schema.field(name).type
            self._chunks[name].append(pa.array(column, kind))
            column.clear()
        self._bytes = 0

    def table(self) -> pa.Table:
        """All rows that were added."""
        self._flush()
        columns = []
        for name in self._schema.names:
            chunks = self._chunks[name]
            if name in self._names:
                values = self._names[name].values()
                chunks = [pa.DictionaryArray.from_arrays(chunk, values) for chunk in chunks]
            columns.append(pa.chunked_array(chunks, self._schema.field(name).type))
        return pa.table(columns, schema=self._schema)


def arrays_of(stretch: "Stretch") -> dict[str, pa.Array]:
    """The columns of a stretch that are no names."""
    found = stretch.columns
    size = len(stretch)
    fields = pa.Array.from_buffers(
        _FIELD,
        len(found.key_ends) - 1,
        [None],
        children=[
            _strings(found.key_ends, found.keys),
            _strings(found.value_ends, found.values),
        ],
    )
    return {
        "time": _numbers("time", found.times),
        "header_time": _numbers("header_time", found.header_times),
        "utc_offset": _numbers("utc_offset", found.offsets),
        "pid": pa.array(found.pids, pa.int32(), mask=found.pids < 0),
        "detail": _strings(found.detail_ends, found.details, found.has[0]),
        "fields": pa.Array.from_buffers(
            RECORDS.field("fields").type, size, [None, pa.py_buffer(found.field_ends)], children=[fields]
        ),
        "text": _strings(found.text_ends, found.texts, found.has[1]),
        "body": _strings(found.body_ends, found.bodies, found.has[2]),
        "line": pa.array(found.lines + stretch.line),
        "offset": pa.array(found.begins + stretch.offset),
        "length": _numbers("length", found.lengths),
        "raw": _strings(found.raw_ends, found.raws),
    }


def _numbers(name: str, values: "Numbers") -> pa.Array:
    return pa.Array.from_buffers(RECORDS.field(name).type, len(values), [None, pa.py_buffer(values)])


def _strings(ends: "Numbers", data: "Numbers", has: "Numbers | None" = None) -> pa.Array:
    there = None if has is None else pa.py_buffer(np.packbits(has, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(ends) - 1, [there, pa.py_buffer(ends), pa.py_buffer(data)])
