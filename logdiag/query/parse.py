"""What a query asks for, known before anything is read: which tables, and that it does nothing but ask.

A query may have come by mail. It is one statement that selects, and of the functions that stand where
a table does it may use those that make rows of what they are given: all others read files, load
code or write logs.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from logdiag.i18n import gettext
from logdiag.query.columns import TABLES
from logdiag.query.engine import QueryError, complaint, sandbox

_HARMLESS = frozenset(
    ("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary")
)
"""Functions that stand where a table does and touch nothing outside of the query."""
_EXPLAIN = re.compile(r"\s*explain(?:\s+analyze)?\b", re.IGNORECASE)
_LONGEST = 1 << 20


@dataclass(frozen=True)
class Asked:
    """A query that may be answered, and the tables that it names."""

    sql: str
    tables: frozenset[str]


def asked(sql: str) -> Asked:
    """Read a query.

    Raises:
        QueryError: it is wrong, or does something else than to select.

    """
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise QueryError(gettext("the query is no UTF-8")) from None
    if len(sql) > _LONGEST:
        raise QueryError(gettext("the query is too long"))
    tables = frozenset(_tables_of(_parsed(sql)))
    # Names and types are checked with the tables empty, before minutes are spent on reading.
    with sandbox({name: TABLES[name].empty_table() for name in tables}) as connection:
        try:
            connection.sql(sql)
        except duckdb.Error as error:
            raise QueryError(*complaint(error)) from None
    return Asked(sql, tables)


def _parsed(sql: str) -> Any:
    """The one statement of a query, as DuckDB's parser has it."""
    only = gettext("a query is one SELECT, or WITH, DESCRIBE, SUMMARIZE or EXPLAIN of one")
    explain = _EXPLAIN.match(sql)
    inner = sql[explain.end() :] if explain else sql
    with duckdb.connect(":memory:") as connection:
        try:
            count = len(connection.extract_statements(sql))
            [[tree]] = connection.execute("SELECT json_serialize_sql(?)", [inner]).fetchall()
            parsed = json.loads(tree)
        except duckdb.Error as error:
            raise QueryError(*complaint(error)) from None
        except RecursionError:
            raise QueryError(gettext("the query is nested too deeply")) from None
    if count != 1 or parsed["error"]:
        raise QueryError(only)
    return parsed["statements"]


def _tables_of(tree: Any) -> Iterator[str]:
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            name = (node.get("function") or {}).get("function_name")
            if name not in _HARMLESS:
                no = gettext("the function {name} is not allowed: a query sees its own tables, and no files")
                raise QueryError(no.format(name=name))
        elif node.get("type") == "BASE_TABLE" and node["table_name"].lower() in TABLES:
            yield node["table_name"].lower()


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
