"""The procedures of planned work: complete, in their order, and readable without a finding."""

import re

import pytest

from logdiag.incidents.procedures import page_of
from logdiag.rules.checking import PLACEHOLDER
from logdiag.rules.library import load
from logdiag.rules.schema import Procedure, ProcedureStep

LIBRARY = load()
PLANNED = {name: one for name, one in LIBRARY.procedures.items() if one.kind == "planned"}
OF_A_FINDING = {"hosts", "peers", "found", "advice", "unaffected"}
"""Placeholders that mean nothing without a finding."""


def conditional(step: ProcedureStep) -> bool:
    """Whether a step is only for work that was found half done."""
    return step.when is not None and bool(step.when.fires or step.when.goes_on or step.when.finding)


def place(procedure: Procedure, *words: str, risk: str | None = None) -> int:
    """The number of the first step whose text has all words."""
    return next(
        number
        for number, step in enumerate(procedure.steps)
        if all(word in step.do for word in words) and risk in (None, step.risk)
    )


def test_all_planned_work_is_there() -> None:
    assert set(PLANNED) == {
        "add-a-peer",
        "change-the-primary",
        "change-to-fqdn",
        "cluster-with-one-interface",
        "collect-logs",
        "create-a-cluster",
        "enforce-tls-verification",
        "factory-reset-a-peer",
        "map-cluster-addresses",
        "recover-a-peer",
        "remove-a-dead-peer",
        "remove-a-peer",
        "restart-the-cluster-in-order",
        "upgrade-a-cluster",
    }


@pytest.mark.parametrize("name", PLANNED)
def test_planned_work_says_what_has_to_be_so_before_and_how_to_see_that_it_worked(name: str) -> None:
    procedure = PLANNED[name]
    assert procedure.before
    assert any(reference.startswith("document: ") for reference in procedure.references)
    assert any("guide" in reference for reference in procedure.references)
    assert [step.do for step in procedure.steps if not step.verify] == []
    assert [step.do for step in procedure.steps if step.risk == "outage" and not step.wait] == []


@pytest.mark.parametrize("name", PLANNED)
def test_planned_work_can_be_read_without_a_finding(name: str) -> None:
    for step in PLANNED[name].steps:
        texts = " ".join((step.do, step.why, step.command or "", step.impact, step.verify, step.wait))
        assert conditional(step) or OF_A_FINDING.isdisjoint(PLACEHOLDER.findall(texts)), step.do


@pytest.mark.parametrize("name", PLANNED)
def test_a_procedure_that_another_one_names_exists(name: str) -> None:
    titles = {one.title for one in LIBRARY.procedures.values()}
    verbs = "Add|Change|Complete|Create|Enforce|Make|Map|Put|Remove|Reset|Restart|Upgrade"
    procedure = PLANNED[name]
    texts = [*procedure.before, *(step.do for step in procedure.steps)]
    named = {
        re.sub(r"\s+", " ", found)
        for text in texts
        for found in re.findall(rf"\(((?:{verbs}) [^()>]+)\)", text)
    }
    assert {one for one in named if one not in titles and not set(one.split(", ")) & titles} == set()


def test_the_mode_has_arrived_on_every_peer_before_the_first_restart() -> None:
    procedure = PLANNED["enforce-tls-verification"]
    arrived = place(procedure, "Before anything is restarted", "Enforcing on every peer")
    assert place(procedure, "Set TLS verification mode to Enforce") < arrived
    assert arrived < min(number for number, step in enumerate(procedure.steps) if step.risk == "outage")
    assert procedure.steps[arrived].where == "every peer"


def test_a_new_peer_is_entered_on_the_primary_then_on_the_others_then_on_itself() -> None:
    procedure = PLANNED["add-a-peer"]
    lists = [step for step in procedure.steps if step.risk == "change" and "in the same order" in step.do]
    first = place(procedure, "first empty field")
    assert procedure.steps[first].where == "the primary"
    assert [one.where for one in lists if not conditional(one)] == ["the subordinates", "the new peer"]
    assert first < place(procedure, "in the same order") < place(procedure, "Restart the new peer")


def test_a_reset_can_be_undone_before_the_restart_that_carries_it_out() -> None:
    procedure = PLANNED["factory-reset-a-peer"]
    cleared = place(procedure, "clear all Peer address fields")
    undone = place(procedure, "enter the original addresses again", "in the same order")
    assert cleared < undone < place(procedure, "restart the peer", risk="destructive")


def test_the_primary_is_the_first_to_be_restarted_and_to_be_upgraded() -> None:
    for name in ("restart-the-cluster-in-order", "upgrade-a-cluster", "enforce-tls-verification"):
        outages = [step.where for step in PLANNED[name].steps if step.risk == "outage"]
        assert outages[:2] == ["the primary", "the subordinates"], name


def test_the_mapping_is_off_at_first_and_public_dns_keeps_its_addresses() -> None:
    procedure = PLANNED["map-cluster-addresses"]
    assert "The default is Off" in procedure.steps[place(procedure, "Cluster address mapping enabled")].do
    assert any("Never let public DNS resolve" in text for text in procedure.before)


@pytest.mark.parametrize("name", PLANNED)
def test_evidence_can_show_how_far_planned_work_is(name: str) -> None:
    told = [step for step in PLANNED[name].steps if step.done_when]
    assert len(told) >= 2
    # Nothing in the evidence shows a backup.
    assert not any(step.do.startswith("Take a backup") for step in told)


@pytest.mark.parametrize("name", PLANNED)
def test_the_last_check_is_not_done_by_what_was_so_before_the_work(name: str) -> None:
    for step in PLANNED[name].steps:
        if step.done_when and step.done_when.rule == ["replication/healthy"]:
            assert step.done_when.after, step.do
            assert step.done_when.on == "cluster", step.do


@pytest.mark.parametrize("name", LIBRARY.procedures)
def test_texts_of_roles_without_peers_are_plain(name: str) -> None:
    [steps] = page_of(name, LIBRARY).clusters
    for step in steps.steps:
        text = f"{step.do} {step.impact} {step.verify}"
        assert not re.search(r"(each|none|those|any) of every|every peer are|every peer \(every", text), text
        # A role can be one peer, and "restart expa02, one at a time" says nothing.
        assert not re.search(r"[Rr]estart (every peer|[a-z ]*peers[a-z ]*),? one at a time", text), text
        assert not re.search(r"[\[\]{}]|: (open|broken|whole|primary)", step.condition), step.condition


@pytest.mark.parametrize("name", LIBRARY.procedures)
def test_the_ports_of_a_version_are_for_that_version(name: str) -> None:
    for step in LIBRARY.procedures[name].steps:
        text = " ".join(step.do.split())
        if "4369" in text or "protocol 51" in text or "pre-shared key" in text:
            assert step.when and step.when.version == ["<X8.8"], text
        # A firewall rule needs the source ports as well.
        if re.search(r"opened", text) and "TCP" in text:
            assert "30000 to 35999" in text or (step.where == "every peer" and "the new peer" in text), text


COLLECTED = {"collect-logs"}
"""The report itself says how logs are collected, with what is missing."""


def test_a_rule_leads_to_all_planned_work() -> None:
    """A remedy is planned work, the rest of it, or names it by its title."""
    titles = {" ".join(one.title.split()): name for name, one in LIBRARY.procedures.items()}
    reached: set[str] = set()
    waiting = {name for rule in LIBRARY.rules.values() for name in rule.procedures}
    while waiting:
        reached |= waiting
        steps = (step for name in waiting for step in LIBRARY.procedures[name].steps)
        texts = " ".join(" ".join(f"{step.do} {step.why}".split()) for step in steps)
        waiting = {name for title, name in titles.items() if title in texts} - reached
    assert set(LIBRARY.procedures) - reached == COLLECTED
    direct = {name for rule in LIBRARY.rules.values() for name in rule.procedures}
    # The states that these leave behind have the planned work itself as their remedy.
    assert {
        "add-a-peer",
        "change-the-primary",
        "change-to-fqdn",
        "cluster-with-one-interface",
        "enforce-tls-verification",
        "map-cluster-addresses",
        "remove-a-dead-peer",
        "restart-the-cluster-in-order",
    } <= direct


VERBS = {
    *("add", "assign", "block", "bring", "change", "check", "cluster", "collect", "complete", "correct"),
    *("create", "delete", "enforce", "enter", "factory", "find", "finish", "follow", "force", "install"),
    *("investigate", "isolate", "make", "map", "name", "open", "read", "reboot", "rebuild", "recover"),
    *("rejoin", "remove", "replace", "report", "restart", "restore", "set", "take", "test", "turn"),
    *("update", "upgrade"),
}
"""The words that names of procedures begin with: what somebody who looks for one would type."""


def test_the_name_of_a_procedure_begins_with_a_plain_verb() -> None:
    assert [name for name in LIBRARY.procedures if name.split("-")[0] not in VERBS] == []
    assert [name for name in LIBRARY.procedures if re.search(r"-(right|back-first|way)\b", name)] == []
