"""`logdiag shapes`: what nothing here knows, to send to the maintainers."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import AllowPartial, Inputs, Jobs, Language, Limit, Quiet, Rules
from logdiag.cli.printing import problems_of, say, show, usage_error
from logdiag.files.atomic_write import write


def shapes(
    inputs: Inputs,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write a .jsonl file.")
    ] = None,
    language: Language = "en",
    allow_partial: AllowPartial = False,
    rules: Rules = None,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """The shapes of records that no rule and no alarm knows, without their values, to send on."""
    from logdiag.cluster.coverage import exit_code, partial_reasons
    from logdiag.i18n import gettext, speaking
    from logdiag.reading import read
    from logdiag.records import Want
    from logdiag.rules.library import load
    from logdiag.shapes import count_shapes, render_lines
    from logdiag.snapshots import Limits, find_snapshots

    if output and (problems := problems_of([output], (".jsonl",), inputs)):
        usage_error(*problems)
    with speaking(language):
        library = load(tuple(rules or ()))
        snapshots = find_snapshots(inputs)
        tables = read(snapshots, Limits().changed(limit or []), want=Want(spooled=True), jobs=jobs)
        found = count_shapes(tables, library)
        if output is not None:
            write(output, "".join(render_lines(found, library)).encode())
            say(gettext("wrote {file}").format(file=output), quiet)
        else:
            for line in render_lines(found, library):
                show(line)
        told = gettext("{unknown} of {records} records have {shapes} shapes that no rule and no alarm knows")
        unknown = found.unknown.total() + found.left_out
        say(
            told.format(
                unknown=f"{unknown:,}", records=f"{found.records:,}", shapes=f"{len(found.unknown):,}"
            ),
            quiet,
        )
        reasons = partial_reasons(tables.members, snapshots)
        for reason in reasons:
            say(reason, quiet)
    raise typer.Exit(exit_code(tables.members, partial=bool(reasons) and not allow_partial))
