"""Chooses the steps of "Do this first" over all incidents, and finds the steps that incidents share."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile

from logdiag.model import RISKS, Diagnosis, Step

MAX_ACTIONS = 6
"""A reader keeps about this many steps in mind, and as many lines fit the first screen."""
MAX_OF_ONE_INCIDENT = 3
MAX_PROHIBITIONS = 4


@dataclass(frozen=True)
class Action:
    """A step of "Do this first": step ``number`` of the first of ``incidents``, which are numbers too."""

    step: Step
    number: int
    incidents: tuple[int, ...]


def find_actions(diagnosis: Diagnosis) -> tuple[Action, ...]:
    """Return the first steps of all incidents: less risk first, then the worse incident first.

    The steps of an incident keep their order and end before its first destructive step. That step is for
    reading in its place, and the steps after it depend on it. A step that several incidents share is one
    action.
    """
    share = max(1, min(MAX_OF_ONE_INCIDENT, MAX_ACTIONS // max(1, len(diagnosis.incidents))))
    waiting = []
    for incident, one in enumerate(diagnosis.incidents, start=1):
        safe = takewhile(lambda step: step.risk != "destructive", one.remedy)
        waiting.append([(incident, number, step) for number, step in enumerate(safe, start=1)][:share])
    actions: dict[tuple[object, ...], Action] = {}
    while waiting := [steps for steps in waiting if steps]:
        # Reading is done before anything is changed: a restart for one incident may destroy the traces of
        # another.
        steps = min(waiting, key=lambda steps: (RISKS.index(steps[0][2].risk), steps[0][0]))
        incident, number, step = steps.pop(0)
        same = actions.get(_identity(step))
        incidents = (*same.incidents, incident) if same else (incident,)
        actions[_identity(step)] = Action(step, same.number if same else number, incidents)
    return tuple(actions.values())[:MAX_ACTIONS]


def find_prohibitions(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what must not be done, by the steps of all incidents and of findings outside of incidents."""
    told = {id_ for incident in diagnosis.incidents for id_ in incident.findings}
    remedies = [incident.remedy for incident in diagnosis.incidents]
    remedies += [finding.remedy for finding in diagnosis.findings if finding.id not in told]
    avoid = dict.fromkeys(step.avoid for remedy in remedies for step in remedy if step.avoid)
    return tuple(avoid)[:MAX_PROHIBITIONS]


def find_repeated(diagnosis: Diagnosis) -> Mapping[tuple[int, int], tuple[int, int]]:
    """Return the steps that an earlier incident has too, as the numbers of incident and step of both."""
    first: dict[tuple[object, ...], tuple[int, int]] = {}
    repeated = {}
    for incident, one in enumerate(diagnosis.incidents, start=1):
        for number, step in enumerate(one.remedy, start=1):
            earlier = first.setdefault(_identity(step), (incident, number))
            if earlier[0] != incident:
                repeated[incident, number] = earlier
    return repeated


def _identity(step: Step) -> tuple[object, ...]:
    return step.do, step.where, step.command, step.risk
