"""Folding findings: quick ways of doing it, compared with slow ones that are plainly right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from logdiag.incidents.causes import _without_circles
from logdiag.incidents.groups import is_mutual, join_mirrors
from logdiag.model import Finding

START = datetime(2024, 3, 5, 9, tzinfo=UTC)
PEERS = st.lists(st.sampled_from("abcd"), unique=True, max_size=2).map(tuple)


def finding(
    number: int, *, hosts: tuple[str, ...] = ("a",), peers: tuple[str, ...] = (), seconds: int = 0
) -> Finding:
    time = START + timedelta(seconds=seconds)
    return Finding(
        fingerprint=f"{number:03d}",
        id=f"{number:03d}",
        rule="database/peer-down",
        title="",
        severity="high",
        state="open",
        hosts=hosts,
        peers=peers,
        first=time,
        last=time,
        count=1,
        evidence=(),
        explanation="",
        basis="confirmed",
        remedy=(),
        references=(),
    )


def circles(causes: dict[str, str]) -> list[set[str]]:
    """The circles in which findings cause each other."""
    found = []
    for start in causes:
        way = [start]
        while (cause := causes.get(way[-1])) is not None and cause not in way:
            way.append(cause)
        if causes.get(way[-1]) == start and set(way) not in found:
            found.append(set(way))
    return found


@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.integers(0, 4)), max_size=10))
def test_the_first_in_each_circle_has_no_cause_and_all_others_keep_theirs(
    drawn: list[tuple[int | None, int]],
) -> None:
    findings = [
        replace(
            finding(number, seconds=seconds),
            caused_by=(f"{cause:03d}",) if cause is not None and cause < len(drawn) else (),
        )
        for number, (cause, seconds) in enumerate(drawn)
    ]
    causes = {one.id: one.caused_by[0] for one in findings if one.caused_by}
    by_id = {one.id: one for one in findings}
    first = {min(circle, key=lambda id_: (by_id[id_].first, id_)) for circle in circles(causes)}
    expected = [replace(one, caused_by=()) if one.id in first else one for one in findings]
    assert _without_circles(findings) == expected


def mirrored(one: Finding, other: Finding) -> bool:
    return bool(set(one.hosts) & set(other.peers) and set(one.peers) & set(other.hosts))


FINDINGS = st.lists(st.tuples(PEERS, PEERS, st.integers(0, 20)), max_size=12).map(
    lambda drawn: [
        finding(number, hosts=hosts, peers=peers, seconds=seconds)
        for number, (hosts, peers, seconds) in enumerate(drawn)
    ]
)


@given(FINDINGS)
def test_findings_are_mutual_where_any_two_report_each_other(findings: list[Finding]) -> None:
    assert is_mutual(findings) == any(mirrored(one, other) for one in findings for other in findings)


@given(FINDINGS, st.integers(1, 4), st.integers(0, 12))
def test_groups_that_hold_the_two_sides_of_one_thing_are_joined(
    findings: list[Finding], size: int, seconds: int
) -> None:
    within = timedelta(seconds=seconds)
    groups = [findings[at : at + size] for at in range(0, len(findings), size)]
    joined: list[list[Finding]] = []
    for group in sorted(groups, key=lambda group: (group[0].first, group[0].id)):
        sides = [
            other
            for other in joined
            if any(mirrored(a, b) and abs(a.first - b.first) <= within for a in group for b in other)
        ]
        joined = [other for other in joined if other not in sides]
        joined.append([*(one for side in sides for one in side), *group])
    assert join_mirrors(groups, within) == joined
