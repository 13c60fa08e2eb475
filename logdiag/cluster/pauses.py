"""Finds pauses of a peer: its log is silent while others lose it, and no stop or start is logged near it."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.facts import Fact
from logdiag.cluster.log_rows import evidence_of, select
from logdiag.cluster.names import node_name
from logdiag.cluster.observed import BOOT, STARTS, Observed
from logdiag.cluster.starts import REQUESTS, rows_by_peer
from logdiag.conditions import AnyOf, Log, Reference, compile_condition
from logdiag.records import instant

_MICROSECOND = timedelta(microseconds=1)
_AROUND = timedelta(minutes=5) // _MICROSECOND
"""The log must show so much of the time before a silence, for its rhythm, and of the time after it, in which
a start would be logged. It contains two replication cycles at least."""
_TIMES_LONGER = 2
"""A pause is at least so many times longer than the longest silence just before it. What the log does after
it does not count: a peer that comes back may log more or less than before."""
_LONGEST = BOOT // _MICROSECOND
"""A longer silence can be a boot, of which the start is logged some minutes later."""
_SAME_TIME = timedelta(minutes=5) // _MICROSECOND
"""A job of the hypervisor that runs daily begins within a few minutes of the same time of day."""
_DAY = timedelta(days=1) // _MICROSECOND

_LOSSES = compile_condition({"Module|startswith": "developer.clusterdb", "Detail|contains": "mnesia_down"})
_STOPS = AnyOf(
    (
        STARTS,
        REQUESTS,
        compile_condition({"Event": ["Application Exit", "System Shutdown"], "Module|exists": False}),
    )
)
ASKED = (_LOSSES, _STOPS)
"""The records that this module asks for."""


@dataclass(frozen=True)
class Pause:
    """A silence of a peer's log, in microseconds since 1970, and the records of others that lost the peer."""

    start: int
    end: int
    rows: tuple[int, ...]


def find_pauses(log: Log, cluster: Cluster) -> Iterator[tuple[str, str, Fact]]:
    """Return the pauses of each peer that gave a log, by fact and peer."""
    if cluster.topology != "cluster":
        return
    losses: dict[str, list[tuple[int, int]]] = {}
    for record in select(log, _LOSSES, Reference("Node", 2)):
        about = cluster.resolve(node_name(record.values[0] or ""))
        if about is not None and about != cluster.peer_of(record.host):
            losses.setdefault(about, []).append((record.time, record.row))
    stops = rows_by_peer(log, cluster, _STOPS) if losses else {}
    for peer, seen in cluster.observed.items():
        found = pauses(losses.get(peer, ()), [time for time, _ in stops.get(peer, ())], seen)
        facts = tuple(_fact(one, log) for one in found)
        nothing = Fact((), instant(seen.start))
        yield "paused", peer, replace(facts[0], episodes=facts) if facts else nothing


def pauses(losses: Sequence[tuple[int, int]], stops: Sequence[int], seen: Observed) -> list[Pause]:
    """Return the pauses of one peer in the order of time.

    Args:
        losses: time and row of the records of others that lost the peer, in the order of time.
        stops: times of requests to stop the peer, of its stops and of its starts, in the order of time.
        seen: when the peer was logging.

    """
    found: dict[tuple[int, int], list[int]] = {}
    for time, row in losses:
        silence = seen.silence_at(time)
        if silence in found or (silence is not None and _is_pause(*silence, stops, seen)):
            found.setdefault(silence, []).append(row)
    return [Pause(start, end, tuple(rows)) for (start, end), rows in sorted(found.items())]


def _is_pause(start: int, end: int, stops: Sequence[int], seen: Observed) -> bool:
    """Return whether a silence is much longer than those before it, and no stop or start is near."""
    if end - start > _LONGEST or not seen.covers_all(start - _AROUND, end + _AROUND):
        return False
    place = bisect.bisect_left(stops, start - _LONGEST)
    if place < len(stops) and stops[place] <= end + _LONGEST:
        return False
    return end - start >= _TIMES_LONGER * seen.longest_silence(start - _AROUND, start)


def _fact(pause: Pause, log: Log) -> Fact:
    length = timedelta(microseconds=pause.end - pause.start)
    texts = log.values(Reference("Detail"), np.array(pause.rows)).to_pylist()
    return Fact(
        (f"{length.total_seconds():.0f} s",),
        instant(pause.start),
        tuple(evidence_of(log, row, text[:500]) for row, text in zip(pause.rows, texts, strict=True)),
        state="closed",
        until=instant(pause.end),
    )
