"""`logdiag diagnose`: the main job."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdiag.cli import options
from logdiag.cli.printing import check_outputs, for_terminal, level_of, say, show
from logdiag.files.atomic_write import write

if TYPE_CHECKING:
    from logdiag.outputs import Report


def diagnose(
    inputs: options.Inputs,
    output: Annotated[
        list[Path] | None,
        options.output_option("Write .html, .md, .json, .jsonl, .xml (JUnit) or .sarif; may be repeated."),
    ] = None,
    fail_on: options.FailOn = "none",
    min_coverage: options.MinCoverage = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Only what is new or worse since then counts for --fail-on."),
    ] = None,
    language: options.Language = "en",
    explain: Annotated[
        bool, typer.Option("--explain", help="For each rule that stayed silent, say how near it came.")
    ] = False,
    brief: Annotated[
        bool, typer.Option("--brief", help="In outputs for people: verdict, steps, and what is missing.")
    ] = False,
    case: Annotated[str | None, options.heading_option("case", "The case number for the report.")] = None,
    customer: Annotated[str | None, options.heading_option("customer", "The customer's name.")] = None,
    author: Annotated[str | None, options.heading_option("author", "Who made the report.")] = None,
    redact: Annotated[
        bool,
        typer.Option("--redact", help="Tell no addresses, names, users, aliases, keys or secrets."),
    ] = False,
    full: Annotated[
        list[Path] | None,
        typer.Option("--full", metavar="FILE", help="With --redact: write what is not redacted, too."),
    ] = None,
    allow_partial: options.AllowPartial = False,
    rules: options.Rules = None,
    limit: options.Limit = None,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Diagnose the cluster that the inputs are from. Without -o, print a summary."""
    from logdiag.compare.baseline import read_baseline
    from logdiag.i18n import gettext, speaking
    from logdiag.outputs import VIEWS
    from logdiag.pipeline import diagnose as run
    from logdiag.report.sanitize import is_github_step

    level = level_of(fail_on)
    outputs, full_outputs = output or [], full or []
    useless = full_outputs and not redact
    # Reported together with wrong outputs, so that one run names every mistake of the command.
    without = ["--full goes with --redact: without it, every output is full"] if useless else []
    check_outputs([*outputs, *full_outputs], VIEWS, inputs, *without)
    complete = run(
        inputs,
        options.diagnosis_options(
            rules,
            limit,
            fail_on=level,
            baseline=read_baseline(str(baseline), baseline.read_bytes()) if baseline else None,
            min_coverage=min_coverage,
            explain=explain,
            allow_partial=allow_partial,
            jobs=jobs,
            language=language,
            brief=brief,
            case=case,
            customer=customer,
            author=author,
        ),
    )
    report = complete.redacted() if redact else complete
    # All are rendered before one is written: a redacted report may be refused.
    contents = [(path, report.render(path.suffix.lower()).encode()) for path in outputs]
    contents += [(path, complete.render(path.suffix.lower()).encode()) for path in full_outputs]
    summary = "" if outputs else for_terminal(report.to_text, no_color)
    annotations = report.to_annotations() if is_github_step(os.environ) else ""
    with speaking(language):
        for path, content in contents:
            write(path, content)
            say(report.said(gettext("wrote {file}").format(file=path)), quiet)
    if not outputs:
        show(summary)
    if is_github_step(os.environ):
        show(annotations, is_command=True)
        _append_step_summary(report, quiet)
    for reason in report.diagnosis.exit.reasons:
        say(reason.text, quiet)
    raise typer.Exit(report.diagnosis.exit.code)


def _append_step_summary(report: "Report", quiet: bool) -> None:
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(path).open("ab") as file:
                file.write(report.to_step_summary(taken=file.tell()).encode())
        except OSError as error:  # the outputs that were asked for are written all the same
            say(f"the summary of the step cannot be written: {error.strerror}", quiet)
