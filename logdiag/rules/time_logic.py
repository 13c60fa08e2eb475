"""What each kind of match means in time. Pure functions over events; nothing here reads a log.

Times are microseconds since 1970. Spans are half open: ``[t, t + span)``. The total order of
events is (time, peer, snapshot, source, line); `Event` sorts by it.
"""

import bisect
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from logdiag.cluster.observed import Observed

K = TypeVar("K", bound=Hashable)

AbsenceState = Literal["absent", "open_at_end", "unknown"]


@dataclass(frozen=True, order=True)
class Event:
    """A record, or a row of a dump, that a pattern matched; ``values`` is what the pattern bound.

    A row of a dump is ``dated`` if the dump states its time; else ``time`` only puts it among the records.
    ``as_of`` is when the dump was made, as far as that is known.
    """

    time: int
    peer: str
    snapshot: str
    source: str
    line: int
    row: int
    pattern: int = field(compare=False)
    values: dict[str, str] = field(compare=False, hash=False)
    table: str = field(default="records", compare=False)
    dated: bool = field(default=True, compare=False)
    as_of: datetime | None = field(default=None, compare=False)


def to_microseconds(span: timedelta) -> int:
    """Return a span of time as a number."""
    return span // timedelta(microseconds=1)


def group_events(events: Iterable[Event], key: Callable[[Event], K]) -> dict[K, list[Event]]:
    """Return events by a key, in the same order."""
    groups: dict[K, list[Event]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return groups


def first_after(events: Sequence[Event], event: Event) -> Event | None:
    """Return the first of some events, which are in order, that follows another one."""
    place = bisect.bisect_right(events, event)
    return events[place] if place < len(events) else None


def split_episodes(events: Iterable[Event], apart: int) -> list[list[Event]]:
    """Return events in order, split where the next is more than ``apart`` later."""
    parts: list[list[Event]] = []
    for event in sorted(events):
        if parts and event.time - parts[-1][-1].time <= apart:
            parts[-1].append(event)
        else:
            parts.append([event])
    return parts


def find_dense(
    events: Iterable[Event], at_least: int, within: int, distinct: str | None = None
) -> list[Event]:
    """Return the events that are in some window ``[t, t + within)`` with enough events or distinct values.

    A window starts at an event. An event without the value that is counted does not count.
    """
    ordered = sorted(event for event in events if distinct is None or distinct in event.values)
    values = [event.values[distinct] if distinct else str(index) for index, event in enumerate(ordered)]
    chosen: list[Event] = []
    held: Counter[str] = Counter()
    end = covered = 0
    for start, first in enumerate(ordered if within > 0 else ()):
        while end < len(ordered) and ordered[end].time < first.time + within:
            held[values[end]] += 1
            end += 1
        if len(held) >= at_least:
            chosen += ordered[max(start, covered) : end]
            covered = end
        held[values[start]] -= 1
        if not held[values[start]]:
            del held[values[start]]
    return chosen


def find_absences(
    openings: Iterable[Event],
    closings: Iterable[Event],
    within: int,
    seen: Observed | None,
    *,
    up: bool = False,
) -> list[tuple[Event, AbsenceState]]:
    """Return the openings that no closing answered in ``[t, t + within)``, and what that means.

    ``seen`` is of the peer that would have logged the closing; None if it gave no log. The answer is decided
    at the span's end: ``unknown`` if a gap overlaps the span or the log begins inside it, ``open_at_end`` if
    the log stops before its end, ``absent`` if it was watched to its end. With ``up`` the span does not
    count the time in which that peer was down.
    """
    ordered = sorted(closings)
    found: list[tuple[Event, AbsenceState]] = []
    for opening in sorted(openings):
        closing = first_after(ordered, opening)
        end = seen.up_for(opening.time, within) if up and seen is not None else opening.time + within
        if closing is not None and closing.time < end:
            continue
        if seen is None or opening.time < seen.start or seen.gap_within(opening.time, end) is not None:
            found.append((opening, "unknown"))
        else:
            found.append((opening, "open_at_end" if seen.end < end else "absent"))
    return found


_STOPS_WITHIN = to_microseconds(timedelta(minutes=5))


def find_unannounced(
    events: Iterable[Event], announcements: Iterable[Event], within: int, seen: Observed | None
) -> list[tuple[Event, AbsenceState]]:
    """Return the events that nothing announced in ``[t - within, t)``: ``absent``, or ``unknown``.

    ``seen`` is of the peer that would have logged the announcement. It is unknown if its log does not cover
    the whole span before the event. For a peer that was down before the event, the log must cover the last
    minutes before it went down: a peer that was asked to stop does so soon.
    """
    times = sorted(event.time for event in announcements)
    found: list[tuple[Event, AbsenceState]] = []
    for event in sorted(events):
        start = event.time - within
        # Of one moment nothing announces the other, whatever its line.
        index = bisect.bisect_left(times, event.time)
        if index and start <= times[index - 1]:
            continue
        down = None if seen is None else seen.silence_before(event.time)
        needed = start if down is None else max(start, down[0] - _STOPS_WITHIN)
        covered = (
            seen is not None
            and seen.start <= needed
            and event.time <= seen.end
            and not seen.gap_within(needed, event.time)
        )
        found.append((event, "absent" if covered else "unknown"))
    return found


@dataclass(frozen=True)
class Interval:
    """Something that was raised, and how it ended: None while nothing ended it.

    ``raised`` is empty if only the lowering was seen. ``proof`` is set if it was not seen
    to end but something shows that it was over by then.
    """

    raised: tuple[Event, ...]
    lowered: Event | None = None
    proof: Event | None = None
    acknowledged: Event | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """All of its events, in order."""
        ends = (self.acknowledged, self.lowered, self.proof)
        return tuple(sorted({*self.raised, *(event for event in ends if event is not None)}))


def fold_intervals(
    raised: Iterable[Event],
    lowered: Iterable[Event] = (),
    acknowledged: Iterable[Event] = (),
    proofs: Iterable[Event] = (),
) -> list[Interval]:
    """Fold raise, lower, acknowledge and proof-of-end events of one key into intervals.

    A second raise within an interval belongs to it. A lowering that nothing raised is an interval
    of its own, but only as the first thing that is known of the key. Acknowledged is not over.
    """
    marks = sorted(
        [(event, 0) for event in raised]
        + [(event, 1) for event in acknowledged]
        + [(event, 2) for event in proofs]
        + [(event, 3) for event in lowered]
    )
    found: list[Interval] = []
    current: list[Event] = []
    acknowledgement: Event | None = None
    for event, mark in marks:
        if mark == 0:
            current.append(event)
        elif not current:
            if mark == 3 and not found:
                found.append(Interval((), lowered=event))
        elif mark == 1:
            acknowledgement = acknowledgement or event
        else:
            lower, proof = (event, None) if mark == 3 else (None, event)
            found.append(Interval(tuple(current), lower, proof, acknowledgement))
            current, acknowledgement = [], None
    if current:
        found.append(Interval(tuple(current), acknowledged=acknowledgement))
    return found
