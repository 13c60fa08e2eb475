"""Conditions that are logged repeatedly: open while they last, closed when the opposite is seen."""

import bisect
from collections.abc import Iterator, Sequence
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.model import State
from logdiag.rules import time_logic
from logdiag.rules.episodes import (
    Answers,
    Episode,
    count_occurrences,
    group_occurrences,
    join_flapping,
    judge_unended,
    over_by,
    span_after,
)
from logdiag.rules.events import Collected, drop_known
from logdiag.rules.match_schema import Lasts, Match
from logdiag.rules.patterns import Pattern
from logdiag.rules.proofs import Proofs, find_proofs
from logdiag.rules.time_logic import Event, to_microseconds

_Occurrence = list[Event]
"""One time that a condition was logged: a record, or the steps of a sequence, in order."""


def answer_lasting(
    lasts: Lasts, match: Match, settling: timedelta, collected: Collected, signals: dict[str, Match]
) -> Answers:
    """Yield every key of a record, a count or a sequence that lasts, with each of its episodes."""
    found = group_occurrences(match, collected)
    if not found:
        return
    opposites = _Opposites(lasts.until, match.by, collected)
    proofs = Proofs(
        (one for name in lasts.over_by for one in find_proofs(signals[name], collected)), match.by
    )
    cluster = collected.case.cluster
    settled = to_microseconds(settling)
    again = None if lasts.again is None else to_microseconds(lasts.again)
    for key, chains in sorted(found.items()):
        values = tuple(dict(key)[name] for name in match.by)
        ends = {time[-1]: time for time in (drop_known(match.sequence, chain) for chain in chains)}
        seen = [one for end in ends if (one := opposites.first_after(end, ends[end], dict(key))) is not None]
        proven = proofs.ends(sorted(ends), values, {}, cluster)
        episodes = [
            _episode(part, ends, match, settled, again, cluster)
            for one in time_logic.fold_intervals(ends, seen, (), proven)
            if one.raised
            for part in _split(one, again)
        ]
        yield from ((key, episode) for episode in join_flapping(episodes, collected.case.work))


class _Opposites:
    """The records that show the opposite, by who logged them and what they bound of ``by``."""

    def __init__(self, patterns: Sequence[Pattern], by: Sequence[str], collected: Collected) -> None:
        self._events: dict[tuple[str, ...], dict[tuple[str, ...], list[Event]]] = {}
        for event in collected.events(patterns):
            names = tuple(name for name in by if name in event.values)
            place = (event.peer, *(event.values[name] for name in names))
            self._events.setdefault(names, {}).setdefault(place, []).append(event)

    def first_after(self, end: Event, time: _Occurrence, key: dict[str, str]) -> Event | None:
        """Return the first one after a condition was logged, by one of the peers that logged it."""
        found: list[Event] = []
        for names, by_place in self._events.items():
            for peer in {event.peer for event in time}:
                events = by_place.get((peer, *(key[name] for name in names)), [])
                place = bisect.bisect_right(events, end)
                found += events[place : place + 1]
        return min(found, default=None)


def _split(interval: time_logic.Interval, again: int | None) -> Iterator[time_logic.Interval]:
    """Yield an interval, cut at silences that are too long to know whether the condition lasted."""
    parts = [list(interval.raised)] if again is None else time_logic.split_episodes(interval.raised, again)
    for part in parts[:-1]:
        yield time_logic.Interval(tuple(part))
    yield time_logic.Interval(tuple(parts[-1]), interval.lowered, interval.proof)


def _episode(
    interval: time_logic.Interval,
    ends: dict[Event, _Occurrence],
    match: Match,
    settled: int,
    again: int | None,
    cluster: Cluster,
) -> Episode:
    logged = sorted({event for end in interval.raised for event in ends[end]})
    first, last = logged[0].time, logged[-1].time
    count = count_occurrences(logged) if match.record is not None else len(interval.raised)
    over = interval.lowered or interval.proof
    if over is not None:
        events = tuple(sorted({*logged, over}))
        return Episode(events, "closed", first, over.time, count, over_by(over.time))
    state, note = _open(ends[interval.raised[-1]], first, settled, again, cluster)
    return Episode(tuple(logged), state, first, last, count, note)


def _open(
    time: _Occurrence, first: int, settled: int, again: int | None, cluster: Cluster
) -> tuple[State, str]:
    """Return the state of a condition without a seen end, judged by the first log of its peers to stop."""
    since = time[-1].time
    peer = min(
        {event.peer for event in time} & cluster.observed.keys(),
        key=lambda one: (cluster.observed[one].end, one),
    )
    seen = cluster.observed[peer]
    if again is not None and seen.end - since > again:
        note = gettext("It was last logged {span} before the log of {peer} ends; no record shows its end.")
        return "seen", note.format(span=span_after(seen, since), peer=peer)
    return judge_unended(seen, peer, since, first, settled, repeats=True)
