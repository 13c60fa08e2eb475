"""When each peer's logs were watching, and what they leave out."""

import bisect
import itertools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import timedelta

from logdiag.conditions import Log, compile_condition
from logdiag.records import SILENCE, Span
from logdiag.spans import Seen

_STARTS = compile_condition({"Event": ["Application Start", "System Start"], "Module|exists": False})
ASKED = (_STARTS,)
"""The records that this module asks for."""

_MICROSECOND = timedelta(microseconds=1)

BETWEEN_MEMBERS = timedelta(minutes=2)
"""A peer replicates about every two minutes: a longer silence between two logs is a gap."""

_BETWEEN = BETWEEN_MEMBERS // _MICROSECOND
_WITHIN = timedelta(minutes=65) // _MICROSECOND
"""Syslog writes a mark in each idle hour: a longer silence inside one log is a gap, whatever its rhythm.
A silence that ends with a start is none: a peer can be down for days."""

_INTERVALS = 4
"""A silence inside one log of more than this many of its usual intervals is a gap. Of the five cycles that
`replication/stalled` waits for, the log then shows the time of one at least."""

_ENOUGH = 5
"""Intervals that a log must show before its rhythm is known."""

BOOT = timedelta(minutes=10)
"""How long after the first record of a boot the start of the application may be logged."""

_Times = list[tuple[int, int]]


def watched(
    spans: Mapping[tuple[str, str], Iterable[Span]],
    peer_of: Callable[[str], str],
    log: Log,
    excerpts: Container[tuple[str, str]] = (),
) -> dict[str, Seen]:
    """For each peer the spans of time that its logs cover.

    Args:
        spans: for each snapshot and member of it when which host was logging.
        peer_of: knows the peer of a host.
        log: the records, for the starts of peers: a silence before a start is a peer that was down.
        excerpts: snapshot and source of members that are pasted together: between their records
            there may be others that nobody pasted, as there may be between two logs.

    """
    whole: dict[str, list[_Times]] = {}  # by peer, a list for each member
    pasted: dict[str, list[_Times]] = {}
    for place, of_member in spans.items():
        by_host: dict[str, _Times] = {}
        for span in of_member:
            by_host.setdefault(span.host, []).append((span.first, span.last))
        for host, times in by_host.items():
            (pasted if place in excerpts else whole).setdefault(peer_of(host), []).append(times)
    starts = _starts(log, peer_of) if whole else {}
    found: dict[str, Seen] = {}
    for peer in {**whole, **pasted}:
        members = [_joined(times, _BETWEEN) for times in whole.get(peer, ())]
        longest = _longest_silence(members)
        down = [stretch for times in members for stretch in _before_boots(times, starts.get(peer, ()))]
        parts = [part for times in members for part in _without_gaps(times, longest, set(down))]
        parts += [part for times in pasted.get(peer, ()) for part in _joined(times, _BETWEEN)]
        found[peer] = Seen(tuple(_joined(parts, _BETWEEN)), tuple(_joined(down, 0)))
    return found


def _starts(log: Log, peer_of: Callable[[str], str]) -> dict[str, list[int]]:
    """When each peer started, in order."""
    starts: dict[str, list[int]] = {}
    rows = log.rows(_STARTS)
    for time, host in sorted(zip(log.times(rows), log.hosts(rows), strict=True)):
        starts.setdefault(peer_of(host), []).append(time)
    return starts


def _longest_silence(members: Iterable[_Times]) -> int:
    """The longest silence inside a log that is no gap, by the rhythm of a peer's own logs."""
    silences: list[int] = []
    covered = 0
    for times in members:
        covered += sum(last - first for first, last in times)
        silences += [after[0] - before[1] for before, after in itertools.pairwise(times)]
    # Spans do not show their silences: none is longer than `SILENCE`.
    short = covered // SILENCE
    if short + len(silences) <= _ENOUGH:
        return _WITHIN
    middle = (short + len(silences)) // 2 - short
    usual = SILENCE if middle < 0 else sorted(silences)[middle]
    return min(_INTERVALS * usual, _WITHIN)


def _before_boots(times: _Times, starts: Sequence[int]) -> _Times:
    """The silences of one log that end when the peer was starting: it was down."""
    silences = ((before[1], after[0]) for before, after in itertools.pairwise(times))
    return [silence for silence in silences if _is_boot(silence[1], starts)]


def _is_boot(time: int, starts: Sequence[int]) -> bool:
    """Whether the peer was starting at a time."""
    place = bisect.bisect_left(starts, time)
    return place < len(starts) and starts[place] <= time + BOOT // _MICROSECOND


def _without_gaps(times: _Times, longest: int, down: Container[tuple[int, int]]) -> _Times:
    """The spans of one log, joined over every silence that is no gap."""
    joined: _Times = []
    for first, last in times:
        if joined and (first - joined[-1][1] <= longest or (joined[-1][1], first) in down):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _joined(spans: Iterable[tuple[int, int]], apart: int) -> _Times:
    joined: _Times = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
