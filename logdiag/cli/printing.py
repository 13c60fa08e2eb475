"""Printing on standard output and standard error, and ending a command with a message."""

import errno
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from logdiag.model import Severity
    from logdiag.reading import Tables
    from logdiag.snapshots import Snapshot

EXIT_USAGE, EXIT_LIBRARY = 2, 3


def say(text: str, quiet: bool) -> None:
    """Print a line on standard error; it may contain names of files and log text."""
    if quiet:
        return
    try:
        typer.echo(_harmless(text), err=True)
    except BrokenPipeError:
        # The reader of standard error is gone; the work continues, and its outputs are still written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def complain(*lines: str) -> None:
    """Say on standard error why the command ends here, each reason on a line of its own."""
    text = "\n".join(map(_harmless, lines))
    with suppress(OSError):  # closed, or nobody listens: the exit code says it
        typer.echo(f"logdiag: {text}", err=True)


def usage_error(*messages: str) -> NoReturn:
    """End the command with exit code 2, because its options cannot be used together or are wrong."""
    for message in messages:
        complain(message)
    raise typer.Exit(EXIT_USAGE)


def _harmless(text: str) -> str:
    from logdiag.report.sanitize import defuse, inert

    return inert(defuse(text), os.environ)


def for_terminal(view: Callable[..., str], no_color: bool) -> str:
    """Return a view that takes ``color`` and ``width``, as standard output takes them."""
    is_terminal = is_at_terminal()
    # https://no-color.org: the variable turns colours off, whatever its value is.
    color = is_terminal and not no_color and "NO_COLOR" not in os.environ
    width = os.get_terminal_size().columns if is_terminal else 100
    return view(color=color, width=width)


def is_at_terminal() -> bool:
    """Return whether standard output is a terminal. Raises OSError if it is closed."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "is closed", "standard output")
    return sys.stdout.isatty()


def show(text: str, *, is_command: bool = False) -> None:
    """Write data to standard output. A runner of GitHub obeys nothing in it, unless it is a command.

    Raises OSError if that is closed or full. If the reader has seen enough, the command ends with 0.
    """
    from logdiag.report.sanitize import inert

    is_at_terminal()
    text = text if is_command else inert(text, os.environ)
    try:
        typer.echo(text, nl=False, color="\x1b" in text)
    except OSError as error:
        # What is still in the buffer would be written, and fail, once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            raise typer.Exit(0) from None
        raise OSError(error.errno, error.strerror, "standard output") from None


def save(path: Path, content: bytes | Callable[[Path], None], quiet: bool) -> None:
    """Write an output, and say so."""
    from logdiag.files.atomic_write import write
    from logdiag.i18n import gettext

    write(path, content)
    say(gettext("wrote {file}").format(file=path), quiet)


def end_reading(
    tables: "Tables",
    snapshots: "Sequence[Snapshot]",
    *,
    allow_partial: bool,
    quiet: bool,
    capped: Iterable[str] = (),
) -> NoReturn:
    """End a command that only reads: print what is partial, also ``capped`` rules; exit with 0, 4 or 5."""
    from logdiag.cluster.coverage import exit_code, partial_reasons
    from logdiag.i18n import gettext

    part = gettext("{rule} looked at a part of what it matches")
    reasons = [*partial_reasons(tables.members, snapshots), *(part.format(rule=rule) for rule in capped)]
    for reason in reasons:
        say(reason, quiet)
    raise typer.Exit(exit_code(tables.members, partial=bool(reasons) and not allow_partial))


def level_of(name: str) -> "Severity | None":
    """Return the level of --fail-on; None for ``none``. An invalid level ends the command."""
    from logdiag.model import SEVERITIES  # a fifth of the time in which help appears

    if name not in (*SEVERITIES, "none"):
        usage_error(f"--fail-on {name}: the levels are: none, {', '.join(SEVERITIES)}")
    return next((level for level in SEVERITIES if level == name), None)


def check_outputs(
    outputs: Sequence[Path], suffixes: Collection[str], inputs: Sequence[str], *more_problems: str
) -> None:
    """End the command if something is wrong with its outputs, before anything is read."""
    problems = []
    targets: dict[Path, Path] = {}
    for path in outputs:
        target = path.resolve()
        if path.suffix.lower() not in suffixes:
            problems.append(f"{path}: an output ends in {', '.join(suffixes)}")
        elif not path.parent.is_dir():
            problems.append(f"{path}: the folder {path.parent} does not exist")
        elif path.is_dir():
            problems.append(f"{path}: is a folder")
        elif target in targets:
            problems.append(f"{path}: is the same file as the output {targets[target]}")
        problems += [f"{path}: {problem}" for given in inputs if (problem := _evidence(target, given))]
        targets[target] = path
    if problems or more_problems:
        usage_error(*problems, *more_problems)


def _evidence(target: Path, given: str) -> str | None:
    """Return why a file must not be written: it is an input, or it is in a folder that is read."""
    from logdiag.snapshots.file_systems import local_path

    path = local_path(given)
    if path is None or not path.exists():
        return None
    if target.exists() and path.samefile(target):
        return f"is an input ({given}); choose another output"
    if path.is_dir() and any(parent.exists() and path.samefile(parent) for parent in target.parents):
        return f"is in a folder that is read ({given}); choose a place outside"
    return None
