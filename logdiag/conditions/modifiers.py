"""What a condition can ask of a value: its modifiers."""

import contextlib
import ipaddress
import math
import operator
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc


def check(modifier: str, value: str) -> None:
    """Raise ValueError with advice if a modifier cannot take a value."""
    if modifier == "re":
        check_regular_expression(value)
    elif modifier == "cidr":
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError as error:
            raise ValueError(f"{value!r} is no network such as 10.0.0.0/8") from error
    elif modifier in ("gt", "gte", "lt", "lte"):
        with contextlib.suppress(ValueError):
            if math.isfinite(float(value)):
                return
        raise ValueError(f"{value!r} is no number")
    elif modifier == "exists" and value not in ("true", "false"):
        raise ValueError("exists takes true or false")


def check_regular_expression(pattern: str) -> None:
    """Raise ValueError where RE2 cannot read a pattern."""
    try:
        # Asked of a null: to make an array of texts, pyarrow would load pandas first.
        pc.match_substring_regex(pa.nulls(1, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise ValueError(f"{pattern!r} is no regular expression of RE2 ({reason})") from error


def check_extraction(pattern: str) -> None:
    """Raise ValueError where nothing can be taken out with a pattern."""
    check_regular_expression(pattern)
    if "(?P<value>" not in pattern:
        raise ValueError("re has no group named value: write (?P<value>…) around what is wanted")
    try:
        pc.extract_regex(pa.nulls(1, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{pattern!r} has a group without a name: write (?:…) instead") from error


def _keep(predicate: Callable[[str], bool]) -> Callable[[pa.Array], pa.Array]:
    """A predicate asked once for each distinct value."""

    def ask(values: pa.Array) -> pa.Array:
        encoded = values.dictionary_encode()
        answers = pa.array([predicate(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
        return answers.take(encoded.indices)

    return ask


def _number(compare: Callable[[float, float], bool]) -> Callable[[str], Callable[[pa.Array], pa.Array]]:
    def modifier(bound: str) -> Callable[[pa.Array], pa.Array]:
        def holds(value: str) -> bool:
            # A number may have a unit, such as `104 ms`. Digits of other scripts are no numbers here.
            found = re.match(r"\s*[+-]?\d+(\.\d+)?", value, re.ASCII)
            return found is not None and compare(float(found[0]), float(bound))

        return _keep(holds)

    return modifier


def _in_network(network: str) -> Callable[[pa.Array], pa.Array]:
    wanted = ipaddress.ip_network(network, strict=False)

    def holds(value: str) -> bool:
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(value.strip()) in wanted
        return False

    return _keep(holds)


MODIFIERS: dict[str, Callable[[str], Callable[[pa.Array], pa.Array]]] = {
    "is": lambda v: lambda a: pc.equal(pc.utf8_lower(a), pc.utf8_lower(pa.scalar(v, pa.string()))),
    "contains": lambda v: lambda a: pc.match_substring(a, v, ignore_case=True),
    "startswith": lambda v: lambda a: pc.starts_with(a, v, ignore_case=True),
    "endswith": lambda v: lambda a: pc.ends_with(a, v, ignore_case=True),
    "re": lambda v: lambda a: pc.match_substring_regex(a, v),
    "gt": _number(operator.gt),
    "gte": _number(operator.ge),
    "lt": _number(operator.lt),
    "lte": _number(operator.le),
    "cidr": _in_network,
}
