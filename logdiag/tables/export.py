"""Write tables as Parquet, Arrow IPC, CSV and JSON lines."""

import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from csv import DictWriter
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

_BATCH_ROWS = 1 << 13
_PART_CHARACTERS = 1 << 16


class Rows(NamedTuple):
    """A table of any size, batch by batch."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


def parquet(records: pa.Table | Rows, path: Path) -> None:
    """Write a Parquet file."""
    with pa.parquet.ParquetWriter(path, records.schema, compression="zstd") as writer:
        for part in _parts(records):
            writer.write(part)


def arrow(records: pa.Table | Rows, path: Path) -> None:
    """Write an Arrow IPC file."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, records.schema) as writer:
        for part in _parts(records):
            writer.write(part)


def jsonl(records: pa.Table | Rows, path: Path) -> None:
    """Write a JSON object a line; times as RFC 3339, ``fields`` as a list of objects."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json_lines(records))


def csv(records: pa.Table | Rows, path: Path) -> None:
    """Write CSV with a header; lists as JSON. A cell that a spreadsheet would run starts with '."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(records))


FORMATS: dict[str, Callable[[pa.Table | Rows, Path], None]] = {
    ".parquet": parquet,
    ".arrow": arrow,
    ".csv": csv,
    ".jsonl": jsonl,
}


def json_lines(records: pa.Table | Rows) -> Iterator[str]:
    """Return the lines that `jsonl` writes."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in plain_rows(records))


def csv_lines(records: pa.Table | Rows) -> Iterator[str]:
    """Return the text that `csv` writes, in parts of some lines."""
    text = io.StringIO()
    out = DictWriter(text, [_no_formula(name) for name in records.schema.names])
    out.writeheader()
    for row in plain_rows(records):
        if text.tell() >= _PART_CHARACTERS:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
        out.writerow({_no_formula(name): _cell(value) for name, value in row.items()})
    yield text.getvalue()


def plain_rows(records: pa.Table | Rows) -> Iterator[dict[str, Any]]:
    """Return rows with values that JSON has: text, numbers, lists and maps."""
    odd = [field.name for field in records.schema if not _is_json(field.type)]
    # Only for tables with maps: it takes a third longer.
    has_maps = any("map<" in str(one.type) for one in records.schema)
    maps: Literal["lossy"] | None = "lossy" if has_maps else None
    for batch in records.batches if isinstance(records, Rows) else records.to_batches(_BATCH_ROWS):
        for row in batch.to_pylist(maps_as_pydicts=maps):
            yield row | {name: _exact(row[name]) for name in odd}


def _parts(records: pa.Table | Rows) -> Iterable[Any]:
    return records.batches if isinstance(records, Rows) else [records]


def _is_json(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind) or pa.types.is_list(kind):
        return _is_json(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_json(field.type) for field in kind)
    return bool(pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _exact(value: Any) -> Any:
    """Return a value as JSON has it, without loss; times with microseconds."""
    match value:
        case None | str() | bool() | int():
            return value
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S.%f}{'Z' if value.tzinfo else ''}"
        case date() | time():
            return value.isoformat()
        case float():
            # JSON has no NaN and no infinity; Python would write invalid JSON.
            return value if math.isfinite(value) else str(value)
        case Decimal():
            # Sums of DuckDB (HUGEINT) arrive as decimals: a sum of counts should stay a whole number.
            return int(value) if value == value.to_integral_value() else float(value)
        case pa.MonthDayNano():
            return _interval(value)
        case bytes():
            return value.hex()
        case list():
            return [_exact(item) for item in value]
        case dict():
            return {str(key): _exact(item) for key, item in value.items()}
    return str(value)


def _interval(span: pa.MonthDayNano) -> str:
    """Return a length of time as ``00:00:00.104000``, after its months and days if it has some."""
    sign = "-" if span.nanoseconds < 0 else ""
    seconds, micros = divmod(abs(span.nanoseconds) // 1000, 1_000_000)
    parts = [f"{number} {unit}" for number, unit in ((span.months, "months"), (span.days, "days")) if number]
    clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}"
    return " ".join((*parts, clock))


def _cell(value: Any) -> Any:
    return _no_formula(json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value)


def _no_formula(value: Any) -> Any:
    # Log text is written by strangers: a spreadsheet would run a cell that starts with one of these signs.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
