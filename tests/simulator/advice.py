"""Find the actions in the steps of a remedy, and those that are dangerous in a situation."""

import re
from collections.abc import Iterable

from logdiag.model import Diagnosis, Step

from .truth import Action, Dangers

_IMPERATIVE = re.compile(
    r"(?:^|[.,;:] |\bthen |\band )(?:immediately )?(restart|reboot|upgrade)\b", re.IGNORECASE
)
"""A verb at the beginning of a sentence or clause: "If it stays, restart", not "do not restart"."""

_WORDS: dict[str, Action] = {"restart": "restart", "reboot": "reboot", "upgrade": "upgrade"}


def actions(step: Step) -> frozenset[Action]:
    """Return the actions of a step. Reading is not an action, and neither is an action that the step forbids."""
    command = (step.command or "").lower()
    found: set[Action] = set()
    if "forceconfigupdate" in command:
        found.add("force-config-update")
    if "forcesystemkeyupdate" in command:
        found.add("force-system-key-update")
    if "clusterdb_destroy" in command:
        found.add("destroy")
    if command.startswith(("xcommand restart", "xcommand boot")):
        found.add("restart" if "restart" in command else "reboot")
    if step.risk in ("outage", "change", "destructive"):
        found |= {_WORDS[word.lower()] for word in _IMPERATIVE.findall(step.do)}
    return frozenset(found)


def all_steps(diagnosis: Diagnosis) -> tuple[Step, ...]:
    """Return the steps of all incidents, then those of findings outside of incidents, each once."""
    steps = [step for incident in diagnosis.incidents for step in incident.remedy]
    steps += [step for finding in diagnosis.findings for step in finding.remedy]
    return tuple(dict.fromkeys(steps))


def dangerous(steps: Iterable[Step], dangers: Dangers) -> list[str]:
    """Return a message for each step that is dangerous in this situation."""
    return [
        f"{sorted(actions(step))} on {list(step.where)}: {why}"
        for step in steps
        for why in _why(step, dangers)
    ]


def _why(step: Step, dangers: Dangers) -> list[str]:
    does, where = actions(step), frozenset(step.where)
    rules = (
        ("force-config-update" in does and dangers.primary in where, "it is the primary"),
        ("force-config-update" in does and dangers.single, "it is a single node"),
        ("force-config-update" in does and dangers.way_broken, "the way between peers is broken"),
        ("force-config-update" in does and dangers.differ, "versions differ"),
        (
            "force-system-key-update" in does and not dangers.single and bool(where & dangers.key_failed),
            "40055 is raised there",
        ),
        ("destroy" in does and step.risk != "destructive", "what destroys is not marked so"),
        ("destroy" in does and not dangers.last_resort, "there is no need for a last resort"),
        (bool(does & {"restart", "reboot"}) and dangers.reset_pending, "a factory reset is pending"),
        (bool(does & {"restart", "reboot"}) and not where <= dangers.may_restart, "it does not ask for it"),
    )
    return [why for holds, why in rules if holds]
