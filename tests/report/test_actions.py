"""The steps of "Do this first": of all incidents, in the order of risk and urgency, each once."""

import dataclasses

import sample
from hypothesis import given
from hypothesis import strategies as st

from logdiag.model import RISKS, Diagnosis, Incident, Risk, Step
from logdiag.report.actions import MAX_ACTIONS, find_actions, find_repeated


def step(do: str, risk: Risk = "read") -> Step:
    return Step(do, "", ("expc01",), None, risk, "", "", "")


def with_remedies(*remedies: tuple[Step, ...]) -> Diagnosis:
    diagnosis = sample.sample()
    incident = diagnosis.incidents[0]
    incidents = (
        dataclasses.replace(incident, id=f"i{number}", remedy=steps) for number, steps in enumerate(remedies)
    )
    return dataclasses.replace(diagnosis, incidents=tuple(incidents))


def test_reading_for_any_incident_comes_before_a_restart_for_the_worst() -> None:
    diagnosis = with_remedies(
        (step("look"), step("restart", "outage")), (step("compare"), step("edit", "change"))
    )
    assert [one.step.do for one in find_actions(diagnosis)] == ["look", "compare", "edit", "restart"]


def test_a_step_of_several_incidents_is_one_action() -> None:
    diagnosis = with_remedies((step("look"), step("ports")), (step("ports"), step("edit", "change")))
    actions = find_actions(diagnosis)
    assert [(one.step.do, one.incidents, one.number) for one in actions] == [
        ("look", (1,), 1),
        ("ports", (1, 2), 2),
        ("edit", (2,), 2),
    ]
    assert find_repeated(diagnosis) == {(2, 1): (1, 2)}


def test_every_incident_has_a_step_as_long_as_there_is_room() -> None:
    diagnosis = with_remedies(*((step(f"{number} a"), step(f"{number} b")) for number in range(9)))
    assert [one.incidents for one in find_actions(diagnosis)] == [(number,) for number in range(1, 7)]


STEPS = st.builds(step, st.sampled_from("abcdef"), st.sampled_from(RISKS))


@given(st.lists(st.lists(STEPS, max_size=6).map(tuple), max_size=8))
def test_actions_are_safe_in_order_and_few(remedies: list[tuple[Step, ...]]) -> None:
    diagnosis = with_remedies(*remedies)
    actions = find_actions(diagnosis)
    assert len(actions) <= MAX_ACTIONS
    assert len({one.step for one in actions}) == len(actions)
    for action in actions:
        remedy = diagnosis.incidents[action.incidents[0] - 1].remedy
        assert remedy[action.number - 1] == action.step
        assert all(one.risk != "destructive" for one in remedy[: action.number])
        assert all(action.step in diagnosis.incidents[number - 1].remedy for number in action.incidents)
    if actions and remedies:
        safe = [of for of in remedies if of and of[0].risk != "destructive"]
        assert RISKS.index(actions[0].step.risk) == min(RISKS.index(of[0].risk) for of in safe)


@given(st.lists(st.lists(STEPS, max_size=6).map(tuple), max_size=8))
def test_a_repeated_step_is_told_in_full_by_the_first_incident_that_has_it(
    remedies: list[tuple[Step, ...]],
) -> None:
    incidents: tuple[Incident, ...] = (diagnosis := with_remedies(*remedies)).incidents
    for (incident, number), (first, earlier) in find_repeated(diagnosis).items():
        assert first < incident
        assert incidents[first - 1].remedy[earlier - 1] == incidents[incident - 1].remedy[number - 1]
        assert all(
            incidents[incident - 1].remedy[number - 1] not in one.remedy for one in incidents[: first - 1]
        )
