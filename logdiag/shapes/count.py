"""Records counted by their shapes: those that no rule asks for, and those that a rule only guessed at."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster.alarms import RAISED
from logdiag.conditions import AnyOf, Log, Reference, compile_condition
from logdiag.conditions.alarm_catalogue import load as load_alarms
from logdiag.reading import Tables
from logdiag.rules.library import Library
from logdiag.rules.match_schema import patterns
from logdiag.rules.selection import asked
from logdiag.shapes.words import Words, is_naming, words_of

MOST = 10_000
"""Shapes that are told apart."""

_MOST_KEYS = 200
"""Keys of a record that are looked at."""
_ALARMS = compile_condition({**RAISED, "Id|exists": True})
_BODIES = {"SIPMSG:": "SIPMSG", "HTTPMSG:": "HTTPMSG"}
_LEVELS = frozenset(
    ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "TRACE", "1", "2", "3")
)
_WITH_DIGITS = r"\S*[0-9]\S*[A-Za-z]\S*|\S*[A-Za-z]\S*[0-9]\S*"


class Shape(NamedTuple):
    """What stays of a record: names of the product, and texts in which signs stand for values."""

    process: str | None
    subprocess: str | None
    module: str | None
    level: str | None
    event: str | None
    keys: tuple[str, ...]
    detail: str | None
    text: str | None
    body: str | None
    alarm: str | None = None
    """The id of an alarm that the catalogue lacks."""


class Seen(NamedTuple):
    """A pattern of a rule that rests on an assumed spelling."""

    rule: str
    pattern: str


class Shapes(NamedTuple):
    """How many records have which shape.

    ``left_out`` are the records whose shapes came when there were `MOST`; ``seen`` are the records that
    rules of an assumed basis match, by the pattern.
    """

    records: int
    unknown: Counter[Shape]
    left_out: int
    seen: Counter[tuple[Seen, Shape]]


def shapes(tables: Tables, library: Library) -> Shapes:
    """Count the records of some logs by their shapes."""
    words = Words(_names(tables))
    known = AnyOf(tuple(sorted(asked(library), key=repr)))
    guessed = list(_guessed(library))
    unknown: Counter[Shape] = Counter()
    seen: Counter[tuple[Seen, Shape]] = Counter()
    left_out = 0
    shaper = _Shaper(words)
    for part in tables.records.to_batches():
        table = pa.Table.from_batches([part])
        log = Log(table)
        rows = np.setdiff1d(np.arange(len(log), dtype=np.int64), log.rows(known))
        alarms = _unknown_alarms(log)
        for shape in shaper.shapes(table, np.union1d(rows, np.array(sorted(alarms), np.int64)), alarms):
            if shape in unknown or len(unknown) < MOST:
                unknown[shape] += 1
            else:
                left_out += 1
        for one, condition in guessed:
            for shape in shaper.shapes(table, log.rows(condition), {}):
                if (one, shape) in seen or len(seen) < MOST:
                    seen[one, shape] += 1
    return Shapes(tables.records.num_rows, unknown, left_out, seen)


def _names(tables: Tables) -> set[str]:
    """The words by which a log calls users, hosts and the like, as far as they could stay."""
    names = words_of(host.partition(".")[0] for host in _distinct(tables.records.column("host")))
    for chunk in tables.records.column("fields").chunks:
        pairs = chunk.flatten()
        keys = pairs.field("key").dictionary_encode()
        naming = pa.array([is_naming(key) for key in keys.dictionary.to_pylist()], pa.bool_())
        names |= words_of(pc.unique(pairs.field("value").filter(naming.take(keys.indices))).to_pylist())
    for dump in (tables.config, tables.status):
        paths, values = dump.column("path").to_pylist(), dump.column("value").to_pylist()
        names |= words_of(value for path, value in zip(paths, values, strict=True) if _is_name(path))
    return names


def _is_name(path: str) -> bool:
    return path.endswith(("SystemUnit Name", " Hostname", " Username", " User", " Login"))


def _distinct(column: pa.ChunkedArray) -> list[str]:
    values: list[str] = pc.unique(column.cast(pa.string())).to_pylist()
    return values


def _guessed(library: Library) -> Iterator[tuple[Seen, Any]]:
    """The patterns of rules whose spelling is assumed, each with its condition."""
    for name, rule in sorted(library.rules.items()):
        for match in rule.match if rule.basis == "assumed" else ():
            for path, pattern in patterns(match):
                if pattern.table == "records" and not (match.alarm and match.alarm.others):
                    yield Seen(name, ".".join(map(str, path))), pattern.condition


def _unknown_alarms(log: Log) -> dict[int, str]:
    """The rows that raise an alarm that the catalogue lacks, with its id."""
    rows = log.rows(_ALARMS)
    ids = log.values(Reference("Id"), rows).to_pylist()
    known = load_alarms()
    return {int(row): id_.strip() for row, id_ in zip(rows, ids, strict=True) if id_.strip() not in known}


class _Shaper:
    """Makes shapes of rows; each text is looked at once."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def shapes(self, table: pa.Table, rows: npt.NDArray[np.int64], alarms: dict[int, str]) -> Iterator[Shape]:
        """The shape of each row."""
        if not len(rows):
            return
        words = self._words
        taken = table.take(pa.array(rows))
        columns = (
            _mapped(taken, "process", words.process),
            _mapped(taken, "subprocess", words.process),
            _mapped(taken, "module", words.module),
            _mapped(taken, "level", lambda level: level if level in _LEVELS else "<value>"),
            _mapped(taken, "event", words.template),
            self._keys_of(taken),
            _mapped(taken, "detail", words.template),
            _mapped(taken, "text", words.template),
            _mapped(taken, "body", _body),
            [_five_digits(alarms.get(row)) for row in rows.tolist()],
        )
        yield from map(Shape, *columns)

    def _keys_of(self, taken: pa.Table) -> list[tuple[str, ...]]:
        lists = taken.column("fields").combine_chunks()
        offsets = (lists.offsets.to_numpy() - lists.offsets[0].as_py()).tolist()
        keys = lists.flatten().field("key").dictionary_encode()
        names = [self._words.key(key) for key in keys.dictionary.to_pylist()]
        codes = keys.indices.to_numpy()
        found: dict[bytes, tuple[str, ...]] = {}
        told = []
        for start, end in itertools.pairwise(offsets):
            of_row = codes[start : min(end, start + _MOST_KEYS)]
            code = of_row.tobytes()
            if code not in found:
                found[code] = tuple(dict.fromkeys(names[number] for number in of_row.tolist()))
            told.append(found[code])
        return told


def _mapped(taken: pa.Table, name: str, told: Callable[[str], str | None]) -> list[str | None]:
    """A column in other words, each of its values put into them once."""
    column = taken.column(name).cast(pa.string())
    if name in ("detail", "text"):
        # What has digits in it is a value: without them few texts differ.
        column = pc.replace_substring_regex(column, _WITH_DIGITS, "0_")
    elif name == "body":
        column = pc.utf8_slice_codeunits(column, 0, 20)
    encoded = column.combine_chunks().dictionary_encode()
    values = [told(value) for value in encoded.dictionary.to_pylist()]
    return [None if code is None else values[code] for code in encoded.indices.to_pylist()]


def _body(start: str) -> str:
    return _BODIES.get(start.strip().split("\n")[0].strip(), "lines")


def _five_digits(alarm: str | None) -> str | None:
    return alarm if alarm is not None and len(alarm) == 5 and alarm.isdecimal() and alarm.isascii() else None
