"""Dumps as tables in the shape of records, so that rules match dumps and records with the same conditions."""

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_rows import DumpRows, anchor_of
from logdiag.conditions import Log
from logdiag.conditions.alarm_catalogue import identify
from logdiag.dumps import time_in
from logdiag.reading import Dump, Tables
from logdiag.records import RECORDS, micros


@dataclass(frozen=True)
class DumpedRow:
    """A row of a table that dumps fill. ``since`` is its time if the dump states one."""

    peer: str
    dump: Dump
    line: int
    fields: Mapping[str, str]
    text: str
    since: datetime | None = None


@dataclass(frozen=True)
class Source:
    """A table that conditions can match, with the text of each row for evidence.

    ``dumped`` are the rows of a table that dumps fill; it is None for records, which have their own times.
    """

    log: Log
    text: Callable[[int], str]
    dumped: Sequence[DumpedRow] | None = None


def build_sources(tables: Tables, rows: DumpRows, log: Log, cluster: Cluster) -> dict[str, Source]:
    """Return the records of a cluster, the values of its dumps, and the alarms and states that they list."""
    return {
        "records": Source(log, lambda row: str(tables.texts[row].as_py()).rstrip("\r\n")),
        "config": _source(_settings("config", rows, cluster), cluster),
        "status": _source(_settings("status", rows, cluster), cluster),
        "alarms": _source(_alarms(rows, cluster), cluster),
        "states": _source(_states(rows, cluster), cluster),
    }


def _settings(table: str, rows: DumpRows, cluster: Cluster) -> Iterator[DumpedRow]:
    for peer, dump in cluster.dumps_by_peer:
        for path, value, line, _ in rows.of(dump) if dump.table == table else ():
            yield DumpedRow(peer, dump, line, {"path": path, "value": value}, f"{path}: {value}")


def _alarms(rows: DumpRows, cluster: Cluster) -> Iterator[DumpedRow]:
    for peer, dump in cluster.dumps_by_peer:
        lines = _lines_by_value(rows, dump, "alarm")
        for alarm in dump.facts.alarms or ():
            if alarm.is_raised:
                id_ = identify(alarm.detail, alarm.id) or ""
                fields = {"Id": id_, "Title": alarm.title, "Detail": alarm.detail}
                fields |= {"Severity": alarm.severity, "Status": alarm.status}
                line = _line(lines, alarm.id or alarm.title or alarm.description)
                name = f"Alarm {id_}" if id_ else "Alarm"
                text = f"{name}: {alarm.detail} ({alarm.status or 'listed'})"
                yield DumpedRow(peer, dump, line, _filled(fields), text, time_in(alarm.first_raised))


def _states(rows: DumpRows, cluster: Cluster) -> Iterator[DumpedRow]:
    """Return the states of the listed peers, as each peer sees them, and of its own cluster database."""
    # In Permissive mode a failed certificate check does not end the connection.
    modes = {
        peer: next((dump.facts.tls_mode for dump in dumps if dump.facts.tls_mode), "")
        for peer, dumps in cluster.dumps.items()
    }
    for peer, dump in cluster.dumps_by_peer:
        lines = _lines_by_value(rows, dump, "alternate")
        for one in dump.facts.alternates:
            fields = {"Peer": one.address, "Status": one.status, "Certificate": one.certificate}
            fields = _filled(fields | {"Mode": modes[peer]})
            text = ", ".join(f"{name}: {value}" for name, value in fields.items())
            yield DumpedRow(peer, dump, _line(lines, one.address, one.status), fields, text)
        if database := dump.facts.database:
            line = _line(_lines_by_value(rows, dump, "database"), database)
            yield DumpedRow(peer, dump, line, {"Database": database}, f"Database: {database}")


def _filled(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _lines_by_value(rows: DumpRows, dump: Dump, fact: str) -> dict[str, list[int]]:
    """Return the lines of a dump that state a fact, in order, by their value."""
    lines: dict[str, list[int]] = {}
    for row in rows.with_fact(dump, fact):
        lines.setdefault(row.value, []).append(row.line)
    return lines


def _line(lines: dict[str, list[int]], value: str, then: str = "") -> int:
    """Return the first line with a value, or the next line with a second value; 1 if no line has it."""
    at = lines.get(value, [1])[0]
    later = lines.get(then, []) if then else []
    index = bisect.bisect_left(later, at)
    return later[index] if index < len(later) else at


def _source(found: Iterable[DumpedRow], cluster: Cluster) -> Source:
    rows = list(found)
    return Source(Log(_table(rows, cluster)), lambda row: rows[row].text, rows)


def _table(rows: list[DumpedRow], cluster: Cluster) -> pa.Table:
    anchors = {id(dump): anchor_of(dump, peer, cluster) for peer, dump in cluster.dumps_by_peer}
    times = [anchors[id(row.dump)] if row.since is None else micros(row.since) for row in rows]
    nothing = [0] * len(rows)
    # The schema of records, so that one engine matches both; columns that a dump cannot have stay null.
    columns: dict[str, Sequence[object]] = {
        "time": times,
        "header_time": times,
        "utc_offset": nothing,
        "host": [row.peer for row in rows],
        "detail": [row.fields.get("Detail") for row in rows],
        "fields": [[{"key": key, "value": value} for key, value in row.fields.items()] for row in rows],
        "snapshot": [row.dump.snapshot for row in rows],
        "source": [row.dump.source for row in rows],
        "line": [row.line for row in rows],
        "offset": nothing,
        "length": nothing,
    }
    arrays = [pa.array(columns.get(field.name, [None] * len(rows)), field.type) for field in RECORDS]
    return pa.table(arrays, schema=RECORDS)
