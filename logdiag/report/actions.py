"""What to do first, and what to ask for: the choices that every output makes alike."""

from itertools import takewhile

from logdiag.i18n import gettext
from logdiag.model import Diagnosis, Step

FIRST_STEPS = 3


def first_steps(diagnosis: Diagnosis) -> tuple[Step, ...]:
    """What to do first about the headline, up to the first destructive step.

    That one is for reading in its place; what comes after it rests on it, and is left out too.
    """
    if not diagnosis.incidents:
        return ()
    remedy = diagnosis.incidents[0].remedy[:FIRST_STEPS]
    return tuple(takewhile(lambda step: step.risk != "destructive", remedy))


def message(diagnosis: Diagnosis) -> str:
    """What to ask the customer for, as a message that can be sent as it is; empty where it is nothing."""
    if not diagnosis.wanted:
        return ""
    lines = [gettext("Hello, to find out what happened in your Expressway cluster we still need:"), ""]
    for number, one in enumerate(diagnosis.wanted, start=1):
        about = "" if one.peer is None else f"{one.peer}: "
        lines += [f"{number}. {about}{one.what}", f"   {one.why}"]
    return "\n".join(lines)
