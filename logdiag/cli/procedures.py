"""`logdiag procedures`: planned work and repairs, step by step."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, end_reading, for_terminal, save, show, usage_error

if TYPE_CHECKING:
    from logdiag.model import ProcedurePage
    from logdiag.rules.library import Library


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
    from logdiag.i18n import gettext, speaking
    from logdiag.incidents.procedures import page_of
    from logdiag.pipeline import examine_clusters
    from logdiag.reading import read
    from logdiag.report.procedures import VIEWS
    from logdiag.rules.selection import want_of
    from logdiag.snapshots import find_snapshots

    check_outputs(output or [], VIEWS, inputs or [])
    with speaking(language):
        library = options.library_of(rules, language)
        if name is not None and name not in library.procedures:
            _no_such_procedure(name, library)
        if not inputs:
            pages = [page_of(one, library) for one in ([name] if name else _in_order(library))]
            _print(pages, output, language, listed=name is None, quiet=quiet, no_color=no_color)
            return
        snapshots = find_snapshots(inputs)
        tables = read(snapshots, options.limits_of(limit), want=want_of(library), jobs=jobs)
        examined = examine_clusters(tables, library)
        pages = [page_of(name or "", library, examined)]
        _print(pages, output, language, listed=False, quiet=quiet, no_color=no_color)
        part = gettext("{rule} looked at a part of what it matches")
        capped = sorted({rule for one in examined for rule in one.capped})
        reasons = [part.format(rule=rule) for rule in capped]
        end_reading(tables, snapshots, allow_partial=allow_partial, quiet=quiet, more_reasons=reasons)


def _in_order(library: "Library") -> list[str]:
    """Return the names of all procedures, planned work first."""
    return sorted(library.procedures, key=lambda name: (library.procedures[name].kind, name))


def _print(
    pages: "list[ProcedurePage]",
    output: list[Path] | None,
    language: str,
    *,
    listed: bool,
    quiet: bool,
    no_color: bool,
) -> None:
    from logdiag.report.procedures import VIEWS, to_list, to_text

    for path in output or []:
        save(path, VIEWS[path.suffix.lower()](pages, language).encode(), quiet)
    if not output:
        show(for_terminal(partial(to_list if listed else to_text, pages), no_color))


def _no_such_procedure(name: str, library: "Library") -> NoReturn:
    import difflib

    near = ", ".join(difflib.get_close_matches(name, library.procedures, n=3, cutoff=0))
    usage_error(f"there is no procedure {name!r}; did you mean one of these? {near}. Inputs come after a name")
