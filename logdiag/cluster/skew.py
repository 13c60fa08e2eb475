"""How far the clocks of two peers differ, measured on messages that both logged.

A gatekeeper message between peers (UDP 1719) has a sequence number, and both ends log it. The time
between sending and receiving is the transfer time plus the difference of the clocks; messages in both
directions cancel the transfer time. The estimate is shown and never applied. If a clock was set in the
meantime, the estimate is that of the time after it: a mean of both would have been true at no time.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median
from typing import NamedTuple

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


_JUMP = 30_000_000
"""Microseconds by which the difference of two clocks changes between two messages only if one is set. A
message takes less than a second, and a clock drifts by a few seconds a day."""


class Jump(NamedTuple):
    """A clock that was set: whose, the first known time after it on that clock, and by how many seconds."""

    peer: str
    time: int
    seconds: float

    @property
    def skipped(self) -> tuple[int, int]:
        """The time that the clock left out; an empty time if the clock was set back."""
        return self.time - max(0, round(self.seconds * 1_000_000)), self.time


class _Pair(NamedTuple):
    """One message that two peers logged: the time on each clock, and whether the first peer sent it."""

    one: int
    other: int
    is_there: bool


def measure_skews(
    log: Log, resolve: Callable[[str], str | None]
) -> tuple[dict[tuple[str, str], float], list[Jump]]:
    """Return by how many seconds the clock of ``b`` is ahead, for pairs of peers ``(a, b)``, and the jumps.

    A pair without a message that both logged is left out. With messages in one direction only, the
    transfer time counts as difference: it is less than 0.1 s in a cluster that works.
    """
    logged: dict[tuple[str, str, bool, tuple[str, str]], dict[str, list[int]]] = {}
    for time, peer, other, kind, is_sent in _messages(log, resolve):
        a, b = sorted((peer, other))
        is_there = is_sent == (peer == a)
        logged.setdefault((a, b, is_there, kind), {a: [], b: []})[peer].append(time)
    pairs: dict[tuple[str, str], list[_Pair]] = {}
    for (a, b, is_there, _), times in logged.items():
        # A sequence number that repeats cannot be paired: it wraps after 65,535.
        if len(times[a]) == 1 and len(times[b]) == 1:
            pairs.setdefault((a, b), []).append(_Pair(times[a][0], times[b][0], is_there))
    found: dict[tuple[str, str], float] = {}
    jumps: list[Jump] = []
    for (a, b), seen in sorted(pairs.items()):
        stretches = _stretches(seen)
        found[a, b] = _skew(stretches[-1])
        jumps += (_jump(a, b, before, after) for before, after in pairwise(stretches))
    return found, _without_repeats(jumps)


def _stretches(seen: list[_Pair]) -> list[list[_Pair]]:
    """Return the messages between jumps; a message that differs alone was paired with another one."""
    # A clock that was set back shows a time twice. In the order of the other clock nothing is mixed.
    orders = sorted(seen), sorted(seen, key=lambda pair: (pair.other, pair.one))
    stretches = min(map(_split, orders), key=len)
    joined: list[list[_Pair]] = []
    for stretch in stretches:
        if len(stretch) < 2:
            continue
        if joined and abs(_skew(joined[-1]) - _skew(stretch)) * 1_000_000 <= _JUMP:
            joined[-1] += stretch
        else:
            joined.append(stretch)
    return joined or [seen]


def _split(seen: list[_Pair]) -> list[list[_Pair]]:
    stretches: list[list[_Pair]] = []
    last = None
    for pair in seen:
        apart = pair.other - pair.one
        if last is None or abs(apart - last) > _JUMP:
            stretches.append([])
        stretches[-1].append(pair)
        last = apart
    return stretches


def _skew(stretch: list[_Pair]) -> float:
    there = [pair.other - pair.one for pair in stretch if pair.is_there]
    back = [pair.one - pair.other for pair in stretch if not pair.is_there]
    if there and back:
        return (median(there) - median(back)) / 2 / 1_000_000
    return (median(there) if there else -median(back)) / 1_000_000


def _jump(a: str, b: str, before: list[_Pair], after: list[_Pair]) -> Jump:
    """Return whose clock was set between two stretches: on the other clock the usual time passed."""
    usual = median(later.one - one.one for part in (before, after) for one, later in pairwise(part))
    last, first = before[-1], after[0]
    seconds = _skew(after) - _skew(before)
    if abs(first.one - last.one - usual) <= abs(first.other - last.other - usual):
        return Jump(b, first.other, seconds)
    return Jump(a, first.one, -seconds)


def _without_repeats(jumps: list[Jump]) -> list[Jump]:
    """Return each jump once, although the messages with every other peer show it."""
    found: list[Jump] = []
    for jump in sorted(jumps):
        if not (found and found[-1].peer == jump.peer and jump.skipped[0] <= found[-1].time):
            found.append(jump)
    return found


def _messages(log: Log, resolve: Callable[[str], str | None]) -> Iterator[_Message]:
    rows = log.rows(RAS)[:_MAX_MESSAGES]
    columns = [log.values(Reference(key), rows).to_pylist() for key in ("Detail", "Dst-ip", "Src-ip")]
    for time, host, detail, target, source in zip(log.times(rows), log.hosts(rows), *columns, strict=True):
        said = _SEQUENCE.search(detail[:500])
        # What is sent again has the number of the first time.
        if said is None or "Retransmit" in detail or "Timeout" in detail:
            continue
        is_sent = said[1] == "Sending"
        peer, other = resolve(host), resolve((target if is_sent else source) or "")
        if peer is not None and other is not None and peer != other:
            yield time, peer, other, (said[2], said[3]), is_sent
