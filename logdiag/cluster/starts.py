"""Finds peers that started at about the same time without a request in their logs."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.log_rows import select
from logdiag.cluster.observed import BOOT, MINUTE, STARTS
from logdiag.conditions import AnyOf, Condition, Log, compile_condition, compile_event
from logdiag.model import State

_TOGETHER = 10 * MINUTE
"""Boots after one power cut: a disk check or the order of the virtual machines can make minutes."""
_REQUESTED = 30 * MINUTE
"""A restart takes up to this long after its request."""
_BEFORE = 5 * MINUTE
"""A request comes just before a peer goes down. A log that shows less of the time before says nothing."""
_BACK = 10 * MINUTE
"""A peer that has finished no cycle so long after its start has not come back."""

REQUESTS = AnyOf(
    (
        compile_event(["Restart Requested", "Reboot Requested", "Upgrade"]),
        compile_event("Command Executed", {"Detail|re": r"(?i)^\s*xcommand\s+(?:restart|reboot|boot)"}),
    )
)
"""The records of a request that stops a peer."""
COMPLETED = compile_condition(
    {"Module": "developer.replication", "Detail": "Synchronisation completed successfully"}
)
ASKED = (STARTS, REQUESTS, COMPLETED)
"""The records that this module asks for."""

RowsByPeer = dict[str, list[tuple[int, int]]]
"""Time and row of records by peer, in the order of time."""


@dataclass(frozen=True)
class Start:
    """A start without a request. ``back`` is when the peer finished a cycle after it, if it did."""

    peer: str
    time: int
    row: int
    back: int | None
    state: State


def rows_by_peer(log: Log, cluster: Cluster, condition: Condition) -> RowsByPeer:
    """Return time and row of the records that a condition means, by peer and in the order of time."""
    found: RowsByPeer = {}
    for record in select(log, condition):
        found.setdefault(cluster.peer_of(record.host), []).append((record.time, record.row))
    return found


def find_starts_together(log: Log, cluster: Cluster) -> tuple[Start, ...]:
    """Return the starts of the most peers that started together, one for each; empty if it was one peer.

    Of several such groups with as many peers it is the last.
    """
    starts = sorted(_unrequested(log, cluster), key=lambda start: (start.time, start.peer))
    # A window over the starts in order: to look from each start at all after it would be quadratic.
    inside: dict[str, int] = {}
    # The last of several equal windows wins: it is the one nearest to the end of the log.
    best = range(0)
    most = 1
    first = 0
    for number, start in enumerate(starts):
        inside[start.peer] = inside.get(start.peer, 0) + 1
        while start.time - starts[first].time > _TOGETHER:
            left = starts[first].peer
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            first += 1
        if len(inside) > 1 and len(inside) >= most:
            most, best = len(inside), range(first, number + 1)
    # Of several starts of a peer the first counts.
    return tuple({starts[number].peer: starts[number] for number in reversed(best)}.values())


def _unrequested(log: Log, cluster: Cluster) -> Iterator[Start]:
    """Return the starts of all peers before which the log shows some time, and no request."""
    requests, completed = (rows_by_peer(log, cluster, one) for one in (REQUESTS, COMPLETED))
    for peer, records in rows_by_peer(log, cluster, STARTS).items():
        if peer not in cluster.observed or peer not in cluster.names:
            continue
        seen, asked, done = cluster.observed[peer], requests.get(peer, []), completed.get(peer, [])
        for number, (at, row) in enumerate(records):
            # The system and the application log one start each.
            if number and at - records[number - 1][0] <= BOOT:
                continue
            silence = seen.silence_before(at)
            went = at if silence is None else silence[0]
            place = bisect.bisect_left(asked, (at, -1))
            was_requested = place and asked[place - 1][0] >= at - _REQUESTED
            if was_requested or not seen.covers_all(went - _BEFORE, at):
                continue
            place = bisect.bisect_right(done, (at, row))
            back = done[place][0] if place < len(done) else None
            state: State = "open" if seen.end - at >= _BACK else "open_at_end"
            yield Start(peer, at, row, back, "closed" if back is not None else state)
