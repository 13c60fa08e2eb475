"""The time that each peer's logs cover, and their gaps. Times are microseconds since 1970."""

import bisect
import itertools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from logdiag.cluster.log_rows import select
from logdiag.conditions import Log, compile_event
from logdiag.records import SILENCE, Span, micros

STARTS = compile_event(["Application Start", "System Start"])
"""The records of a start."""
ASKED = (STARTS,)
"""The records that this module asks for."""

SECOND = 1_000_000
MINUTE = 60 * SECOND

BETWEEN_MEMBERS = timedelta(minutes=2)
"""A peer replicates about every two minutes: a longer silence between two logs is a gap."""

_BETWEEN = BETWEEN_MEMBERS // timedelta(microseconds=1)
_MAX_SILENCE = 65 * MINUTE
"""Syslog writes a mark in each idle hour: a longer silence inside one log is a gap, whatever its rhythm.
A silence that ends with a start is no gap: a peer can be down for days."""

_INTERVALS = 4
"""A silence inside one log of more than this many of its usual intervals is a gap. Of the five cycles that
`replication/stalled` waits for, the log then shows the time of one at least."""

_MIN_INTERVALS = 5
"""Intervals that a log must show before its rhythm is known."""

BOOT = 10 * MINUTE
"""How long after the first record of a boot the start of the application may be logged."""

_Times = list[tuple[int, int]]


@dataclass(frozen=True)
class Observed:
    """The spans of time that a peer's logs cover: one or more, ends included.

    ``down`` are the silences inside the spans that end with a start of the peer, in order, and the times that
    its clock left out when it was set forward. ``written`` are the spans without any silence of `SILENCE`,
    and ``members`` the first and last record of each log.
    """

    spans: tuple[tuple[int, int], ...]
    down: tuple[tuple[int, int], ...] = ()
    written: tuple[tuple[int, int], ...] = ()
    members: tuple[tuple[int, int], ...] = ()

    @property
    def start(self) -> int:
        """The first covered instant."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """The last covered instant."""
        return self.spans[-1][1]

    def covers(self, time: datetime) -> bool:
        """Return whether a span contains a moment, or starts at most `BETWEEN_MEMBERS` after it."""
        # Two logs never begin in the same second, and a cycle is about two minutes.
        number = bisect.bisect_right(self._starts, micros(time + BETWEEN_MEMBERS)) - 1
        return number >= 0 and micros(time) <= self.spans[number][1]

    def covers_all(self, start: int, end: int) -> bool:
        """Return whether one span contains both ends of a stretch of time."""
        number = bisect.bisect_right(self._starts, start) - 1
        return number >= 0 and end <= self.spans[number][1]

    def gaps(self) -> list[tuple[int, int]]:
        """Return the stretches between the spans."""
        return _silences(self.spans)

    def gap_within(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the first gap that overlaps ``[start, end)``."""
        # Asked for each record that opens something: a search through all gaps would be quadratic.
        number = max(1, bisect.bisect_right(self._starts, start))
        if number == len(self.spans) or self.spans[number - 1][1] >= end:
            return None
        return self.spans[number - 1][1], self.spans[number][0]

    def up_for(self, start: int, within: int) -> int:
        """Return when the peer has been up for a length of time since a moment."""
        end = start + within
        for number in range(bisect.bisect_right(self.down, start, key=lambda span: span[1]), len(self.down)):
            since, until = self.down[number]
            if end <= since:
                break
            end += until - max(since, start)
        return end

    def silence_before(self, start: int) -> tuple[int, int] | None:
        """Return the silence before a start of the peer; None if the peer was not silent before it.

        A booting peer writes records with shorter silences between them, and so does a quiet one before it
        stops: the last long silence counts.
        """
        near = [span for span in self.down if start - BOOT <= span[1] <= start]
        longest = max((until - since for since, until in near), default=0)
        for since, until in reversed(near):
            if 2 * (until - since) >= longest:
                return since, until
        return None

    def silence_at(self, time: int) -> tuple[int, int] | None:
        """Return the silence inside one log that contains a time; None if the peer was logging."""
        number = bisect.bisect_right(self._beginnings, time)
        if not 0 < number < len(self.written) or time <= self.written[number - 1][1]:
            return None
        start, end = self.written[number - 1][1], self.written[number][0]
        # Between two logs there may be records that nobody has given.
        return (start, end) if any(first <= start and end <= last for first, last in self.members) else None

    def longest_silence(self, start: int, end: int) -> int:
        """Return the longest silence between two times; `SILENCE` if there is no longer one."""
        first, last = (bisect.bisect_right(self._beginnings, time) for time in (start, end))
        inside = self.written[max(0, first - 1) : last]
        return max((until - since for since, until in _silences(inside)), default=SILENCE)

    @cached_property
    def _beginnings(self) -> list[int]:
        return [start for start, _ in self.written]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.spans]


def find_observed(
    spans: Mapping[tuple[str, str], Iterable[Span]],
    peer_of: Callable[[str], str],
    log: Log,
    excerpts: Container[tuple[str, str]] = (),
) -> dict[str, Observed]:
    """Return the spans of time that the logs of each peer cover.

    Args:
        spans: for each snapshot and member of it when which host was logging.
        peer_of: returns the peer of a host.
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
    starts: dict[str, list[int]] = {}
    for record in select(log, STARTS) if whole else ():
        starts.setdefault(peer_of(record.host), []).append(record.time)
    found: dict[str, Observed] = {}
    for peer in {**whole, **pasted}:
        of_peer = [*whole.get(peer, ()), *pasted.get(peer, ())]
        written = _joined(itertools.chain.from_iterable(of_peer), SILENCE)
        ranges = [(min(times)[0], max(last for _, last in times)) for times in whole.get(peer, ())]
        members = [_joined(times, _BETWEEN) for times in whole.get(peer, ())]
        longest = _longest_silence(members)
        down = [
            (since, until)
            for times in members
            for since, until in _silences(times)
            if _is_boot(until, starts.get(peer, ()))
        ]
        parts = [part for times in members for part in _joined(times, longest, set(down))]
        parts += [part for times in pasted.get(peer, ()) for part in _joined(times, _BETWEEN)]
        spans_of_peer = tuple(_joined(parts, _BETWEEN))
        found[peer] = Observed(spans_of_peer, tuple(_joined(down, -1)), tuple(written), tuple(ranges))
    return found


def _longest_silence(members: Iterable[_Times]) -> int:
    """Return the longest silence inside a log that is not a gap, from the usual intervals of the peer."""
    silences: list[int] = []
    covered = 0
    for times in members:
        covered += sum(last - first for first, last in times)
        silences += [until - since for since, until in _silences(times)]
    # Spans that are joined hide their silences: none is longer than `_BETWEEN`.
    short = covered // _BETWEEN
    if short + len(silences) <= _MIN_INTERVALS:
        return _MAX_SILENCE
    middle = (short + len(silences)) // 2 - short
    usual = _BETWEEN if middle < 0 else sorted(silences)[middle]
    return min(_INTERVALS * usual, _MAX_SILENCE)


def _silences(spans: Sequence[tuple[int, int]]) -> _Times:
    return [(before[1], after[0]) for before, after in itertools.pairwise(spans)]


def _is_boot(time: int, starts: Sequence[int]) -> bool:
    place = bisect.bisect_left(starts, time)
    return place < len(starts) and starts[place] <= time + BOOT


def _joined(spans: Iterable[tuple[int, int]], apart: int, over: Container[tuple[int, int]] = ()) -> _Times:
    """Return spans, joined over each silence that is at most ``apart`` long or one of ``over``."""
    joined: _Times = []
    for start, end in sorted(spans):
        if joined and (start - joined[-1][1] <= apart or (joined[-1][1], start) in over):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
