"""The command line: flags, printing, files that are written, exit codes. Nothing else does these.

A module a command; they share their `options` and their `printing`.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.batch import batch
from logdiag.cli.diagnose import diagnose
from logdiag.cli.diff import diff
from logdiag.cli.parse import parse
from logdiag.cli.printing import EXIT_LIBRARY, EXIT_USAGE, complain
from logdiag.cli.rules import rules_app

# Plain help: the library that would draw boxes around it takes longer to load than all the rest.
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.add_typer(rules_app, name="rules")
for command in (diagnose, diff, parse, batch):
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"logdiag {version('logdiag')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Say what broke in a Cisco Expressway cluster, on which peer, since when, and what to do."""


def _with_command(words: list[str]) -> list[str]:
    """A first word that is no command but an existing path means `diagnose`, for people in a hurry."""
    groups = [group.name for group in app.registered_groups]
    known = {*groups, *(command.callback.__name__ for command in app.registered_commands if command.callback)}
    if words and words[0] not in known and _is_input(words[0]):
        return ["diagnose", *words]
    return words


def _is_input(word: str) -> bool:
    return word == "-" or "://" in word or Path(word).exists()


def main() -> None:
    """Run the command line; errors of the user's become one message and an exit code.

    An interrupted run ends with 130: Typer sees to that.
    """
    from logdiag.errors import LibraryError, LogdiagError

    try:
        app(_with_command(sys.argv[1:]), prog_name="logdiag")
    except LibraryError as error:
        complain(str(error))
        sys.exit(EXIT_LIBRARY)
    except LogdiagError as error:
        complain(str(error))
        sys.exit(EXIT_USAGE)
    except BrokenPipeError:
        # Whoever read standard output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        sys.exit(EXIT_USAGE)
