"""The command line: flags, printing, files that are written, exit codes. Nothing else does these.

A module a command; they share their `options` and their `printing`.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from logdiag.cli.alarms import alarms
from logdiag.cli.batch import batch
from logdiag.cli.diagnose import diagnose
from logdiag.cli.diff import diff
from logdiag.cli.isolation import isolate
from logdiag.cli.parse import parse
from logdiag.cli.printing import EXIT_LIBRARY, EXIT_USAGE, complain
from logdiag.cli.query import query
from logdiag.cli.redact import redact
from logdiag.cli.rules import rules_app
from logdiag.cli.settings import defaults
from logdiag.cli.shapes import shapes

EXIT_INTERRUPTED = 130

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
    (shapes, "logdiag shapes case-0815/ -o shapes.jsonl"),
    (redact, "logdiag redact case-0815/ -o to-send/"),
    (batch, "logdiag batch cases/ -o out/"),
):
    app.command(epilog=f"Example: {example}")(command)


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
    """Say what broke in a Cisco Expressway cluster, on which peer, since when, and what to do.

    Without a command, INPUT… are diagnosed: logdiag case-0815/
    """


def _with_command(words: list[str]) -> list[str]:
    """A first word that is no command but an existing path means `diagnose`, for people in a hurry."""
    groups = [group.name for group in app.registered_groups]
    known = {*groups, *(command.callback.__name__ for command in app.registered_commands if command.callback)}
    if words and words[0] not in known and _is_input(words[0]):
        return ["diagnose", *words]
    return words


def _is_input(word: str) -> bool:
    # A name with a dot or a slash was meant as a file, even if there is none: that is then said.
    return word == "-" or (not word.startswith("-") and bool({".", "/"} & set(word))) or Path(word).exists()


def _commands() -> dict[str, dict[str, str]]:
    """The options of each command, each with its parameter; a command of a group has its name before."""
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


def main() -> None:
    """Run the command line; errors of the user's become one message and an exit code."""
    from logdiag.errors import LibraryError, LogdiagError

    isolate()
    try:
        # Help comes also where the settings are wrong.
        asks = {"-h", "--help", "--version"}.intersection(sys.argv)
        settled = {} if asks else defaults(_commands)
        app(_with_command(sys.argv[1:]), prog_name="logdiag", default_map=settled)
    except LibraryError as error:
        complain(str(error))
        sys.exit(EXIT_LIBRARY)
    except LogdiagError as error:
        complain(str(error))
        sys.exit(EXIT_USAGE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)  # before Typer has begun
    except BrokenPipeError:
        # Whoever read standard output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename is not None else str(error))
        sys.exit(EXIT_USAGE)
