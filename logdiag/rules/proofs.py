"""What proves that something is over: the events of signals, and what each of them ends."""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster import BETWEEN_MEMBERS, Cluster
from logdiag.cluster.observed import Observed
from logdiag.rules import time_logic
from logdiag.rules.events import Collected, find_chains
from logdiag.rules.match_schema import Match, StateMatch
from logdiag.rules.time_logic import Event, to_microseconds

_Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Proof:
    """An event by which what had begun by some time is over; ``begun`` is that time, in microseconds."""

    event: Event
    begun: int


_UNDER_WAY = to_microseconds(timedelta(seconds=5))
"""A cycle or a change that was under way when something broke may still end: it proves nothing of that."""

_SETTLED = to_microseconds(timedelta(minutes=5))
"""How long alarms must stay lowered: until then the same trouble may raise the next one."""

_TOGETHER = to_microseconds(timedelta(seconds=2))
"""Processes write side by side: an alarm can be logged a moment before the record of what raised it."""


def find_proofs(match: Match, collected: Collected) -> list[Proof]:
    """Return the events of a signal: those of a sequence are its last, with what all steps bound.

    Those of a state are the moments from which on a peer had none of it any more.
    """
    if match.state is not None:
        return list(_ends_of_states(match.state, match, collected))
    if match.sequence is None:
        chains = [[event] for event in collected.events(match.record or [], match.by)]
    else:
        chains = find_chains(match.sequence, match.by, collected)
    found = []
    for chain in chains:
        values = {name: value for event in chain for name, value in event.values.items()}
        found.append(Proof(replace(chain[-1], values=values), chain[0].time - _UNDER_WAY))
    return found


def _ends_of_states(state: StateMatch, match: Match, collected: Collected) -> Iterator[Proof]:
    """For each peer the lowerings after which nothing of a state was raised any more, or for a while."""
    raised, lowered = collected.grouped(state.raised, match), collected.grouped(state.lower, match)
    of_peer: dict[str, list[time_logic.Interval]] = {}
    for key, events in raised.items():
        for interval in time_logic.fold_intervals(events, lowered.get(key, ())):
            if interval.raised:
                of_peer.setdefault(interval.raised[0].peer, []).append(interval)
    for intervals in of_peer.values():
        ordered = sorted(intervals, key=lambda one: one.raised[0])
        begun, last = ordered[0].raised[0].time, ordered[0].lowered
        for one in (*ordered[1:], None):
            if last is None:
                break  # one has not ended
            if one is None or one.raised[0].time - last.time > _SETTLED:
                # A late end of an earlier trouble proves nothing of one that has begun since.
                yield Proof(replace(last, values={}), max(begun + _TOGETHER, last.time - _SETTLED))
                begun = one.raised[0].time if one is not None else begun
            if one is not None:
                last = max(last, one.lowered) if one.lowered is not None else None


_BETWEEN = to_microseconds(BETWEEN_MEMBERS)


class Proofs:
    """What proves that something is over, by what it is about.

    A signal that binds ``peer`` and ``with`` is about these two peers, each with the other: it ends what
    the one reports of the other. What a third peer reports of ``peer`` it ends only if that could not be
    seen to end: a log that continues without a gap and does not show the end says more than a proof from
    elsewhere. A signal that says nothing of the names in ``by`` ends what its own host reports.
    """

    def __init__(self, proofs: Iterable[Proof], by: Sequence[str]) -> None:
        # Each by the peer that logged the proof, because its clock decides.
        self._of_two: dict[tuple[_Values, str], dict[str, list[Proof]]] = {}
        self._of_host: dict[str, dict[str, list[Proof]]] = {}
        self._elsewhere: dict[_Values, dict[str, list[Event]]] = {}
        for proof in sorted(proofs, key=lambda one: (one.begun, one.event)):
            event = proof.event
            if not any(name in event.values for name in by):
                self._of_host.setdefault(event.peer, {}).setdefault(event.peer, []).append(proof)
                continue
            of_other = self._elsewhere.setdefault(values_of(event.values, by), {})
            of_other.setdefault(event.values.get("with", ""), []).append(event)
            if "with" in event.values:
                peer, other = event.values["peer"], event.values["with"]
                for one, two in ((peer, other), (other, peer)):
                    about = values_of({**event.values, "peer": one}, by)
                    self._of_two.setdefault((about, two), {}).setdefault(event.peer, []).append(proof)
        for of_other in self._elsewhere.values():
            for events in of_other.values():
                events.sort()

    def ends(
        self, raised: Sequence[Event], values: _Values, lost: Mapping[str, Sequence[Event]], cluster: Cluster
    ) -> list[Event]:
        """Return the proofs that end what was raised last before them.

        Args:
            raised: what one peer raised about one thing, in order.
            values: what it bound to the names in ``by``.
            lost: what the same peer raised, in order, by the peer that it is about: one that has lost two
                others is not back because these two reach each other.
            cluster: whose clocks and gaps count.

        """
        ends: list[Event] = []
        if not raised:
            return ends
        of_two = self._of_two.get((values, raised[0].peer), {})
        of_host = self._of_host.get(raised[0].peer, {})
        elsewhere = self._elsewhere.get(values, {})
        for since, then in itertools.zip_longest(raised, raised[1:]):
            found = [_first_proof(since, of_two, cluster), _first_proof(since, of_host, cluster)]
            for other, events in elsewhere.items():
                hidden = _first_hidden_end(since, then, events, cluster)
                if hidden is not None and not _is_lost(lost.get(other, ()), since.time, hidden.time):
                    found.append(hidden)
            # After one raise the first is enough: what it ends is over.
            first = min((one for one in found if one is not None), default=None)
            if first is not None and (then is None or first < then):
                ends.append(first)
        return ends


def values_of(values: Mapping[str, str], by: Sequence[str]) -> _Values:
    """Return what is bound to some names."""
    return tuple(values.get(name) for name in by)


def _is_lost(raised: Sequence[Event], since: int, until: int) -> bool:
    """Return whether something was raised around the time at which something else was, or after it."""
    place = bisect.bisect_left(raised, since - _SETTLED, key=lambda event: event.time)
    return place < len(raised) and raised[place].time <= until


def _first_proof(since: Event, proofs: Mapping[str, list[Proof]], cluster: Cluster) -> Event | None:
    """Return the first proof of what something raised had begun, whichever clock is right."""
    found: list[Proof] = []
    for peer, of_peer in proofs.items():
        begun = since.time + _apart(since.peer, peer, cluster)
        place = bisect.bisect_left(of_peer, begun, key=lambda proof: proof.begun)
        found += of_peer[place : place + 1]
    return min(found, key=lambda proof: (proof.begun, proof.event)).event if found else None


def _first_hidden_end(
    since: Event, then: Event | None, proofs: list[Event], cluster: Cluster
) -> Event | None:
    """The first proof by which something could have ended unseen; ``then`` is when it was raised again."""
    seen = cluster.observed.get(since.peer)
    if seen is None:
        return None
    # Earlier than that nothing is hidden: a proof may be of any peer, and there may be many.
    gap = seen.gap_within(since.time, seen.end)
    hidden = gap[0] if gap is not None else seen.end + _BETWEEN
    place = max(
        bisect.bisect_right(proofs, since), bisect.bisect_right(proofs, hidden, key=lambda event: event.time)
    )
    while place < len(proofs) and (then is None or not then < proofs[place]):
        if _is_hidden(since, proofs[place], seen, cluster):
            return proofs[place]
        place += 1
    return None


def _is_hidden(since: Event, proof: Event, seen: Observed, cluster: Cluster) -> bool:
    """Return whether the end could not have been seen between the last raise before a proof and the proof."""
    apart = _apart(since.peer, proof.peer, cluster)
    if apart and proof.time - since.time <= apart:
        return False  # which of the two came first is not known
    return proof.time - seen.end > _BETWEEN + apart or seen.gap_within(since.time, proof.time) is not None


def _apart(one: str, other: str, cluster: Cluster) -> int:
    """By how many microseconds the clocks of two peers differ, as far as it could be measured."""
    return round(abs(cluster.skews.get((min(one, other), max(one, other)), 0.0)) * 1_000_000)
