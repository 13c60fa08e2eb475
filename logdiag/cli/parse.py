"""`logdiag parse`: the records as a table."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import AllowPartial, Inputs, Jobs, Limit, Quiet
from logdiag.cli.printing import problems_of, say, usage_error
from logdiag.files.atomic_write import write


def parse(
    inputs: Inputs,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .parquet, .arrow, .csv or .jsonl file.")
    ],
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these, with commas between: faster, smaller.")
    ] = None,
    allow_partial: AllowPartial = False,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Write the records as a table."""
    from logdiag.cluster.coverage import exit_code, partial_reasons
    from logdiag.reading import read
    from logdiag.records import Want
    from logdiag.records.columns import columns_of
    from logdiag.snapshots import Limits, find_snapshots
    from logdiag.tables import export

    if problems := problems_of([output], tuple(export.FORMATS), inputs):
        usage_error(*problems)
    limits = Limits().changed(limit or [])
    snapshots = find_snapshots(inputs)
    wanted = None if columns is None else columns_of(name.strip() for name in columns.split(","))
    tables = read(snapshots, limits, want=Want(columns=wanted, spooled=True), jobs=jobs)
    write(output, lambda file: export.FORMATS[output.suffix.lower()](tables.records, file))
    rows = tables.records.num_rows
    lines = sum(member.unparsed for member in tables.members)
    say(f"wrote {output}: {rows:,} records; {lines:,} lines are no records", quiet)
    reasons = partial_reasons(tables.members, snapshots)
    for reason in reasons:
        say(reason, quiet)
    raise typer.Exit(exit_code(tables.members, partial=bool(reasons) and not allow_partial))
