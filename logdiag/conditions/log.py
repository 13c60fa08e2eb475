"""Asking records: which rows a condition means."""

from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.conditions.alarm_catalogue import identify
from logdiag.conditions.modifiers import MODIFIERS, Question
from logdiag.conditions.parse import (
    COLUMNS,
    SHORTCUTS,
    AllOf,
    AnyOf,
    Condition,
    Not,
    Reference,
    Test,
    compile_event,
)
from logdiag.tables.arrays import arrow

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ALARM_ID = "Id"
"""The key of an alarm's number. It is asked like a column: some records of alarms lack it."""

_ALARMS = compile_event(["Alarm Raised", "Alarm Lowered", "Alarm Acknowledged"])


def holds(test: Test, text: str) -> bool:
    """Return whether a value meets a test, which is not about whether there is one."""
    return bool(_any(test, pa.array([text]))[0])


_ALL = slice(None)
_REPEATED = 4
"""How often values repeat, on average, if each of them is asked once."""


class Log:
    """A table of records that conditions are asked of. Row numbers count from 0.

    What rules ask again and again (is it an alarm?) is worked out once: the values of a column, the
    places of a key's values, the rows of a test. The ``Id`` of an alarm is what its words say
    (`logdiag.conditions.alarm_catalogue.identify`), so that a record without one is known all the same.
    """

    def __init__(self, records: pa.Table) -> None:
        self.records = records
        self._answers: dict[Test, Rows] = {}
        self._values: dict[Reference, pa.Array] = {}
        self._holding: dict[Test, Mask] = {}
        self._places: dict[Reference, Rows] = {}
        self._without_rows: dict[int, Condition] = {}
        """Conditions that no row meets, by ``id``: a condition with many parts takes long to compare."""

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def values(self, reference: Reference, rows: Rows) -> pa.Array:
        """Return the values of a reference in some rows, as strings; null if a record lacks the key."""
        if self._only_few_need(reference, rows):
            return self._of_fields(reference, rows)
        values = self._values_of(reference).take(arrow(rows))
        return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values

    def _only_few_need(self, reference: Reference, rows: Rows) -> bool:
        """Return whether to look up the values of a key for some rows only: all of them take longer."""
        return (
            reference not in self._values and _column(reference) is None and len(rows) < len(self) / _REPEATED
        )

    def _values_of(self, reference: Reference) -> pa.Array:
        """Return the values of a reference in all rows, as a dictionary if they repeat."""
        # All rules ask for the same few references: converting them once is what makes many rules cheap.
        if reference not in self._values:
            column = _column(reference)
            if column == ALARM_ID:
                found = self._alarm_ids()
            elif column is None:
                found = self._of_fields(reference)
            else:
                found = _whole(self.records.column(column))
            if not pa.types.is_dictionary(found.type):
                encoded = found.dictionary_encode()
                found = encoded if len(encoded.dictionary) <= len(encoded) / _REPEATED else found
            self._values[reference] = found
        return self._values[reference]

    def _of_fields(self, reference: Reference, rows: Rows | slice = _ALL) -> pa.Array:
        places = self._places_of(reference)[rows]
        return self._pairs.field("value").take(arrow(places, places >= 0))

    def _alarm_ids(self) -> pa.Array:
        """Return the ``Id`` of every record, as written but for alarms that are known by their words."""
        written = self._of_fields(Reference(ALARM_ID))
        # Only alarms of the event log have ids of the catalogue.
        alarms = self.rows(_ALARMS)
        details = self.values(Reference("Detail"), alarms).to_pylist()
        ids = written.take(arrow(alarms)).to_pylist()
        # Alarms repeat, with few different texts: each is identified once.
        known = cache(identify)
        found = [known(detail or "", id_) for detail, id_ in zip(details, ids, strict=True)]
        are_alarms = np.zeros(len(self), np.bool_)
        are_alarms[alarms] = True
        return pc.replace_with_mask(written, arrow(are_alarms), pa.array(found, written.type))

    @cached_property
    def _fields(self) -> pa.ListArray:
        return _whole(self.records.column("fields"))

    @cached_property
    def _pairs(self) -> pa.StructArray:
        return self._fields.flatten()

    @cached_property
    def _keys(self) -> tuple[dict[str, int], npt.NDArray[np.int32]]:
        """A number for each key, and the key of each pair as its number."""
        keys = self._pairs.field("key")
        encoded = keys if pa.types.is_dictionary(keys.type) else keys.dictionary_encode()
        names = {name: number for number, name in enumerate(encoded.dictionary.to_pylist())}
        return names, encoded.indices.to_numpy()

    def _places_of(self, reference: Reference) -> Rows:
        """Return for each row the number of the pair with the reference's value; -1 if the row lacks it."""
        if reference not in self._places:
            found = np.full(len(self), -1, dtype=np.int64)
            names, keys = self._keys
            hits = np.flatnonzero(keys == names.get(reference.key, -1))
            if len(hits):
                starts = self._fields.offsets.to_numpy()[: len(self)] - self._fields.offsets[0].as_py()
                parents = np.searchsorted(starts, hits, side="right") - 1
                # The parents ascend, so a hit's place in its record is its distance from the first.
                nth = np.arange(len(hits)) - np.searchsorted(parents, parents, side="left")
                chosen = nth == reference.number - 1
                found[parents[chosen]] = hits[chosen]
            self._places[reference] = found
        return self._places[reference]

    def times(self, rows: Rows) -> list[int]:
        """Return the times of some rows, in microseconds since 1970."""
        times: list[int] = self.records.column("time").take(arrow(rows)).cast("int64").to_pylist()
        return times

    def hosts(self, rows: Rows) -> list[str]:
        """Return the hosts of some rows."""
        hosts: list[str] = self.values(Reference("host"), rows).to_pylist()
        return hosts

    def place(self, row: int) -> tuple[str, str, int]:
        """Snapshot, source and line of a row."""
        [place] = self.records.select(["snapshot", "source", "line"]).slice(row, 1).to_pylist()
        return place["snapshot"], place["source"], place["line"]

    def time_at(self, row: int) -> int:
        """Return the time of one row, in microseconds since 1970."""
        return self.times(np.array([row], dtype=np.int64))[0]

    def snapshots(self, rows: Rows) -> list[str]:
        """Return the snapshots of some rows."""
        names: list[str] = self.records.column("snapshot").take(arrow(rows)).to_pylist()
        return names

    def rows(self, condition: Condition) -> Rows:
        """Return the rows that a condition means, ascending."""
        # Most conditions mean no row, and rules ask them several times.
        if self._without_rows.get(id(condition)) is condition:
            return np.array([], dtype=np.int64)
        found = self._select(condition, np.arange(len(self), dtype=np.int64))
        if not len(found):
            self._without_rows[id(condition)] = condition
        return found

    def _select(self, condition: Condition, rows: Rows) -> Rows:
        match condition:
            # Each term looks only at the rows that the terms before it selected.
            case AllOf(terms):
                for term in terms:
                    if not len(rows):
                        break
                    rows = self._select(term, rows)
                return rows
            case AnyOf(terms):
                found = [part for term in terms if len(part := self._select(term, rows))]
                return rows[self._are_in(rows, *found)] if found else rows[:0]
            case Not(term):
                return rows[~self._are_in(rows, self._select(term, rows))]
            case Test():
                # Only answers for the whole table are cached: those for some rows belong to one condition.
                if len(rows) < len(self) or not len(rows):
                    return self._meeting(condition, rows) if len(rows) else rows
                if condition not in self._answers:
                    self._answers[condition] = self._meeting(condition, rows)
                return self._answers[condition]

    def _are_in(self, rows: Rows, *parts: Rows) -> Mask:
        """Return which of some rows are in one of the parts."""
        found = np.zeros(len(self), np.bool_)
        for part in parts:
            found[part] = True
        return found[rows]

    def _meeting(self, test: Test, rows: Rows) -> Rows:
        """Return the rows, of some, that meet a test."""
        if test.modifier == "exists":
            there = self._has(test.reference)[rows]
            return rows[(there & ("true" in test.values)) | (~there & ("false" in test.values))]
        if _column(test.reference) is None:
            rows = rows[self._has(test.reference)[rows]]
        if not len(rows):
            return rows
        if self._only_few_need(test.reference, rows):
            return rows[_any(test, self._of_fields(test.reference, rows))]
        values = self._values_of(test.reference)
        repeat = pa.types.is_dictionary(values.type)
        if not repeat or (test not in self._holding and len(values.dictionary) > len(rows)):
            return rows[_any(test, self.values(test.reference, rows))]
        # Each value is asked once. Most tests hold for none.
        if test not in self._holding:
            self._holding[test] = np.append(_any(test, values.dictionary), False)  # the last for null
        holding = self._holding[test]
        if not holding.any():
            return rows[:0]
        codes: Rows = values.indices.fill_null(-1).to_numpy()
        return rows[holding[codes[rows]]]

    def _has(self, reference: Reference) -> Mask:
        """Return which rows have a value."""
        if _column(reference) is None:
            return self._places_of(reference) >= 0
        valid: Mask = self._values_of(reference).is_valid().to_numpy(zero_copy_only=False)
        return valid


def _column(reference: Reference) -> str | None:
    """Return the column of a reference; None if only the fields contain it."""
    if reference.key in COLUMNS or reference == Reference(ALARM_ID):
        return reference.key
    return SHORTCUTS.get(reference.key) if reference.number == 1 else None


def _any(test: Test, asked: pa.Array) -> Mask:
    """Return which of some texts meet a test."""
    answers = np.zeros(len(asked), dtype=np.bool_)
    for question in _questions(test):
        held = question(asked)
        answers |= (held.fill_null(False) if held.null_count else held).to_numpy(zero_copy_only=False)
    return answers


@cache
def _questions(test: Test) -> list[Question]:
    return [MODIFIERS[test.modifier](value) for value in test.values]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
    array = column.combine_chunks()
    if isinstance(array, pa.Array):
        return array
    return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
