"""Rows as a table of plain text, for a terminal or a pipe.

With a width, cells are clipped; if there are too many columns for the width, each row becomes a block of
lines. The first rows decide the widths of the columns, so that any number of rows can follow.
"""

import bisect
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from rich.cells import cell_len, set_cell_size

from logdiag.report.sanitize import defuse
from logdiag.tables.export import Rows, plain_rows

_MEASURED_ROWS = 1000
_MIN_WIDTH = 12
"""Terminal columns that a column of the table gets, if it needs them."""
_MAX_PIPE_WIDTH = 60
"""Terminal columns reserved for a column of the table when nothing is clipped; longer cells stick out."""
_GAP = "  "
_PLAN = "explain_value"

_Row = Sequence[str]


def render_table(rows: Rows, width: int | None) -> Iterator[str]:
    """Return the rows as lines of text; NULL is blank."""
    names = [defuse(name) for name in rows.schema.names]
    cells = ([_cell(value) for value in row.values()] for row in plain_rows(rows))
    if _PLAN in names:
        # The database draws a plan with lines.
        for row in cells:
            yield defuse(row[names.index(_PLAN)], lines=True) + "\n"
        return
    harmless = ([defuse(cell) for cell in row] for row in cells)
    first = list(itertools.islice(harmless, _MEASURED_ROWS))
    widths = [max(map(cell_len, column)) for column in zip(names, *first, strict=True)]
    is_number = [_is_number(field.type) for field in rows.schema]
    if width is None:
        widths = [min(one, _MAX_PIPE_WIDTH) for one in widths]
    else:
        firm = [pa.types.is_timestamp(field.type) for field in rows.schema]
        widths = _fitting(widths, [a or b for a, b in zip(firm, is_number, strict=True)], width)
    everything = itertools.chain(first, harmless)
    if width is not None and not widths:
        yield from _blocks(names, everything, width)
        return
    for row in itertools.chain([names, ["─" * width for width in widths]], everything):
        shown = [_clip(cell, one) for cell, one in zip(row, widths, strict=True)] if width else row
        padding = [" " * (one - cell_len(cell)) for cell, one in zip(shown, widths, strict=True)]
        padded = (
            blanks + cell if to_the_right else cell + blanks
            for cell, blanks, to_the_right in zip(shown, padding, is_number, strict=True)
        )
        yield _GAP.join(padded).rstrip() + "\n"


def _blocks(names: _Row, rows: Iterator[_Row], width: int) -> Iterator[str]:
    label_width = min(max(map(cell_len, names)), width // 2)
    labels = [set_cell_size(_clip(name, label_width), label_width) for name in names]
    for number, row in enumerate(rows, 1):
        yield f"── {number} ──\n"
        for label, cell in zip(labels, row, strict=True):
            yield f"{label}{_GAP}{_clip(cell, width - label_width - len(_GAP))}".rstrip() + "\n"


def _fitting(widths: list[int], firm: list[bool], width: int) -> list[int]:
    """Make the widths fit by limiting the widest; return nothing if there is no room for all columns.

    Firm columns (numbers and times) keep their width: a clipped number would be another number.
    """
    available = width - len(_GAP) * (len(widths) - 1)

    def limited(limit: int) -> list[int]:
        return [one if stays else min(one, limit) for one, stays in zip(widths, firm, strict=True)]

    if sum(limited(_MIN_WIDTH)) > available:
        return []
    limits = range(max(widths) + 1)
    limit = bisect.bisect_right(limits, available, lo=_MIN_WIDTH, key=lambda one: sum(limited(one)))
    return limited(limit - 1)


def _clip(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip(" ") + "…"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
