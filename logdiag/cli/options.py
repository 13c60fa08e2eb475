"""The options that several commands share.

Each has a variable in the environment, too; `settings` says what counts before what.
"""

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT…", help="A file, a folder, an archive, a URL, or - for standard input."),
]
Rules = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        envvar="LOGDIAG_RULES",
        show_envvar=False,
        help="Add the rule library in DIR.",
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        metavar="LEVEL",
        envvar="LOGDIAG_FAIL_ON",
        show_envvar=False,
        help="Exit 1 on findings at info, low, medium, high or critical.",
    ),
]
MinCoverage = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=100,
        metavar="PERCENT",
        envvar="LOGDIAG_MIN_COVERAGE",
        show_envvar=False,
        help="Exit 5 where records cover less.",
    ),
]
Language = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="LANGUAGE",
        envvar="LOGDIAG_LANG",
        show_envvar=False,
        help="The language of the report.",
    ),
]
AllowPartial = Annotated[
    bool,
    typer.Option(
        "--allow-partial",
        envvar="LOGDIAG_ALLOW_PARTIAL",
        show_envvar=False,
        help="A partial run is no failure: say so, and exit 0 or 1.",
    ),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        envvar="LOGDIAG_LIMIT",
        show_envvar=False,
        help="Read more or less of hostile inputs; docs/commands.md has the names.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        envvar="LOGDIAG_JOBS",
        show_envvar=False,
        help="Number of cores to use (default: all).",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", envvar="LOGDIAG_QUIET", show_envvar=False, help="Say nothing on standard error but errors."
    ),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]
