"""What each kind of match means in time. Pure functions over events; nothing here reads a log.

Times are microseconds since 1970. Spans are half open: ``[t, t + span)``. The total order of
events is (time, peer, snapshot, source, line); `Event` sorts by it.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from logdiag.spans import Seen

Answer = Literal["absent", "open_at_end", "unknown"]


@dataclass(frozen=True, order=True)
class Event:
    """A record that a pattern matched; ``values`` is what the pattern bound."""

    time: int
    peer: str
    snapshot: str
    source: str
    line: int
    row: int = field(compare=False)
    pattern: int = field(compare=False)
    values: dict[str, str] = field(compare=False, hash=False)
    table: str = field(default="records", compare=False)


def episodes(events: Iterable[Event], apart: int) -> list[list[Event]]:
    """Events in order, split where the next is more than ``apart`` later."""
    parts: list[list[Event]] = []
    for event in sorted(events):
        if parts and event.time - parts[-1][-1].time <= apart:
            parts[-1].append(event)
        else:
            parts.append([event])
    return parts


def dense(events: Iterable[Event], at_least: int, within: int, distinct: str | None = None) -> list[Event]:
    """The events that lie in some window ``[t, t + within)`` with enough events or distinct values.

    A window starts at an event. An event without the value that is counted does not count.
    """
    if within <= 0:
        return []
    ordered = sorted(event for event in events if distinct is None or distinct in event.values)
    chosen = [False] * len(ordered)
    end = 0
    held: dict[str, int] = {}
    for start, first in enumerate(ordered):
        while end < len(ordered) and ordered[end].time < first.time + within:
            value = ordered[end].values[distinct] if distinct else str(end)
            held[value] = held.get(value, 0) + 1
            end += 1
        if len(held) >= at_least:
            for index in range(end - 1, start - 1, -1):
                if chosen[index]:
                    break
                chosen[index] = True
        value = first.values[distinct] if distinct else str(start)
        held[value] -= 1
        if not held[value]:
            del held[value]
    return [event for event, keep in zip(ordered, chosen, strict=True) if keep]


@dataclass
class Budget:
    """How many comparisons a search may still make; a search that runs out stops where it is."""

    left: int = 5_000_000

    def spend(self) -> bool:
        """Take one; False where none is left."""
        self.left -= 1
        return self.left >= 0

    @property
    def spent(self) -> bool:
        """Whether a search had to stop."""
        return self.left < 0


def sequences(
    steps: Sequence[Iterable[Event]],
    within: int,
    *,
    budget: Budget | None = None,
    skew: int = 0,
    ties: bool = False,
    peers: Sequence[Literal["any", "same", "other"]] | None = None,
) -> list[list[Event]]:
    """Every way that ends first: for each first event, the chain of steps that ends earliest.

    Each step comes after the one before it in the total order, with a later time (or the same,
    with ``ties``), and lies in ``[t, t + within)`` of the first. Between two peers the later step
    may stand up to ``skew`` before the earlier one. Chains do not share events. A search that runs
    out of its ``budget`` gives the chains that it has found.
    """
    budget = Budget() if budget is None else budget
    ordered = [sorted(step) for step in steps]
    sides = list(peers) if peers is not None else ["any"] * len(ordered)
    chains: list[list[Event]] = []
    used: set[Event] = set()
    for first in ordered[0]:
        if first in used:
            continue
        chain = _earliest_chain(first, ordered, within, skew, ties, sides, used, budget)
        if budget.spent:
            break
        if chain is not None:
            chains.append(chain)
            used.update(chain)
    return chains


def _earliest_chain(
    first: Event,
    ordered: Sequence[list[Event]],
    within: int,
    skew: int,
    ties: bool,
    sides: Sequence[str],
    used: set[Event],
    budget: Budget,
) -> list[Event] | None:
    # Forwards: what can be reached from some event of the step before.
    levels = [[first]]
    for candidates, side in zip(ordered[1:], sides[1:], strict=True):
        low = bisect.bisect_left(candidates, first.time - skew, key=lambda event: event.time)
        high = bisect.bisect_left(candidates, first.time + within, key=lambda event: event.time)
        levels.append(
            [
                event
                for event in candidates[low:high]
                if event not in used
                and budget.spend()
                and (side == "any" or (event.peer == first.peer) == (side == "same"))
                and any(budget.spend() and _in_order(before, event, skew, ties) for before in levels[-1])
            ]
        )
    # Backwards: the earliest that is in order with all that come after it. Without a skew the
    # first choice always fits; with one, two events of one peer can be out of order around
    # an event of another.
    return _back(levels, [], skew, ties, budget)


def _back(
    levels: list[list[Event]], behind: list[Event], skew: int, ties: bool, budget: Budget
) -> list[Event] | None:
    if not levels:
        return behind
    for event in levels[-1]:
        if not budget.spend():
            return None
        if all(_in_order(event, after, skew, ties) for after in behind):
            chain = _back(levels[:-1], [event, *behind], skew, ties, budget)
            if chain is not None:
                return chain
    return None


def _in_order(before: Event, after: Event, skew: int, ties: bool) -> bool:
    if before == after:
        return False
    if before.peer != after.peer and skew:
        return after.time > before.time - skew
    return after.time > before.time or (ties and after.time == before.time and after > before)


def absences(
    openings: Iterable[Event],
    closings: Iterable[Event],
    within: int,
    seen: Seen | None,
) -> list[tuple[Event, Answer]]:
    """The openings that no closing answered in ``[t, t + within)``, and what that means.

    ``seen`` is of the peer that would have logged the closing; None where it gave no log. The
    answer is decided at the span's end: ``unknown`` where a gap overlaps the span or the log begins
    inside it, ``open_at_end`` where the log stops before its end, ``absent`` where it was watched
    to its end.
    """
    ordered = sorted(closings)
    answers: list[tuple[Event, Answer]] = []
    for opening in sorted(openings):
        index = bisect.bisect_right(ordered, opening)
        end = opening.time + within
        if index < len(ordered) and ordered[index].time < end:
            continue
        if seen is None or opening.time < seen.start or seen.gap_within(opening.time, end) is not None:
            answers.append((opening, "unknown"))
        elif seen.end < end:
            answers.append((opening, "open_at_end"))
        else:
            answers.append((opening, "absent"))
    return answers


def unannounced(
    events: Iterable[Event],
    announcements: Iterable[Event],
    within: int,
    seen: Seen | None,
) -> list[tuple[Event, Answer]]:
    """The events that nothing announced in ``[t - within, t)``: ``absent``, or ``unknown``.

    ``seen`` is of the peer that would have logged the announcement. It is unknown where its log does
    not cover the whole span before the event: but that the event itself follows a silence (a peer
    that was down logs nothing) makes no gap where both stand in one log.
    """
    ordered = sorted(announcements)
    answers: list[tuple[Event, Answer]] = []
    for event in sorted(events):
        start = event.time - within
        # Of one moment nothing announces the other, whatever its line.
        index = bisect.bisect_left(ordered, event.time, key=lambda one: one.time)
        if index and start <= ordered[index - 1].time:
            continue
        if seen is None or start < seen.start or seen.end < event.time or seen.gap_within(start, event.time):
            answers.append((event, "unknown"))
        else:
            answers.append((event, "absent"))
    return answers


@dataclass(frozen=True)
class Interval:
    """Something that was raised, and how it ended: None while nothing ended it.

    ``raised`` is empty where only the lowering was seen. ``proof`` is set where it was not seen
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


def intervals(
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
