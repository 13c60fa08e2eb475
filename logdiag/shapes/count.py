"""Count records by their shapes: those that no rule asks for, and those that a rule assumed."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster.alarms import RAISED
from logdiag.conditions import AnyOf, Log, Reference
from logdiag.conditions.alarm_catalogue import load as load_alarms
from logdiag.reading import Tables
from logdiag.rules.library import Library
from logdiag.rules.selection import collect_conditions
from logdiag.shapes.words import VALUE, Masker, is_naming, words_of
from logdiag.tables.arrays import arrow

MAX_SHAPES = 10_000
"""Different shapes that are counted; records of further shapes are counted together."""

_MAX_KEYS = 200
"""Keys of a record in its shape."""
_BODIES = {"SIPMSG:": "SIPMSG", "HTTPMSG:": "HTTPMSG"}
_LEVELS = frozenset(
    ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "TRACE", "1", "2", "3")
)
_WITH_DIGITS = r"\S*[0-9]\S*[A-Za-z]\S*|\S*[A-Za-z]\S*[0-9]\S*"
_NAME_PATHS = ("SystemUnit Name", " Hostname", " Username", " User", " Login")


class Shape(NamedTuple):
    """The shape of a record: names of the product, and texts with signs in place of values."""

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
    """A pattern of a rule whose spelling is assumed."""

    rule: str
    pattern: str


class Shapes(NamedTuple):
    """The number of records of each shape.

    ``left_out`` counts the records of shapes beyond `MAX_SHAPES`; ``seen`` counts the records that patterns
    of an assumed spelling match.
    """

    records: int
    unknown: Counter[Shape]
    left_out: int
    seen: Counter[tuple[Seen, Shape]]


def count_shapes(tables: Tables, library: Library) -> Shapes:
    """Count the records of some logs by their shapes."""
    masker = Masker(_names(tables))
    known = AnyOf(tuple(sorted(collect_conditions(library), key=repr)))
    assumed = [
        (Seen(rule, ".".join(map(str, path))), pattern.condition)
        for rule, match, path, pattern in find_assumed_patterns(library)
        if not (match.alarm and match.alarm.others)
    ]
    unknown: Counter[Shape] = Counter()
    seen: Counter[tuple[Seen, Shape]] = Counter()
    left_out = 0
    for part in tables.records.to_batches():
        table = pa.Table.from_batches([part])
        log = Log(table)
        # A record that any rule asks for is known; its shape would tell the maintainers nothing new.
        rows = np.setdiff1d(np.arange(len(log), dtype=np.int64), log.rows(known))
        alarms = _unknown_alarms(log)
        rows = np.union1d(rows, np.array(sorted(alarms), np.int64))
        for shape in _shapes(masker, table, rows, alarms):
            # A log of another product can have as many shapes as records: the memory must stay bounded.
            if shape in unknown or len(unknown) < MAX_SHAPES:
                unknown[shape] += 1
            else:
                left_out += 1
        for one, condition in assumed:
            for shape in _shapes(masker, table, log.rows(condition), {}):
                # Bounded for the same reason.
                if (one, shape) in seen or len(seen) < MAX_SHAPES:
                    seen[one, shape] += 1
    return Shapes(tables.records.num_rows, unknown, left_out, seen)


def find_assumed_patterns(library: Library) -> Iterator[tuple[str, Any, Any, Any]]:
    """Return the patterns for records whose spelling is assumed: rule, match, path and pattern."""
    for name, rule in sorted(library.rules.items()):
        for match in rule.match if rule.basis == "assumed" else ():
            for path, pattern in match.patterns:
                if pattern.table == "records":
                    yield name, match, path, pattern


def _names(tables: Tables) -> set[str]:
    """Return the words that a log uses as names of users, hosts and similar objects."""
    hosts = pc.unique(tables.records.column("host").cast(pa.string())).to_pylist()
    names = words_of(host.partition(".")[0] for host in hosts)
    for chunk in tables.records.column("fields").chunks:
        pairs = chunk.flatten()
        keys = pairs.field("key").dictionary_encode()
        naming = pa.array([is_naming(key) for key in keys.dictionary.to_pylist()], pa.bool_())
        names |= words_of(pc.unique(pairs.field("value").filter(naming.take(keys.indices))).to_pylist())
    for dump in (tables.config, tables.status):
        settings = zip(dump.column("path").to_pylist(), dump.column("value").to_pylist(), strict=True)
        names |= words_of(value for path, value in settings if path.endswith(_NAME_PATHS))
    return names


def _unknown_alarms(log: Log) -> dict[int, str]:
    """Return the rows that raise an alarm that the catalogue lacks, with its id."""
    rows = log.rows(RAISED)
    ids = log.values(Reference("Id"), rows).to_pylist()
    known = load_alarms()
    return {int(row): id_.strip() for row, id_ in zip(rows, ids, strict=True) if id_.strip() not in known}


def _shapes(
    masker: Masker, table: pa.Table, rows: npt.NDArray[np.int64], alarms: dict[int, str]
) -> Iterator[Shape]:
    """Return the shape of each row."""
    if not len(rows):
        return
    taken = table.take(arrow(rows))
    yield from map(
        Shape,
        _mapped(taken, "process", masker.process),
        _mapped(taken, "subprocess", masker.process),
        _mapped(taken, "module", masker.module),
        _mapped(taken, "level", lambda level: level if level in _LEVELS else VALUE),
        _mapped(taken, "event", masker.template),
        _keys(taken, masker),
        _mapped(taken, "detail", masker.template),
        _mapped(taken, "text", masker.template),
        _mapped(taken, "body", lambda body: _BODIES.get(body.strip().split("\n")[0].strip(), "lines")),
        [_alarm_id(alarms.get(row)) for row in rows.tolist()],
    )


def _keys(taken: pa.Table, masker: Masker) -> Iterator[tuple[str, ...]]:
    lists = taken.column("fields").combine_chunks()
    offsets = (lists.offsets.to_numpy() - lists.offsets[0].as_py()).tolist()
    keys = lists.flatten().field("key").dictionary_encode()
    names = [masker.key(key) for key in keys.dictionary.to_pylist()]
    codes = keys.indices.to_numpy()
    # Records of one event have the same keys in the same order: each such list is masked once.
    known: dict[bytes, tuple[str, ...]] = {}
    for start, end in itertools.pairwise(offsets):
        row = codes[start : min(end, start + _MAX_KEYS)]
        code = row.tobytes()
        if code not in known:
            known[code] = tuple(dict.fromkeys(names[number] for number in row.tolist()))
        yield known[code]


def _mapped(taken: pa.Table, name: str, mask: Callable[[str], str | None]) -> list[str | None]:
    """Return a masked column; each of its values is masked once."""
    column = taken.column(name).cast(pa.string())
    if name in ("detail", "text"):
        # A word with digits is a value: without the digits, few texts differ.
        column = pc.replace_substring_regex(column, _WITH_DIGITS, "0_")
    # Only the kind of a body stays in a shape, and its first line shows it.
    elif name == "body":
        column = pc.utf8_slice_codeunits(column, 0, 20)
    encoded = column.combine_chunks().dictionary_encode()
    values = [mask(value) for value in encoded.dictionary.to_pylist()]
    return [None if code is None else values[code] for code in encoded.indices.to_pylist()]


def _alarm_id(alarm: str | None) -> str | None:
    return alarm if alarm is not None and len(alarm) == 5 and alarm.isdecimal() and alarm.isascii() else None
