"""`logdiag procedures`: planned work and repairs, step by step."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, end_reading, for_terminal, save, show, usage_error


def procedures(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The procedure; without it, all are listed.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[INPUT…]", help="The cluster: whose peers, and what is done already."),
    ] = None,
    output: Annotated[
        list[Path] | None, options.output_option("Write .md, .html or .json; may be repeated.")
    ] = None,
    language: options.Language = "en",
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show the steps of planned work or of a repair. With inputs, name the peers and mark what is done.

    Inputs are diagnosed first. Without a name, list all procedures, or write all of them to the outputs.
    """
    import difflib

    from logdiag.i18n import speaking
    from logdiag.incidents.procedures import page_of
    from logdiag.pipeline import examine_clusters
    from logdiag.reading import read
    from logdiag.report.procedures import VIEWS, to_list, to_text
    from logdiag.rules.selection import want_of
    from logdiag.snapshots import find_snapshots

    check_outputs(output or [], VIEWS, inputs or [])
    with speaking(language):
        known = (library := options.library_of(rules, language)).procedures
        if name is not None and name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0))
            usage_error(
                f"there is no procedure {name!r}; did you mean one of these? {near}. Inputs come after a name"
            )
        snapshots = find_snapshots(inputs or [])
        tables = (
            read(snapshots, options.limits_of(limit), want=want_of(library), jobs=jobs) if inputs else None
        )
        examined = examine_clusters(tables, library) if tables else []
        names = [name] if name else sorted(known, key=lambda one: (known[one].kind, one))
        pages = [page_of(one, library, examined) for one in names]
        for path in output or []:
            save(path, VIEWS[path.suffix.lower()](pages, language).encode(), quiet)
        if not output:
            show(for_terminal(partial(to_text, pages), no_color) if name else to_list(pages))
        if tables:
            capped = [rule for one in examined for rule in one.capped]
            end_reading(tables, snapshots, allow_partial=allow_partial, quiet=quiet, capped=capped)
