"""`logdiag shapes`: records that no rule knows, as shapes for the maintainers of the rules."""

from pathlib import Path
from typing import Annotated

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, end_reading, save, say, show


def shapes(
    inputs: options.Inputs,
    output: Annotated[Path | None, options.output_option("Write a .jsonl file.")] = None,
    language: options.Language = "en",
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> None:
    """Write the shapes of records that no rule and no alarm knows, without values, for the maintainers."""
    from logdiag.i18n import gettext, speaking
    from logdiag.reading import read
    from logdiag.records import Want
    from logdiag.shapes import count_shapes, render_lines
    from logdiag.snapshots import find_snapshots

    check_outputs([output] if output else [], [".jsonl"], inputs)
    with speaking(language):
        library = options.library_of(rules)
        snapshots = find_snapshots(inputs)
        # Shapes need all records, which can be more than the memory holds: they are kept in a file.
        tables = read(snapshots, options.limits_of(limit), want=Want(spooled=True), jobs=jobs)
        found = count_shapes(tables, library)
        if output is not None:
            save(output, "".join(render_lines(found, library)).encode(), quiet)
        else:
            for line in render_lines(found, library):
                show(line)
        said = gettext("{unknown} of {records} records have {shapes} shapes that no rule and no alarm knows")
        unknown, number = found.unknown.total() + found.left_out, len(found.unknown)
        say(said.format(unknown=f"{unknown:,}", records=f"{found.records:,}", shapes=f"{number:,}"), quiet)
        end_reading(tables, snapshots, allow_partial=allow_partial, quiet=quiet)
