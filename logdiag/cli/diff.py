"""`logdiag diff`: what became of a cluster between two diagnoses."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import Language, NoColor, Quiet
from logdiag.cli.printing import laid_out, level_of, problems_of, say, show, usage_error
from logdiag.writing import write


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="The findings file of the older run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="That of the newer run.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write .md or .json; may be repeated."),
    ] = None,
    fail_on: Annotated[
        str, typer.Option(metavar="LEVEL", help="Exit 1 on what is new or worse, at LEVEL or above.")
    ] = "none",
    language: Language = "en",
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """What is new, worse, over or went on between two findings files of one cluster."""
    from logdiag.ci.diff import VIEWS, compare
    from logdiag.ci.findings_file import read
    from logdiag.language import speaking

    level = level_of(fail_on)
    outputs = output or []
    if problems := problems_of(outputs, tuple(VIEWS)):
        usage_error("\nlogdiag: ".join(problems))
    difference = compare(*(read(str(path), path.read_bytes()) for path in (old, new)))
    with speaking(language):
        for path in outputs:
            write(path, VIEWS[path.suffix.lower()](difference).encode())
            say(f"wrote {path}", quiet)
        if not outputs:
            show(laid_out(difference.to_text, no_color))
    raise typer.Exit(1 if level is not None and difference.failing(level) else 0)
