"""Audits, against an oracle of a few lines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdiag.cluster import Cluster
from logdiag.cluster.facts import FACTS, Fact, Facts
from logdiag.cluster.observed import Observed
from logdiag.model import Peer
from logdiag.rules import audits
from logdiag.rules.events import CaseData
from logdiag.rules.match_schema import Audit

NOON = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)
NAMES = ("expa01", "expa02", "expa03", "expa04")


def cluster(names: tuple[str, ...], seen: dict[str, Observed] | None = None) -> Cluster:
    peers = tuple(Peer(name) for name in names)
    return Cluster(peers, seen or {}, listed=True, dumps={}, aliases={}, skews={})


def case(facts: dict[str, dict[str, tuple[str, ...]]], names: tuple[str, ...] = NAMES) -> CaseData:
    known: Facts = {name: {} for name in FACTS}
    for name, by_peer in facts.items():
        known[name] = {peer: Fact(values, NOON) for peer, values in by_peer.items()}
    return CaseData({}, cluster(names), known)


def answers(
    written: dict[str, Any], evidence: CaseData
) -> tuple[list[tuple[tuple[str, ...], str]], list[str]]:
    told, reasons = audits.answer_audit(Audit.model_validate(written), evidence)
    return [(one.hosts, one.found) for one in told], reasons


VALUES = st.lists(st.sampled_from(["a", "A", "b", "c"]), max_size=3).map(tuple)
KNOWN = st.dictionaries(st.sampled_from(NAMES), VALUES)


@given(KNOWN, st.sampled_from(["equal", "same-order"]))
def test_what_is_equal_is_silent_and_what_differs_names_those_that_stand_out(
    known: dict[str, tuple[str, ...]], must: str
) -> None:
    told, reasons = answers({"of": "option_keys", "must": must}, case({"option_keys": known}))

    def plain(values: tuple[str, ...]) -> list[str]:
        lower = [value.lower() for value in values]
        return lower if must == "same-order" else sorted(lower)

    said = [plain(values) for values in known.values()]
    differ = len(known) > 1 and any(value != said[0] for value in said)
    assert bool(told) == differ
    if differ:
        [(hosts, _)] = told
        outside = [plain(values) for peer, values in known.items() if peer not in hosts]
        # Those that are not named agree, and there are more of them than of any other opinion.
        assert all(value == outside[0] for value in outside)
        most = max(said.count(value) for value in said)
        assert not outside or said.count(outside[0]) == most
        assert len(outside) in (0, most)
    assert bool(reasons) == (len(known) < 2 or len(known) < len(NAMES))


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(-500, 500)), st.integers(0, 300))
def test_numbers_may_be_no_further_apart(known: dict[str, int], apart: int) -> None:
    facts = {"clock_skew": {peer: (str(number),) for peer, number in known.items()}}
    told, _ = answers({"of": "clock_skew", "must": "within", "value": str(apart)}, case(facts))
    wide = len(known) > 1 and max(known.values()) - min(known.values()) > apart
    assert bool(told) == wide


@given(KNOWN)
def test_what_must_be_there_is_missed_where_it_is_known_to_be_missing(
    known: dict[str, tuple[str, ...]],
) -> None:
    told, _ = answers({"of": "ntp_servers", "must": "present"}, case({"ntp_servers": known}))
    assert [hosts for hosts, _ in told] == [(peer,) for peer in sorted(known) if not known[peer]]


NUMBERS = st.sampled_from(["0", "1", "5.5", "7", "many", ""])


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(["On", "ON", "off", ""]), max_size=2)),
    st.sampled_from(["one-of", "none", "told"]),
)
def test_each_peer_s_value_is_what_it_must_be(known: dict[str, list[str]], must: str) -> None:
    facts = {"h323_mode": {peer: tuple(values) for peer, values in known.items()}}
    written = {"of": "h323_mode", "must": must, **({"value": "on"} if must == "one-of" else {})}
    told, reasons = answers(written, case(facts))
    said = {peer: [value.lower() for value in values if value] for peer, values in known.items()}
    odd = {peer for peer, values in said.items() if (set(values) - {"on"} if must == "one-of" else values)}
    assert [hosts for hosts, _ in told] == [(peer,) for peer in sorted(odd)]
    assert bool(reasons) == (len(known) < len(NAMES))


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(NUMBERS, max_size=2)), st.sampled_from(["1", "6"]))
def test_no_number_is_larger_than_it_may_be(known: dict[str, list[str]], most: str) -> None:
    facts = {"peer_count": {peer: tuple(values) for peer, values in known.items()}}
    told, _ = answers({"of": "peer_count", "must": "at-most", "value": most}, case(facts))
    large = {"1": {"5.5", "7"}, "6": {"7"}}[most]
    assert [hosts for hosts, _ in told] == [(peer,) for peer in sorted(known) if large & set(known[peer])]


@pytest.mark.parametrize(
    ("numbers", "hosts"),
    [
        ((0, 300), ("expa01", "expa02")),
        ((0, 0, 300), ("expa03",)),
        ((0.1, 0.2, 90.3), ("expa03",)),
        ((0, 300, 600), ("expa01", "expa03")),
        ((0, 0, 300, 300), NAMES),
    ],
)
def test_the_clocks_furthest_from_the_middle_stand_out(
    numbers: tuple[float, ...], hosts: tuple[str, ...]
) -> None:
    """Of two that differ nobody can say which is wrong."""
    facts = {"clock_skew": {peer: (str(number),) for peer, number in zip(NAMES, numbers, strict=False)}}
    told, _ = answers({"of": "clock_skew", "must": "within", "value": "60"}, case(facts))
    assert [found for found, _ in told] == [hosts]


@given(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(0, 12), st.sampled_from("ab")), min_size=2),
    st.integers(1, 8),
)
def test_values_from_different_times_are_not_compared(known: dict[str, tuple[int, str]], within: int) -> None:
    evidence = case({})
    for peer, (minute, value) in known.items():
        evidence.facts["logged_primary"][peer] = Fact((value,), NOON + timedelta(minutes=minute))
    written = {"of": "logged_primary", "must": "equal", "within": f"{within}m"}
    told, reasons = answers(written, evidence)
    # Of all the windows the one that holds most of them, and of several such the last.
    windows = [
        {peer for peer, (minute, _) in known.items() if start <= minute < start + within}
        for start in sorted({minute for minute, _ in known.values()})
    ]
    most = max(len(window) for window in windows)
    chosen = [window for window in windows if len(window) == most][-1]
    assert bool(told) == (len({known[peer][1] for peer in chosen}) > 1)
    assert any("from another time" in reason for reason in reasons) == (chosen != set(known))
    for hosts, _ in told:
        assert set(hosts) <= chosen


def test_exempt_values_may_differ() -> None:
    facts = {
        "option_keys": {
            "expa01": ("Traversal Server", "100 Rich Media Sessions"),
            "expa02": ("Traversal Server",),
        }
    }
    written = {"of": "option_keys", "must": "equal", "exempt": ["(?i)rich media"]}
    assert answers(written, case(facts, NAMES[:2])) == ([], [])
    [(hosts, found)], _ = answers({"of": "option_keys", "must": "equal"}, case(facts, NAMES[:2]))
    assert hosts == ("expa01", "expa02")
    assert "100 Rich Media Sessions on expa01" in found


def test_a_single_node_has_nobody_to_differ_from() -> None:
    facts = {"h323_mode": {"expa01": ("Off",)}}
    written = {"of": "h323_mode", "must": "one-of", "value": "On"}
    assert answers(written, case(facts, NAMES[:1])) == ([], [])
    [(hosts, _)], _ = answers({**written, "topology": "any"}, case(facts, NAMES[:1]))
    assert hosts == ("expa01",)


def test_a_fact_counts_only_where_another_fact_has_a_value() -> None:
    facts = {
        "certificate_missing": {"expa01": ("a.example",), "expa02": ("b.example",)},
        "tls_mode": {"expa01": ("Enforcing",), "expa02": ("Permissive",)},
    }
    written = {"of": "certificate_missing", "must": "none", "only_if": {"of": "tls_mode", "is": "enforcing"}}
    told, _ = answers(written, case(facts, NAMES[:2]))
    assert [hosts for hosts, _ in told] == [("expa01",)]


def test_a_certificate_must_outlast_the_log() -> None:
    seen = {"expa01": Observed(((0, int(NOON.timestamp()) * 1_000_000),))}
    for left, expected in ((timedelta(seconds=1), 0), (timedelta(0), 1), (timedelta(days=-1), 1)):
        facts: Facts = {name: {} for name in FACTS}
        until = (NOON + left).isoformat().replace("+00:00", "Z")
        facts["certificate_until"]["expa01"] = Fact((until,), NOON)
        audit = Audit.model_validate({"of": "certificate_until", "must": "last", "topology": "any"})
        told, _ = audits.answer_audit(audit, CaseData({}, cluster(("expa01",), seen), facts))
        assert len(told) == expected
