"""The findings of all clusters as a Parquet dataset, with one folder for each severity.

Such as ``severity=high/part-0.parquet``.

There is a file for each severity, even without rows, so that a reader of it finds the columns.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from logdiag.batch.output import Output
from logdiag.batch.rows import Row
from logdiag.model import SEVERITIES, Severity
from logdiag.tables.schemas import FINDINGS

_OWN = [("cluster", pa.string()), ("incident", pa.string())]
COLUMNS = pa.schema([*_OWN, *(field for field in FINDINGS if field.name not in ("severity", "values"))])
"""The columns next to ``severity``, which names the folder. ``cluster`` is the folder of the report."""

_GROUP_ROWS = 4096
"""Rows of a Parquet row group, and at most in memory."""


def write(output: Output, rows: Sequence[Row]) -> None:
    """Write the dataset of some clusters, in their order."""
    findings = (finding for row in rows for finding in _findings(output, row))
    output.store.put_folder("findings", partial(_write_files, findings))


def _write_files(findings: Iterator[dict[str, Any]], folder: Path) -> None:
    waiting: dict[Severity, list[dict[str, Any]]] = {severity: [] for severity in SEVERITIES}
    with contextlib.ExitStack() as stack:
        files = {severity: stack.enter_context(_new_file(folder, severity)) for severity in SEVERITIES}

        def write_group(severity: Severity) -> None:
            files[severity].write_table(pa.Table.from_pylist(waiting[severity], COLUMNS))
            waiting[severity].clear()

        for finding in findings:
            severity = finding["severity"]
            waiting[severity].append(_typed(finding))
            if len(waiting[severity]) >= _GROUP_ROWS:
                write_group(severity)
        for severity in SEVERITIES:
            write_group(severity)


def _new_file(parent: Path, severity: str) -> pa.parquet.ParquetWriter:
    folder = parent / f"severity={severity}"
    folder.mkdir()
    return pa.parquet.ParquetWriter(folder / "part-0.parquet", COLUMNS, compression="zstd")


def is_usable(output: Output, row: Row) -> bool:
    """Return whether the findings of a cluster, perhaps written by somebody else, fit into the dataset."""
    try:
        found = list(_findings(output, row))
        pa.Table.from_pylist([_typed(finding) for finding in found], COLUMNS)
        return all(finding["severity"] in SEVERITIES for finding in found)
    except Exception:
        return False


def _findings(output: Output, row: Row) -> Iterator[dict[str, Any]]:
    content = json.loads(output.findings(row.name))
    incident_of = {id_: one["id"] for one in content["incidents"] for id_ in one["findings"]}
    for finding in content["findings"]:
        yield {**finding, "cluster": row.name, "incident": incident_of.get(finding["id"])}


def _typed(finding: dict[str, Any]) -> dict[str, Any]:
    evidence = [{**record, "time": _time(record["time"])} for record in finding["evidence"]]
    times = {name: _time(finding[name]) for name in ("first", "last", "as_of")}
    return {**finding, **times, "evidence": evidence}


def _time(written: str | None) -> datetime | None:
    if written is None:
        return None
    return datetime.fromisoformat(written.rjust(24, "0"))  # a year may have fewer than four digits
