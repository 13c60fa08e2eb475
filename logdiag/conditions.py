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
from functools import cached_property
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
    """A table of records that conditions are asked of. Row numbers count from 0.

    What rules ask again and again (is it an alarm?) is worked out once: the values of a column, the
    places of a key's values, the rows of a test.
    """

    def __init__(self, records: pa.Table) -> None:
        self.records = records
        self._answers: dict[Test, Rows] = {}
        self._columns: dict[str, pa.Array] = {}
        self._codes: dict[str, Rows] = {}
        self._holding: dict[Test, Mask] = {}
        self._places: dict[Reference, Rows] = {}

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def values(self, reference: Reference, rows: Rows) -> pa.Array:
        """The values of a reference in some rows, as strings; null where a record has none."""
        column = _column(reference)
        if column is None:
            places = self._places_of(reference)[rows]
            return self._pairs.field("value").take(pa.array(places, mask=places < 0))
        values = self._whole(column).take(pa.array(rows))
        return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values

    def _whole(self, column: str) -> pa.Array:
        if column not in self._columns:
            self._columns[column] = _whole(self.records.column(column))
        return self._columns[column]

    def _codes_of(self, column: str) -> Rows:
        """A dictionary column as numbers; -1 where there is no value."""
        if column not in self._codes:
            self._codes[column] = self._whole(column).indices.fill_null(-1).to_numpy()
        return self._codes[column]

    @cached_property
    def _pairs(self) -> pa.StructArray:
        return self._whole("fields").flatten()

    @cached_property
    def _keys(self) -> tuple[dict[str, int], Rows]:
        """The number of each key, and the keys of all pairs as numbers."""
        keys = self._pairs.field("key").dictionary_encode()
        return {
            key: number for number, key in enumerate(keys.dictionary.to_pylist())
        }, keys.indices.to_numpy()

    def _places_of(self, reference: Reference) -> Rows:
        """For each row where among all pairs the reference's value stands; -1 where it has none."""
        if reference not in self._places:
            found = np.full(len(self), -1, dtype=np.int64)
            numbers, keys = self._keys
            if reference.key in numbers:
                hits = np.flatnonzero(keys == numbers[reference.key])
                lists = self._whole("fields")
                starts = lists.offsets.to_numpy()[: len(self)] - lists.offsets[0].as_py()
                parents = np.searchsorted(starts, hits, side="right") - 1
                # The parents ascend, so a hit's place in its record is its distance from the first.
                nth = np.arange(len(hits)) - np.searchsorted(parents, parents, side="left")
                chosen = nth == reference.number - 1
                found[parents[chosen]] = hits[chosen]
            self._places[reference] = found
        return self._places[reference]

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
                    if not len(rows):
                        break
                    rows = self._select(term, rows)
                return rows
            case AnyOf(terms):
                found = [part for term in terms if len(part := self._select(term, rows))]
                return rows[np.isin(rows, np.concatenate(found))] if found else rows[:0]
            case Not(term):
                return rows[~np.isin(rows, self._select(term, rows))]
            case Test(reference, modifier, values):
                if len(rows) < len(self) or not len(rows):
                    return rows[self._holds(reference, modifier, values, rows)] if len(rows) else rows
                if condition not in self._answers:
                    self._answers[condition] = rows[self._holds(reference, modifier, values, rows)]
                return self._answers[condition]

    def _holds(self, reference: Reference, modifier: str, values: tuple[str, ...], rows: Rows) -> Mask:
        column = _column(reference)
        if column is not None and pa.types.is_dictionary(self.records.schema.field(column).type):
            # Asked of the few values of the column, once.
            encoded = self._whole(column)
            codes = self._codes_of(column)
            codes = codes if len(rows) == len(codes) else codes[rows]
            if modifier == "exists":
                return _exists(codes >= 0, values)
            test = Test(reference, modifier, values)
            if test not in self._holding:
                self._holding[test] = np.r_[_any(modifier, values, encoded.dictionary), False]
            known: Mask = self._holding[test][codes]
            return known
        found = self.values(reference, rows)
        if modifier == "exists":
            return _exists(found.is_valid().to_numpy(zero_copy_only=False), values)
        # Rows repeat few values: ask each of them once.
        encoded = found.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy()
        holds: Mask = np.r_[_any(modifier, values, encoded.dictionary), False][codes]
        return holds


def _column(reference: Reference) -> str | None:
    """The column of a reference; None for one that only the fields hold."""
    if reference.key in COLUMNS:
        return reference.key
    return _SHORTCUTS.get(reference.key) if reference.number == 1 else None


def _exists(there: Mask, values: tuple[str, ...]) -> Mask:
    found: Mask = (there & ("true" in values)) | (~there & ("false" in values))
    return found


def _any(modifier: str, values: tuple[str, ...], asked: pa.Array) -> Mask:
    """Which of some texts one of the values holds for."""
    answers = np.zeros(len(asked), dtype=np.bool_)
    for value in values:
        answers |= _MODIFIERS[modifier](value)(asked).to_numpy(zero_copy_only=False).astype(np.bool_)
    return answers


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
    array = column.combine_chunks()
    if isinstance(array, pa.Array):
        return array
    return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)


def _strings(column: pa.ChunkedArray) -> pa.Array:
    return _whole(column.cast(pa.string()))


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
