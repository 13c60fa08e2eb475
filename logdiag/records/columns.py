"""The columns of the tables, and builders of their rows."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.tables.arrays import arrow

_NAME = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", "UTC")


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def pairs_of(key: pa.DataType) -> pa.Field:
    """Return the column with the pairs of a record, whose keys have a type."""
    pair = pa.struct([_required("key", key), _required("value", pa.string())])
    return _required("fields", pa.list_(_required("item", pair)))


_PLACE = [_required("snapshot", _NAME), _required("source", _NAME)]
_LINE, _OFFSET = _required("line", pa.int64()), _required("offset", pa.int64())
_LENGTH = _required("length", pa.int32())

RECORDS = pa.schema(
    [
        _required("time", _TIME),
        _required("header_time", _TIME),
        _required("utc_offset", pa.int16()),
        _required("host", _NAME),
        ("process", _NAME),
        ("subprocess", _NAME),
        ("pid", pa.int32()),
        ("module", _NAME),
        ("level", _NAME),
        ("event", _NAME),
        ("detail", pa.string()),
        pairs_of(pa.string()),
        ("text", pa.string()),
        ("body", pa.string()),
        *_PLACE,
        _LINE,
        _OFFSET,
        _LENGTH,
    ]
)

UNPARSED = pa.schema(
    [
        *_PLACE,
        _LINE,
        _OFFSET,
        _LENGTH,
        _required("text", pa.string()),
        _required("reason", pa.string()),
    ]
)

SETTINGS = pa.schema([*_PLACE, _required("path", _NAME), _required("value", pa.string()), _LINE])
"""Values of dumps. The column ``host`` is added when everything is read."""


def masked(numbers: npt.NDArray[np.int32]) -> pa.Array:
    """Return numbers as a column in which those below 0 are null."""
    valid = numbers >= 0
    return arrow(numbers, None if valid.all() else valid)


class Names:
    """The values of a dictionary column. Values are only added, so that all chunks can share them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number_of(self, value: str) -> int:
        """Return the number of a value; a new value gets the next number."""
        return self._numbers.setdefault(value, len(self._numbers))

    def numbers(self, column: pa.DictionaryArray) -> pa.Array:
        """Return the numbers of a column's values; new values get numbers in the order of their rows."""
        codes = column.indices.fill_null(-1).to_numpy()
        values = column.dictionary.to_pylist()
        known = np.array([*(self._numbers.get(value, -1) for value in values), -1], np.int32)
        if (known[:-1] < 0).any():
            # The first row of each value: the last of several assignments to one place remains.
            first = np.full(len(known), -1, np.int64)
            first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
            here = np.flatnonzero(first[:-1] >= 0)
            for code in here[np.argsort(first[here])].tolist():
                known[code] = self.number_of(values[code])
        return masked(known[codes])

    def values(self) -> pa.Array:
        """Return all values, in the order of their numbers."""
        return pa.array(list(self._numbers), pa.string())


class Rows:
    """A builder of an Arrow table, in chunks of at most `ROWS` rows.

    A chunk of strings must stay under 2 GiB: a chunk ends when it has `BYTES` of the log.
    """

    ROWS = 1 << 16
    BYTES = 1 << 28

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns: dict[str, list[object]] = {name: [] for name in schema.names}
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0

    def add(self, snapshot: str, source: str, row: object) -> None:
        """Add an unparsed line or a setting, which has an attribute for each other column."""
        place = {"snapshot": snapshot, "source": source}
        for name, column in self._columns.items():
            column.append(place[name] if name in place else getattr(row, name))
        self._bytes += getattr(row, "length", 0)
        if len(column) == self.ROWS or self._bytes >= self.BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._columns["line"]:
            self._batches.append(pa.record_batch(self._columns, schema=self._schema))
            for column in self._columns.values():
                column.clear()
            self._bytes = 0

    def table(self) -> pa.Table:
        """Return all rows that were added."""
        self._flush()
        return pa.Table.from_batches(self._batches, self._schema).unify_dictionaries()


def columns_of(names: Iterable[str]) -> frozenset[str]:
    """Return columns of the records table by their names.

    Raises:
        InputError: there is no such column.

    """
    wanted = frozenset(names)
    if unknown := sorted(wanted.difference(RECORDS.names)):
        message = gettext("no such column: {names}; there are {columns}")
        raise InputError(message.format(names=", ".join(unknown), columns=", ".join(RECORDS.names)))
    return wanted
