"""Rows as a table of plain text, for a terminal or a pipe.

Where there is a width, cells are clipped to it; where columns are too many for it, each row is a block
of lines instead. How wide columns are is settled by the first rows, so that any number can follow.
"""

import bisect
import itertools
import json
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from logdiag.report.sanitize import defuse
from logdiag.tables.export import Rows, plain_rows

_LOOKED_AT = 1000
_NARROWEST = 12
"""Columns of a terminal that a column of the table has, if it needs them."""
_WIDEST = 60
"""Columns that are kept for a column of the table where nothing is clipped; longer cells stick out."""
_BETWEEN = "  "
_PLAN = "explain_value"

_Row = Sequence[str]


def laid_out(rows: Rows, width: int | None) -> Iterator[str]:
    """The rows as pieces of text that end with a line; blank is NULL."""
    names = [defuse(name) for name in rows.schema.names]
    cells = ([_cell(value) for value in row.values()] for row in plain_rows(rows))
    if _PLAN in names:
        # A plan is drawn with lines.
        for row in cells:
            yield defuse(row[names.index(_PLAN)], lines=True) + "\n"
        return
    harmless = ([defuse(cell) for cell in row] for row in cells)
    first = list(itertools.islice(harmless, _LOOKED_AT))
    widths = [max(map(_width, column)) for column in zip(names, *first, strict=True)]
    if width is None:
        widths = [min(one, _WIDEST) for one in widths]
    everything = itertools.chain(first, harmless)
    firm = [_is_number(field.type) or pa.types.is_timestamp(field.type) for field in rows.schema]
    if width is None or (fitting := _fitting(widths, firm, width)):
        right = [_is_number(field.type) for field in rows.schema]
        yield from _table(
            names, everything, widths if width is None else fitting, right, clip=width is not None
        )
    else:
        yield from _blocks(names, everything, width)


def _table(
    names: _Row, rows: Iterator[_Row], widths: list[int], right: list[bool], *, clip: bool
) -> Iterator[str]:
    rule = ["─" * width for width in widths]
    for row in itertools.chain([names, rule], rows):
        shown = [_clipped(cell, width) if clip else cell for cell, width in zip(row, widths, strict=True)]
        padded = (
            " " * (width - _width(cell)) + cell if to_the_right else cell + " " * (width - _width(cell))
            for cell, width, to_the_right in zip(shown, widths, right, strict=True)
        )
        yield _BETWEEN.join(padded).rstrip() + "\n"


def _blocks(names: _Row, rows: Iterator[_Row], width: int) -> Iterator[str]:
    widest = min(max(map(_width, names)), width // 2)
    for number, row in enumerate(rows, 1):
        yield f"── {number} ──\n"
        for name, cell in zip(names, row, strict=True):
            label = _clipped(name, widest)
            shown = _clipped(cell, width - widest - len(_BETWEEN))
            yield f"{label}{' ' * (widest - _width(label))}{_BETWEEN}{shown}".rstrip() + "\n"


def _fitting(widths: list[int], firm: list[bool], width: int) -> list[int]:
    """The widths made to fit, the widest giving most; nothing where there is no room for all.

    Those that are firm, numbers and times, give nothing: a part of one is another.
    """
    room = width - len(_BETWEEN) * (len(widths) - 1)

    def limited(limit: int) -> list[int]:
        return [one if stays else min(one, limit) for one, stays in zip(widths, firm, strict=True)]

    if sum(limited(_NARROWEST)) > room:
        return []
    # The widest that columns may be: what fits at one limit fits at all below.
    limit = bisect.bisect_right(range(max(widths)), room, lo=_NARROWEST, key=lambda one: sum(limited(one)))
    return limited(limit - 1 if sum(limited(limit)) > room else limit)


def _clipped(text: str, width: int) -> str:
    if len(text) <= width and _width(text) <= width:
        return text
    room = width - 1
    for place, sign in enumerate(text):
        room -= _of_sign(sign)
        if room < 0:
            return text[:place] + "…"
    return text


def _width(text: str) -> int:
    """The columns of a terminal that a text takes: Korean takes two a sign."""
    return len(text) if text.isascii() else sum(map(_of_sign, text))


def _of_sign(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
