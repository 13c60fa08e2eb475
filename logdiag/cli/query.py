"""`logdiag query`: SQL over the tables of a diagnosis."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, end_reading, is_at_terminal, save, say, show

if TYPE_CHECKING:
    from logdiag.tables.export import Rows

Format = Literal["table", "csv", "jsonl"]


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; docs/query.md has the tables.")],
    inputs: options.Inputs,
    form: Annotated[Format, typer.Option("--format", help="How the rows are printed.")] = "table",
    output: Annotated[
        Path | None, options.output_option("Write a .parquet, .arrow, .csv or .jsonl file instead.")
    ] = None,
    language: options.Language = "en",
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> None:
    """Ask in SQL what was read: records, unparsed, config, status, findings, coverage."""
    from logdiag.i18n import ngettext, speaking
    from logdiag.query.ask import ask
    from logdiag.tables.export import FORMATS

    check_outputs([output] if output else [], FORMATS, inputs)
    how = options.diagnosis_options(rules, limit, jobs=jobs, language=language)
    with speaking(language):
        with ask(sql, inputs, how) as asked:
            answer = asked.answer
            if output is not None:
                save(output, lambda file: FORMATS[output.suffix.lower()](answer.rows, file), quiet)
            else:
                _print(answer.rows, form)
        rows = ngettext("{number} row", "{number} rows", answer.taken)
        say(rows.format(number=f"{answer.taken:,}"), quiet)
        end_reading(
            asked.tables, asked.snapshots, allow_partial=allow_partial, quiet=quiet, capped=asked.capped
        )


def _print(rows: "Rows", form: Format) -> None:
    from logdiag.query import render_table
    from logdiag.report.sanitize import defuse
    from logdiag.tables.export import csv_lines, json_lines

    is_terminal = is_at_terminal()
    if form == "table":
        width = os.get_terminal_size().columns if is_terminal else None
        for line in render_table(rows, width):
            show(line)
        return
    for line in csv_lines(rows) if form == "csv" else json_lines(rows):
        # Only a terminal acts on control characters: a pipe gets the data unchanged.
        show(defuse(line, lines=True) if is_terminal else line)
