"""What each kind of match means in time: brute-force oracles, and the known bugs of other engines.

Times are small whole numbers, and peers are few, so that ties and borders are common.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.cluster.observed import Observed
from logdiag.model import Finding, NotChecked
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.chains import find_sequences
from logdiag.rules.library import load
from logdiag.rules.time_logic import (
    Event,
    Interval,
    find_absences,
    find_dense,
    find_unannounced,
    fold_intervals,
    split_episodes,
)

Side = Literal["any", "same", "other"]
PEERS = ("a", "b", "c")
MANY = settings(deadline=None, max_examples=150)


def event(time: int, peer: str = "a", line: int = 1, **values: str) -> Event:
    return Event(time, peer, "s", "log", line, row=line, pattern=0, values=values)


def events(peers: Iterable[str] = PEERS, times: int = 8, size: int = 6) -> st.SearchStrategy[list[Event]]:
    """Different events in any order; lines are few, so that one event stands in several lists."""
    one = st.builds(
        lambda time, peer, line, value: event(time, peer, line, **({"v": value} if value else {})),
        st.integers(0, times),
        st.sampled_from(list(peers)),
        st.integers(1, 2),
        st.sampled_from(["", "x", "y", "z"]),
    )
    return st.lists(one, max_size=size, unique=True)


# ── episodes ────────────────────────────────────────────────────────────────────────────────


@given(events(size=10), st.integers(0, 4))
@MANY
def test_episodes(found: list[Event], apart: int) -> None:
    parts = split_episodes(found, apart)
    assert [e for part in parts for e in part] == sorted(found)
    for part in parts:
        assert all(after.time - before.time <= apart for before, after in itertools.pairwise(part))
    assert all(after[0].time - before[-1].time > apart for before, after in itertools.pairwise(parts))


# ── counts ──────────────────────────────────────────────────────────────────────────────────


def naive_dense(found: list[Event], at_least: int, within: int, distinct: str | None) -> list[Event]:
    counted = sorted(e for e in found if distinct is None or distinct in e.values)
    chosen = set()
    for first in counted:
        window = [e for e in counted if first.time <= e.time < first.time + within]
        if len({e.values[distinct] if distinct else e for e in window}) >= at_least:
            chosen.update(window)
    return [e for e in counted if e in chosen]


@given(events(size=10), st.integers(1, 4), st.integers(1, 4), st.sampled_from([None, "v"]))
@MANY
def test_dense(found: list[Event], at_least: int, within: int, distinct: str | None) -> None:
    assert find_dense(found, at_least, within, distinct) == naive_dense(found, at_least, within, distinct)


def test_a_window_of_no_length_holds_nothing() -> None:
    assert find_dense([event(0), event(0, line=2)], 1, 0) == []


def test_a_window_is_half_open() -> None:
    assert find_dense([event(0), event(5)], 2, 5) == []
    assert find_dense([event(0), event(4)], 2, 5) == [event(0), event(4)]


def test_later_hits_do_not_stretch_a_window() -> None:
    assert find_dense([event(0), event(3), event(6)], 3, 5) == []


# ── sequences ───────────────────────────────────────────────────────────────────────────────


def naive_sequences(steps: list[list[Event]], within: int, sides: list[Side]) -> list[list[Event]]:
    """For each first event, of all the ways to choose the others in order, the one that ends first."""

    def fits(chain: tuple[Event, ...]) -> bool:
        first, *rest = chain
        return (
            all(before.time < after.time for before, after in itertools.pairwise(chain))
            and all(e.time < first.time + within for e in rest)
            and all(
                side == "any" or (e.peer == first.peer) == (side == "same")
                for e, side in zip(rest, sides[1:], strict=True)
            )
        )

    chains: list[list[Event]] = []
    used: set[Event] = set()
    for first in sorted(steps[0]):
        every = itertools.product([first], *(sorted(step) for step in steps[1:]))
        ways = [list(way) for way in every if not used & set(way) and fits(way)]
        if ways:
            chains.append(min(ways, key=lambda way: way[::-1]))
            used.update(chains[-1])
    return chains


SIDES: st.SearchStrategy[Side] = st.sampled_from(["any", "same", "other"])
STEPS = st.lists(st.tuples(events(size=5), SIDES), min_size=2, max_size=4)


@given(STEPS, st.integers(1, 8))
@MANY
def test_sequences(steps: list[tuple[list[Event], Side]], within: int) -> None:
    found, sides = [step for step, _ in steps], [side for _, side in steps]
    assert find_sequences(found, within, peers=sides) == naive_sequences(found, within, sides)


def test_order_is_kept_between_all_steps() -> None:
    """Not only against the first one."""
    assert find_sequences([[event(0)], [event(5)], [event(3)]], 10) == []
    assert find_sequences([[event(0)], [event(5)], [event(3), event(7)]], 10) == [
        [event(0), event(5), event(7)]
    ]


def test_equal_times_are_not_in_order() -> None:
    assert find_sequences([[event(3, line=1)], [event(3, line=2)]], 5) == []


def test_the_last_step_lies_before_the_end_of_the_span() -> None:
    assert find_sequences([[event(0)], [event(2)], [event(5)]], 5) == []
    assert len(find_sequences([[event(0)], [event(2)], [event(4)]], 5)) == 1


def test_later_steps_do_not_stretch_the_window_of_a_sequence() -> None:
    """Each step lies within the span of the one before, and the last not within that of the first."""
    assert find_sequences([[event(0)], [event(4)], [event(8)]], 5) == []
    assert find_sequences([[event(0), event(2)], [event(4)], [event(6)]], 5) == [
        [event(2), event(4), event(6)]
    ]


def test_equal_times_are_in_the_order_of_peer_snapshot_source_and_line() -> None:
    places = [("a", "s", "log", 2), ("a", "s", "log2", 1), ("a", "t", "log", 1), ("b", "s", "log", 1)]
    found = [Event(3, *place, row=0, pattern=0, values={}) for place in places]
    assert all(one < other for one, other in itertools.pairwise(found))


def test_chains_do_not_share_events() -> None:
    first, second, end = event(0), event(1), event(2)
    assert find_sequences([[first, second], [end]], 5) == [[first, end]]


def test_one_event_is_not_two_steps() -> None:
    assert find_sequences([[event(0)], [event(0)]], 5) == []


# ── absences ────────────────────────────────────────────────────────────────────────────────


def naive_absences(
    openings: list[Event], closings: list[Event], within: int, seen: Observed | None
) -> list[tuple[Event, str]]:
    answers = []
    for opening in sorted(openings):
        end = opening.time + within
        if any(closing > opening and closing.time < end for closing in closings):
            continue
        # The span in halves, so that what lies between two instants counts.
        spans = [] if seen is None else seen.spans
        unseen = [
            half / 2
            for half in range(2 * opening.time, 2 * end)
            if not any(start <= half / 2 <= stop for start, stop in spans)
        ]
        if not unseen:
            answers.append((opening, "absent"))
        elif spans and min(unseen) > spans[-1][1]:
            answers.append((opening, "open_at_end"))
        else:
            answers.append((opening, "unknown"))
    return answers


@st.composite
def seen_spans(draw: st.DrawFn) -> Observed:
    edges = draw(st.lists(st.integers(0, 14), min_size=1, max_size=5, unique=True))
    edges = sorted(edges) + ([max(edges) + draw(st.integers(0, 3))] if len(edges) % 2 else [])
    return Observed(tuple(zip(edges[::2], edges[1::2], strict=True)))


@given(st.sets(st.integers(0, 40), max_size=8), st.integers(0, 40), st.integers(1, 15))
def test_the_time_up_leaves_out_every_moment_in_which_the_peer_was_down(
    edges: set[int], start: int, within: int
) -> None:
    ordered = sorted(edges)
    down = tuple(zip(ordered[::2], ordered[1::2], strict=False))
    end, up = start, 0
    while up < within:
        up += not any(since <= end < until for since, until in down)
        end += 1
    assert Observed(((0, 100),), down).up_for(start, within) == end


@given(events(), events(), st.integers(1, 6), st.none() | seen_spans())
@MANY
def test_absences(openings: list[Event], closings: list[Event], within: int, seen: Observed | None) -> None:
    assert find_absences(openings, closings, within, seen) == naive_absences(openings, closings, within, seen)


def test_a_closing_answers_until_just_before_the_end_of_the_span() -> None:
    seen = Observed(((0, 20),))
    assert find_absences([event(0)], [event(4)], 5, seen) == []
    assert find_absences([event(0)], [event(5)], 5, seen) == [(event(0), "absent")]
    assert find_absences([event(1)], [event(0)], 5, seen) == [(event(1), "absent")]


def test_later_openings_do_not_stretch_the_span_of_an_absence() -> None:
    seen = Observed(((0, 20),))
    openings = [event(0), event(4), event(8)]
    assert find_absences(openings, [event(12)], 5, seen) == [(event(0), "absent"), (event(4), "absent")]


def naive_unannounced(
    events: list[Event], announcements: list[Event], within: int, seen: Observed | None
) -> list[tuple[Event, str]]:
    answers = []
    for one in sorted(events):
        start = one.time - within
        if any(start <= told.time < one.time for told in announcements):
            continue
        # The span in halves, so that what lies between two instants counts; the event itself is in the log.
        spans = [] if seen is None else seen.spans
        halves = range(2 * start, 2 * one.time)
        covered = all(any(first <= half / 2 <= last for first, last in spans) for half in halves)
        answers.append((one, "absent" if covered else "unknown"))
    return answers


@given(events(), events(), st.integers(1, 6), st.none() | seen_spans())
@MANY
def test_unannounced(found: list[Event], told: list[Event], within: int, seen: Observed | None) -> None:
    assert find_unannounced(found, told, within, seen) == naive_unannounced(found, told, within, seen)


def test_the_three_answers() -> None:
    def answer(*spans: tuple[int, int]) -> str:
        return find_absences([event(3)], [], 4, Observed(spans))[0][1]

    assert answer((0, 7)) == "absent"
    assert answer((0, 6)) == "open_at_end"
    assert answer((0, 3)) == "open_at_end"
    assert answer((0, 4), (6, 20)) == "unknown"
    assert answer((0, 4), (5, 6)) == "unknown"
    assert answer((0, 7), (9, 20)) == "absent"
    assert find_absences([event(3)], [], 4, None) == [(event(3), "unknown")]


def test_a_log_that_begins_later_did_not_watch() -> None:
    assert find_absences([event(3, "a")], [], 4, Observed(((5, 20),))) == [(event(3, "a"), "unknown")]
    assert find_absences([event(3, "a")], [], 4, Observed(((10, 20),))) == [(event(3, "a"), "unknown")]


# ── states ──────────────────────────────────────────────────────────────────────────────────


def naive_intervals(
    raised: list[Event], lowered: list[Event], acknowledged: list[Event], proofs: list[Event]
) -> list[Interval]:
    """Cut the marks behind each end; what was raised before an end is one interval."""
    marks = sorted(
        (e, mark) for mark, found in enumerate((raised, acknowledged, proofs, lowered)) for e in found
    )
    found: list[Interval] = []
    while marks:
        ends = [i for i, (_, mark) in enumerate(marks) if mark >= 2]
        part, marks = (marks[: ends[0] + 1], marks[ends[0] + 1 :]) if ends else (marks, [])
        end, mark = part[-1] if ends else (None, None)
        raises = [e for e, kind in part if kind == 0]
        known = [e for e, kind in part if kind == 1 and raises and (e, kind) > (raises[0], 0)]
        if raises:
            found.append(
                Interval(
                    tuple(raises),
                    lowered=end if mark == 3 else None,
                    proof=end if mark == 2 else None,
                    acknowledged=known[0] if known else None,
                )
            )
        elif mark == 3 and not found:
            found.append(Interval((), lowered=end))
    return found


@given(events(size=5), events(size=4), events(size=3), events(size=3))
@MANY
def test_intervals(
    raised: list[Event], lowered: list[Event], acknowledged: list[Event], proofs: list[Event]
) -> None:
    expected = naive_intervals(raised, lowered, acknowledged, proofs)
    assert fold_intervals(raised, lowered, acknowledged, proofs) == expected


def test_acknowledged_is_not_over() -> None:
    assert fold_intervals([event(0)], [], [event(1)]) == [Interval((event(0),), acknowledged=event(1))]


def test_a_lowering_that_nothing_raised_is_told_once() -> None:
    assert fold_intervals([], [event(0), event(1)]) == [Interval((), lowered=event(0))]
    assert fold_intervals([event(0)], [event(1), event(2)]) == [Interval((event(0),), lowered=event(1))]


def test_the_end_that_comes_first_ends_it() -> None:
    assert fold_intervals([event(0)], [event(5)], proofs=[event(3)]) == [
        Interval((event(0),), proof=event(3))
    ]
    assert fold_intervals([event(0)], [event(2)], proofs=[event(3)]) == [
        Interval((event(0),), lowered=event(2))
    ]


def test_lines_decide_at_equal_times() -> None:
    raised, lowered = event(3, line=2), event(3, line=1)
    assert fold_intervals([raised], [lowered]) == [Interval((), lowered=lowered), Interval((raised,))]


# ── the same through a library ──────────────────────────────────────────────────────────────

RULE = """\
title: T
severity: low
basis: assumed
why: W
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
match: """


def judged(folder: Path, match: str, log: str) -> tuple[list[Finding], list[NotChecked]]:
    """What one rule of its own finds in a log, and what it could not judge."""
    (folder / "own").mkdir()
    (folder / "own" / "rule.yaml").write_text(RULE + match)
    diagnosis = examine(read_texts({"a.log": log.encode()}), load([folder]))
    found = [finding for finding in diagnosis.findings if finding.rule == "own/rule"]
    return found, [item for item in diagnosis.not_checked if item.rule == "own/rule"]


def said(second: int, event: str, user: str | None = None, peer: str = "expa01") -> str:
    clock = f"09:00:{second:02}"
    named = "" if user is None else f' User="{user}"'
    return (
        f'2024-03-05T{clock}.000+00:00 {peer} web: Event="{event}"{named} UTCTime="2024-03-05 {clock},000"\n'
    )


BIND = "bind: {user: User}"
SEQUENCE = (
    f"{{by: [user], sequence: {{steps: [{{where: {{Event: One}}, {BIND}}}, "
    f"{{where: {{Event: Two}}, {BIND}}}], within: 10s}}}}"
)


def test_group_keys_are_not_mixed_in_a_sequence(tmp_path: Path) -> None:
    log = said(0, "One", "ann") + said(1, "Two", "bob") + said(2, "One", "bob") + said(3, "Two", "ann")
    found, _ = judged(tmp_path, SEQUENCE, log)
    assert [(f.values["user"], f.first.second, f.last.second) for f in found] == [("ann", 0, 3)]


def test_group_keys_are_not_mixed_in_a_count(tmp_path: Path) -> None:
    match = f"{{by: [user], count: {{of: {{where: {{Event: One}}, {BIND}}}, at_least: 2, within: 10s}}}}"
    log = (
        said(0, "One", "ann")
        + said(1, "One", "bob")
        + said(2, "One", "ann", "expa02")
        + said(3, "One", "bob")
    )
    found, _ = judged(tmp_path, match, log)
    assert [(f.hosts, f.values["user"], f.count) for f in found] == [(("expa01",), "bob", 2)]


def test_group_keys_are_not_mixed_in_a_state(tmp_path: Path) -> None:
    match = (
        f"{{by: [user], state: {{raise: {{where: {{Event: One}}, {BIND}}}, "
        f"lower: {{where: {{Event: Two}}, {BIND}}}}}}}"
    )
    log = (
        said(0, "One", "ann")
        + said(1, "Two", "ann", "expa02")
        + said(2, "One", "bob")
        + said(3, "Two", "bob")
    )
    found, _ = judged(tmp_path, match, log)
    assert {(f.hosts, f.values["user"]): f.state for f in found} == {
        (("expa01",), "ann"): "open_at_end",
        (("expa01",), "bob"): "closed",
        (("expa02",), "ann"): "closed",
    }


def test_group_keys_are_not_mixed_in_an_absence(tmp_path: Path) -> None:
    match = (
        f"{{by: [user], absence: {{opening: {{where: {{Event: One}}, {BIND}}}, "
        f"closing: {{where: {{Event: Two}}, {BIND}}}, within: 10s}}}}"
    )
    log = said(0, "One", "ann") + said(1, "One", "bob") + said(2, "Two", "bob") + said(30, "Other")
    found, _ = judged(tmp_path, match, log)
    assert [(f.values["user"], f.state) for f in found] == [("ann", "open")]


@pytest.mark.parametrize(
    "match",
    [
        f"{{by: [user], record: {{where: {{Event: [One, Two]}}, {BIND}}}}}",
        f"{{by: [user], count: {{of: {{where: {{Event: [One, Two]}}, {BIND}}}, at_least: 1, within: 1s}}}}",
        f"{{by: [user], state: {{raise: {{where: {{Event: One}}, {BIND}}}, "
        f"lower: {{where: {{Event: Two}}, {BIND}}}}}}}",
        f"{{by: [user], absence: {{opening: {{where: {{Event: One}}, {BIND}}}, "
        f"closing: {{where: {{Event: Two}}, {BIND}}}, within: 10s}}}}",
        SEQUENCE,
    ],
    ids=["record", "count", "state", "absence", "sequence"],
)
def test_records_without_a_group_key_are_left_out_and_counted(tmp_path: Path, match: str) -> None:
    log = said(0, "One") + said(1, "Two") + said(2, "One") + said(30, "Other")
    found, missing = judged(tmp_path, match, log)
    assert found == []
    assert [item.reason.split()[0] for item in missing] == ["3"]


def test_a_record_without_a_group_key_joins_no_chain(tmp_path: Path) -> None:
    found, missing = judged(tmp_path, SEQUENCE, said(0, "One", "ann") + said(1, "Two"))
    assert found == []
    assert len(missing) == 1


def test_steps_that_bind_different_keys_are_joined_on_each(tmp_path: Path) -> None:
    steps = "{where: {Event: One}, bind: {a: User}}, {where: {Event: Two}, bind: {b: User}}, "
    steps += "{where: {Event: Three}, bind: {b: User}}"
    match = f"{{by: [a, b], sequence: {{steps: [{steps}], within: 10s}}}}"
    log = said(0, "One", "ann") + said(1, "Two", "bob") + said(2, "Three", "eve") + said(3, "Three", "bob")
    found, _ = judged(tmp_path, match, log)
    assert [(f.values["a"], f.values["b"], f.last.second) for f in found] == [("ann", "bob", 3)]


def test_a_step_that_binds_no_group_key_goes_with_every_value(tmp_path: Path) -> None:
    match = (
        f"{{by: [user], sequence: {{steps: [{{where: {{Event: One}}}}, "
        f"{{where: {{Event: Two}}, {BIND}}}], within: 10s}}}}"
    )
    found, missing = judged(tmp_path, match, said(0, "One") + said(1, "Two", "ann") + said(2, "Two", "bob"))
    assert sorted(f.values["user"] for f in found) == ["ann", "bob"]
    assert missing == []
