"""Conditions over records: what a rule writes, and which rows it means.

A map is *and*, a list is *or*; ``any`` takes a list of conditions of which one must hold, ``not``
one that must not. A key is a key of the record (``Node[2]`` is its second value) or one of the
columns in `COLUMNS`. Texts are compared without case, as in Sigma. Regular expressions are RE2,
which takes linear time for any text.
"""

import difflib
import ipaddress
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

COLUMNS = ("host", "process", "subprocess", "text", "body")
"""Columns that a condition can name; everything else is a key of the record."""

_SHORTCUTS = {"Module": "module", "Level": "level", "Event": "event", "Detail": "detail"}
_KEY = re.compile(r"(?P<key>[^|\[\]]+?)(\[(?P<number>[1-9][0-9]*)\])?(?P<modifiers>(\|[a-z]+)*)")


class ConditionError(ValueError):
    """A condition that cannot be read; ``path`` leads to the place, from the condition's start."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Reference:
    """The ``number``-th value (from 1) of a key, or a column."""

    key: str
    number: int = 1

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``Node[2]``.

        Raises:
            ConditionError: the text is no key.

        """
        found = _KEY.fullmatch(text)
        if found is None or found["modifiers"]:
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


# ── reading a condition ─────────────────────────────────────────────────────────────────────


def compile_condition(written: Any) -> Condition:
    """Read a condition as it stands in a rule.

    Raises:
        ConditionError: the first thing in it that cannot be read; `mistakes` gives all of them.

    """
    problems: list[ConditionError] = []
    condition = _compile(written, (), problems)
    if problems:
        raise problems[0]
    return condition


def mistakes(written: Any) -> list[ConditionError]:
    """Everything in a condition that cannot be read."""
    problems: list[ConditionError] = []
    _compile(written, (), problems)
    return problems


_Path = tuple[str | int, ...]


def _compile(written: Any, path: _Path, problems: list[ConditionError]) -> Condition:
    if isinstance(written, list):
        if not written:
            problems.append(ConditionError(path, "an empty list can never hold"))
        return AnyOf(tuple(_compile(item, (*path, index), problems) for index, item in enumerate(written)))
    if not isinstance(written, Mapping):
        what = "a condition is a map of keys and values, or a list of such maps"
        problems.append(ConditionError(path, what))
        return AnyOf(())
    if not written:
        problems.append(ConditionError(path, "an empty condition would match every record"))
    terms: list[Condition] = []
    for key, value in written.items():
        here = (*path, str(key))
        if key == "any":
            terms.append(_compile(value if isinstance(value, list) else [value], here, problems))
        elif key == "not":
            terms.append(Not(_compile(value, here, problems)))
        else:
            try:
                terms.append(_test(str(key), value, here))
            except ConditionError as problem:
                problems.append(problem)
    # What is cheap and cuts most stands first.
    terms.sort(key=lambda term: 0 if isinstance(term, Test) and term.reference.key in _SHORTCUTS else 1)
    return terms[0] if len(terms) == 1 else AllOf(tuple(terms))


def _test(key: str, value: Any, path: _Path) -> Test:
    found = _KEY.fullmatch(key)
    if found is None:
        raise ConditionError(path, f"{key!r} is no key; write Key, Key[2] or Key|modifier")
    modifiers = found["modifiers"].split("|")[1:]
    if len(modifiers) > 1:
        raise ConditionError(path, f"{key!r} has several modifiers; one is allowed")
    modifier = modifiers[0] if modifiers else "is"
    if modifier not in _MODIFIERS and modifier != "exists":
        near = difflib.get_close_matches(modifier, [*_MODIFIERS, "exists"], n=1, cutoff=0)
        raise ConditionError(path, f"unknown modifier {modifier!r}; did you mean {near[0]!r}?")
    values = tuple(_scalar(item, path) for item in (value if isinstance(value, list) else [value]))
    if not values:
        raise ConditionError(path, "an empty list can never hold")
    for item in values:
        try:
            _check(modifier, item)
        except ValueError as error:
            raise ConditionError(path, str(error)) from error
    if found["key"] in COLUMNS and found["number"]:
        raise ConditionError(path, f"{key!r}: a column has one value; write {found['key']}")
    return Test(Reference(found["key"], int(found["number"] or 1)), modifier, values)


def _scalar(value: Any, path: _Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ConditionError(path, "a value is a text or a number, or a list of them")


def _check(modifier: str, value: str) -> None:
    """Raise ValueError with advice where a modifier cannot take a value."""
    match modifier:
        case "re":
            check_regular_expression(value)
        case "cidr":
            try:
                ipaddress.ip_network(value, strict=False)
            except ValueError as error:
                raise ValueError(f"{value!r} is no network such as 10.0.0.0/8") from error
        case "gt" | "gte" | "lt" | "lte":
            try:
                finite = math.isfinite(float(value))
            except ValueError:
                finite = False
            if not finite:
                raise ValueError(f"{value!r} is no number")
        case "exists":
            if value not in ("true", "false"):
                raise ValueError("exists takes true or false")


def check_regular_expression(pattern: str) -> None:
    """Raise ValueError where RE2 cannot read a pattern."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise ValueError(f"{pattern!r} is no regular expression of RE2 ({reason})") from error


def check_extraction(pattern: str) -> None:
    """Raise ValueError where nothing can be taken out with a pattern."""
    check_regular_expression(pattern)
    if "(?P<value>" not in pattern:
        raise ValueError("re has no group named value: write (?P<value>…) around what is wanted")
    try:
        pc.extract_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{pattern!r} has a group without a name: write (?:…) instead") from error


def _keep(predicate: Callable[[str], bool]) -> Callable[[pa.Array], pa.Array]:
    """A predicate asked once for each distinct value."""

    def ask(values: pa.Array) -> pa.Array:
        encoded = values.dictionary_encode()
        answers = pa.array([predicate(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
        return answers.take(encoded.indices)

    return ask


def _number(compare: Callable[[float, float], bool], bound: str) -> Callable[[pa.Array], pa.Array]:
    def holds(value: str) -> bool:
        found = re.match(r"\s*[+-]?\d+(\.\d+)?", value, re.ASCII)
        return found is not None and compare(float(found[0]), float(bound))

    return _keep(holds)


def _in_network(network: str) -> Callable[[pa.Array], pa.Array]:
    wanted = ipaddress.ip_network(network, strict=False)

    def holds(value: str) -> bool:
        try:
            return ipaddress.ip_address(value.strip()) in wanted
        except ValueError:
            return False

    return _keep(holds)


_MODIFIERS: dict[str, Callable[[str], Callable[[pa.Array], pa.Array]]] = {
    "is": lambda v: lambda a: pc.equal(pc.utf8_lower(a), pc.utf8_lower(pa.scalar(v, pa.string()))),
    "contains": lambda v: lambda a: pc.match_substring(a, v, ignore_case=True),
    "startswith": lambda v: lambda a: pc.starts_with(a, v, ignore_case=True),
    "endswith": lambda v: lambda a: pc.ends_with(a, v, ignore_case=True),
    "re": lambda v: lambda a: pc.match_substring_regex(a, v),
    "gt": lambda v: _number(lambda a, b: a > b, v),
    "gte": lambda v: _number(lambda a, b: a >= b, v),
    "lt": lambda v: _number(lambda a, b: a < b, v),
    "lte": lambda v: _number(lambda a, b: a <= b, v),
    "cidr": _in_network,
}


def holds(test: Test, text: str) -> bool:
    """Whether a value meets a test, which is not about whether there is one."""
    answers = (_MODIFIERS[test.modifier](value)(pa.array([text])) for value in test.values)
    return any(answer[0].as_py() for answer in answers)


# ── asking records ──────────────────────────────────────────────────────────────────────────


class Log:
    """A table of records that conditions are asked of. Row numbers count from 0."""

    def __init__(self, records: pa.Table) -> None:
        self.records = records
        # Rules begin with the same few questions (is it an alarm?): each is asked once.
        self._answers: dict[Test, Rows] = {}

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def values(self, reference: Reference, rows: Rows) -> pa.Array:
        """The values of a reference in some rows, as strings; null where a record has none."""
        key, number = reference.key, reference.number
        column = key if key in COLUMNS else _SHORTCUTS.get(key) if number == 1 else None
        if column is not None:
            return _strings(self.records.column(column).take(pa.array(rows)))
        return _nth(_whole(self.records.column("fields").take(pa.array(rows))), key, number)

    def times(self, rows: Rows) -> list[int]:
        """The times of some rows, in microseconds since 1970."""
        times: list[int] = self.records.column("time").take(pa.array(rows)).cast("int64").to_pylist()
        return times

    def hosts(self, rows: Rows) -> list[str]:
        """The hosts of some rows."""
        hosts: list[str] = self.values(Reference("host"), rows).to_pylist()
        return hosts

    def place(self, row: int) -> tuple[str, str, int]:
        """Snapshot, source and line of a row."""
        [place] = self.records.select(["snapshot", "source", "line"]).slice(row, 1).to_pylist()
        return place["snapshot"], place["source"], place["line"]

    def time_at(self, row: int) -> int:
        """The time of one row, in microseconds since 1970."""
        return self.times(np.array([row], dtype=np.int64))[0]

    def host_at(self, row: int) -> str:
        """The host of one row."""
        return self.hosts(np.array([row], dtype=np.int64))[0]

    def snapshots(self, rows: Rows) -> list[str]:
        """The snapshots of some rows."""
        names: list[str] = _strings(self.records.column("snapshot").take(pa.array(rows))).to_pylist()
        return names

    def rows(self, condition: Condition) -> Rows:
        """The rows that a condition means, ascending."""
        return self._select(condition, np.arange(len(self), dtype=np.int64))

    def _select(self, condition: Condition, rows: Rows) -> Rows:
        match condition:
            case AllOf(terms):
                for term in terms:
                    rows = self._select(term, rows)
                return rows
            case AnyOf(terms):
                return rows[np.isin(rows, np.concatenate([self._select(term, rows) for term in terms]))]
            case Not(term):
                return rows[~np.isin(rows, self._select(term, rows))]
            case Test(reference, modifier, values):
                if len(rows) < len(self) or not len(rows):
                    return rows[self._holds(reference, modifier, values, rows)] if len(rows) else rows
                if condition not in self._answers:
                    self._answers[condition] = rows[self._holds(reference, modifier, values, rows)]
                return self._answers[condition]

    def _holds(self, reference: Reference, modifier: str, values: tuple[str, ...], rows: Rows) -> Mask:
        found = self.values(reference, rows)
        if modifier == "exists":
            there: Mask = pc.is_valid(found).to_numpy(zero_copy_only=False)
            return (there & ("true" in values)) | (~there & ("false" in values))
        # Rows repeat few values: ask each of them once.
        encoded = found.dictionary_encode()
        answers = np.zeros(len(encoded.dictionary), dtype=np.bool_)
        for value in values:
            answer = _MODIFIERS[modifier](value)(encoded.dictionary)
            answers |= answer.to_numpy(zero_copy_only=False).astype(np.bool_)
        indices = encoded.indices
        known = indices.is_valid().to_numpy(zero_copy_only=False)
        numbers = indices.fill_null(0).to_numpy(zero_copy_only=False)
        holds: Mask = known & answers[numbers] if len(answers) else np.zeros(len(rows), dtype=np.bool_)
        return holds


def _whole(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


def _strings(column: pa.ChunkedArray) -> pa.Array:
    return _whole(column.cast(pa.string()))


def _nth(lists: pa.ListArray, key: str, number: int) -> pa.Array:
    """The number-th value of a key in each list of pairs."""
    pairs = lists.flatten()
    is_key = pc.equal(pairs.field("key"), key).to_numpy(zero_copy_only=False).astype(np.bool_)
    parents = lists.value_parent_indices().to_numpy()[is_key]
    # The parents ascend, so the place of a hit among those of its record is its distance from the first.
    place = np.arange(len(parents)) - np.searchsorted(parents, parents, side="left")
    chosen = np.flatnonzero(is_key)[place == number - 1]
    index = np.full(len(lists), -1, dtype=np.int64)
    index[parents[place == number - 1]] = chosen
    return pairs.field("value").take(pa.array(index, mask=index < 0))


def references(condition: Condition) -> Iterator[Reference]:
    """Every reference in a condition."""
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from references(term)
        case Not(term):
            yield from references(term)
        case Test(reference):
            yield reference
