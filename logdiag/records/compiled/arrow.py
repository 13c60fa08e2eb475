"""The columns of a piece as an Arrow table."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from logdiag.records.batches import READ
from logdiag.records.columns import masked
from logdiag.records.compiled.buffers import NAMES, Columns, Numbers
from logdiag.records.compiled.word_ops import moved

_TRIMMED: dict[str, Callable[[str], str]] = {
    "host": lambda name: name.rstrip(" "),
    "module": str.strip,
    "level": str.strip,
    "event": str.strip,
}
"""What is left of a column's names without the blanks that they still carry."""

_PARTS = {
    "time": ("times",),
    "header_time": ("header_times",),
    "utc_offset": ("offsets",),
    "pid": ("pids",),
    "detail": ("detail_ends", "details"),
    "fields": ("field_ends", "key_ends", "keys", "value_ends", "values"),
    "text": ("text_ends", "texts"),
    "body": ("body_ends", "bodies"),
    "line": ("lines",),
    "offset": ("begins",),
    "length": ("lengths",),
}
"""The columns whose memory Arrow takes over as it is, and what that consists of."""


def table(found: Columns, piece: memoryview, schema: pa.Schema, *, copied: bool) -> pa.Table:
    """The records, with columns of `READ`; ``line`` and ``offset`` count from the piece's start, from 0.

    Where they are not ``copied``, the table lies in the memory of ``found``, and lasts as long.
    """
    if copied:
        parts = [part for name in schema.names for part in _PARTS.get(name, ())]
        found = found._replace(**{part: _copied(getattr(found, part)) for part in parts})
    pairs = pa.Array.from_buffers(
        READ.field("fields").type.value_type,
        len(found.key_ends) - 1,
        [None],
        children=[_strings(found.key_ends, found.keys), _strings(found.value_ends, found.values)],
    )
    columns = {
        "time": _numbers("time", found.times),
        "header_time": _numbers("header_time", found.header_times),
        "utc_offset": _numbers("utc_offset", found.offsets),
        "pid": masked(found.pids),
        "detail": _strings(found.detail_ends, found.details, found.has[0]),
        "fields": pa.Array.from_buffers(
            READ.field("fields").type,
            len(found.times),
            [None, pa.py_buffer(found.field_ends)],
            children=[pairs],
        ),
        "text": _strings(found.text_ends, found.texts, found.has[1]),
        "body": _strings(found.body_ends, found.bodies, found.has[2]),
        "line": _numbers("line", found.lines),
        "offset": _numbers("offset", found.begins),
        "length": _numbers("length", found.lengths),
    }
    for number, name in enumerate(NAMES):
        if name in schema.names:
            columns[name] = _dictionary(found, number, piece, _TRIMMED.get(name, str))
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _copied(column: Numbers) -> Numbers:
    """A column in memory of its own, copied while other threads go on."""
    own = np.frombuffer(pa.allocate_buffer(column.nbytes), column.dtype)
    moved(column.view(np.uint8), own.view(np.uint8))
    return own


def _dictionary(
    found: Columns, column: int, piece: memoryview, trimmed: Callable[[str], str]
) -> pa.DictionaryArray:
    own = np.flatnonzero(found.name_columns == column)
    # Trimmed, two names may be the same; a dictionary has each once.
    numbers: dict[str, int] = {}
    known = np.full(len(found.name_columns) + 1, -1, np.int32)
    for place in own.tolist():
        name = trimmed(str(piece[found.name_starts[place] : found.name_ends[place]], "utf-8", "replace"))
        known[place] = numbers.setdefault(name, len(numbers))
    codes = known[found.codes[column]]
    return pa.DictionaryArray.from_arrays(masked(codes), pa.array(list(numbers), pa.string()))


def _numbers(name: str, values: Numbers) -> pa.Array:
    return pa.Array.from_buffers(READ.field(name).type, len(values), [None, pa.py_buffer(values)])


def _strings(ends: Numbers, data: Numbers, has: Numbers | None = None) -> pa.Array:
    there = None if has is None else pa.py_buffer(np.packbits(has, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(ends) - 1, [there, pa.py_buffer(ends), pa.py_buffer(data)])
