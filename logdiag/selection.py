"""Which records of a log are kept: those that a rule, or one of the stages before the rules, asks for.

A log of a busy peer has millions of records, and all of this together means some thousands of them.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag import alarms, changes, cluster, facts
from logdiag.conditions import AnyOf, Condition, Log, Reference
from logdiag.records import Want
from logdiag.rules.library import Library
from logdiag.rules.matches import Match, patterns
from logdiag.rules.patterns import Pattern


def want_of(library: Library, *, explain: bool = False) -> Want:
    """What is kept of logs that are diagnosed with a library."""
    # How near a silent rule came can only be told of all records.
    select = None if explain else Selection(asked(library))
    return Want(select, texts=True, digests=True, sha256=True)


def asked(library: Library) -> frozenset[Condition]:
    """All conditions that records are asked for when a diagnosis is made with a library."""
    of_library = (match for rule in library.rules.values() for match in rule.match)
    of_rules = (
        pattern.condition
        for match in (*of_library, *(signal.match for signal in library.signals.values()))
        for pattern in _patterns(match)
        if pattern.table == "records"
    )
    return frozenset((*of_rules, *cluster.ASKED, *alarms.ASKED, *changes.ASKED, *facts.ASKED))


def _patterns(match: Match) -> Iterator[Pattern]:
    yield from (pattern for _, pattern in patterns(match))
    if match.alarm:
        state = match.alarm.as_state
        yield from (*state.raised, *(state.lower or []), *(state.acknowledge or []))


class Selection:
    """The rows that somebody asks for. Ask it of any part of a log: it remembers nothing."""

    def __init__(self, conditions: frozenset[Condition]) -> None:
        # What shares its first question stands together, so that an order of theirs costs nothing.
        self._conditions = AnyOf(tuple(sorted(conditions, key=repr)))

    def __call__(self, records: pa.Table) -> npt.NDArray[np.int64]:
        """The rows, ascending."""
        log = Log(records)
        return np.union1d(log.rows(self._conditions), _naming(log))


def _naming(log: Log) -> npt.NDArray[np.int64]:
    """Of the records of the database one for each pair of nodes that they name on a host."""
    rows = log.rows(cluster.NODES)
    if not len(rows):
        return rows
    columns = [
        log.values(reference, rows).dictionary_encode().indices.fill_null(-1).to_numpy()
        for reference in (Reference("host"), Reference("Node"), Reference("Node", 2))
    ]
    _, first = np.unique(np.column_stack(columns), axis=0, return_index=True)
    found: npt.NDArray[np.int64] = rows[first]
    return found
