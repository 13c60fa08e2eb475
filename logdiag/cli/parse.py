"""`logdiag parse`: the records as a table."""

from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, end_reading, say
from logdiag.files.atomic_write import write


def parse(
    inputs: options.Inputs,
    output: Annotated[Path, options.output_option("A .parquet, .arrow, .csv or .jsonl file.")],
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these, with commas between: faster, smaller.")
    ] = None,
    allow_partial: options.AllowPartial = False,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the records as a table."""
    from logdiag.reading import read
    from logdiag.records import Want
    from logdiag.records.columns import columns_of
    from logdiag.snapshots import find_snapshots
    from logdiag.tables import export

    check_outputs([output], export.FORMATS, inputs)
    limits = options.limits_of(limit)
    snapshots = find_snapshots(inputs)
    wanted = None if columns is None else columns_of(name.strip() for name in columns.split(","))
    tables = read(snapshots, limits, want=Want(columns=wanted, spooled=True), jobs=jobs)
    write(output, lambda file: export.FORMATS[output.suffix.lower()](tables.records, file))
    rows = tables.records.num_rows
    lines = sum(member.unparsed for member in tables.members)
    say(f"wrote {output}: {rows:,} records; {lines:,} lines are no records", quiet)
    end_reading(tables, snapshots, allow_partial=allow_partial, quiet=quiet)
