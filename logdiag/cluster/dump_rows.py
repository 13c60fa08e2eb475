"""The settings of all dumps as rows, grouped by dump."""

import bisect
from collections.abc import Iterator

from logdiag.cluster.cluster import Cluster
from logdiag.dumps import Setting, lines_of, time_in
from logdiag.model import Evidence
from logdiag.reading import Dump, Tables
from logdiag.records import micros

MAX_EVIDENCE = 20
"""Lines and records that are the evidence of one fact."""


class DumpRows:
    """The settings of all dumps, by dump."""

    def __init__(self, tables: Tables) -> None:
        self._rows: dict[tuple[str, str, str], list[Setting]] = {}
        for name, table in (("config", tables.config), ("status", tables.status)):
            names = ("snapshot", "source", "path", "value", "line")
            columns = (table.column(key).to_pylist() for key in names)
            for snapshot, source, *row in zip(*columns, strict=True):
                self._rows.setdefault((name, snapshot, source), []).append(Setting(*row))
        for rows in self._rows.values():
            rows.sort(key=_line)

    def of(self, dump: Dump) -> list[Setting]:
        """Return the values of a dump, in the order of its lines."""
        rows = self._rows.get((dump.table, dump.snapshot, dump.source), [])
        first, last = dump.lines
        return rows[bisect.bisect_left(rows, first, key=_line) : bisect.bisect_right(rows, last, key=_line)]

    def with_fact(self, dump: Dump, fact: str) -> Iterator[Setting]:
        """Return the values of a dump that state a fact of `logdiag.dumps.paths`."""
        return lines_of(fact, self.of(dump))

    def evidence(self, dump: Dump, fact: str) -> tuple[Evidence, ...]:
        """Return the lines of a dump that state a fact."""
        return tuple(evidence_in(dump, row) for row in self.with_fact(dump, fact))[:MAX_EVIDENCE]


def _line(row: Setting) -> int:
    return row.line


def evidence_in(dump: Dump, row: Setting) -> Evidence:
    """Return one value of a dump as evidence."""
    return Evidence(dump.snapshot, dump.source, row.line, None, f"{row.path}: {row.value}")


def anchor_of(dump: Dump, peer: str, cluster: Cluster) -> int:
    """Return the time at which a dump is put among the records, in microseconds since 1970.

    Its own system time, else the start of its peer's log (dumps of a diagnostic log are made when logging
    starts, administrator guide X15.5), else the time in its name; 0 if no time is known.
    """
    if (time := time_in(dump.facts.time or "")) is not None:
        return micros(time)
    if peer in cluster.observed:
        return cluster.observed[peer].start
    return micros(dump.taken) if dump.taken is not None else 0
