"""`logdiag batch`: many clusters."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import AllowPartial, FailOn, Jobs, Language, Limit, MinCoverage, Quiet, Rules
from logdiag.cli.printing import level_of, say


def batch(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Folders of snapshots or clusters.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="A later run goes on there.")],
    fail_on: FailOn = "none",
    min_coverage: MinCoverage = None,
    language: Language = "en",
    allow_partial: AllowPartial = False,
    rules: Rules = None,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Diagnose many clusters, with a report each.

    A dataset holds the findings of all, and a page leads to the reports.
    """
    from logdiag.batch.engines import Processes
    from logdiag.batch.progress import progress
    from logdiag.batch.run import batch as run
    from logdiag.pipeline import Options
    from logdiag.snapshots import Limits

    options = Options(
        fail_on=level_of(fail_on),
        min_coverage=min_coverage,
        allow_partial=allow_partial,
        rules=tuple(rules or ()),
        limits=Limits().changed(limit or []),
        jobs=jobs,
        language=language,
    )
    with progress(lambda text: say(text, quiet), bar=sys.stderr.isatty() and not quiet) as tell:
        outcome = run(folders, output, options, Processes(jobs or os.cpu_count() or 1), tell=tell)
    bad = sum(1 for row in outcome.rows if row.reasons)
    say(f"wrote {output / 'index.html'}: {len(outcome.rows)} inputs, {bad} of them bad", quiet)
    raise typer.Exit(outcome.code)
