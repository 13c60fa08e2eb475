"""Writing tables: Parquet, Arrow IPC, CSV and JSON lines."""

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

_ROWS = 1 << 13
_PIECE = 1 << 16


class Rows(NamedTuple):
    """A table by the batch: as many rows as there are, a few in memory."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


def parquet(records: pa.Table | Rows, path: Path) -> None:
    """Parquet, with the columns as they are."""
    with pa.parquet.ParquetWriter(path, records.schema, compression="zstd") as writer:
        for part in _parts(records):
            writer.write(part)


def arrow(records: pa.Table | Rows, path: Path) -> None:
    """An Arrow IPC file, with the columns as they are."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, records.schema) as writer:
        for part in _parts(records):
            writer.write(part)


def jsonl(records: pa.Table | Rows, path: Path) -> None:
    """A JSON object a line; times as RFC 3339, ``fields`` as a list of objects."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json_lines(records))


def csv(records: pa.Table | Rows, path: Path) -> None:
    """CSV with a head line; lists as JSON. A cell that a spreadsheet would run starts with '."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(records))


def json_lines(records: pa.Table | Rows) -> Iterator[str]:
    """What `jsonl` writes, a row a piece."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in plain_rows(records))


def csv_lines(records: pa.Table | Rows) -> Iterator[str]:
    """What `csv` writes, some rows a piece."""
    line = io.StringIO()
    out = DictWriter(line, [_no_formula(name) for name in records.schema.names])
    out.writeheader()
    for row in plain_rows(records):
        if line.tell() >= _PIECE:
            yield _taken(line)
        out.writerow({_no_formula(name): _cell(value) for name, value in row.items()})
    yield _taken(line)


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def plain_rows(records: pa.Table | Rows) -> Iterator[dict[str, Any]]:
    """Rows as JSON can have them: text, numbers, lists and maps."""
    odd = [field.name for field in records.schema if not _is_json(field.type)]
    # Asked for where it is needed alone: it takes a third longer.
    maps: Literal["lossy"] | None = (
        "lossy" if any("map<" in str(one.type) for one in records.schema) else None
    )
    for part in _parts(records):
        for batch in [part] if isinstance(part, pa.RecordBatch) else part.to_batches(max_chunksize=_ROWS):
            for row in batch.to_pylist(maps_as_pydicts=maps):
                yield row | {name: _exact(row[name]) for name in odd}


def _parts(records: pa.Table | Rows) -> Iterable[Any]:
    return records.batches if isinstance(records, Rows) else [records]


def _is_json(kind: pa.DataType) -> bool:
    """Whether values of a type are as JSON has them already."""
    if pa.types.is_dictionary(kind) or pa.types.is_list(kind):
        return _is_json(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_json(field.type) for field in kind)
    return bool(pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _exact(value: Any) -> Any:
    """A value without loss; times with microseconds."""
    match value:
        case None | str() | bool() | int():
            return value
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S.%f}{'Z' if value.tzinfo else ''}"
        case date() | time():
            return value.isoformat()
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case pa.MonthDayNano():
            return _span(value)
        case bytes():
            return value.hex()
        case list():
            return [_exact(item) for item in value]
        case dict():
            return {str(key): _exact(item) for key, item in value.items()}
    return str(value)


def _span(span: pa.MonthDayNano) -> str:
    """A stretch of time: ``00:00:00.104000``, with months and days before it where it has some."""
    sign = "-" if span.nanoseconds < 0 else ""
    seconds, rest = divmod(abs(span.nanoseconds) // 1000, 1_000_000)
    named = [f"{number} {unit}" for number, unit in ((span.months, "months"), (span.days, "days")) if number]
    clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:06}"
    return " ".join((*named, clock))


def _cell(value: Any) -> Any:
    return _no_formula(json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value)


def _no_formula(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


FORMATS: dict[str, Callable[[pa.Table | Rows, Path], None]] = {
    ".parquet": parquet,
    ".arrow": arrow,
    ".csv": csv,
    ".jsonl": jsonl,
}
