"""Renders the short form of a diagnosis as plain text: verdict, steps, and what is missing."""

from collections.abc import Iterator

from logdiag.i18n import gettext
from logdiag.model import Diagnosis, Incident
from logdiag.report import labels, sentences
from logdiag.report.actions import find_actions, find_prohibitions

MAX_INCIDENTS, MAX_WANTED = 8, 10
"""The short form fits one page."""


def render(diagnosis: Diagnosis) -> str:
    """Return the short form of ``diagnosis``; values in it are unchanged log text."""
    return "\n".join(_lines(diagnosis))


def steps_as_text(incident: Incident) -> str:
    """Return the steps of an incident as plain text; a destructive step has no command to copy."""
    lines = [incident.title]
    for number, step in enumerate(incident.remedy, start=1):
        lines += ["", f"{number}. {sentences.where(step)}", f"   {step.do}"]
        if step.command is not None and step.risk != "destructive":
            lines += [f"   {line}" for line in step.command.splitlines()]
        lines += [f"   {note}" for note in sentences.notes(step, brief=False)]
    return "\n".join(lines)


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    if given := sentences.handed_over(diagnosis):
        yield given
    yield diagnosis.verdict.text
    # The verdict shows a single incident already.
    several = diagnosis.incidents if len(diagnosis.incidents) > 1 else ()
    if several:
        yield from ("", gettext("Incidents"))
    for number, one in enumerate(several[:MAX_INCIDENTS], start=1):
        severity = labels.SEVERITIES[one.severity].upper()
        yield f"{number}. {severity} {one.title} ({sentences.state(one)})"
    if len(several) > MAX_INCIDENTS:
        yield sentences.more(len(several) - MAX_INCIDENTS, "incidents")
    if actions := find_actions(diagnosis):
        yield from ("", gettext("Do this first"))
    for number, action in enumerate(actions, start=1):
        place = sentences.action_place(action, several=bool(several))
        yield f"{number}. {place}: {action.step.do}"
        yield from (f"   {line}" for line in (action.step.command or "").splitlines())
    if prohibitions := find_prohibitions(diagnosis):
        yield from ("", gettext("Do not do this"))
        yield from (f"- {one}" for one in prohibitions)
    if diagnosis.wanted:
        yield from ("", gettext("What we need from you"))
    for number, wanted in enumerate(diagnosis.wanted[:MAX_WANTED], start=1):
        yield f"{number}. {wanted.what}"
    if len(diagnosis.wanted) > MAX_WANTED:
        yield sentences.more(len(diagnosis.wanted) - MAX_WANTED, "things")
