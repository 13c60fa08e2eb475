"""What is printed, where, and how a command ends on a wrong option."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import typer

from logdiag.model import SEVERITIES, Severity

EXIT_USAGE = 2
EXIT_LIBRARY = 3


def say(text: str, quiet: bool) -> None:
    """Talk: a line on standard error. Names of files and log text may stand in it."""
    if quiet:
        return
    try:
        typer.echo(_harmless(text), err=True)
    except BrokenPipeError:
        # Nobody listens any more; what is being done goes on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def complain(*lines: str) -> None:
    """Say on standard error why the command ends here, each reason on a line of its own."""
    text = "\n".join(map(_harmless, lines))
    with suppress(OSError):  # closed, or nobody listens: the exit code says it
        typer.echo(f"logdiag: {text}", err=True)


def _harmless(text: str) -> str:
    from logdiag.report.github import inert
    from logdiag.report.sanitize import defuse

    return inert(defuse(text), os.environ)


def laid_out(view: Callable[..., str], no_color: bool) -> str:
    """A view that takes ``color`` and ``width``, as standard output takes them."""
    from logdiag.report.github import inert

    is_terminal = is_at_terminal()
    color = is_terminal and not no_color and "NO_COLOR" not in os.environ
    width = os.get_terminal_size().columns if is_terminal else 100
    return inert(view(color=color, width=width), os.environ)


def is_at_terminal() -> bool:
    """Whether standard output is a terminal.

    Raises:
        OSError: standard output is closed.

    """
    _check_open()
    return sys.stdout.isatty()


def _check_open() -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, "is closed", "standard output")


def show(text: str) -> None:
    """Write data, as `laid_out` made it, to standard output.

    The command ends with exit code 0 if the reader has seen enough.

    Raises:
        OSError: standard output is closed or full.

    """
    _check_open()
    try:
        typer.echo(text, nl=False, color="\x1b" in text)
    except OSError as error:
        # What is still in the buffer would be written, and fail, once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            raise typer.Exit(0) from None
        raise OSError(error.errno, error.strerror, "standard output") from None


def level_of(name: str) -> Severity | None:
    """The level of --fail-on; None for ``none``. What is no level ends the command."""
    if name not in (*SEVERITIES, "none"):
        usage_error(f"--fail-on {name}: the levels are none, {', '.join(SEVERITIES)}")
    return next((level for level in SEVERITIES if level == name), None)


def usage_error(*messages: str) -> NoReturn:
    """End the command: it was asked for what cannot be done."""
    for message in messages:
        complain(message)
    raise typer.Exit(EXIT_USAGE)


def problems_of(outputs: Sequence[Path], suffixes: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """What is wrong with outputs, known before anything is read."""
    problems = []
    places: dict[Path, Path] = {}
    for path in outputs:
        place = path.resolve()
        if path.suffix.lower() not in suffixes:
            problems.append(f"{path}: an output ends in {', '.join(suffixes)}")
        elif not path.parent.is_dir():
            problems.append(f"{path}: the folder {path.parent} does not exist")
        elif path.is_dir():
            problems.append(f"{path}: is a folder")
        elif place in places:
            problems.append(f"{path}: is the same file as the output {places[place]}")
        problems += [f"{path}: {problem}" for given in inputs if (problem := _evidence(place, given))]
        places[place] = path
    return problems


def _evidence(place: Path, given: str) -> str | None:
    """Why a file must not be written, if it is an input or lies in one."""
    from logdiag.snapshots.file_systems import local_path

    path = local_path(given)
    if path is None or not path.exists():
        return None
    if place.exists() and path.samefile(place):
        return f"is an input ({given}); choose another output"
    if path.is_dir() and any(parent.exists() and path.samefile(parent) for parent in place.parents):
        return f"lies in a folder that is read ({given}); choose a place outside"
    return None
