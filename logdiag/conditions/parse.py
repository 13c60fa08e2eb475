"""A condition as it is written in a rule, and as it is asked."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from logdiag.conditions.modifiers import MODIFIERS, check_regular_expression

COLUMNS = ("host", "process", "subprocess", "text", "body")
"""Columns that a condition can name; everything else is a key of the record."""

SHORTCUTS = {"Module": "module", "Level": "level", "Event": "event", "Detail": "detail"}
"""Keys whose first value is a column, too."""

_KEY = re.compile(r"(?P<key>[^|\[\]]+?)(\[(?P<number>[1-9][0-9]*)\])?")

_Path = tuple[str | int, ...]


class ConditionError(ValueError):
    """A condition that cannot be read; ``path`` leads to the place, from the condition's start."""

    def __init__(self, path: _Path, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Reference:
    """The ``number``-th value (from 1) of a key, or a column."""

    key: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.key}[{self.number}]" if self.number > 1 else self.key

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``Node[2]``.

        Raises:
            ConditionError: the text is no key.

        """
        found = _KEY.fullmatch(text)
        if found is None:
            raise ConditionError((), f"{text!r} is no key; write a key such as Node, or Node[2]")
        if found["key"] in COLUMNS and found["number"]:
            raise ConditionError((), f"{text!r}: a column has one value; write {found['key']}")
        return cls(found["key"], int(found["number"] or 1))


@dataclass(frozen=True)
class Test:
    """A reference and a modifier; one of the values must hold."""

    reference: Reference
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class AllOf:
    """Every term holds."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """One of the terms holds."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The term does not hold."""

    term: "Condition"


Condition = Test | AllOf | AnyOf | Not


def compile_condition(written: Any) -> Condition:
    """Read a condition as it is written in a rule.

    Raises:
        ConditionError: the first thing in it that cannot be read; `find_mistakes` gives all of them.

    """
    problems: list[ConditionError] = []
    condition = _compile(written, (), problems)
    if problems:
        raise problems[0]
    return condition


def compile_event(events: str | list[str], where: Mapping[str, Any] | None = None) -> Condition:
    """Return the condition of events of the event log, with what else is asked of them.

    Such records have no module: one that has a module quotes what a caller said.
    """
    return compile_condition({"Event": events, "Module|exists": False, **(where or {})})


def find_mistakes(written: Any) -> list[ConditionError]:
    """Return everything in a condition that cannot be read."""
    problems: list[ConditionError] = []
    _compile(written, (), problems)
    return problems


def _compile(written: Any, path: _Path, problems: list[ConditionError]) -> Condition:
    if isinstance(written, list):
        if not written:
            problems.append(ConditionError(path, "an empty list can never hold"))
        return AnyOf(tuple(_compile(item, (*path, index), problems) for index, item in enumerate(written)))
    if not isinstance(written, Mapping) or not written:
        what = "a condition is a map of keys and values, or a list of such maps"
        if isinstance(written, Mapping):
            what = "an empty condition would match every record"
        problems.append(ConditionError(path, what))
        return AnyOf(())
    terms: list[Condition] = []
    for key, value in written.items():
        here = (*path, str(key))
        if key == "any":
            terms.append(_compile(value if isinstance(value, list) else [value], here, problems))
        elif key == "not":
            terms.append(Not(_compile(value, here, problems)))
        else:
            try:
                terms.append(_test(str(key), value))
            except ValueError as error:
                problems.append(ConditionError(here, str(error)))
    # What is cheap and cuts most comes first.
    terms.sort(key=lambda term: 0 if isinstance(term, Test) and term.reference.key in SHORTCUTS else 1)
    return terms[0] if len(terms) == 1 else AllOf(tuple(terms))


def _test(key: str, value: Any) -> Test:
    name, *modifiers = key.split("|")
    if _KEY.fullmatch(name) is None or not all(re.fullmatch("[a-z]+", one) for one in modifiers):
        raise ValueError(f"{key!r} is no key; write Key, Key[2] or Key|modifier")
    if len(modifiers) > 1:
        raise ValueError(f"{key!r} has several modifiers; one is allowed")
    modifier = modifiers[0] if modifiers else "is"
    if modifier not in MODIFIERS and modifier != "exists":
        near = difflib.get_close_matches(modifier, [*MODIFIERS, "exists"], n=1, cutoff=0)
        raise ValueError(f"unknown modifier {modifier!r}; did you mean {near[0]!r}?")
    values = tuple(map(_scalar, value if isinstance(value, list) else [value]))
    if not values:
        raise ValueError("an empty list can never hold")
    if modifier == "exists" and not {"true", "false"}.issuperset(values):
        raise ValueError("exists takes true or false")
    for pattern in values if modifier == "re" else ():
        check_regular_expression(pattern)
    return Test(Reference.parse(name), modifier, values)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("a value is a text or a number, or a list of them")


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that one of some conditions holds, with each common first term asked once.

    Most conditions begin with the name of an event or a module, which few logs contain.
    """
    rests: dict[Condition, list[tuple[Condition, ...]]] = {}
    for condition in _flat(conditions):
        first, *rest = condition.terms if isinstance(condition, AllOf) else (condition,)
        rests.setdefault(first, []).append(tuple(rest))
    found = [
        # A rest of no terms holds always.
        first if () in rest else AllOf((first, any_of(map(AllOf, rest))))
        for first, rest in rests.items()
    ]
    return found[0] if len(found) == 1 else AnyOf(tuple(found))


def _flat(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Yield conditions, and of those that are alternatives each one."""
    for condition in conditions:
        if isinstance(condition, AnyOf) or (isinstance(condition, AllOf) and len(condition.terms) == 1):
            yield from _flat(condition.terms)
        else:
            yield condition


def find_references(condition: Condition) -> Iterator[Reference]:
    """Yield every reference in a condition."""
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from find_references(term)
        case Not(term):
            yield from find_references(term)
        case Test(reference):
            yield reference
