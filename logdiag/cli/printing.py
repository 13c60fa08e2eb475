"""What is printed, where, and how a command ends on a wrong option."""

import os
import sys
from collections.abc import Callable
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


def complain(text: str) -> None:
    """Say on standard error why the command ends here; several lines where there are several reasons."""
    typer.echo(f"logdiag: {_harmless(text, lines=True)}", err=True)


def _harmless(text: str, *, lines: bool = False) -> str:
    from logdiag.ci.github import inert
    from logdiag.report.defuse import defuse

    return inert(defuse(text, lines=lines), os.environ)


def laid_out(view: Callable[..., str], no_color: bool) -> str:
    """A view that takes ``color`` and ``width``, as standard output takes them."""
    from logdiag.ci.github import inert

    is_terminal = sys.stdout.isatty()
    color = is_terminal and not no_color and "NO_COLOR" not in os.environ
    width = os.get_terminal_size().columns if is_terminal else 100
    return inert(view(color=color, width=width), os.environ)


def show(text: str) -> None:
    """Data, as `laid_out` made it, on standard output."""
    typer.echo(text, nl=False, color="\x1b" in text)


def level_of(name: str) -> Severity | None:
    """The level of --fail-on; None for ``none``. What is no level ends the command."""
    if name not in (*SEVERITIES, "none"):
        usage_error(f"--fail-on {name}: the levels are none, {', '.join(SEVERITIES)}")
    return next((level for level in SEVERITIES if level == name), None)


def usage_error(message: str) -> NoReturn:
    """End the command: it was asked for what cannot be done."""
    complain(message)
    raise typer.Exit(EXIT_USAGE)


def problems_of(paths: list[Path], suffixes: tuple[str, ...]) -> list[str]:
    """What is wrong with outputs, known before anything is read."""
    problems = []
    for path in paths:
        if path.suffix.lower() not in suffixes:
            problems.append(f"{path}: an output ends in {', '.join(suffixes)}")
        elif not path.parent.is_dir():
            problems.append(f"{path}: the folder {path.parent} does not exist")
        elif path.is_dir():
            problems.append(f"{path}: is a folder")
    return problems
