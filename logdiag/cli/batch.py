"""`logdiag batch`: many clusters."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from logdiag.cli import options
from logdiag.cli.printing import level_of, say, usage_error

if TYPE_CHECKING:
    from logdiag.batch.engines import Engine


def batch(
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR…", help="Folders of snapshots or clusters, or their URLs.")
    ],
    output: Annotated[str, options.output_option("A later run continues there. May be a URL.", "DIR")],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Show what is new or worse since an earlier batch, whose output this is."
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "dask"], typer.Option(help="What does the work: processes, or a Dask cluster.")
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of Dask; without it a cluster on this machine is started."),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="What a worker of that cluster may use, such as 4G."),
    ] = None,
    fail_on: options.FailOn = "none",
    min_coverage: options.MinCoverage = None,
    language: options.Language = "en",
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> None:
    """Diagnose many clusters, with a report each.

    A dataset holds the findings of all, and a page leads to the reports.
    """
    from logdiag.batch.progress import progress
    from logdiag.batch.run import batch as run
    from logdiag.batch.since import changed
    from logdiag.i18n import ngettext, speaking
    from logdiag.snapshots.file_systems import shown

    how = options.diagnosis_options(
        rules,
        limit,
        fail_on=level_of(fail_on),
        min_coverage=min_coverage,
        allow_partial=allow_partial,
        jobs=jobs,
        language=language,
    )
    with (
        _engine(engine, scheduler, memory, jobs or os.cpu_count() or 1) as workers,
        progress(lambda text: say(text, quiet), bar=sys.stderr.isatty() and not quiet) as report_step,
    ):
        outcome = run(folders, output, how, workers, since=since, report_step=report_step)
    bad = sum(1 for row in outcome.rows if row.reasons)
    page = f"{shown(output).rstrip('/')}/index.html"
    with speaking(language):
        wrote = ngettext(
            "wrote {page}: {number} input, {bad} of them bad",
            "wrote {page}: {number} inputs, {bad} of them bad",
            len(outcome.rows),
        )
        say(wrote.format(page=page, number=f"{len(outcome.rows):,}", bad=f"{bad:,}"), quiet)
        if outcome.since is not None:
            say(changed(outcome.since), quiet)
    raise typer.Exit(outcome.code)


def _engine(
    name: str, scheduler: str | None, memory: str | None, jobs: int
) -> "AbstractContextManager[Engine]":
    """Return the engine. Wrong combinations of options, or a missing package, end the command."""
    if scheduler is not None and name != "dask":
        usage_error("--scheduler is for --engine dask")
    # Workers of an existing Dask cluster have the limits that they were started with.
    if memory is not None and (name != "dask" or scheduler is not None):
        usage_error("--memory is for --engine dask without --scheduler; workers of others have their own")
    each = options.memory_of(memory)
    if name == "local":
        from logdiag.batch.engines import Processes

        return nullcontext(Processes(jobs))
    try:
        from logdiag.batch.dask_engine import of_scheduler, on_this_machine
    except ImportError as error:
        usage_error(f"--engine dask needs a package ({error.name}): pip install 'logdiag[cluster]'")
    return on_this_machine(jobs, each) if scheduler is None else of_scheduler(scheduler)
