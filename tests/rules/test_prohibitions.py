"""What a step says must not be done: reports repeat it on the first screen, apart from its step."""

import re

import pytest

from logdiag.rules.library import load
from logdiag.rules.schema import Procedure, ProcedureStep

LIBRARY = load()
STEPS = [
    pytest.param(step, id=f"{name}-{number}")
    for name, procedure in LIBRARY.procedures.items()
    for number, step in enumerate(procedure.steps, start=1)
    if step.avoid
]


def avoided(procedure: Procedure) -> list[str]:
    return [step.avoid for step in procedure.steps if step.avoid]


@pytest.mark.parametrize("step", STEPS)
def test_a_prohibition_is_one_or_two_short_sentences(step: ProcedureStep) -> None:
    assert re.match(r"(Do not|Never) ", step.avoid)
    assert step.avoid.endswith(".")
    assert len(re.findall(r"[.?!](?= |$)", step.avoid)) <= 2
    assert len(step.avoid) <= 160


@pytest.mark.parametrize("step", STEPS)
def test_a_prohibition_is_clear_without_its_step(step: ProcedureStep) -> None:
    assert not re.search(r"\b(before that|this step|next step|this command|the command above)\b", step.avoid)


@pytest.mark.parametrize("name", LIBRARY.procedures)
def test_what_must_not_be_done_is_not_the_step_itself(name: str) -> None:
    assert [
        step.do for step in LIBRARY.procedures[name].steps if re.match(r"(Do not|Never)\b", step.do)
    ] == []


@pytest.mark.parametrize("name", [name for name in LIBRARY.rules if name.startswith("incident/")])
def test_each_incident_leads_to_a_prohibition(name: str) -> None:
    assert any(avoided(LIBRARY.procedures[one]) for one in LIBRARY.rules[name].procedures)


@pytest.mark.parametrize(
    ("procedure", "words"),
    [
        ("bring-a-peer-back", "clear the list of peers"),
        ("find-what-stopped-a-peer", "snapshots of virtual machines"),
        ("force-a-configuration-update", "Never run ForceConfigUpdate on the primary"),
        ("check-before-a-forced-update", "Do not run ForceConfigUpdate yet"),
        ("update-the-system-key", "on a peer that raises alarm 40055"),
        ("enter-the-list-again", "Do not restart or upgrade"),
        ("upgrade-a-cluster", "Never upgrade without a backup"),
        ("enforce-tls-verification", "two peers at the same time"),
        ("correct-a-refused-certificate", "revoke or delete the old certificate"),
        ("set-one-primary", "Do not change the configuration"),
        ("isolate-a-replaced-primary", "reach the other peers"),
        ("test-the-connection-to-a-peer", "except those of the peers"),
        ("find-out-who-stopped-a-peer", "clear the event log"),
        ("recover-a-failed-database", "Never send a backup"),
    ],
)
def test_a_known_danger_is_named(procedure: str, words: str) -> None:
    assert any(words in text for text in avoided(LIBRARY.procedures[procedure]))
