"""What a condition can ask of a value: its modifiers."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc


def check_regular_expression(pattern: str) -> None:
    """Raise ValueError if RE2 cannot read a pattern."""
    try:
        # Asked of a null: to make an array of texts, pyarrow would load pandas first.
        pc.match_substring_regex(pa.nulls(1, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise ValueError(f"{pattern!r} is no regular expression of RE2 ({reason})") from error


def check_extraction(pattern: str) -> None:
    """Raise ValueError if nothing can be taken out with a pattern."""
    check_regular_expression(pattern)
    if "(?P<value>" not in pattern:
        raise ValueError("re has no group named value: write (?P<value>…) around what is wanted")
    try:
        pc.extract_regex(pa.nulls(1, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{pattern!r} has a group without a name: write (?:…) instead") from error


Question = Callable[[pa.Array], pa.Array]
"""Returns for each of some texts whether it holds; null for a null."""


def _is(value: str) -> Question:
    lower = pc.utf8_lower(pa.scalar(value, pa.string()))
    return lambda a: pc.equal(pc.utf8_lower(a), lower)


MODIFIERS: dict[str, Callable[[str], Question]] = {
    "is": _is,
    "contains": lambda v: lambda a: pc.match_substring(a, v, ignore_case=True),
    "startswith": lambda v: lambda a: pc.starts_with(a, v, ignore_case=True),
    "re": lambda v: lambda a: pc.match_substring_regex(a, v),
}
