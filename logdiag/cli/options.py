"""The options that several commands share, and what the pipeline makes of them.

Each has a variable in the environment, too; `settings` says which value wins.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logdiag.cli.printing import usage_error

if TYPE_CHECKING:
    from logdiag.options import Options
    from logdiag.rules.library import Library
    from logdiag.snapshots import Limits


def _option(name: str, help_: str, **more: Any) -> Any:
    """Return an option that has a variable in the environment: ``--fail-on`` has ``LOGDIAG_FAIL_ON``."""
    variable = f"LOGDIAG_{name.lstrip('-').upper().replace('-', '_')}"
    return typer.Option(name, envvar=variable, show_envvar=False, help=help_, **more)


def output_option(help_: str, metavar: str = "FILE") -> Any:
    """Return the option ``--output`` of a command."""
    return typer.Option("-o", "--output", metavar=metavar, help=help_)


def heading_option(name: str, help_: str) -> Any:
    """Return an option for a text in the head of a report."""
    return _option(f"--{name}", help_, metavar="TEXT")


def fail_on_option(help_: str) -> Any:
    """Return the option ``--fail-on`` of a command."""
    return _option("--fail-on", help_, metavar="LEVEL")


Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT…", help="A file, a folder, an archive, a URL, or - for standard input."),
]
Rules = Annotated[list[Path] | None, _option("--rules", "Add the rule library in DIR.", metavar="DIR")]
FailOn = Annotated[str, fail_on_option("Exit 1 on findings at info, low, medium, high or critical.")]
MinCoverage = Annotated[
    float | None,
    _option("--min-coverage", "Exit 5 where records cover less.", min=0, max=100, metavar="PERCENT"),
]
Language = Annotated[str, _option("--lang", "The language of the report.", metavar="LANGUAGE")]
AllowPartial = Annotated[
    bool, _option("--allow-partial", "A partial run is no failure: say so, and exit 0 or 1.")
]
Limit = Annotated[
    list[str] | None,
    _option(
        "--limit",
        "Read more or less of hostile inputs; docs/commands.md has the names.",
        metavar="NAME=VALUE",
    ),
]
Jobs = Annotated[int | None, _option("--jobs", "Number of cores to use (default: all).", min=1, metavar="N")]
Quiet = Annotated[bool, _option("--quiet", "Say nothing on standard error but errors.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]


def diagnosis_options(rules: list[Path] | None, limit: list[str] | None, **more: Any) -> "Options":
    """Return the options of a diagnosis; ``more`` are those of its options that need no conversion."""
    from logdiag.options import Options

    return Options(rules=tuple(rules or ()), limits=limits_of(limit), **more)


def limits_of(limit: list[str] | None) -> "Limits":
    """Return the limits with those changed that the user gave."""
    from logdiag.snapshots import Limits

    return Limits().changed(limit or [])


def memory_of(given: str | None) -> int | None:
    """Return the bytes of ``--memory``. A wrong size ends the command."""
    from logdiag.snapshots.limits import parse_size

    size = None if given is None else parse_size(given)
    if given is not None and size is None:
        usage_error(f"--memory {given}: write a number of bytes, such as 4G")
    return size


def library_of(rules: list[Path] | None, language: str = "en") -> "Library":
    """Return the rule library with the user's rules, in a language."""
    from logdiag.rules.library import load
    from logdiag.rules.translation import in_language

    return in_language(load(tuple(rules or ())), language)
