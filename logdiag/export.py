"""Writing the records table: Parquet, Arrow IPC, CSV and JSON lines."""

import json
from collections.abc import Callable, Iterator
from csv import DictWriter
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

_ROWS = 1 << 13


def parquet(records: pa.Table, path: Path) -> None:
    """Parquet, with the columns as they are."""
    pa.parquet.write_table(records, path, compression="zstd")


def arrow(records: pa.Table, path: Path) -> None:
    """An Arrow IPC file, with the columns as they are."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, records.schema) as writer:
        writer.write_table(records)


def jsonl(records: pa.Table, path: Path) -> None:
    """A JSON object a line; times as RFC 3339, ``fields`` as a list of objects."""
    with path.open("w", encoding="utf-8") as file:
        for row in _plain_rows(records):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def csv(records: pa.Table, path: Path) -> None:
    """CSV with a head line; lists as JSON. A cell that a spreadsheet would run starts with '."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = DictWriter(file, records.column_names)
        out.writeheader()
        for row in _plain_rows(records):
            out.writerow({name: _cell(value) for name, value in row.items()})


def _plain_rows(records: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in records.to_batches(max_chunksize=_ROWS):
        for row in batch.to_pylist():
            yield {name: _exact(value) for name, value in row.items()}


def _exact(value: Any) -> Any:
    """Times with microseconds, so that nothing of the column is lost."""
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


FORMATS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": parquet,
    ".arrow": arrow,
    ".csv": csv,
    ".jsonl": jsonl,
}
