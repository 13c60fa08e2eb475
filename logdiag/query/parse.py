"""Checks a query before any input is read: the tables that it names, and that it only selects.

A query may have come by mail. It is one statement that selects. Of the functions in place of a table it may
use those that make rows of their arguments: all others read files, load code or write logs.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from logdiag.i18n import gettext
from logdiag.query.engine import TABLES, QueryError, Runner, complaint, sandbox
from logdiag.snapshots import Limits
from logdiag.snapshots.deadline import Deadline

_HARMLESS = frozenset(
    ("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary")
)
"""Table functions that touch nothing outside of the query."""
_EXPLAIN = re.compile(r"\s*explain(?:\s+analyze)?\b", re.IGNORECASE)
_MAX_LENGTH = 1 << 20


def parse_query(sql: str, deadline: Deadline | None = None) -> frozenset[str]:
    """Parse and check a query. Return the tables that it names.

    Args:
        sql: the query.
        deadline: when the run has to end (default: after the seconds of the limits).

    Raises:
        QueryError: it is wrong, or does more than select.
        ResourceError: the check needs more time. It computes constants, such as those of LIMIT.

    """
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise QueryError(gettext("the query is not UTF-8")) from None
    if len(sql) > _MAX_LENGTH:
        raise QueryError(gettext("the query is too long"))
    tables = frozenset(_tables_of(_parse(sql)))
    # Empty tables show wrong names and types, before minutes are spent on reading.
    limits = Limits()
    with sandbox({name: TABLES[name].empty_table() for name in tables}) as connection:
        Runner(connection, limits, deadline or Deadline(limits.seconds))(lambda: connection.sql(sql))
    return tables


def _parse(sql: str) -> Any:
    """Return the syntax tree of the only statement of a query, from DuckDB's parser."""
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
        raise QueryError(gettext("a query is one SELECT, or WITH, DESCRIBE, SUMMARIZE or EXPLAIN of one"))
    return parsed["statements"]


def _tables_of(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            if node.get("type") == "TABLE_FUNCTION":
                name = (node.get("function") or {}).get("function_name")
                if name not in _HARMLESS:
                    no = gettext(
                        "the function {name} is not allowed: a query sees its own tables, and no files"
                    )
                    raise QueryError(no.format(name=name))
            elif node.get("type") == "BASE_TABLE" and node["table_name"].lower() in TABLES:
                yield node["table_name"].lower()
