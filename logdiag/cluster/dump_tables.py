"""Dumps as rules see them: tables of the shape of records, so that one language asks them all."""

import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from logdiag.cluster import Cluster
from logdiag.conditions import Log
from logdiag.conditions.alarm_catalogue import identify
from logdiag.dumps import lines_of, time_in
from logdiag.reading import Dump, Place, Tables
from logdiag.records import RECORDS, micros


@dataclass(frozen=True)
class Dated:
    """What is known of a dumped row's time: whether the dump states it, and when the dump was made."""

    stated: bool
    as_of: datetime | None


@dataclass(frozen=True)
class Source:
    """Rows that conditions can be asked of, and the text of each as evidence shows it.

    ``dumped`` is what is known of the time of each row of a dump; None for records, which have times.
    """

    log: Log
    text: Callable[[int], str]
    dumped: Callable[[int], Dated] | None = None


def sources(tables: Tables, log: Log, cluster: Cluster) -> dict[str, Source]:
    """The records of a cluster, the values of its dumps, and the alarms that its dumps list."""
    return {
        "records": Source(log, lambda row: str(tables.texts[row].as_py()).rstrip("\r\n")),
        "config": _settings(tables.config, cluster),
        "status": _settings(tables.status, cluster),
        "alarms": _alarms(tables, cluster),
        "states": _states(tables, cluster),
    }


@dataclass(frozen=True)
class _Row:
    time: int
    host: str
    place: tuple[str, str, int]
    fields: list[tuple[str, str]]
    dated: Dated


def anchor_of(dump: Dump, peer: str, cluster: Cluster) -> int:
    """The time at which a dump is put among the records, in microseconds since 1970.

    Its own system time, else the start of its peer's log (dumps of a diagnostic log are made when logging
    starts, administrator guide X15.5), else the time in its name; 0 if no time is known.
    """
    if (time := time_in(dump.facts.time or "")) is not None:
        return micros(time)
    if peer in cluster.observed:
        return cluster.observed[peer].start
    return micros(dump.taken) if dump.taken is not None else 0


def _settings(table: pa.Table, cluster: Cluster) -> Source:
    columns = [table.column(name).to_pylist() for name in ("snapshot", "source", "path", "value", "line")]
    dumps: dict[tuple[str, str], list[tuple[str, Dump]]] = {}
    for peer, of_peer in cluster.dumps.items():
        for dump in of_peer:
            dumps.setdefault((dump.snapshot, dump.source), []).append((peer, dump))
    rows = []
    for of_member in dumps.values():
        of_member.sort(key=_first_line)
    for snapshot, source, path, value, line in zip(*columns, strict=True):
        of_member = dumps.get((snapshot, source), [])
        index = bisect.bisect_right(of_member, line, key=_first_line) - 1
        if index < 0 or not of_member[index][1].has(snapshot, source, line):
            continue
        peer, dump = of_member[index]
        fields = [("path", path), ("value", value)]
        time, dated = anchor_of(dump, peer, cluster), Dated(False, dump.taken)
        rows.append(_Row(time, peer, (snapshot, source, line), fields, dated))
    return _source(rows, lambda row: f"{row.fields[0][1]}: {row.fields[1][1]}")


def _first_line(of_peer: tuple[str, Dump]) -> int:
    return of_peer[1].lines[0]


def _alarms(tables: Tables, cluster: Cluster) -> Source:
    rows = []
    lines = _lines_of("alarm", tables)
    for peer, dump in _dumps(cluster):
        own = _by_value(lines, dump)
        for alarm in dump.facts.alarms or ():
            if alarm.is_raised:
                fields = {
                    "Id": identify(alarm.detail, alarm.id) or "",
                    "Title": alarm.title,
                    "Detail": alarm.detail,
                }
                fields |= {"Severity": alarm.severity, "Status": alarm.status}
                since = time_in(alarm.first_raised)
                time = anchor_of(dump, peer, cluster) if since is None else micros(since)
                line = _line(own, alarm.id or alarm.title or alarm.description)
                dated = Dated(since is not None, dump.taken)
                rows.append(_Row(time, peer, (dump.snapshot, dump.source, line), _known(fields), dated))
    return _source(rows, _alarm_text)


def _alarm_text(row: _Row) -> str:
    said = dict(row.fields)
    called = f"Alarm {said['Id']}" if "Id" in said else "Alarm"
    return f"{called}: {said.get('Detail', '')} ({said.get('Status', 'listed')})"


def _states(tables: Tables, cluster: Cluster) -> Source:
    """The state in which each peer sees each peer of the list, and that of its own cluster database."""
    rows = []
    lines = _lines_of("alternate", tables)
    of_databases = _lines_of("database", tables)
    modes = {peer: _mode(dumps) for peer, dumps in cluster.dumps.items()}
    for peer, dump in _dumps(cluster):
        facts = dump.facts
        own, of_database = _by_value(lines, dump), _by_value(of_databases, dump)
        time, dated = anchor_of(dump, peer, cluster), Dated(False, dump.taken)
        for one in facts.alternates:
            fields = {"Peer": one.address, "Status": one.status, "Certificate": one.certificate}
            fields |= {"Mode": modes[peer]}
            place = (dump.snapshot, dump.source, _line(own, one.address, one.status))
            rows.append(_Row(time, peer, place, _known(fields), dated))
        if facts.database:
            place = (dump.snapshot, dump.source, _line(of_database, facts.database))
            rows.append(_Row(time, peer, place, [("Database", facts.database)], dated))
    return _source(rows, lambda row: ", ".join(f"{name}: {value}" for name, value in row.fields))


def _mode(dumps: Iterable[Dump]) -> str:
    return next((dump.facts.tls_mode for dump in dumps if dump.facts.tls_mode), "")


def _dumps(cluster: Cluster) -> Iterator[tuple[str, Dump]]:
    return ((peer, dump) for peer, dumps in cluster.dumps.items() for dump in dumps)


def _known(fields: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields.items() if value]


_Lines = dict[Place, list[tuple[str, int]]]
"""Values and their lines, in the order of the lines."""


def _lines_of(fact: str, tables: Tables) -> _Lines:
    """The values of the settings that tell a fact in dumps of the status."""
    columns = [
        tables.status.column(name).to_pylist() for name in ("snapshot", "source", "path", "value", "line")
    ]
    members: dict[Place, list[tuple[str, str, int]]] = {}
    for snapshot, source, path, value, line in zip(*columns, strict=True):
        members.setdefault((snapshot, source), []).append((path, value, line))
    return {
        place: sorted(((value, line) for _, value, line in lines_of(fact, settings)), key=_number)
        for place, settings in members.items()
    }


def _by_value(lines: _Lines, dump: Dump) -> dict[str, list[int]]:
    """The lines of a dump, in order, by the value that they have."""
    of_member = lines.get((dump.snapshot, dump.source), [])
    first = bisect.bisect_left(of_member, dump.lines[0], key=_number)
    last = bisect.bisect_right(of_member, dump.lines[1], key=_number)
    found: dict[str, list[int]] = {}
    for value, line in of_member[first:last]:
        found.setdefault(value, []).append(line)
    return found


def _number(of_value: tuple[str, int]) -> int:
    return of_value[1]


def _line(own: dict[str, list[int]], value: str, then: str = "") -> int:
    """The first line that has a value, or the one after it of a second value; 1 if there is none."""
    at = own.get(value, [1])[0]
    later = own.get(then, []) if then else []
    index = bisect.bisect_left(later, at)
    return later[index] if index < len(later) else at


def _source(rows: list[_Row], text: Callable[[_Row], str]) -> Source:
    log = Log(_table(rows))
    return Source(log, lambda row: text(rows[row]), lambda row: rows[row].dated)


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
