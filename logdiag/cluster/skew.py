"""How far the clocks of two peers differ, measured on messages that both logged.

A gatekeeper message between peers (UDP 1719) has a sequence number, and both ends log it. The time
between sending and receiving is the transfer time plus the difference of the clocks; messages in both
directions cancel the transfer time. The estimate is shown and never applied.
"""

import re
from collections.abc import Callable
from statistics import median

from logdiag.conditions import Log, Reference, compile_condition

_SEQUENCE = re.compile(r"\b(Sending|Receiving) RAS (\w+)\b.*\bSeqNum=(\d+)")
RAS = compile_condition({"Module": "network.h323", "Action|exists": True, "Detail|contains": "SeqNum="})
"""Gatekeeper messages."""

ASKED = (RAS,)
"""The records that this module asks for."""

_MAX_MESSAGES = 20_000
"""Messages that are looked at: more do not make the estimate better."""


_Message = tuple[int, str, str, tuple[str, str], bool]
"""Time, the peer that logged it, the other peer, kind and number, and whether it was sent."""


def measure_skews(log: Log, resolve: Callable[[str], str | None]) -> dict[tuple[str, str], float]:
    """Return by how many seconds the clock of ``b`` is ahead, for pairs of peers ``(a, b)`` in order.

    A pair without a message that both logged is left out. With messages in one direction only, the
    transfer time counts as difference: it is less than 0.1 s in a cluster that works.
    """
    ends: dict[tuple[str, str, tuple[str, str]], dict[bool, list[int]]] = {}
    for time, peer, other, kind, is_sent in _messages(log, resolve):
        source, target = (peer, other) if is_sent else (other, peer)
        ends.setdefault((source, target, kind), {True: [], False: []})[is_sent].append(time)
    ways: dict[tuple[str, str], list[int]] = {}
    for (source, target, _), both in ends.items():
        # A sequence number that repeats cannot be paired: it wraps after 65,535.
        if len(both[True]) == 1 and len(both[False]) == 1:
            ways.setdefault((source, target), []).append(both[False][0] - both[True][0])
    found: dict[tuple[str, str], float] = {}
    for a, b in sorted({(min(way), max(way)) for way in ways}):
        there, back = ways.get((a, b)), ways.get((b, a))
        if there and back:
            found[a, b] = (median(there) - median(back)) / 2 / 1_000_000
        else:
            found[a, b] = (median(there) if there else -median(back or [0])) / 1_000_000
    return found


def _messages(log: Log, resolve: Callable[[str], str | None]) -> list[_Message]:
    rows = log.rows(RAS)[:_MAX_MESSAGES]
    columns = [log.values(Reference(key), rows).to_pylist() for key in ("Detail", "Dst-ip", "Src-ip")]
    found: list[_Message] = []
    for time, host, detail, target, source in zip(log.times(rows), log.hosts(rows), *columns, strict=True):
        said = _SEQUENCE.search(detail[:500])
        # What is sent again has the number of the first time.
        if said is None or "Retransmit" in detail or "Timeout" in detail:
            continue
        is_sent = said[1] == "Sending"
        peer, other = resolve(host), resolve((target if is_sent else source) or "")
        if peer is not None and other is not None and peer != other:
            found.append((time, peer, other, (said[2], said[3]), is_sent))
    return found
