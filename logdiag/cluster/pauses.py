"""Finds pauses of a peer: its log is silent while others lose it, and no stop or start is logged near it."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.facts import Fact
from logdiag.cluster.log_rows import evidence_of, select
from logdiag.cluster.observed import BOOT, MINUTE, SECOND, STARTS, Observed
from logdiag.cluster.starts import REQUESTS, RowsByPeer, rows_by_peer
from logdiag.conditions import AnyOf, Condition, Log, Reference, compile_condition, compile_event
from logdiag.records import instant

_AROUND = 4 * MINUTE
"""The log must show so much of the time before a silence, for its rhythm, and of the time after it, in which
a start would be logged. It contains two replication cycles, or a start of the application (3 minutes)."""
_TIMES_LONGER = 2
"""A pause is at least so many times longer than the longest silence just before it. What the log does after
it does not count: a peer that comes back may log more or less than before."""
_WAKING = 5 * SECOND
"""A peer that continues after a pause notices at once that its connections are lost."""
_NOTICED = 30 * SECOND
"""Both ends of a cut link notice it within this time of each other: it takes each of them 45 to 75 s."""
_LONGEST = BOOT
"""A longer silence can be a boot, of which the start is logged some minutes later."""
_CLOCKS = 5 * SECOND
"""How far the clocks of two peers may differ when another peer logs the return."""

_LOSSES, _RETURNS = (
    compile_condition({"Module|startswith": "developer.clusterdb", "Detail|contains": what})
    for what in ("mnesia_down", "mnesia_up")
)
_STOPS = AnyOf((STARTS, REQUESTS, compile_event(["Application Exit", "System Shutdown"])))
ASKED = (_LOSSES, _RETURNS, _STOPS)
"""The records that this module asks for."""


@dataclass(frozen=True)
class Pause:
    """A silence of a peer's log, in microseconds since 1970, and the records of others that lost the peer."""

    start: int
    end: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Marks:
    """The records that decide whether a silence of a peer is a pause: their times, in order."""

    lost: Sequence[tuple[int, int]]
    """when others lost the peer, each with the row of the record"""
    found: Sequence[int]
    """when others found the peer again"""
    lost_others: Sequence[int]
    """when the peer itself lost others"""
    stops: Sequence[int]
    """requests to stop the peer, its stops and its starts"""


def find_pauses(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the pauses of each peer that gave a log."""
    if cluster.topology != "cluster":
        return
    lost, lost_others = _by_peers(log, cluster, _LOSSES)
    found = _by_peers(log, cluster, _RETURNS)[0] if lost else {}
    stops = rows_by_peer(log, cluster, _STOPS) if lost else {}
    for peer, seen in cluster.observed.items():
        times = ([time for time, _ in rows.get(peer, ())] for rows in (found, lost_others, stops))
        facts = [_fact(one, log) for one in list_pauses(Marks(lost.get(peer, ()), *times), seen)]
        yield peer, replace(facts[0], episodes=tuple(facts)) if facts else Fact((), instant(seen.start))


def _by_peers(log: Log, cluster: Cluster, condition: Condition) -> tuple[RowsByPeer, RowsByPeer]:
    """Return time and row of the records about another peer: by that peer, and by the peer that logs."""
    by_peer: RowsByPeer = {}
    by_host: RowsByPeer = {}
    for record in select(log, condition, Reference("Node", 2)):
        host, peer = cluster.peer_of(record.host), cluster.resolve(record.values[0] or "")
        if peer is not None and peer != host:
            by_peer.setdefault(peer, []).append((record.time, record.row))
            by_host.setdefault(host, []).append((record.time, record.row))
    return by_peer, by_host


def list_pauses(marks: Marks, seen: Observed) -> list[Pause]:
    """Return the pauses of one peer, by when it was logging, in the order of time."""
    found: dict[tuple[int, int], list[int]] = {}
    for time, row in marks.lost:
        silence = seen.silence_at(time)
        if silence in found or (silence is not None and _is_pause(time, *silence, marks, seen)):
            found.setdefault(silence, []).append(row)
    return [Pause(start, _woken(end, marks), tuple(rows)) for (start, end), rows in sorted(found.items())]


def _woken(end: int, marks: Marks) -> int:
    """Return when a peer had noticed what it lost in a silence: these losses are effects of the pause."""
    place = bisect.bisect_right(marks.lost_others, end + _WAKING)
    return max(end, marks.lost_others[place - 1]) if place else end


def _is_pause(time: int, start: int, end: int, marks: Marks, seen: Observed) -> bool:
    """Return whether a silence in which others lost the peer at a time is longer than usual, and no stop."""
    if end - start > _LONGEST or not seen.covers_all(start - _AROUND, end + _AROUND):
        return False
    if not _any_between(marks.found, end - _CLOCKS, end + _AROUND):
        return False
    if _any_between(marks.stops, start - _LONGEST, end + _LONGEST):
        return False
    longest = seen.longest_silence(start - _AROUND, start)
    # A peer that finds its connections lost when it continues is known by that, also in a quiet log.
    wakes = end - time > _NOTICED and _any_between(marks.lost_others, end, end + _WAKING)
    return end - start > longest if wakes else end - start >= _TIMES_LONGER * longest


def _any_between(times: Sequence[int], start: int, end: int) -> bool:
    place = bisect.bisect_left(times, start)
    return place < len(times) and times[place] <= end


def _fact(pause: Pause, log: Log) -> Fact:
    texts = log.values(Reference("Detail"), np.array(pause.rows)).to_pylist()
    return Fact(
        (f"{(pause.end - pause.start) / SECOND:.0f} s",),
        instant(pause.start),
        tuple(evidence_of(log, row, text[:500]) for row, text in zip(pause.rows, texts, strict=True)),
        state="closed",
        until=instant(pause.end),
    )
