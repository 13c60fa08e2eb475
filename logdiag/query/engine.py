"""DuckDB in a box: it sees the tables that it is given, and no files, no network, no code of others."""

import difflib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import duckdb
import pyarrow as pa

from logdiag.errors import LogdiagError, ResourceError
from logdiag.i18n import gettext
from logdiag.query.columns import TABLES
from logdiag.snapshots import Limits
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.limits import format_size
from logdiag.tables.export import Rows

_ROWS = 1 << 13
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "allow_community_extensions": "false",
}
Result = TypeVar("Result")

_VALUE_OF = """
CREATE MACRO value_of(fields, name) AS list_filter(fields, lambda f: f.key = name)[1].value,
    (fields, name, number) AS list_filter(fields, lambda f: f.key = name)[number].value
"""
"""Without it, every question about a key would have to say this."""
_OF_THE_DISK = re.compile(r"max_temp_directory_size|temp_directory|No space left", re.IGNORECASE)
_KIND = re.compile(r"^[A-Z][\w ]{2,40} Error: ")
_NO_TABLE = re.compile(r"^Catalog Error: Table with name (?P<name>.+) does not exist", re.MULTILINE)


class QueryError(LogdiagError):
    """A query that is wrong, asks for what it may not have, or fails on a value or for want of memory."""


@contextmanager
def sandbox(tables: Mapping[str, pa.Table], disk: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with some tables and nothing else; its settings cannot be changed.

    It may keep ``disk`` bytes in the folder for temporary files, for what does not fit into the memory.
    """
    with (
        tempfile.TemporaryDirectory(prefix="logdiag-") as folder,
        duckdb.connect(":memory:", config=_CLOSED) as connection,
    ):
        # The place for what does not fit into the memory has to be known before the door is shut.
        place = folder.replace("'", "''")
        connection.execute(f"SET temp_directory = '{place}'")
        connection.execute(f"SET max_temp_directory_size = '{disk}B'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(_VALUE_OF)
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


class Answer:
    """The rows that answer a query, as they come, once; ``taken`` counts those that came."""

    def __init__(self, reader: pa.RecordBatchReader, awaited: "_Awaited") -> None:
        self.taken = 0
        self._reader, self._awaited = reader, awaited
        schema = _named_once(reader.schema)
        self.rows = Rows(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        while (batch := self._awaited(self._next)) is not None:
            self.taken += batch.num_rows
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    def _next(self) -> pa.RecordBatch | None:
        # StopIteration would not get out of a thread.
        return next(iter(self._reader), None)


@contextmanager
def answer(sql: str, tables: Mapping[str, pa.Table], limits: Limits, deadline: Deadline) -> Iterator[Answer]:
    """Answer a query that `logdiag.query.parse` has read.

    Args:
        sql: the query.
        tables: what it may ask.
        limits: its ``disk`` counts.
        deadline: when the run has to be over.

    Raises:
        QueryError: it fails; also while the rows are taken.
        ResourceError: it needs more time or more of the disk than the limits give it.

    """
    with sandbox(tables, limits.disk) as connection, ThreadPoolExecutor(1) as thread:
        awaited = _Awaited(connection, thread, limits, deadline)
        reader = awaited(lambda: connection.sql(sql).to_arrow_reader(_ROWS))
        try:
            yield Answer(reader, awaited)
        except (OverflowError, ValueError, pa.ArrowException) as error:
            # Whoever takes the rows comes upon what Python or a format cannot hold, such as infinite times.
            cannot = gettext("a value cannot be written; cast it to VARCHAR: {error}")
            raise QueryError(cannot.format(error=error)) from None


class _Awaited:
    """Work of the database, done in a thread: an interrupt and the end of the time end it."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, thread: Executor, limits: Limits, deadline: Deadline
    ) -> None:
        self._connection, self._thread = connection, thread
        self._limits, self._deadline = limits, deadline

    def __call__(self, work: Callable[[], Result]) -> Result:
        future = self._thread.submit(work)
        try:
            return future.result(self._deadline.left)
        except TimeoutError:
            self._connection.interrupt()
            said = gettext("the query was stopped after {number} seconds (seconds)")
            raise ResourceError(said.format(number=f"{self._deadline.seconds:,}")) from None
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if _OF_THE_DISK.search(str(error)):
                said = gettext(
                    "the query needs more than the memory and {size} in {folder} (disk); "
                    "set TMPDIR to a folder with more room, or raise the limit"
                )
                size = format_size(self._limits.disk)
                raise ResourceError(said.format(size=size, folder=tempfile.gettempdir())) from None
            raise QueryError(*complaint(error)) from None
        except BaseException:
            self._connection.interrupt()
            raise


def _named_once(schema: pa.Schema) -> pa.Schema:
    """A schema in which no two columns have one name: ``count`` and ``count_2``."""
    fields: dict[str, pa.Field] = {}
    for field in schema:
        name, number = field.name, 1
        while name in fields:
            number += 1
            name = f"{field.name}_{number}"
        fields[name] = field.with_name(name)
    return pa.schema(list(fields.values()))


def complaint(error: Exception) -> list[str]:
    """The lines that DuckDB writes about a query, without its advice on settings that do not exist here."""
    text = str(error).strip()
    if (unknown := _NO_TABLE.search(text)) is not None:
        near = difflib.get_close_matches(unknown["name"].lower(), TABLES, n=1)
        no = gettext("there is no table {name}; the tables are {tables}")
        if near:
            no = gettext("there is no table {name}; did you mean {near}? The tables are {tables}")
        return [no.format(name=unknown["name"], tables=", ".join(TABLES), near=next(iter(near), ""))]
    if "file system operations are disabled" in text:
        return [gettext("a query sees its own tables, and no files")]
    if "extension" in text:
        text = text.partition("\n")[0]
    # A line of the query with a caret below it tells the place; blank lines do not.
    return [line.rstrip() for line in _KIND.sub("", text).splitlines() if line.strip()]
