"""Which software versions a rule or a procedure is for."""

import operator
import re
from collections.abc import Iterable
from typing import Literal

Applicability = Literal["applies", "does not", "cannot tell"]

# Versions are written X14, X14.2 or X14.2.6; the X may be missing.
_SPEC = re.compile(r"(?P<sign>>=|<=|>|<|=)? *X?(?P<numbers>\d{1,4}(\.\d{1,4}){0,3})")
_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq}
# Version numbers are compared as numbers: X14.10 is newer than X14.9.
_VERSION = re.compile(r"X?(?P<numbers>\d{1,4}(\.\d{1,4}){0,3})")


def is_valid(spec: str) -> bool:
    """Return whether a text is a range of versions, such as ``>=X14``, ``<X8.8`` or ``X14.2``."""
    return _SPEC.fullmatch(spec.strip()) is not None


def applies(specs: Iterable[str], version: str | None) -> Applicability:
    """Whether one of some ranges holds for a version; a version without a sign means all that begin so."""
    found = _VERSION.match(version.strip()) if version else None
    if found is None:
        return "cannot tell"
    numbers = _numbers(found["numbers"])
    return "applies" if any(_holds(spec, numbers) for spec in specs) else "does not"


def applies_to_all(specs: Iterable[str], versions: Iterable[str | None]) -> Applicability:
    """Return the answer for several peers: one to which it applies is enough, all must be known to say no."""
    specs = list(specs)
    answers = {applies(specs, version) for version in versions}
    if "applies" in answers:
        return "applies"
    return "cannot tell" if "cannot tell" in answers or not answers else "does not"


def is_older(version: str | None, other: str | None) -> bool:
    """Return whether a version comes before another one; False if one of them is not a version."""
    mine, theirs = (_VERSION.match(text.strip()) if text else None for text in (version, other))
    return mine is not None and theirs is not None and _holds(f"<{theirs[0]}", _numbers(mine["numbers"]))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _holds(spec: str, version: tuple[int, ...]) -> bool:
    found = _SPEC.fullmatch(spec.strip())
    if found is None:
        return False
    bound = _numbers(found["numbers"])
    # X14 and X14.0.0 are the same: a missing part counts as 0.
    length = max(len(bound), len(version))
    mine, theirs = (part + (0,) * (length - len(part)) for part in (version, bound))
    if found["sign"]:
        return bool(_COMPARE[found["sign"]](mine, theirs))
    return version[: len(bound)] == bound
