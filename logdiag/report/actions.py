"""What to do first: the choice that every output makes alike."""

from itertools import takewhile

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
