"""Columns of a chunk of a log, and the reused memory that the kernel writes them to."""

from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]

NAMES = ("host", "process", "subprocess", "module", "level", "event")
"""Columns with few distinct values, in the order of their numbers in the kernel."""

KEY = len(NAMES)
"""The number of the keys of pairs, which the kernel numbers like names."""

NULLABLE = ("detail", "text", "body")
"""Columns of strings that a record may lack, in the order of the rows of `Columns.has`."""

NO_INSTANT, BEFORE_RECORDS, NO_YEAR = range(3)
"""Why a stretch of lines is in no record."""

PADDING = 16
"""Bytes after the last one that is written: strings are copied by two words of eight bytes."""

_MAX_SLOTS = 1 << 16


class Strings(NamedTuple):
    """Strings one after the other: string ``n`` is ``bytes[ends[n]:ends[n + 1]]``, and ``ends[0]`` is 0."""

    ends: Numbers
    bytes: Numbers


class Shape(NamedTuple):
    """Item type (str: `Strings`), what there is an item for, ``extra`` items, and rows of a 2-D array."""

    dtype: Any
    items: str = "records"
    extra: int = 0
    rows: int = 0


_Strings = Annotated[Strings, Shape(str)]
_Int32 = Annotated[Numbers, Shape(np.int32)]
_Int64 = Annotated[Numbers, Shape(np.int64)]


class Columns(NamedTuple):
    """The columns of a chunk's records, named as in the table; below them, arrays of the kernel."""

    time: _Int64
    header_time: _Int64
    utc_offset: Annotated[Numbers, Shape(np.int16)]
    pid: _Int32
    line: _Int64
    offset: _Int64
    length: _Int32
    detail: _Strings
    text: _Strings
    body: _Strings
    has: Annotated[Numbers, Shape(np.bool_, rows=len(NULLABLE))]
    """Whether a record has each of the columns `NULLABLE`."""
    field_ends: Annotated[Numbers, Shape(np.int32, extra=1)]
    """Record ``n`` has the pairs from ``field_ends[n]`` to ``field_ends[n + 1]``."""
    keys: Annotated[Numbers, Shape(np.int32, "fields")]
    """Numbers of the keys in the following list of names."""
    values: Annotated[Strings, Shape(str, "fields")]
    codes: Annotated[Numbers, Shape(np.int32, rows=len(NAMES))]
    """Numbers of the values of each of `NAMES` in the same list; -1 for none."""
    name_starts: Annotated[Numbers, Shape(np.int32, "names")]
    name_ends: Annotated[Numbers, Shape(np.int32, "names")]
    name_columns: Annotated[Numbers, Shape(np.int8, "names")]
    stretches: Annotated[Numbers, Shape(np.int64, "stretches", rows=4)]
    """Bytes in no record: start, end, line and reason."""
    slots: Annotated[Numbers, Shape(np.int32, "slots")]
    """A hash table of the names."""
    last: Annotated[Numbers, Shape(np.int64, "columns", extra=1)]
    """The number of the last name of each of `NAMES`; of keys, which seldom repeat, always -1."""
    spans: Annotated[Numbers, Shape(np.int64, "columns", extra=1, rows=2)]
    """Start and end of the names of the current record and, in the extra column, of its detail."""


_SHAPES: dict[str, Shape] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Columns, include_extras=True).items()
}


class Wanted(NamedTuple):
    """Which of the columns that take time to write are wanted; ``names`` has a flag for each of `NAMES`."""

    detail: bool
    fields: bool
    text: bool
    body: bool
    names: tuple[bool, ...]


class BufferPool:
    """The memory of a thread, used again for each chunk.

    The first touch of new memory costs several times what is then written to it.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, Numbers] = {}

    def tokens(self, size: int) -> tuple[Numbers, Numbers]:
        """Return memory for the roles of the tokens of ``size`` bytes, and for their ends."""
        return self._array("roles", np.uint8, size), self._array("places", np.int32, size)

    def columns(self, size: int, tokens: int, records: int, fields: int) -> Columns:
        """Return memory for the columns of ``size`` bytes with at most so many tokens, records and pairs."""
        names = records * len(NAMES) + fields + 1
        sizes = {"records": records, "fields": fields, "names": names, "stretches": tokens + 1}
        sizes |= {"columns": len(NAMES), "slots": min(_MAX_SLOTS, 1 << (2 * names).bit_length())}
        arrays: dict[str, Any] = {}
        for name, (dtype, items, extra, rows) in _SHAPES.items():
            length = sizes[items] + extra
            if dtype is str:
                ends = self._array(f"{name} ends", np.int32, length + 1)
                arrays[name] = Strings(ends, self._array(name, np.uint8, size + PADDING))
            else:
                array = self._array(name, dtype, length * (rows or 1))
                arrays[name] = array.reshape(rows, length) if rows else array
        return Columns(**arrays)

    def _array(self, name: str, dtype: npt.DTypeLike, size: int) -> Numbers:
        known = self._arrays.get(name)
        if known is None or len(known) < size:
            known = self._arrays[name] = np.empty(size, dtype)
        return known[:size]


def cut(columns: Columns, records: int, fields: int, names: int, stretches: int) -> Columns:
    """Return the parts of the columns that the kernel has written."""
    sizes = {"records": records, "fields": fields, "names": names, "stretches": stretches}
    parts: dict[str, Any] = {}
    for name, (_, items, extra, _) in _SHAPES.items():
        column = getattr(columns, name)
        if items not in sizes:
            continue
        size = sizes[items] + extra
        if isinstance(column, Strings):
            parts[name] = Strings(column.ends[: size + 1], column.bytes[: column.ends[size]])
        else:
            parts[name] = column[..., :size]
    return columns._replace(**parts)
