"""When each peer's logs were watching, and what they leave out."""

from collections.abc import Callable, Container, Iterable
from datetime import timedelta

import numpy as np

from logdiag.conditions import Log
from logdiag.spans import Seen

BETWEEN_MEMBERS = timedelta(minutes=2)
"""A peer replicates about every two minutes: a longer silence between two logs is a gap."""

WITHIN_A_MEMBER = timedelta(minutes=65)
"""Syslog writes a mark in each idle hour: a longer silence inside one log is a gap."""


def watched(
    log: Log, peer_of: Callable[[str], str], excerpts: Container[tuple[str, str]] = ()
) -> dict[str, Seen]:
    """For each peer the spans of time that its logs cover.

    Args:
        log: the records.
        peer_of: knows the peer of a host.
        excerpts: snapshot and source of members that are pasted together: between their records
            there may be others that nobody pasted, as there may be between two logs.

    """
    columns = [
        log.records.column(name).combine_chunks().cast("string").to_numpy(zero_copy_only=False)
        for name in ("host", "snapshot", "source")
    ]
    times = log.records.column("time").cast("int64").to_numpy()
    order = np.lexsort((times, *columns))
    spans: dict[str, list[tuple[int, int]]] = {}
    inside = WITHIN_A_MEMBER // timedelta(microseconds=1)
    between = BETWEEN_MEMBERS // timedelta(microseconds=1)
    start = 0
    for end in range(1, len(order) + 1):
        if end < len(order):
            before, after = order[end - 1], order[end]
            same = all(column[before] == column[after] for column in columns)
            apart = between if (columns[1][before], columns[2][before]) in excerpts else inside
            if same and times[after] - times[before] <= apart:
                continue
        peer = peer_of(str(columns[0][order[start]]))
        spans.setdefault(peer, []).append((int(times[order[start]]), int(times[order[end - 1]])))
        start = end
    return {peer: Seen(_joined(parts, between)) for peer, parts in spans.items()}


def _joined(spans: Iterable[tuple[int, int]], apart: int) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
