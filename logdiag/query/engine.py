"""Runs queries with DuckDB in a sandbox: it sees some tables, no files, no network and no extensions."""

import difflib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import TypeVar

import duckdb
import pyarrow as pa

from logdiag.errors import LogdiagError, ResourceError, StuckError
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.records import RECORDS, UNPARSED
from logdiag.snapshots import Limits
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.limits import format_size
from logdiag.tables.export import Rows
from logdiag.tables.schemas import COVERAGE, FINDINGS

_STRINGS = [(name, pa.string()) for name in ("snapshot", "source", "host", "path", "value")]
_DUMPS = pa.schema([*_STRINGS, ("line", pa.int64())])
TABLES: dict[str, pa.Schema] = {
    "records": RECORDS,
    "unparsed": UNPARSED,
    "config": _DUMPS,
    "status": _DUMPS,
    "findings": FINDINGS,
    "coverage": COVERAGE,
}
"""The tables that a query can name, and their columns."""

_ROWS = 1 << 13
_PATIENCE = 2
"""Seconds to notice an interrupt. The database does not notice it while it computes one value, which can take
hours: for example the distance of two long texts.
"""
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
"""The value of a key, which most questions need."""
_DISK_ERROR = re.compile(r"max_temp_directory_size|temp_directory|No space left", re.IGNORECASE)
_ERROR_KIND = re.compile(r"^[A-Z][\w ]{2,40} Error: ")
_NO_TABLE = re.compile(r"^Catalog Error: Table with name (?P<name>.+) does not exist", re.MULTILINE)


class QueryError(LogdiagError):
    """A query that is wrong, asks for something forbidden, or fails on a value or for lack of memory."""


@contextmanager
def sandbox(tables: Mapping[str, pa.Table], disk: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database with some tables and nothing else, whose settings cannot be changed.

    The database may use ``disk`` bytes of the temporary folder for what does not fit into the memory.
    """
    with tempfile.TemporaryDirectory(prefix="logdiag-") as folder, ExitStack() as stack:
        connection = stack.enter_context(duckdb.connect(":memory:", config=_CLOSED))
        # The folder has to be set before external access is disabled.
        place = folder.replace("'", "''")
        connection.execute(f"SET temp_directory = '{place}'")
        connection.execute(f"SET max_temp_directory_size = '{disk}B'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(_VALUE_OF)
        for name, table in tables.items():
            connection.register(name, table)
        # After the tables: from here on the query can open no file, and cannot undo these settings.
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            yield connection
        except (StuckError, KeyboardInterrupt, SystemExit):
            stack.pop_all()  # a connection that may be busy cannot be closed
            raise


class Answer:
    """The rows that answer a query, to be read once; ``taken`` is the number of rows read so far."""

    def __init__(self, reader: pa.RecordBatchReader, run: "Runner") -> None:
        self.taken = 0
        schema = _with_unique_names(reader.schema)
        self.rows = Rows(schema, self._batches(reader, run, schema))

    def _batches(
        self, reader: pa.RecordBatchReader, run: "Runner", schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        # StopIteration would not get out of a thread.
        # Batch by batch, so that a large answer never is in memory as a whole.
        while (batch := run(lambda: next(iter(reader), None))) is not None:
            self.taken += batch.num_rows
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


@contextmanager
def answer(sql: str, tables: Mapping[str, pa.Table], limits: Limits, deadline: Deadline) -> Iterator[Answer]:
    """Answer a query that `parse_query` has checked.

    Args:
        sql: the query.
        tables: the tables that it names.
        limits: only ``disk`` is used.
        deadline: when the run has to end.

    Raises:
        QueryError: the query fails; also while the rows are read.
        ResourceError: it needs more time or disk space than the limits allow.

    """
    with sandbox(tables, limits.disk) as connection:
        run = Runner(connection, limits, deadline)
        reader = run(lambda: connection.sql(sql).to_arrow_reader(_ROWS))
        try:
            yield Answer(reader, run)
        except (OverflowError, ValueError, pa.ArrowException) as error:
            # A value that Python or a format cannot represent, such as an infinite time.
            cannot = gettext("a value cannot be written; cast it to VARCHAR: {error}")
            raise QueryError(cannot.format(error=error)) from None


class Runner:
    """Runs work of the database in a thread, so that an interrupt and the deadline can end it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, limits: Limits, deadline: Deadline) -> None:
        self._connection, self._limits, self._deadline = connection, limits, deadline

    def __call__(self, work: Callable[[], Result]) -> Result:
        """Return the result of the work, or raise its error as a `QueryError`."""
        future: Future[Result] = Future()

        def fulfil() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        # Not a pool: Python waits for the threads of a pool before it ends, however long they take.
        Thread(target=fulfil, daemon=True).start()
        try:
            return future.result(self._deadline.left)
        except TimeoutError:
            has_ended = self._interrupt(future)
            message = gettext("the query was stopped after {number} seconds (seconds)")
            kind = ResourceError if has_ended else StuckError
            raise kind(message.format(number=f"{self._deadline.seconds:,}")) from None
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if _DISK_ERROR.search(str(error)):
                message = gettext(
                    "the query needs more than the memory and {size} in {folder} (disk); "
                    "set TMPDIR to a folder with more room, or raise the limit"
                )
                size = format_size(self._limits.disk)
                raise ResourceError(message.format(size=size, folder=tempfile.gettempdir())) from None
            raise QueryError(*complaint(error)) from None
        except BaseException:
            self._interrupt(future)
            raise

    def _interrupt(self, future: Future[Result]) -> bool:
        """Stop the work. Return whether it has ended."""
        self._connection.interrupt()
        return bool(wait([future], _PATIENCE).done)


def _with_unique_names(schema: pa.Schema) -> pa.Schema:
    """Number columns of the same name: ``count`` and ``count_2``."""
    numbering = Numbering("_")
    return pa.schema([field.with_name(numbering.name(field.name)) for field in schema])


def complaint(error: Exception) -> list[str]:
    """Return the lines of DuckDB's error message, without advice on settings that do not exist here."""
    text = str(error).strip()
    if (unknown := _NO_TABLE.search(text)) is not None:
        near = difflib.get_close_matches(unknown["name"].lower(), TABLES, n=1)
        no = gettext("there is no table {name}; the tables are {tables}")
        if near:
            no = gettext("there is no table {name}; did you mean {near}? The tables are {tables}")
        return [no.format(name=unknown["name"], tables=", ".join(TABLES), near=next(iter(near), ""))]
    if "file system operations are disabled" in text:
        return [gettext("a query sees its own tables, and no files")]
    # The other lines advise to install an extension, which the sandbox forbids.
    if "extension" in text:
        text = text.partition("\n")[0]
    # A line of the query with a caret below it shows the place; blank lines do not help.
    return [line.rstrip() for line in _ERROR_KIND.sub("", text).splitlines() if line.strip()]
