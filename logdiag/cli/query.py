"""`logdiag query`: SQL over what was read."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from logdiag.cli.options import AllowPartial, Inputs, Jobs, Language, Limit, Quiet, Rules
from logdiag.cli.printing import is_at_terminal, problems_of, say, show, usage_error
from logdiag.files.atomic_write import write

if TYPE_CHECKING:
    from logdiag.tables.export import Rows

Format = Literal["table", "csv", "jsonl"]


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; docs/query.md has the tables.")],
    inputs: Inputs,
    form: Annotated[Format, typer.Option("--format", help="How the rows are printed.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write a .parquet, .arrow, .csv or .jsonl file instead."
        ),
    ] = None,
    language: Language = "en",
    allow_partial: AllowPartial = False,
    rules: Rules = None,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Ask in SQL what was read: records, unparsed, config, status, findings, coverage."""
    from logdiag import query as sql_over
    from logdiag.cluster.coverage import exit_code, partial_reasons
    from logdiag.i18n import gettext, ngettext, speaking
    from logdiag.pipeline import examine
    from logdiag.reading import read
    from logdiag.rules.library import load
    from logdiag.rules.selection import Selection, asked
    from logdiag.rules.translation import in_language
    from logdiag.snapshots import Limits, find_snapshots
    from logdiag.snapshots.deadline import Deadline
    from logdiag.tables.export import FORMATS

    if output and (problems := problems_of([output], tuple(FORMATS), inputs)):
        usage_error(*problems)
    limits = Limits().changed(limit or [])
    deadline = Deadline(limits.seconds)
    with speaking(language):
        question = sql_over.parse_query(sql)
        diagnosed = "findings" in question.tables
        library = in_language(load(tuple(rules or ())), language) if diagnosed else None
        snapshots = find_snapshots(inputs)
        want = sql_over.records_wanted(question, Selection(asked(library)) if library else None)
        tables = read(snapshots, limits, want=want, jobs=jobs, deadline=deadline)
        diagnosis = examine(tables, library) if library else None
        findings, capped = (diagnosis.findings, diagnosis.capped) if diagnosis else ((), ())
        with sql_over.answer(
            sql, sql_over.build_tables(question, tables, findings), limits, deadline
        ) as answer:
            if output is not None:
                write(output, lambda file: FORMATS[output.suffix.lower()](answer.rows, file))
                say(gettext("wrote {file}").format(file=output), quiet)
            else:
                _print(answer.rows, form)
        rows = ngettext("{number} row", "{number} rows", answer.taken)
        say(rows.format(number=f"{answer.taken:,}"), quiet)
        part = gettext("{rule} looked at a part of what it matches")
        reasons = [*partial_reasons(tables.members, snapshots), *(part.format(rule=rule) for rule in capped)]
        for reason in reasons:
            say(reason, quiet)
    raise typer.Exit(exit_code(tables.members, partial=bool(reasons) and not allow_partial))


def _print(rows: "Rows", form: Format) -> None:
    from logdiag.query import render_table
    from logdiag.report.github import inert
    from logdiag.report.sanitize import defuse
    from logdiag.tables.export import csv_lines, json_lines

    is_terminal = is_at_terminal()
    if form == "table":
        width = os.get_terminal_size().columns if is_terminal else None
        for line in render_table(rows, width):
            show(inert(line, os.environ))
        return
    for line in csv_lines(rows) if form == "csv" else json_lines(rows):
        show(inert(defuse(line, lines=True) if is_terminal else line, os.environ))
