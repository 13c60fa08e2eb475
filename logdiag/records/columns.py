"""The columns of the tables, and rows on their way into them."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.errors import InputError
from logdiag.i18n import gettext

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


def masked(numbers: npt.NDArray[np.int32]) -> pa.Array:
    """Numbers as a column in which those below 0 are null."""
    none = numbers < 0
    return pa.array(numbers, pa.int32(), mask=none if none.any() else None)


class Names:
    """The values of a dictionary column: they only grow, so that every chunk shares them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, value: str | None) -> int | None:
        """The number of a value; a new one gets the next."""
        return None if value is None else self.number_of(value)

    def number_of(self, value: str) -> int:
        """The number of a value that is there."""
        return self._numbers.setdefault(value, len(self._numbers))

    def numbers(self, column: pa.DictionaryArray) -> pa.Array:
        """The numbers of a column's values, those that are new in the order of its rows."""
        codes = column.indices.fill_null(-1).to_numpy()
        values = column.dictionary.to_pylist()
        known = np.array([*(self._numbers.get(value, -1) for value in values), -1], np.int32)
        if (known[:-1] < 0).any():
            # The first row of each value: of several that are written to one place the last remains.
            first = np.full(len(known), -1, np.int64)
            first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
            here = np.flatnonzero(first[:-1] >= 0)
            for code in here[np.argsort(first[here])].tolist():
                known[code] = self.number_of(values[code])
        return masked(known[codes])

    def values(self) -> pa.Array:
        """All values, in the order of their numbers."""
        return pa.array(list(self._numbers), pa.string())


class Row(Protocol):
    """What `Rows` takes: an unparsed line, a setting. It has an attribute for each column."""

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
        self._names = {name: Names() for name in schema.names if schema.field(name).type == _NAME}
        self._columns: dict[str, list[object]] = {name: [] for name in schema.names}
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
        self._bytes = 0

    def add(self, snapshot: str, source: str, row: Row) -> None:
        """Add a row of the schema."""
        place = {"snapshot": snapshot, "source": source}
        for name, column in self._columns.items():
            value = place[name] if name in place else getattr(row, name)
            column.append(self._names[name].number(value) if name in self._names else value)
        self._bytes += getattr(row, "length", 0)
        if len(column) == self.ROWS or self._bytes >= self.BYTES:
            self._flush()

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


def columns_of(names: Iterable[str]) -> frozenset[str]:
    """Return columns of the records table by their names.

    Raises:
        InputError: there is no such column.

    """
    wanted = frozenset(names)
    if unknown := sorted(wanted.difference(RECORDS.names)):
        said = gettext("no such column: {names}; there are {columns}")
        raise InputError(said.format(names=", ".join(unknown), columns=", ".join(RECORDS.names)))
    return wanted
