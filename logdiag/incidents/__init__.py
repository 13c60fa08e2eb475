"""From findings to incidents: what caused what, and what is one problem.

A rule's ``explains`` names its effects. A finding that is an effect folds under its cause; causes
that a composite rule (``rules/incident``) names become one incident with the composite's name, and
what is left is an incident by the name of its own rule. ``info`` findings that nothing explains
form none.
"""

from logdiag.incidents.fold import Folded, fold, together
from logdiag.incidents.incident import LOSS, UNWATCHED

__all__ = ["LOSS", "UNWATCHED", "Folded", "fold", "together"]
