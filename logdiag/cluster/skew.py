"""How far the clocks of two peers differ, measured on messages that both logged.

A gatekeeper message between peers (UDP 1719) carries a sequence number, and both ends log it. What
lies between sending and receiving is the way plus the difference of the clocks; with messages in
both directions the way falls out. The estimate is shown and never applied.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from logdiag.conditions import Log, Reference, compile_condition

_SEQUENCE = re.compile(r"\b(Sending|Receiving) RAS (\w+)\b.*\bSeqNum=(\d+)")
RAS = compile_condition({"Module": "network.h323", "Action|exists": True, "Detail|contains": "SeqNum="})
"""Gatekeeper messages."""

ASKED = (RAS,)
"""The records that this module asks for."""

_MAX_MESSAGES = 20_000
"""Messages that are looked at: more do not make the estimate better."""


@dataclass(frozen=True)
class _Message:
    time: int
    peer: str
    other: str
    kind: tuple[str, str]
    sent: bool


def skews(log: Log, resolve: Callable[[str], str | None]) -> dict[tuple[str, str], float]:
    """For pairs of peers ``(a, b)``, ``a`` before ``b``: seconds by which the clock of ``b`` is ahead.

    A pair of which no message was seen at both ends is left out. With messages in one direction
    only, the time on the way counts as difference: it is less than 0.1 s in a cluster that works.
    """
    ends: dict[tuple[str, str, tuple[str, str]], dict[bool, list[int]]] = {}
    for message in _messages(log, resolve):
        source, target = (message.peer, message.other) if message.sent else (message.other, message.peer)
        both = ends.setdefault((source, target, message.kind), {True: [], False: []})
        both[message.sent].append(message.time)
    ways: dict[tuple[str, str], list[int]] = {}
    for (source, target, _), both in ends.items():
        # A number that comes again cannot be paired.
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
    found = []
    for time, host, detail, target, source in zip(log.times(rows), log.hosts(rows), *columns, strict=True):
        said = _SEQUENCE.search(detail[:500])
        # What is sent again has the number of the first time.
        if said is None or "Retransmit" in detail or "Timeout" in detail:
            continue
        sent = said[1] == "Sending"
        peer, other = resolve(host), resolve((target if sent else source) or "")
        if peer is not None and other is not None and peer != other:
            found.append(_Message(time, peer, other, (said[2], said[3]), sent))
    return found
