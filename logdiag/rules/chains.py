"""The chains of a sequence's steps: for each first event the one that ends earliest."""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from logdiag.rules.time_logic import Event, first_after, group_events

Side = Literal["any", "same", "other"]
"""Whose event a step may be, compared with the peer of the first step."""


@dataclass
class Budget:
    """How many attempts searches may still make; below 0, a search had to stop."""

    left: int = 1_000_000


class Candidates:
    """The events that one step of a sequence can be, in order. Searches for several keys can share them."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = sorted(events)

    @cached_property
    def times(self) -> list[int]:
        """The time of each event."""
        return [event.time for event in self.events]

    def of_peer(self, peer: str) -> "Candidates":
        """Return those of one peer."""
        return self._by_peer.get(peer, NO_CANDIDATES)

    def next_of_peer(self, event: Event) -> Event | None:
        """Return the first of them that follows an event on the same peer."""
        return first_after(self.of_peer(event.peer).events, event)

    @cached_property
    def _by_peer(self) -> dict[str, "Candidates"]:
        by_peer = group_events(self.events, lambda event: event.peer)
        return {peer: Candidates(own) for peer, own in by_peer.items()}


NO_CANDIDATES = Candidates(())


class _Unused:
    """The candidates of a step that are in no chain yet.

    What is used stays used: the way past it is remembered, and no search walks it twice.
    """

    def __init__(self, candidates: Candidates, used: set[Event]) -> None:
        self._candidates, self._used = candidates, used
        self._next: dict[str | None, dict[int, int]] = {}
        self._by_peer: dict[str, _Unused] = {}

    def after(self, event: Event, side: Side, peer: str) -> Event | None:
        """Return the first event after another, on one side of a peer."""
        if side == "same":
            if peer not in self._by_peer:
                self._by_peer[peer] = _Unused(self._candidates.of_peer(peer), self._used)
            return self._by_peer[peer].after(event, "any", peer)
        other_than = peer if side == "other" else None
        known, events, way = self._next.setdefault(other_than, {}), self._candidates.events, []
        place = bisect.bisect_right(self._candidates.times, event.time)
        while place in known or (
            place < len(events) and (events[place] in self._used or events[place].peer == other_than)
        ):
            way.append(place)
            place = known.get(place, place + 1)
        known.update(dict.fromkeys(way, place))
        return events[place] if place < len(events) else None


def find_sequences(
    steps: Sequence[Iterable[Event] | Candidates],
    within: int,
    *,
    budget: Budget | None = None,
    peers: Sequence[Side] | None = None,
) -> list[list[Event]]:
    """For each first event, the chain of steps that ends earliest.

    Each step has a later time than the one before it, and is in ``[t, t + within)`` of the first. Chains do
    not share events. A search that runs out of its ``budget`` gives the chains that it has found.
    """
    candidates = [step if isinstance(step, Candidates) else Candidates(step) for step in steps]
    sides: Sequence[Side] = peers if peers is not None else ["any"] * len(candidates)
    # First events of peers that no later step fits can all be in one window, which takes quadratic time.
    budget = Budget() if budget is None else budget
    # Order in time is total: the first event that fits each step leads to the earliest end.
    firsts, used = candidates[0], set[Event]()
    unused = [_Unused(step, used) for step in candidates[1:]]
    chains: list[list[Event]] = []
    number = 0
    while number < len(firsts.events):
        first = firsts.events[number]
        number += 1
        if first in used:
            continue
        budget.left -= 1
        if budget.left < 0:
            break
        nearest = [step.after(first, "any", first.peer) for step in unused]
        if None in nearest:
            break  # later first events have no such event after them either
        latest = max((event.time for event in nearest if event is not None), default=first.time)
        if latest >= first.time + within:
            number = max(number, bisect.bisect_right(firsts.times, latest - within))
            continue
        chain = [first]
        for step, side in zip(unused, sides[1:], strict=True):
            event = step.after(chain[-1], side, first.peer)
            if event is None or event.time >= first.time + within:
                break
            chain.append(event)
        if len(chain) == len(candidates):
            chains.append(chain)
            used.update(chain)
    return chains
