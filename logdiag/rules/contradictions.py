"""Conditions that no record can meet, and rules that can find nothing because of them.

What is said here is certain; a condition that passes may still be one that nothing meets.
"""

from collections.abc import Iterator

from logdiag.conditions import AllOf, AnyOf, Condition, Not, Reference, Test, compile_condition, holds
from logdiag.rules.library import Library
from logdiag.rules.match_schema import IncidentMatch, bound, patterns

_ABOVE = ("gt", "gte")
_BELOW = ("lt", "lte")


def contradictions(library: Library) -> Iterator[tuple[str, str]]:
    """What can never hold: the id of a rule or signal, and what it is about."""
    matches = [(name, match) for name, rule in sorted(library.rules.items()) for match in rule.match]
    matches += [(f"signals/{name}", one.match) for name, one in sorted(library.signals.items())]
    for name, match in matches:
        for path, pattern in patterns(match):
            for reason in _dead(compile_condition(pattern.where)):
                yield name, f"{'.'.join(map(str, path))} can never match: {reason}"
    for name, _, incident in library.incidents():
        for value in _never_bound(incident, library):
            yield name, f"can never be made: no cause binds {value}"


def _never_bound(incident: IncidentMatch, library: Library) -> Iterator[str]:
    """Values that a cause must have and that none of them can."""
    causes = [library.rules[cause] for cause in incident.causes]
    for name, wanted in sorted(incident.values.items()):
        fixed: list[str | None] = []
        for match in (match for cause in causes for match in cause.match):
            bindings = [pattern.bind[name] for _, pattern in patterns(match) if name in pattern.bind]
            fixed += [binding.value for binding in bindings]
            if not bindings and name in bound(match):
                fixed.append(None)
        if None not in fixed and wanted not in fixed:
            yield f"{name}: {wanted}"


def _dead(condition: Condition) -> Iterator[str]:
    """Why a condition, or one of its alternatives, cannot hold."""
    match condition:
        case AnyOf(terms):
            for term in terms:
                yield from _dead(term)
        case AllOf(terms):
            for term in terms:
                yield from _dead(term)
            yield from _against_each_other(list(_flat(terms)))
        case Test() | Not():
            pass


def _flat(terms: tuple[Condition, ...]) -> Iterator[Condition]:
    for term in terms:
        if isinstance(term, AllOf):
            yield from _flat(term.terms)
        else:
            yield term


def _against_each_other(terms: list[Condition]) -> Iterator[str]:
    tests: dict[Reference, list[Test]] = {}
    for term in terms:
        if isinstance(term, Test):
            tests.setdefault(term.reference, []).append(term)
        elif isinstance(term, Not) and term.term in terms:
            yield "it asks for a condition and for its contrary"
    denied = [term.term for term in terms if isinstance(term, Not) and isinstance(term.term, Test)]
    for reference, wanted in tests.items():
        key = reference.key + (f"[{reference.number}]" if reference.number > 1 else "")
        present = {value for test in wanted if test.modifier == "exists" for value in test.values}
        others = [test for test in wanted if test.modifier != "exists"]
        if present == {"true", "false"} and all(len(t.values) == 1 for t in wanted if t.modifier == "exists"):
            yield f"{key} cannot exist and be absent"
        elif present == {"false"} and others:
            yield f"{key} is to be absent and to have a value"
        elif others and not _possible(others, [test for test in denied if test.reference == reference]):
            yield f"no value of {key} meets all that is asked of it"


def _possible(tests: list[Test], denied: list[Test]) -> bool:
    """Whether some value can meet all tests and none of those denied, as far as that can be told."""
    for exact in tests:
        if exact.modifier == "is":
            return any(
                all(holds(test, value) for test in tests) and not any(holds(test, value) for test in denied)
                for value in exact.values
            )
    # Of a test with several values one is enough, so the widest counts.
    above = [min(map(float, test.values)) for test in tests if test.modifier in _ABOVE]
    below = [max(map(float, test.values)) for test in tests if test.modifier in _BELOW]
    if not above or not below:
        return True
    strict = any(test.modifier in ("gt", "lt") for test in tests)
    return max(above) < min(below) or (max(above) == min(below) and not strict)
