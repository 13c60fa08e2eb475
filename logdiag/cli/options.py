"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT…", help="A file, a folder, an archive, a URL, or - for standard input."),
]
Rules = Annotated[
    list[Path] | None, typer.Option("--rules", metavar="DIR", help="Add the rule library in DIR.")
]
FailOn = Annotated[
    str, typer.Option(metavar="LEVEL", help="Exit 1 on findings at info, low, medium, high or critical.")
]
MinCoverage = Annotated[
    float | None, typer.Option(min=0, max=100, metavar="PERCENT", help="Exit 5 where records cover less.")
]
Language = Annotated[
    str, typer.Option("--lang", metavar="LANGUAGE", envvar="LOGDIAG_LANG", help="The language of the report.")
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="A partial run is no failure: say so, and exit 0 or 1.")
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", metavar="NAME=VALUE", help="Read more or less of hostile inputs; see the README."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="N", help="The cores that are used; all of them by itself."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing on standard error but errors.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]
