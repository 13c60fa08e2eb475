"""The columns of a chunk as an Arrow table."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.records.columns import masked
from logdiag.records.compiled.buffers import KEY, NAMES, NULLABLE, Columns, Numbers, Strings
from logdiag.tables.arrays import bits

_TRIM: dict[str, Callable[[str], str]] = {
    "host": lambda name: name.rstrip(" "),
    "module": str.strip,
    "level": str.strip,
    "event": str.strip,
}
"""Functions that remove the blanks around names."""


def to_table(columns: Columns, chunk: memoryview, schema: pa.Schema, *, copied: bool) -> pa.Table:
    """Return the records as a table with the columns of a schema; ``line`` and ``offset`` count from 0.

    Unless it is ``copied``, the table uses the memory of ``columns`` and lasts as long.
    """
    buffer = _copy if copied else pa.py_buffer

    def strings(column: Strings, has: Numbers | None = None) -> pa.Array:
        valid = None if has is None else bits(has)
        buffers = [valid, buffer(column.ends), buffer(column.bytes)]
        found = pa.Array.from_buffers(pa.string(), len(column.ends) - 1, buffers)
        return found if _is_ascii(column.bytes) else _decoded(found)

    def array(name: str) -> pa.Array:
        kind = schema.field(name).type
        if name in NAMES:
            number = NAMES.index(name)
            return _dictionary(columns, number, columns.codes[number], chunk, _TRIM.get(name, str))
        if name == "pid":
            return masked(columns.pid.copy() if copied else columns.pid)
        if name in NULLABLE:
            return strings(getattr(columns, name), columns.has[NULLABLE.index(name)])
        if name == "fields":
            keys = _dictionary(columns, KEY, columns.keys, chunk, str).cast(kind.value_type.field("key").type)
            parts = [keys, strings(columns.values)]
            pairs = pa.Array.from_buffers(kind.value_type, len(parts[0]), [None], children=parts)
            size = len(columns.field_ends) - 1
            return pa.Array.from_buffers(kind, size, [None, buffer(columns.field_ends)], children=[pairs])
        numbers = getattr(columns, name)
        return pa.Array.from_buffers(kind, len(numbers), [None, buffer(numbers)])

    return pa.table([array(name) for name in schema.names], schema=schema)


def _is_ascii(content: Numbers) -> bool:
    ends = pa.py_buffer(np.array([0, len(content)], np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(content)])
    found: bool = pc.string_is_ascii(text)[0].as_py()
    return found


def _decoded(column: pa.StringArray) -> pa.StringArray:
    """Return strings with U+FFFD in place of bytes that are not UTF-8."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        is_odd = pc.fill_null(pc.invert(pc.string_is_ascii(column)), False)
        odd = column.cast(pa.binary()).filter(is_odd).to_pylist()
        decoded = pa.array([str(one, "utf-8", "replace") for one in odd], pa.string())
        return pc.replace_with_mask(column, is_odd, decoded)
    return column


def _copy(column: Numbers) -> pa.Buffer:
    copy = pa.allocate_buffer(column.nbytes)
    np.copyto(np.frombuffer(copy, column.dtype), column)  # other threads run meanwhile
    return copy


def _dictionary(
    columns: Columns, column: int, numbers: Numbers, chunk: memoryview, trim: Callable[[str], str]
) -> pa.DictionaryArray:
    # Two names may be the same after trimming; the dictionary has each once.
    known: dict[str, int] = {}
    codes = np.full(len(columns.name_columns) + 1, -1, np.int32)
    for place in np.flatnonzero(columns.name_columns == column).tolist():
        raw = chunk[columns.name_starts[place] : columns.name_ends[place]]
        codes[place] = known.setdefault(trim(str(raw, "utf-8", "replace")), len(known))
    return pa.DictionaryArray.from_arrays(masked(codes[numbers]), pa.array(list(known), pa.string()))
