"""The command line: options, printing, output files, exit codes. Other packages do none of these.

Each command is a module. The commands share their `options` and their `printing`, and import what is slow to
load when they run: help has to appear at once.
"""

import atexit
import errno
import gc
import logging
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from logdiag.cli.alarms import alarms
from logdiag.cli.batch import batch
from logdiag.cli.diagnose import diagnose
from logdiag.cli.diff import diff
from logdiag.cli.parse import parse
from logdiag.cli.printing import EXIT_LIBRARY, EXIT_USAGE, complain, say, show
from logdiag.cli.procedures import procedures
from logdiag.cli.query import query
from logdiag.cli.redact import redact
from logdiag.cli.rules import rules_app
from logdiag.cli.serve import serve
from logdiag.cli.settings import defaults
from logdiag.cli.shapes import shapes
from logdiag.files.cache import log
from logdiag.files.no_pandas import NoPandas

EXIT_PARTIAL, EXIT_INTERRUPTED, EXIT_TERMINATED = 5, 130, 143
_NO_MEMORY = re.compile(r"allocate|memory|map segment|start new thread", re.IGNORECASE)
"""What the loader of libraries, Python's threads and LLVM say if there is not enough memory."""

# Plain help: the library that would draw boxes around it takes longer to load than all the rest.
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rules_app, name="rules")
for command, example in (
    (diagnose, "logdiag diagnose case-0815/ -o report.html"),
    (diff, "logdiag diff before.tar.gz after.tar.gz"),
    (parse, "logdiag parse case-0815/ -o records.parquet"),
    (query, 'logdiag query "SELECT event, count(*) FROM records GROUP BY event" case-0815/'),
    (alarms, "logdiag alarms 20006"),
    (procedures, "logdiag procedures bring-a-peer-back case-0815/"),
    (shapes, "logdiag shapes case-0815/ -o shapes.jsonl"),
    (redact, "logdiag redact case-0815/ -o to-send/"),
    (batch, "logdiag batch cases/ -o out/"),
    (serve, "logdiag serve --store cases/"),
):
    app.command(epilog=f"Example: {example}")(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        show(f"logdiag {version('logdiag')}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Say what broke in a Cisco Expressway cluster, on which peer, since when, and what to do.

    Without a command, INPUT… are diagnosed: logdiag case-0815/
    """


def main() -> None:
    """Run the command line; every error ends it with one message and a documented exit code."""
    _isolate()
    # Imports and the rule library make many objects that stay. To search them for garbage at each 700 new
    # ones, and again at the end, took a third of a small run.
    gc.set_threshold(250_000)
    atexit.register(_end_without_search)
    with _clean_up_when_terminated(), NoPandas():
        try:
            _run(sys.argv[1:])
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)  # before Typer has begun
        except Exception as error:
            if os.environ.get("LOGDIAG_TRACEBACK"):
                raise
            from logdiag.errors import StuckError

            code = _report_error(error)
            if isinstance(error, StuckError):
                sys.stdout.flush()
                os._exit(code)  # its thread would use the modules that Python removes at its end
            sys.exit(code)


def _end_without_search() -> None:
    # DuckDB complains on standard error if its objects are not removed.
    if "duckdb" not in sys.modules:
        gc.freeze()


def _isolate() -> None:
    """Let neither this process nor those that it starts take code or settings from the current folder.

    The evidence is often there. Python puts the current folder first on the path of ``python -m`` and of
    every worker process (``python -c``); ``PYTHONSAFEPATH`` turns that off in what is started. Numba's
    variables are meant for other programs: some of them overwrite files or import modules.
    """
    sys.path[:] = [place for place in sys.path if place]
    os.environ["PYTHONSAFEPATH"] = "1"
    # Nothing here does linear algebra; its threads need memory, and end the process if there is too little.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in [name for name in os.environ if name.startswith("NUMBA_")]:
        del os.environ[name]


@contextmanager
def _clean_up_when_terminated() -> Iterator[None]:
    """Let the command clean up when a signal ends it, and exit with 143."""

    def end(number: int, _: object) -> None:
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(EXIT_TERMINATED)

    named = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP"))
    # A signal that the caller ignores stays ignored: nohup lets a command survive a logout that way.
    signals = [one for one in named if one is not None and signal.getsignal(one) == signal.SIG_DFL]
    for one in signals:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in signals:
            signal.signal(one, signal.SIG_DFL)


def _run(words: list[str]) -> None:
    # Typer would print such a word raw: a file may have any name, and a shell's * gives it to the command.
    if odd := [word for word in words if word.startswith("-") and not word.isprintable()]:
        for word in odd:
            complain(f"{word}: no option has such a name; write ./ before the name of a file")
        sys.exit(EXIT_USAGE)
    log.handlers = [_WarningPrinter(quiet="--quiet" in words)]
    # Help has to appear even if the settings are wrong.
    is_help = {"-h", "--help", "--version"}.intersection(words)
    app(_with_command(words), prog_name="logdiag", default_map={} if is_help else defaults(_commands))


class _WarningPrinter(logging.Handler):
    """Prints the warnings of the package."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__()
        self._quiet = quiet

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage(), self._quiet)


def _with_command(words: list[str]) -> list[str]:
    """Insert `diagnose` before a first word that is an existing path and not a command."""
    if words and _is_input(words[0]) and words[0] not in typer.main.get_group(app).commands:
        return ["diagnose", *words]
    return words


def _is_input(word: str) -> bool:
    # A name with a dot or a slash means a file, also if it does not exist: the message then says so.
    return word == "-" or (not word.startswith("-") and bool({".", "/"} & set(word))) or Path(word).exists()


def _commands() -> dict[str, dict[str, str]]:
    """Return the options of each command with their parameters; the name of a group precedes its commands."""
    found = {}
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [(f"{name} {below}".strip(), one) for below, one in command.commands.items()]
            continue
        options = (one for one in command.params if one.param_type_name == "option" and one.name != "help")
        found[name] = {max(one.opts, key=len).lstrip("-"): one.name for one in options if one.name}
    return found


def _report_error(error: Exception) -> int:
    """Say on standard error what ended the command, and return the exit code for it."""
    from logdiag.errors import LibraryError, LogdiagError, ResourceError, StuckError

    if isinstance(error, LogdiagError):
        complain(*error.lines)
        codes = {LibraryError: EXIT_LIBRARY, ResourceError: EXIT_PARTIAL, StuckError: EXIT_PARTIAL}
        return codes.get(type(error), EXIT_USAGE)
    if isinstance(error, BrokenPipeError):
        return 0  # the reader of the pipe, such as head, closed it early
    if _is_of_memory(error):
        complain("there is not enough memory; try --jobs 1, or fewer inputs at a time")
    elif isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        folder = f"; temporary files are kept in {tempfile.gettempdir()} (TMPDIR)"
        hint = folder if error.errno == errno.ENOSPC else ""
        complain(f"{reason}{hint}" if error.filename is None else f"{error.filename}: {reason}")
    else:
        complain(
            f"internal error: {type(error).__name__}: {error}",
            "Please report it. LOGDIAG_TRACEBACK=1 in the environment prints where it happened.",
        )
    return EXIT_USAGE


def _is_of_memory(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOMEM, errno.EAGAIN)
    if isinstance(error, ImportError | RuntimeError):
        return _NO_MEMORY.search(str(error)) is not None
    return isinstance(error, MemoryError)
