"""Records that a condition matches, with the values of some keys, and records as evidence."""

from itertools import repeat
from typing import Any, NamedTuple

from logdiag.conditions import Condition, Log, Reference
from logdiag.model import Evidence
from logdiag.records import instant

EDIT = "System Configuration Changed"
"""The event of a record that says which setting was changed, from what to what."""


class LogRow(NamedTuple):
    """A record: ``time`` is in microseconds since 1970, ``values`` are those of the keys asked for."""

    time: int
    row: int
    host: str
    snapshot: str
    values: tuple[Any, ...]


def select(log: Log, condition: Condition, *keys: str | Reference) -> list[LogRow]:
    """Return the records that a condition matches, in the order of time."""
    rows = log.rows(condition)
    if not len(rows):
        return []
    references = (key if isinstance(key, Reference) else Reference(key) for key in keys)
    columns = [log.values(reference, rows).to_pylist() for reference in references]
    values = zip(*columns, strict=True) if columns else repeat((), len(rows))
    found = zip(log.times(rows), rows.tolist(), log.hosts(rows), log.snapshots(rows), values, strict=True)
    return sorted(map(LogRow._make, found))


def evidence_of(log: Log, row: int, text: str) -> Evidence:
    """Return a record as evidence that shows a text."""
    return Evidence(*log.place(row), instant(log.time_at(row)), text)
