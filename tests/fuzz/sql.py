"""Builds queries from a script of numbers: right by grammar, with any function of the database and arguments of its types."""

import re
from collections.abc import Iterator
from functools import cache

import duckdb

TABLES = ("records", "unparsed", "config", "status", "findings", "coverage")
TEXTS = (
    "'a'",
    "''",
    "'canary.csv'",
    "'CANARY'",
    "'/etc/passwd'",
    "'SELECT 1'",
    "'2024-01-01'",
    "'%Y'",
    "'[1]'",
    "'file:canary.csv'",
)
COLUMNS = ("t.host", "t.count", "t.time", "t.fields", "t.value")
_ROW = "(SELECT 'a' host, 3 count, TIMESTAMP '2024-01-01' AS time, [1, 2] fields, NULL AS value) t"
"""A row with all columns, so that a column exists whatever else a query reads."""
_CASTS = ("VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "DATE", "TIMESTAMP", "BLOB", "BOOLEAN")
NUMBERS = ("0", "1", "-1", "2", "3.5", "300", "99999", "1e30")
VALUES = {
    "BOOL": ("true", "false"),
    "DATE": ("DATE '2024-02-29'", "DATE 'infinity'"),
    "TIME": ("TIMESTAMP '2024-01-01'", "TIMESTAMP 'infinity'", "TIMESTAMP '0001-01-01'"),
    "INTERVAL": ("INTERVAL 1 DAY", "INTERVAL (-9999999) MONTH"),
    "BLOB": ("'a'::BLOB", "'\\xFF'::BLOB"),
    "JSON": ("'{\"a\": [1]}'::JSON", "'null'::JSON"),
    "LAMBDA": ("lambda x: x", "lambda x: 1", "lambda x: x || 'a'"),
    "MAP": ("MAP {'a': 1}", "MAP {}"),
    "STRUCT": ("{'a': 1}", "{'year': 1, 'month': 2, 'day': 3}"),
}
_NUMERIC = re.compile("INT|DOUBLE|FLOAT|DECIMAL|BIGNUM")


def statement(script: Iterator[int]) -> str:
    """Return a query."""
    head = ("", "", "", "", "EXPLAIN ", "DESCRIBE ", "SUMMARIZE ", "EXPLAIN ANALYZE ")[next(script, 0) % 8]
    return head + _select(script, 3)


def _select(script: Iterator[int], depth: int) -> str:
    choice = next(script, 0)
    kind = "aggregate" if choice & 3 == 3 else "scalar"
    columns = ", ".join(_call(kind, script, depth) for _ in range(1 + (choice >> 2) % 2))
    parts = [f"SELECT {columns} FROM {_source(script, depth)}"]
    if choice & 8:
        parts.append(f"WHERE {_call('scalar', script, depth - 1)} IS NOT NULL")
    if choice & 0x30 == 0x30:
        parts.append("ORDER BY ALL")
    if choice & 0xC0 == 0xC0:
        parts.append(f"LIMIT {_typed('BIGINT', script, depth - 1)}")
    return " ".join(parts)


def _source(script: Iterator[int], depth: int) -> str:
    choice = next(script, 0)
    match choice % 16 if depth > 0 else 0:
        case 1 | 2:
            return f"{_ROW}, ({_select(script, depth - 1)})"
        case 3 | 4:
            return f"{_ROW}, {_call('table', script, depth - 1)}"
        case 5:
            return f"{_ROW}, {_text(script)}"
        case 6 | 7 | 8:
            return f"{_ROW}, {TABLES[choice // 16 % len(TABLES)]}"
    return _ROW


def _call(kind: str, script: Iterator[int], depth: int) -> str:
    names = functions()[kind]
    name, types = names[(next(script, 0) << 8 | next(script, 0)) % len(names)]
    return f"{name}({', '.join(_typed(one or 'ANY', script, depth) for one in types)})"


def _typed(kind: str, script: Iterator[int], depth: int) -> str:
    """Return an expression of a type, most often a constant."""
    choice = next(script, 0)
    if choice % 8 == 7 and depth > 0:
        inner = _call("scalar", script, depth - 1)
        return f"TRY_CAST({inner} AS {kind})" if kind in _CASTS else inner
    if kind.endswith("]"):
        return f"[{_typed(kind.partition('[')[0], script, 0)}]"
    if _NUMERIC.search(kind):
        return NUMBERS[choice // 4 % len(NUMBERS)]
    for part, values in VALUES.items():
        if part in kind:
            return values[choice // 4 % len(values)]
    return COLUMNS[choice // 16 % len(COLUMNS)] if kind != "VARCHAR" and choice & 8 else _text(script)


def _text(script: Iterator[int]) -> str:
    return TEXTS[next(script, 0) % len(TEXTS)]


@cache
def functions() -> dict[str, list[tuple[str, list[str]]]]:
    """Return the functions of the database by their kind, each with its name and the types of its parameters."""
    sql = "SELECT DISTINCT function_name, parameter_types, function_type FROM duckdb_functions() ORDER BY ALL"
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(sql).fetchall()
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for name, types, kind in rows:
        # One function waits as long as it is asked to.
        if name.isidentifier() and name != "pg_sleep":
            found.setdefault({"macro": "scalar", "table_macro": "table"}.get(kind, kind), []).append(
                (name, types)
            )
    return found
