"""Dumps as rules see them: tables of the shape of records, so that one language asks them all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa

from logdiag.cluster import Cluster
from logdiag.conditions import Log
from logdiag.dumps import lines_of
from logdiag.reading import Tables
from logdiag.records import RECORDS

LOWERED = {"lowered", "cleared", "clear", "inactive", "off"}
"""States of an alarm that a dump lists and that is not raised (assumed: no sample shows one)."""


@dataclass(frozen=True)
class Source:
    """Rows that conditions can be asked of, and the text of each as evidence shows it."""

    log: Log
    text: Callable[[int], str]


def sources(tables: Tables, log: Log, cluster: Cluster) -> dict[str, Source]:
    """The records of a cluster, the values of its dumps, and the alarms that its dumps list."""
    return {
        "records": Source(log, lambda row: str(tables.texts[row].as_py()).rstrip("\r\n")),
        "config": _settings(tables.config, cluster),
        "status": _settings(tables.status, cluster),
        "alarms": _alarms(tables, cluster),
    }


@dataclass(frozen=True)
class _Row:
    time: int
    host: str
    place: tuple[str, str, int]
    fields: list[tuple[str, str]]


def start_of(peer: str, cluster: Cluster) -> int:
    """The time that dumps of a peer are taken to be from: the start of its log, which they precede."""
    return cluster.seen[peer].start if peer in cluster.seen else 0


def _settings(table: pa.Table, cluster: Cluster) -> Source:
    columns = [
        table.column(name).to_pylist() for name in ("snapshot", "source", "host", "path", "value", "line")
    ]
    rows = []
    peer_of = {host: cluster.resolve(host) for host in set(columns[2]) if host is not None}
    for snapshot, source, host, path, value, line in zip(*columns, strict=True):
        peer = peer_of.get(host)
        if peer is not None:
            time = start_of(peer, cluster)
            rows.append(_Row(time, peer, (snapshot, source, line), [("path", path), ("value", value)]))
    return _source(rows, lambda row: f"{row.fields[0][1]}: {row.fields[1][1]}")


def _alarms(tables: Tables, cluster: Cluster) -> Source:
    rows = []
    lines = _lines_of_alarms(tables)
    for peer, dumps in cluster.dumps.items():
        for dump in dumps:
            for alarm in dump.facts.alarms or ():
                if alarm.id and alarm.status.lower() not in LOWERED:
                    fields = [("Id", alarm.id), ("Title", alarm.title), ("Detail", alarm.title)]
                    fields += [("Severity", alarm.severity), ("Status", alarm.status)]
                    line = lines.get((dump.snapshot, dump.source, alarm.id), 1)
                    rows.append(
                        _Row(start_of(peer, cluster), peer, (dump.snapshot, dump.source, line), fields)
                    )
    return _source(
        rows, lambda row: f"Alarm {row.fields[0][1]}: {row.fields[1][1]} ({row.fields[4][1] or 'listed'})"
    )


def _lines_of_alarms(tables: Tables) -> dict[tuple[str, str, str], int]:
    """Where dumps first have each value that tells of an alarm: by snapshot, source and value."""
    columns = [
        tables.status.column(name).to_pylist() for name in ("snapshot", "source", "path", "value", "line")
    ]
    dumps: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for snapshot, source, path, value, line in zip(*columns, strict=True):
        dumps.setdefault((snapshot, source), []).append((path, value, line))
    found: dict[tuple[str, str, str], int] = {}
    for place, settings in dumps.items():
        for _, value, line in lines_of("alarm", settings):
            found.setdefault((*place, value), line)
    return found


def _source(rows: list[_Row], text: Callable[[_Row], str]) -> Source:
    log = Log(_table(rows))
    return Source(log, lambda row: text(rows[row]))


def _table(rows: Iterable[_Row]) -> pa.Table:
    rows = list(rows)
    length = len(rows)
    said = [dict(row.fields) for row in rows]
    times = pa.array([row.time for row in rows], pa.int64()).cast(RECORDS.field("time").type)
    known = {
        "time": times,
        "header_time": times,
        "utc_offset": pa.array([0] * length, pa.int16()),
        "host": pa.array([row.host for row in rows], pa.string()).dictionary_encode(),
        "detail": pa.array([fields.get("Detail") for fields in said], pa.string()),
        "fields": pa.array(
            [[{"key": key, "value": value} for key, value in row.fields] for row in rows],
            RECORDS.field("fields").type,
        ),
        "snapshot": pa.array([row.place[0] for row in rows], pa.string()).dictionary_encode(),
        "source": pa.array([row.place[1] for row in rows], pa.string()).dictionary_encode(),
        "line": pa.array([row.place[2] for row in rows], pa.int64()),
        "offset": pa.array([0] * length, pa.int64()),
        "length": pa.array([0] * length, pa.int32()),
    }
    columns = [known.get(name, pa.nulls(length, RECORDS.field(name).type)) for name in RECORDS.names]
    return pa.table(columns, schema=RECORDS)
