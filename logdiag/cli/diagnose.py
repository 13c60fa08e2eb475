"""`logdiag diagnose`: the main job."""

import os
from pathlib import Path
from typing import Annotated

import typer

from logdiag.cli.options import (
    AllowPartial,
    FailOn,
    Inputs,
    Jobs,
    Language,
    Limit,
    MinCoverage,
    NoColor,
    Quiet,
    Rules,
)
from logdiag.cli.printing import laid_out, level_of, problems_of, say, show, usage_error
from logdiag.files.atomic_write import write


def diagnose(
    inputs: Inputs,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write .html, .md, .json, .jsonl, .xml (JUnit) or .sarif; may be repeated.",
        ),
    ] = None,
    fail_on: FailOn = "none",
    min_coverage: MinCoverage = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Only what is new or worse since then counts for --fail-on."),
    ] = None,
    language: Language = "en",
    explain: Annotated[
        bool, typer.Option("--explain", help="For each rule that stayed silent, say how near it came.")
    ] = False,
    redact: Annotated[
        bool,
        typer.Option("--redact", help="Tell no addresses, names, users, aliases, keys or secrets."),
    ] = False,
    full: Annotated[
        list[Path] | None,
        typer.Option("--full", metavar="FILE", help="With --redact: write what is not redacted, too."),
    ] = None,
    allow_partial: AllowPartial = False,
    rules: Rules = None,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Diagnose the cluster that the inputs are from. Without -o, print a summary."""
    from logdiag.compare.baseline import read_baseline
    from logdiag.i18n import gettext, speaking
    from logdiag.options import Options
    from logdiag.outputs import VIEWS
    from logdiag.pipeline import diagnose as run
    from logdiag.report.github import is_github_step
    from logdiag.snapshots import Limits

    least = level_of(fail_on)
    outputs, whole = output or [], full or []
    problems = problems_of([*outputs, *whole], tuple(VIEWS), inputs)
    if whole and not redact:
        problems.append("--full goes with --redact: without it, every output is full")
    if problems:
        usage_error(*problems)
    options = Options(
        fail_on=least,
        baseline=read_baseline(str(baseline), baseline.read_bytes()) if baseline else None,
        min_coverage=min_coverage,
        explain=explain,
        allow_partial=allow_partial,
        rules=tuple(rules or ()),
        limits=Limits().changed(limit or []),
        jobs=jobs,
        language=language,
    )
    complete = run(inputs, options)
    report = complete.redacted() if redact else complete
    # All are made before one is written: a redacted report may be refused.
    contents = [(path, report.render(path.suffix.lower()).encode()) for path in outputs]
    contents += [(path, complete.render(path.suffix.lower()).encode()) for path in whole]
    summary = "" if outputs else laid_out(report.to_text, no_color)
    annotations = report.to_annotations() if is_github_step(os.environ) else ""
    with speaking(language):
        for path, content in contents:
            write(path, content)
            say(report.said(gettext("wrote {file}").format(file=path)), quiet)
    if not outputs:
        show(summary)
    if is_github_step(os.environ):
        show(annotations)
        if place := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                with Path(place).open("ab") as file:
                    file.write(report.to_step_summary(taken=file.tell()).encode())
            except OSError as error:  # the outputs that were asked for are there all the same
                say(f"the summary of the step cannot be written: {error.strerror}", quiet)
    for reason in report.diagnosis.exit.reasons:
        say(reason.text, quiet)
    raise typer.Exit(report.diagnosis.exit.code)
