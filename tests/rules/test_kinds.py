"""Each kind of match as a rule sees it, by key: answers against an oracle of a few lines.

What the kinds mean in time is tested in `test_matchers`; here are the keys, the states and the counts.
"""

import itertools
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.cluster import Cluster
from logdiag.cluster.facts import FACTS
from logdiag.cluster.observed import Observed
from logdiag.model import Peer
from logdiag.rules.chains import find_sequences
from logdiag.rules.episodes import Episode, answer_match
from logdiag.rules.events import CaseData, Collected, find_chains
from logdiag.rules.match_schema import Match
from logdiag.rules.patterns import Pattern
from logdiag.rules.time_logic import Event, find_absences

MANY = settings(deadline=None, max_examples=150)
PEERS = ("a", "b")
USERS = ("x", "y")
SECOND = 1_000_000

# A record: its second, its peer, its user, and which pattern it is for.
SAID = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(PEERS), st.sampled_from(USERS), st.integers(0, 2)),
    max_size=10,
    unique=True,
)


def pattern(number: int) -> dict[str, Any]:
    return {"where": {"Event": str(number)}, "bind": {"user": "User"}}


class Given(Collected):
    """Events that are given instead of collected: a pattern's are those with its number."""

    def __init__(self, events: list[Event], seen: dict[str, Observed]) -> None:
        cluster = Cluster(
            tuple(Peer(name) for name in PEERS), seen, listed=True, dumps={}, aliases={}, skews={}
        )
        super().__init__(CaseData({}, cluster, {name: {} for name in FACTS}))
        self._given = events

    def _events(self, pattern: Pattern, number: int) -> list[Event]:
        return [one for one in self._given if str(one.pattern) == pattern.where["Event"]]


Said = list[tuple[int, str, str, int]]


def events(said: Said) -> list[Event]:
    return [
        Event(second * SECOND, peer, "s", "log", 1 + row, row, number, {"user": user})
        for row, (second, peer, user, number) in enumerate(said)
    ]


def ask(written: dict[str, Any], said: Said, settling: int = 3, seen: int = 20) -> list[tuple[Any, Episode]]:
    match = Match.model_validate(written)
    watched = {peer: Observed(((0, seen * SECOND),)) for peer in PEERS}
    return list(answer_match(match, timedelta(seconds=settling), Given(events(said), watched), {}))


KEYS = st.sampled_from([([], "peer"), (["user"], "peer"), (["user"], "cluster"), ([], "cluster")])


def key(one: Event, by: list[str], across: str) -> tuple[tuple[str, str], ...]:
    host = (("host", one.peer),) if across == "peer" else ()
    return (*host, *(("user", one.values["user"]) for _ in by))


def by_key(found: list[Event], by: list[str], across: str) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = {}
    for one in sorted(found):
        groups.setdefault(key(one, by, across), []).append(one)
    return dict(sorted(groups.items()))


@given(SAID, KEYS, st.integers(0, 5))
@MANY
def test_a_record(said: Said, grouped: tuple[list[str], str], settling: int) -> None:
    by, across = grouped
    found = ask({"record": [pattern(0), pattern(1)], "by": by, "across": across}, said, settling)
    expected = []
    for name, same in by_key([e for e in events(said) if e.pattern < 2], by, across).items():
        part: list[Event] = []
        for one, after in zip(same, [*same[1:], None], strict=True):
            part.append(one)
            if after is None or after.time - one.time > settling * SECOND:
                # As often as the process and peer that logged it most often did.
                count = max(Counter((e.peer, e.pattern) for e in part).values())
                expected.append((name, tuple(part), "seen", count))
                part = []
    assert [(name, one.events, one.state, one.count) for name, one in found] == expected


@given(SAID, KEYS, st.integers(1, 6), st.integers(1, 4))
@MANY
def test_a_count(said: Said, grouped: tuple[list[str], str], within: int, at_least: int) -> None:
    by, across = grouped
    written = {"of": pattern(0), "at_least": at_least, "within": f"{within}s"}
    found = ask({"count": written, "by": by, "across": across}, said)
    for name, same in by_key([e for e in events(said) if e.pattern == 0], by, across).items():
        windows = [[e for e in same if first.time <= e.time < first.time + within * SECOND] for first in same]
        inside = {e for window in windows if len(window) >= at_least for e in window}
        assert {e for key_, one in found if key_ == name for e in one.events} == inside
    assert all(one.state == "seen" and one.count == len(one.events) >= at_least for _, one in found)


@given(SAID, st.integers(1, 8))
@MANY
def test_a_sequence_does_not_mix_keys(said: Said, within: int) -> None:
    steps = [pattern(number) for number in range(3)]
    match = Match.model_validate({"sequence": {"steps": steps, "within": f"{within}s"}, "by": ["user"]})
    assert match.sequence is not None
    chains = find_chains(match.sequence, match.by, Given(events(said), {}))
    expected = []
    for user in USERS:
        of_user = [e for e in events(said) if e.values["user"] == user]
        expected += find_sequences(
            [[e for e in of_user if e.pattern == n] for n in range(3)], within * SECOND
        )
    assert sorted(chains) == sorted(expected)


@given(SAID, KEYS, st.integers(1, 6), st.integers(0, 20))
@MANY
def test_an_absence(said: Said, grouped: tuple[list[str], str], within: int, seen: int) -> None:
    by, across = grouped
    written = {"opening": pattern(0), "closing": pattern(1), "within": f"{within}s"}
    found = ask({"absence": written, "by": by, "across": across}, said, seen=seen)
    closings = by_key([e for e in events(said) if e.pattern == 1], by, across)
    expected = set()
    for name, openings in by_key([e for e in events(said) if e.pattern == 0], by, across).items():
        for peer in PEERS:
            own = [e for e in openings if e.peer == peer]
            watched = Observed(((0, seen * SECOND),))
            expected |= {
                (name, opening)
                for opening, _ in find_absences(own, closings.get(name, []), within * SECOND, watched)
            }
    assert {(name, e) for name, one in found for e in one.events} == expected
    for name, one in found:
        later = [e for e in closings.get(name, []) if e > one.events[-1]]
        assert one.state != "closed" or one.last == later[0].time


@given(SAID, KEYS, st.integers(0, 5), st.integers(12, 30))
@MANY
def test_a_state(said: Said, grouped: tuple[list[str], str], settling: int, seen: int) -> None:
    by, across = grouped
    written = {"raise": pattern(0), "lower": pattern(1)}
    found = ask({"state": written, "by": by, "across": across}, said, settling, seen)
    for name, same in by_key([e for e in events(said) if e.pattern < 2], by, across).items():
        raises = [e for e in same if e.pattern == 0]
        told = [one for key_, one in found if key_ == name]
        # Each raise stands in one episode; how the last one ended is decided by what stands behind it.
        assert sorted(e for one in told for e in one.events if e.pattern == 0) == raises
        if raises:
            over = any(e.pattern == 1 and e > raises[-1] for e in same)
            stops = seen * SECOND - raises[-1].time < settling * SECOND
            assert told[-1].state == ("closed" if over else "open_at_end" if stops else "open")
        assert all(one.state == "closed" for one in told[:-1])
        for before, after in itertools.pairwise(told):
            assert after.first - before.last > settling * SECOND
