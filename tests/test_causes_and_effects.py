"""Every effect that a rule explains folds under it, at the places and times that the rule allows, and only there.

Findings are built directly, without logs, for each rule with `explains` and each of its effects. Pairs that the
tests treat in another way are named in this file, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import pytest

from logdiag.cluster import Cluster
from logdiag.cluster.facts import Fact
from logdiag.cluster.observed import Observed
from logdiag.incidents.causes import find_causes
from logdiag.incidents.fold import Folded, fold
from logdiag.incidents.requests import judge_requests
from logdiag.model import SEVERITIES, Finding, Incident, Peer, State
from logdiag.records import micros
from logdiag.rules.library import load
from logdiag.rules.match_schema import list_bound, list_peer_names
from logdiag.rules.schema import Effect, Explains

LIBRARY = load()
START = datetime(2024, 3, 5, 9, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MONTH = timedelta(days=30)
LATE = MINUTE
"""How long after the end of a cause an effect can be logged."""

A, B, C, D, E, F = PEERS = tuple(f"expa0{number}" for number in range(1, 7))
SPAN = (micros(START - 30 * MONTH), micros(START + 30 * MONTH))
CLUSTER = Cluster(
    peers=tuple(Peer(name) for name in PEERS),
    observed={name: Observed((SPAN,), written=(SPAN,), members=(SPAN,)) for name in PEERS},
    listed=True,
    dumps={},
    aliases={},
    skews={},
)

FACTS = {"tls_mode": {name: Fact(("Enforcing",), START) for name in PEERS}}
"""No primary is known, so that replication on any peer can be concerned."""

HEADS_ITS_WORK = {
    ("system/clustering-edited", "replication/stalled"),
    ("system/upgrade", "replication/manual-sync-required"),
}
"""Effects that show that the requested work was the fault (`told_under`): they head its incident."""

TWO_WAYS = {
    ("cluster/ports-blocked", "database/peer-down"),
    ("database/peer-down", "cluster/ports-blocked"),
}
"""Rules that explain each other. H.323 that still arrives decides which of them is the cause."""

ONE_LOSS = {("database/peer-down", "system/started-unrequested")}
"""Rules of one composite: what begins on one peer, or in the same seconds, is one incident without a cause."""

Place = tuple[tuple[str, ...], tuple[str, ...]]
"""The hosts of a finding, and the peers that it is about."""


class Pair(NamedTuple):
    """A rule, one of its effects, and how the rule explains it."""

    cause: str
    effect: Effect
    explains: Explains

    def __str__(self) -> str:
        conditions = [f"unless {name}" for name in self.explains.unless or ()]
        conditions += [f"with {name}" for name in self.explains.only_with or ()]
        conditions += [f"in {value}" for value in getattr(self.explains.only_if, "among", ())]
        where = f"{self.cause} > {self.effect.rule} on {self.effect.on}"
        return ", ".join([where, *conditions, *self.explains.values.values()])


PAIRS = [Pair(name, *one) for name in sorted(LIBRARY.rules) for one in LIBRARY.explained_by(name)]
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=str)
every_cause = pytest.mark.parametrize("rule", sorted({pair.cause for pair in PAIRS}))
"""Tests of every cause go through all its pairs: this takes less time than a test for each pair."""


EXPLAINED = {name: LIBRARY.explained_by(name) for name in LIBRARY.rules}


# ── findings ────────────────────────────────────────────────────────────────────────────────


def finding(
    rule: str,
    place: Place,
    after: timedelta = timedelta(0),
    *,
    state: State = "open",
    values: Mapping[str, str] | None = None,
) -> Finding:
    """Return a finding of a rule that began some time after `START`. It binds all names of the rule."""
    hosts, peers = place
    return Finding(
        fingerprint=f"{rule} {place}",
        id=f"{rule} {place} {after}",
        rule=rule,
        title=f"{rule} {place}",
        severity=LIBRARY.rules[rule].severity,
        state=state,
        hosts=hosts,
        peers=peers if names_peers(rule) else (),
        first=START + after,
        last=START + after,
        count=1,
        evidence=(),
        explanation="",
        basis="assumed",
        remedy=(),
        references=(),
        values={**dict.fromkeys(names_of(rule), "x"), **(values or {})},
    )


@cache
def names_of(rule: str) -> set[str]:
    """Return the names that a rule binds, except those of peers."""
    return list_bound(LIBRARY.rules[rule].match) - list_peer_names(LIBRARY.rules[rule].match)


@cache
def names_peers(rule: str) -> bool:
    return bool(list_peer_names(LIBRARY.rules[rule].match))


def is_work(rule: str) -> bool:
    return LIBRARY.rules[rule].requested is not None


def is_audit(rule: str) -> bool:
    return all(match.audit is not None for match in LIBRARY.rules[rule].match)


def places(pair: Pair) -> list[tuple[Place, Place]]:
    """Return places of the cause and of the effect that the relation of a pair allows."""
    about_b: Place = ((A,), (B,))
    match pair.effect.on:
        case "hosts":
            return [(about_b, about_b)]
        case "peers":
            return [(((A,), (C,)), ((B,), (A,)))]
        case "about":
            return [(about_b, ((B,), (C,)))]
        case "path":
            return [(about_b, about_b), (about_b, ((B,), (A,)))]
    return [(about_b, about_b), (about_b, ((C,), (D,)))]


def built(pair: Pair, state: State = "open") -> Iterator[tuple[Finding, Finding]]:
    """Yield the cause and the effect of a pair, both at `START`, for each of their places."""
    for of_cause, of_effect in places(pair):
        cause = finding(pair.cause, of_cause, state=state, values=pair.explains.values)
        yield cause, finding(pair.effect.rule, of_effect, values=pair.explains.effect_values)


def built_of(rule: str, state: State = "open") -> Iterator[tuple[Pair, Finding, Finding]]:
    """Yield the pairs of a cause, each with its cause and its effect."""
    for pair in PAIRS:
        if pair.cause == rule:
            for cause, effect in built(pair, state):
                yield pair, cause, effect


def companions(pair: Pair, cause: Finding) -> list[Finding]:
    """Return the findings without which the cause explains nothing; both peers of a path log them."""
    sides = [(cause.hosts, cause.peers), *([(cause.peers, cause.hosts)] if cause.peers else [])]
    rules = (pair.explains.only_with or ())[:1]
    return [finding(rule, side, cause.began - START, state="seen") for rule in rules for side in sides]


def moved(one: Finding, after: timedelta) -> Finding:
    """Return a finding that is later by a span."""
    return replace(one, first=one.began + after, last=one.ended + after, id=f"{one.id} {after}")


# ── what is right ───────────────────────────────────────────────────────────────────────────


def relates(cause: Finding, effect: Finding, on: str) -> bool:
    """Return whether the places of two findings are in a relation."""
    hosts, about = {*effect.hosts}, {*effect.peers}
    named = {*cause.hosts, *cause.peers}
    match on:
        case "hosts":
            same = not cause.peers or not about or not about.isdisjoint(cause.peers)
            return same and not hosts.isdisjoint(cause.hosts)
        case "peers":
            return not about.isdisjoint(cause.hosts)
        case "about":
            return not hosts.isdisjoint(cause.peers)
        case "path" if about:
            return any(one != other for one in hosts & named for other in about & named)
        case "path":
            return not hosts.isdisjoint(named)
    return True


def relations(cause: Finding, effect: Finding) -> list[Explains]:
    """Return how a finding explains another by their places, whatever their times."""
    return [
        explains
        for relation, explains in EXPLAINED[cause.rule]
        if relation.rule == effect.rule and relates(cause, effect, relation.on)
        if all(cause.values.get(name) == value for name, value in explains.values.items())
        if all(effect.values.get(name) == value for name, value in explains.effect_values.items())
    ]


def heads(rule: str) -> set[str]:
    """Return the rules that head the incident of a lone cause: composites that name it, else its own."""
    composites = {
        name
        for name, _, match in LIBRARY.incidents()
        if rule in match.causes and not match.values and match.requested is not True
        if not match.requires or rule in match.requires
    }
    return composites or {rule}


def latest(pair: Pair) -> timedelta:
    """Return how late an effect is still one: what begins long after requested work is a fault of its own."""
    requested = LIBRARY.rules[pair.cause].requested
    over = None if requested is None else requested.over_within or requested.begins_within
    return min(pair.explains.within, over or pair.explains.within)


def folded(*findings: Finding) -> Folded:
    return fold(findings, LIBRARY, CLUSTER, facts=FACTS)


def cause_of(effect: Finding, *others: Finding) -> str | None:
    """Return the id of the cause of a finding among others, as `fold` finds it before it builds incidents."""
    causes = find_causes([effect, *others], LIBRARY, CLUSTER.primary, FACTS)
    [found] = (one for one in judge_requests(causes, LIBRARY, CLUSTER) if one.id == effect.id)
    return next(iter(found.caused_by), None)


def assert_heads(incident: Incident, cause: Finding, effect: Finding, others: Iterable[Finding] = ()) -> None:
    """Check that an incident is that of a cause, includes an effect, and is as bad as the worse of both."""
    part_of_fault = is_work(effect.rule) and not is_work(cause.rule)
    severities = [
        cause.severity,
        LIBRARY.rules[incident.rule].severity,
        "info" if part_of_fault else effect.severity,
        *(one.severity for one in others if one.id in incident.findings),
    ]
    assert incident.rule in heads(cause.rule)
    assert incident.findings[0] == cause.id
    assert effect.id in incident.findings
    assert incident.severity == max(severities, key=SEVERITIES.index)


def assert_independent(*findings: Finding) -> None:
    """Check that findings have no cause, and that each is an incident, except for ``info`` without composite."""
    result = folded(*findings)
    assert not any(one.caused_by for one in result.findings)
    shown = [one.id for one in findings if one.severity != "info" or heads(one.rule) != {one.rule}]
    assert sorted(one.findings for one in result.incidents) == sorted((id_,) for id_ in shown)


# ── the tests ───────────────────────────────────────────────────────────────────────────────


def test_every_rule_with_effects_and_every_relation_is_tried() -> None:
    assert {pair.cause for pair in PAIRS} == {name for name, rule in LIBRARY.rules.items() if rule.explains}
    assert {pair.effect.on for pair in PAIRS} == {"hosts", "peers", "about", "path", "replication", "cluster"}
    for pair in PAIRS:
        for cause, effect in built(pair):
            assert pair.explains in relations(cause, effect), f"no place for {pair}"


@every_pair
def test_a_cause_heads_the_only_incident_of_its_effect(pair: Pair) -> None:
    for cause, effect in built(pair):
        for after in sorted({min(SECOND, pair.explains.within), latest(pair), -pair.explains.early}):
            late = moved(effect, after)
            others = companions(pair, cause)
            result = folded(cause, late, *others)
            [incident] = (one for one in result.incidents if {cause.id, late.id} & {*one.findings})
            assert others or len(result.incidents) == 1
            if (cause.rule, late.rule) in HEADS_ITS_WORK:
                assert (incident.rule, incident.findings) == (late.rule, (late.id, cause.id))
                continue
            assert_heads(incident, cause, late, others)
            [found] = (one for one in result.findings if one.id == late.id)
            assert found.caused_by == (cause.id,)
            if pair.explains.steps == "cause":
                assert found.remedy == ()


@every_cause
def test_an_effect_that_is_too_late_is_an_incident_of_its_own(rule: str) -> None:
    for _, cause, effect in built_of(rule, "seen"):
        within = max(one.within for one in relations(cause, effect))
        assert_independent(cause, moved(effect, within + SECOND))


@every_cause
def test_an_effect_that_is_too_early_is_an_incident_of_its_own(rule: str) -> None:
    requested = LIBRARY.rules[rule].requested
    for pair, cause, effect in built_of(rule):
        early = moved(effect, -max(one.early for one in relations(cause, effect)) - SECOND)
        if (rule, early.rule) in TWO_WAYS | ONE_LOSS:
            assert cause_of(early, cause, *companions(pair, cause)) is None
        elif (
            requested is not None
            and early.rule in requested.unless
            and not {*early.hosts, *early.peers}.isdisjoint(cause.hosts)
        ):
            # Work after a fault that is not over is an attempt to repair the fault.
            [incident] = folded(cause, early).incidents
            assert_heads(incident, early, cause)
        else:
            assert_independent(cause, early)


@every_cause
def test_an_effect_on_another_peer_is_an_incident_of_its_own(rule: str) -> None:
    """A relation of the same two rules on the whole cluster has no other peer."""
    for pair, cause, effect in built_of(rule):
        others: list[Place] = [((E,), (F,)), *([((A,), (F,))] if cause.peers and effect.peers else [])]
        for hosts, peers in others:
            other = replace(effect, hosts=hosts, peers=peers if effect.peers else ())
            other = moved(other, min(SECOND, pair.explains.within))
            if any(
                one.on in ("cluster", "replication") and one.rule == other.rule for one, _ in EXPLAINED[rule]
            ):
                assert relations(cause, other)
            elif (rule, other.rule) in ONE_LOSS:
                assert cause_of(other, cause) is None
            else:
                assert_independent(cause, other)


@every_cause
def test_an_effect_folds_for_as_long_as_its_cause_lasts(rule: str) -> None:
    for pair, cause, effect in built_of(rule):
        found = relations(cause, effect)
        late = moved(effect, max(one.within for one in found) + HOUR)
        # The time of work counts from its beginning.
        lasting = not is_work(pair.cause) and any(one.lasting for one in found)
        until_then = replace(cause, state="closed", last=late.began)
        before = replace(cause, state="closed", last=late.began - SECOND)
        for one, expected in ((cause, lasting), (until_then, lasting), (before, False)):
            assert (cause_of(late, one, *companions(pair, one)) == one.id) == expected


@every_cause
def test_an_effect_can_be_logged_a_minute_after_the_end_of_its_cause_and_no_later(rule: str) -> None:
    for pair, cause, effect in built_of(rule, "closed"):
        others = companions(pair, cause)
        in_time = moved(effect, min(LATE, pair.explains.within))
        if (rule, effect.rule) in HEADS_ITS_WORK:
            assert cause_of(cause, in_time) == in_time.id
        else:
            assert cause_of(in_time, cause, *others) == cause.id
        late = moved(effect, LATE + SECOND)
        assert cause_of(late, cause, *others) is None


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if is_audit(pair.cause)], ids=str)
def test_a_setting_that_only_a_dump_shows_can_have_caused_what_was_logged_before(pair: Pair) -> None:
    for cause, effect in built(pair):
        dumped = replace(cause, first=None, last=None, anchor=START + MONTH)
        others = companions(pair, dumped)
        assert cause_of(effect, dumped, *others) == dumped.id
        # What is over was not caused by a setting that is still there.
        early = max(one.early for one in relations(cause, effect))
        over = replace(effect, state="closed")
        assert cause_of(over, dumped, *others) == (dumped.id if early >= MONTH else None)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if is_audit(pair.effect.rule)], ids=str)
def test_a_setting_without_a_time_is_an_effect_of_a_cause_that_is_not_over(pair: Pair) -> None:
    for cause, effect in built(pair):
        # What is long after requested work is a fault of its own.
        later = 20 * MONTH
        dumped = replace(
            effect, first=None, last=None, anchor=START + (MINUTE if is_work(cause.rule) else later)
        )
        assert cause_of(dumped, cause) == cause.id
        over = replace(cause, state="closed")
        assert cause_of(replace(dumped, anchor=START + later), over) is None


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.explains.unless], ids=str)
def test_a_finding_that_speaks_against_a_cause_makes_it_no_cause(pair: Pair) -> None:
    for cause, effect in built(pair):
        late = moved(effect, MINUTE)
        assert cause_of(late, cause) == cause.id
        for rule in pair.explains.unless or ():
            assert cause_of(late, cause, finding(rule, (cause.hosts, cause.peers), state="seen")) is None


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.explains.only_with], ids=str)
def test_a_cause_without_the_finding_that_it_needs_is_no_cause(pair: Pair) -> None:
    for cause, effect in built(pair):
        # Another relation of the two rules may hold unless something speaks against the cause.
        against = {name for one in relations(cause, effect) for name in one.unless or ()}
        others = [finding(name, (cause.hosts, cause.peers), state="seen") for name in sorted(against)]
        assert cause_of(moved(effect, MINUTE), cause, *others) is None


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.explains.values], ids=str)
def test_a_cause_with_another_value_is_no_cause(pair: Pair) -> None:
    for cause, effect in built(pair):
        other = replace(cause, values=dict.fromkeys(cause.values, "another"))
        late = moved(effect, SECOND)
        assert (cause_of(late, other) == other.id) == bool(relations(other, late))


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.explains.effect_values], ids=str)
def test_an_effect_with_another_value_has_no_such_cause(pair: Pair) -> None:
    for cause, effect in built(pair):
        late = moved(replace(effect, values=dict.fromkeys(effect.values, "another")), SECOND)
        assert (cause_of(late, cause) == cause.id) == bool(relations(cause, late))


def test_a_direct_cause_is_first_and_the_summary_says_so() -> None:
    refused = finding("tls/certificate-refused", ((A,), (B,)), 2 * SECOND, state="seen")
    failed = finding("system/application-failed", ((B,), ()), -SECOND)
    lost = finding("database/peer-down", ((A,), (B,)))
    result = folded(refused, failed, lost)
    [incident] = (one for one in result.incidents if lost.id in one.findings)
    assert incident.rule == "tls/certificate-refused"
    assert "Another possible cause" in incident.summary
    assert "is put first because its record says what it caused." in incident.summary
    # Without it, the cause that was logged earlier is first, and no other cause is named.
    [incident] = (one for one in folded(failed, lost).incidents if lost.id in one.findings)
    assert incident.rule == "system/application-failed"
    assert "Another possible cause" not in incident.summary
