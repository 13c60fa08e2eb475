"""Which records of a log are kept: those that a rule, or one of the stages before the rules, asks for.

A log of a busy peer has millions of records, and all of this together means some thousands of them.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag import cluster
from logdiag.cluster import alarms, changes, membership, pauses, record_facts
from logdiag.conditions import Condition, Log, Reference, any_of
from logdiag.records import Selected, Want
from logdiag.rules.library import Library


def want_of(library: Library, *, explain: bool = False) -> Want:
    """Return what is kept of logs that are diagnosed with a library."""
    # How near a silent rule came is known only from all records.
    select = Selection(collect_conditions(library), whole=explain)
    return Want(select, texts=True, digests=True, sha256=True)


def collect_conditions(library: Library) -> list[Condition]:
    """Return all conditions that records are asked for when a diagnosis is made with a library."""
    of_rules = (
        pattern.condition
        for _, match in library.matches()
        for pattern in match.asked
        if pattern.table == "records"
    )
    of_stages = (cluster, alarms, changes, record_facts, membership, pauses)
    return list(dict.fromkeys((*of_rules, *(one for stage in of_stages for one in stage.ASKED))))


class Selection:
    """The rows that somebody asks for, or ``whole`` logs. Ask it of any part of one: it remembers nothing."""

    def __init__(self, conditions: Iterable[Condition], *, whole: bool = False) -> None:
        self._whole = whole
        self._conditions = any_of(conditions)

    def __call__(self, records: pa.Table, members: npt.NDArray[np.int64]) -> Selected:
        """The rows."""
        log = Log(records)
        rows, naming = log.rows(self._conditions), log.rows(cluster.NODES)
        asked = _either(log, rows, naming)
        if self._whole:
            return Selected(np.arange(len(log)), asked)
        return Selected(_either(log, rows, _naming(log, naming, members)), asked)


def _either(log: Log, *parts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the rows of several parts, ascending."""
    found = np.zeros(len(log), np.bool_)
    for rows in parts:
        found[rows] = True
    return np.flatnonzero(found)


def _naming(log: Log, rows: npt.NDArray[np.int64], members: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of the records of the database one for each pair of nodes that they name on a host, in each member.

    What another member repeats may not count later, so that each needs one of its own.
    """
    if not len(rows):
        return rows
    pairs = members[rows]
    for reference in (Reference("host"), Reference("Node"), Reference("Node", 2)):
        values = log.values(reference, rows).dictionary_encode()
        pairs = pairs * (len(values.dictionary) + 1) + values.indices.fill_null(-1).to_numpy() + 1
    _, first = np.unique(pairs, return_index=True)
    found: npt.NDArray[np.int64] = rows[first]
    return found
