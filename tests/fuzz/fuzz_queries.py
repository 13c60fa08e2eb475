"""Fuzz target: a query over the tables of a sample. The first byte decides: the rest is SQL, or a script
that builds a query.

Every query runs in a folder with a file. Nobody may see the content of the file, nor write another one.
"""

import contextlib
import itertools
import os
import random
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mutations import SAMPLES, TESTS, kept
from sql import statement

from logdiag.errors import LogdiagError
from logdiag.pipeline import examine
from logdiag.query import answer, engine, parse_query, render_table
from logdiag.query.ask import build_tables
from logdiag.reading import read_texts
from logdiag.rules.library import load
from logdiag.snapshots import Limits
from logdiag.snapshots.deadline import Deadline
from logdiag.tables.export import Rows, csv_lines, json_lines

SECRET = "canary-7f3a91"
"""The content of the file, and of a variable of the environment."""

SECONDS = 2
"""Seconds that a query may take."""

_MAX_ROWS = 200
_LIMITS = Limits(disk=1 << 24, seconds=SECONDS)

WORDS = [
    word.encode()
    for word in re.split(
        " {2,}|\n",
        r"""\
SELECT  *  FROM  WHERE  WITH RECURSIVE  AS  (  )  ,  UNION ALL  JOIN  ON  GROUP BY ALL  ORDER BY  LIMIT
OFFSET  QUALIFY  OVER ()  LATERAL  UNNEST(  VALUES  PIVOT  UNPIVOT  SUMMARIZE  DESCRIBE  EXPLAIN ANALYZE
SHOW  CALL  PRAGMA  SET  COPY  TO  ATTACH  INSTALL  LOAD  EXPORT DATABASE  CREATE TABLE t AS
CREATE MACRO  CREATE SECRET  INSERT INTO  DELETE FROM  DROP  PREPARE  EXECUTE  BEGIN  CHECKPOINT  FORCE
USE  VARIABLE  RESET  ALTER  IMPORT DATABASE  COMMENT ON  POSITIONAL  ASOF  records  unparsed  config
status  findings  coverage  fields  host  time  t  'canary.csv'  'out.csv'  '*'  '/etc/passwd'
'file:canary.csv'  "canary.csv"  'https://x/'  read_csv  read_text  read_blob  read_json  read_parquet
glob  sniff_csv  query  query_table  getenv  getvariable  current_setting  duckdb_settings
duckdb_secrets  which_secret  json_execute_serialized_sql  json_serialize_sql  range  generate_series
repeat  value_of  enable_logging  write_log  parse_duckdb_log_message  arrow_scan  pandas_scan
python_map_function  1  0  -1  99999999999  1e400  NULL  'a'  'CANARY'  []  {}  ::JSON  ::INT  ::BLOB  ;
/*  */  $$  =  <  ||  ->  x ->  .  :  [1]  ::TIMESTAMP  'infinity'  [x FOR x IN  COLUMNS(*)  EXCLUDE
REPLACE  CASE WHEN  THEN  END  CAST(  TRY(  EXISTS  --""",
    )
]
"""Words of SQL, and ways out that an earlier query might have tried."""


def run_input(data: bytes) -> None:
    """Ask one query, and check what it gave and what it did to the folder."""
    if not data:
        return
    sql = statement(iter(data[1:])) if data[0] & 1 else data[1:].decode("utf-8", "surrogateescape")
    sample()  # first: what it compiles is cached in the home of the user
    # A query may use most of the memory and all cores; the fuzzer must not.
    modest = patch.dict(engine._CLOSED, {"memory_limit": "300MB", "threads": 1})
    # Extensions would be stored in the home of the user.
    user = patch.dict(os.environ, {"HOME": str(folder()), "CANARY": SECRET})
    try:
        with modest, user, contextlib.chdir(folder()):
            shown = ask(sql)
    except LogdiagError as error:
        shown = "\n".join(error.lines)
        assert shown.strip(), "an error without a message"
    finally:
        found = sorted(path.name for path in folder().rglob("*"))
    # Only a query that contains the secret may show it.
    assert SECRET not in shown or "canary" in sql.replace("canary.csv", ""), shown
    assert "root:x:0" not in shown or "root:x:0" in sql, shown
    assert found == ["canary.csv"], found
    assert (folder() / "canary.csv").read_text() == f"{SECRET}\n"


def ask(sql: str) -> str:
    """Return the answer in all its forms."""
    names = parse_query(sql)
    tables, findings = sample()
    given = build_tables(names, tables, findings)
    with answer(sql, given, _LIMITS, Deadline(SECONDS)) as found:
        rows = Rows(found.rows.schema, list(itertools.islice(found.rows.batches, 1)))
        some = Rows(rows.schema, [batch.slice(0, _MAX_ROWS) for batch in rows.batches])
        lines = [*json_lines(some), *csv_lines(some), *render_table(some, 80), *render_table(some, None)]
    return "".join(lines)


@cache
def folder() -> Path:
    """Return the folder with the file."""
    place = tempfile.TemporaryDirectory(prefix="logdiag-fuzz-")
    _PLACES.append(place)
    path = Path(place.name)
    (path / "canary.csv").write_text(f"{SECRET}\n")
    return path


_PLACES: list[tempfile.TemporaryDirectory[str]] = []


@cache
def sample() -> tuple[Any, Any]:
    """Return the tables and the findings of a sample."""
    files = {path.name: path.read_bytes() for path in sorted((SAMPLES / "peer-lost").iterdir())}
    tables = read_texts(
        {**files, "xconf_dump.txt": (TESTS / "dumps/synthetic/expc01_xconf.txt").read_bytes()[:2000]}
    )
    return tables, examine(tables, load()).findings


def seeds() -> list[bytes]:
    """Return queries of the documentation, forbidden queries, scripts, and the kept inputs."""
    from test_query import questions

    texts = [sql for _, sql in questions()] + FORBIDDEN + ODD
    scripts = [bytes([1]) + random.Random(number).randbytes(3 + number % 40) for number in range(100)]
    return [*(b"\0" + one.encode() for one in texts), *scripts, *kept("queries")]


FORBIDDEN = [
    "SELECT * FROM read_csv('canary.csv')",
    "SELECT * FROM 'canary.csv'",
    'SELECT * FROM "canary.csv"',
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT getenv('CANARY')",
    "COPY records TO 'out.csv'",
    "ATTACH 'out.db'",
    "SET enable_external_access = true",
    "SELECT * FROM query('FROM ''canary.csv''')",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
    "SELECT * FROM query_table('canary.csv')",
    "SELECT * FROM query_table(['canary.csv', 'records'])",
    "INSTALL httpfs",
    "FROM duckdb_secrets()",
    "CREATE TEMP MACRO m() AS TABLE SELECT * FROM 'canary.csv'",
    "EXPLAIN ANALYZE SELECT * FROM range(10)",
    "PIVOT coverage ON kind USING count(*)",
    "SUMMARIZE coverage",
    "DESCRIBE records",
    "SHOW TABLES",
]
ODD = [
    "SELECT 'infinity'::TIMESTAMP, 'nan'::DOUBLE, 1e308::DECIMAL(38, 2), uuid(), '\\xff'::BLOB",
    "SELECT {'a': [1, NULL], 'b': MAP {'k': 1}}, union_value(x := 1), '1 year'::INTERVAL, TIME '24:00:00'",
    'SELECT 1 AS "a\nb", 2 AS "a\nb", 3 AS "\u202e"',
    "SELECT DATE '5877642-06-25 (BC)', DATE '290309-12-22 (BC)', '290000-01-01'::TIMESTAMPTZ",
    "SELECT range(3) r, unnest(range(3)), repeat('x', 10)",
    "SELECT 340282366920938463463374607431768211455::UHUGEINT, 170141183460469231731687303715884105727::HUGEINT, bitstring('01', 9)",
    "FROM records SELECT COLUMNS(*), value_of(fields, 'Event', 2) LIMIT 3",
    'SELECT value FROM json_each(\'[1, {"a": "\\ud800"}]\')',
]
