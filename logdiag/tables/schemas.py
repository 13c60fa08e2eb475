"""Arrow schemas of the classes of a diagnosis, derived from the dataclasses: a row for each object."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pyarrow as pa

from logdiag.model import Finding, MemberCoverage, written

_SCALARS = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", "UTC"),
}


def _arrow_type(hint: Any) -> pa.DataType:
    """Return the Arrow type of a field's annotation."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if dataclasses.is_dataclass(hint):
        return pa.struct(list(_fields(hint)))
    if get_origin(hint) is Literal:
        return pa.string()
    kinds = [_arrow_type(one) for one in get_args(hint) if one not in (NoneType, ...)]
    if get_origin(hint) is dict:
        return pa.map_(*kinds)
    return pa.list_(kinds[0]) if get_origin(hint) is tuple else kinds[0]


def _fields(noun: Any) -> list[pa.Field]:
    hints = get_type_hints(noun)
    return [pa.field(one.name, _arrow_type(hints[one.name])) for one in written(noun)]


FINDINGS = pa.schema(_fields(Finding))
COVERAGE = pa.schema(_fields(MemberCoverage))


def to_table(nouns: Iterable[object], schema: pa.Schema) -> pa.Table:
    """Return a table with a row for each object."""
    rows = [{name: _to_arrow(getattr(noun, name)) for name in schema.names} for noun in nouns]
    return pa.Table.from_pylist(rows, schema)


def _to_arrow(value: object) -> object:
    if isinstance(value, tuple):
        return [_to_arrow(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value.items()) if isinstance(value, dict) else value
