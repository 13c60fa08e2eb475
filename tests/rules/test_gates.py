"""Gates before steps that interrupt service: every procedure and every rule's remedy, in every situation."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from logdiag.cluster import Cluster, find_clusters
from logdiag.model import STATES, Step
from logdiag.reading import read_texts
from logdiag.rules.library import Library, load
from logdiag.rules.remedies import resolve_remedy
from logdiag.rules.roles import Overall, Situation
from logdiag.rules.schema import Remedy, When

PENDING = "factory-reset/pending"
OUTAGES = ("outage", "destructive")
LIBRARY = load()


def cluster(count: int, primary: bool) -> Cluster:
    """A cluster of some peers; of one peer without a primary no list is known."""
    listed = ", ".join(f"(10.0.0.{number} expa0{number})" for number in range(1, count + 1))
    index = ' ConfigurationMasterIndex="0"' if primary else ""
    text = f'Module="developer.replication" AlternateIPAddresses="[{listed}]"{index}'
    if count == 1 and not primary:
        text = 'Module="network.dns"'
    record = f'2024-03-05T09:00:00.000+00:00 expa01 replication: {text} UTCTime="2024-03-05 09:00:00,000"\n'
    [(found, _)] = find_clusters(read_texts({"a.log": record.encode()}))
    return found


CLUSTERS = [cluster(*made) for made in itertools.product((1, 3), (True, False))]


def whens(remedies: Sequence[Remedy], library: Library) -> list[When]:
    """Every condition of some remedies and of the steps of their procedures."""
    found = [item.when for item in remedies]
    found += [step.when for item in remedies for step in library.procedures[item.procedure].steps]
    return [when for when in found if when is not None]


def situations(rule: str, remedies: Sequence[Remedy], *, pending: bool) -> Iterator[Situation]:
    """Situations that differ in all that the conditions ask for, each once."""
    asked = whens(remedies, LIBRARY)
    fired = [
        (((when.finding or [""])[0], {**when.values, "peer": "expa02", "advice": "-", "found": "-"}),)
        for when in asked
        if when.finding
    ] or [()]
    named = {name for when in asked for name in (*(when.fires or ()), *(when.silent or ()))}
    lasting = {name for when in asked for name in (*(when.goes_on or ()), *(when.over or ()))} - {PENDING}
    before = ((PENDING, LIBRARY.rules[PENDING].before_outages or ""),) if pending else ()
    for at, host, state, every, going, broken, found in itertools.product(
        CLUSTERS,
        ("expa01", "expa02"),
        STATES,
        {frozenset[str](), frozenset(named)},
        {frozenset[str](), frozenset(lasting)},
        (False, True),
        [one for number, one in enumerate(fired) if one not in fired[:number]],
    ):
        overall = Overall(
            at,
            reporters=dict.fromkeys(LIBRARY.rules, (host,)),
            going_on=going | ({PENDING} if pending else frozenset()),
            everywhere=every,
            way_is_broken=broken,
            before_outages=before,
        )
        yield Situation(overall, rule, (host,), ("expa02",), state, fired=found, values={"advice": "-"})


def backs_up(step: Step) -> bool:
    return step.risk not in OUTAGES and "backup" in step.do.lower()


EVERY_REMEDY = {
    **{f"procedures/{name}": ("x/x", [Remedy(procedure=name)]) for name in LIBRARY.procedures},
    **{name: (name, rule.remedy) for name, rule in LIBRARY.rules.items() if rule.remedy},
}


@pytest.mark.parametrize("name", EVERY_REMEDY)
def test_nothing_that_interrupts_service_comes_before_a_pending_reset_or_without_a_backup(name: str) -> None:
    rule, remedies = EVERY_REMEDY[name]
    for situation in situations(rule, remedies, pending=True):
        assert [
            step for step in resolve_remedy([(remedies, situation)], LIBRARY) if step.risk in OUTAGES
        ] == []
    for situation in situations(rule, remedies, pending=False):
        steps = resolve_remedy([(remedies, situation)], LIBRARY)
        first = next((i for i, step in enumerate(steps) if step.risk in OUTAGES), None)
        assert first is None or any(backs_up(step) for step in steps[:first]), steps[first or 0]


def test_some_steps_interrupt_service() -> None:
    seen = {
        step.risk
        for rule, remedies in EVERY_REMEDY.values()
        for situation in itertools.islice(situations(rule, remedies, pending=False), 40)
        for step in resolve_remedy([(remedies, situation)], LIBRARY)
    }
    assert set(OUTAGES) <= seen


def test_a_pending_reset_is_told_in_the_place_of_the_step() -> None:
    remedies = LIBRARY.rules["cluster/restart-required"].remedy
    [situation, *_] = situations("cluster/restart-required", remedies, pending=True)
    situation = replace(
        situation,
        overall=replace(
            situation.overall,
            reporters={PENDING: ("expa01",), "cluster/restart-required": ("expa01",)},
        ),
    )
    told = " ".join(step.do for step in resolve_remedy([(remedies, situation)], LIBRARY))
    assert "a factory reset is pending on expa01" in told
    assert "put the old peer addresses back first" in told


LASTING = ("replication/not-now", "replication/upgrade-in-progress", "replication/forced-update-settling")
FIRED = (
    "replication/primaries-apart",
    "replication/role-conflict",
    "replication/forced-update-on-primary",
    "replication/forced-update-by-unknown-role",
    "replication/keys-may-differ",
)


def forced(situation: Situation, remedies: Sequence[Remedy]) -> list[Step]:
    return [
        one
        for one in resolve_remedy([(remedies, situation)], LIBRARY)
        if "ForceConfigUpdate" in (one.command or "")
    ]


def test_a_forced_update_is_advised_only_where_nothing_forbids_it() -> None:
    rule = "replication/manual-sync-required"
    remedies = LIBRARY.rules[rule].remedy
    advised = 0
    for situation in situations(rule, remedies, pending=False):
        overall = situation.overall
        for step in forced(situation, remedies):
            advised += 1
            assert not overall.way_is_broken
            assert situation.cluster.topology == "cluster"
            assert situation.cluster.primary not in step.where
            for name in LASTING:
                more = replace(overall, going_on=overall.going_on | {name})
                assert forced(replace(situation, overall=more), remedies) == []
            for name in FIRED:
                more = replace(overall, everywhere=overall.everywhere | {name})
                assert forced(replace(situation, overall=more), remedies) == []
    assert advised


def test_what_replicates_from_the_primary_is_set_on_each_peer_while_the_way_is_broken() -> None:
    found = set()
    for name, procedure in LIBRARY.procedures.items():
        for step in procedure.steps:
            if step.where == "the primary" and step.risk == "change":
                found.add(name)
                assert step.when is not None and step.when.way == "whole", name
                assert any(
                    one.when is not None and one.when.way == "broken" and one.where == "every peer"
                    for one in procedure.steps
                ), name
    assert len(found) > 2


def test_ports_are_opened_for_the_peers_only() -> None:
    opened = [
        f"{step.do} {step.avoid}"
        for procedure in LIBRARY.procedures.values()
        for step in procedure.steps
        if "opened" in step.do and "port" in step.do
    ]
    assert len(opened) > 2
    only = ("peers only", "this cluster only", "to any address except those of the peers")
    assert [text for text in opened if not any(words in text for words in only)] == []


def test_the_rules_of_a_broken_way() -> None:
    assert {name for name, rule in LIBRARY.rules.items() if rule.breaks_the_way} == {
        "cluster/communication-failure",
        "cluster/database-communication-failure",
        "cluster/ports-blocked",
        "database/peer-down",
        "replication/primary-unreachable",
        "tls/certificate-refused",
    }


def test_the_upgrade_after_a_forced_update_has_one_backup_of_its_own() -> None:
    """A forced update that did not help has a way on: the upgrade of the primary, after one backup of it."""
    rule = "replication/manual-sync-required"
    remedies = LIBRARY.rules[rule].remedy
    seen = 0
    for situation in situations(rule, remedies, pending=False):
        steps = resolve_remedy([(remedies, situation)], LIBRARY)
        upgrades = [at for at, step in enumerate(steps) if "5 minutes after the command, upgrade" in step.do]
        if not upgrades:
            continue
        seen += 1
        assert upgrades == [len(steps) - 1]
        assert any(step.command for step in steps[: upgrades[0]])
        backups = [step for step in steps if "ake a backup" in step.do and step.where == steps[-1].where]
        assert len([step for step in backups if "5 minutes after the command" in step.do]) == 1
    assert seen
