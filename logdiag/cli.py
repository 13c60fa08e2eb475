"""The command line: flags, printing, files that are written, exit codes. Nothing else does these."""

import json
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from logdiag.model import SEVERITIES, Severity
from logdiag.writing import write

EXIT_USAGE = 2
EXIT_LIBRARY = 3
EXIT_INTERRUPTED = 130


# Plain help: the library that would draw boxes around it takes longer to load than all the rest.
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
rules_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The rule library: read it, check it, run its cases."
)
app.add_typer(rules_app, name="rules")

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT…", help="A file, a folder, an archive, a URL, or - for standard input."),
]
Rules = Annotated[
    list[Path] | None, typer.Option("--rules", metavar="DIR", help="Add the rule library in DIR.")
]
FailOn = Annotated[
    str, typer.Option(metavar="LEVEL", help="Exit 1 on findings at info, low, medium, high or critical.")
]
MinCoverage = Annotated[
    float | None, typer.Option(min=0, max=100, metavar="PERCENT", help="Exit 5 where records cover less.")
]
Language = Annotated[
    str, typer.Option("--lang", metavar="LANGUAGE", envvar="LOGDIAG_LANG", help="The language of the report.")
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="A partial run is no failure: say so, and exit 0 or 1.")
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", metavar="NAME=VALUE", help="Read more or less of hostile inputs; see the README."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="N", help="The cores that are used; all of them by itself."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing on standard error but errors.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"logdiag {version('logdiag')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Say what broke in a Cisco Expressway cluster, on which peer, since when, and what to do."""


@app.command()
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
    from logdiag.ci.baseline import read_baseline
    from logdiag.ci.github import is_at_hand
    from logdiag.pipeline import VIEWS, Options
    from logdiag.pipeline import diagnose as run
    from logdiag.snapshots import Limits

    least = _level(fail_on)
    outputs, whole = output or [], full or []
    problems = _problems([*outputs, *whole], tuple(VIEWS)) + _problems_of_full(outputs, whole, redact)
    if problems:
        _usage("\nlogdiag: ".join(problems))
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
    contents = [(path, VIEWS[path.suffix.lower()](report).encode()) for path in outputs]
    contents += [(path, VIEWS[path.suffix.lower()](complete).encode()) for path in whole]
    summary = "" if outputs else _laid_out(report.to_text, no_color)
    annotations = report.to_annotations() if is_at_hand(os.environ) else ""
    for path, content in contents:
        write(path, content)
        _say(report.said(f"wrote {path}"), quiet)
    if not outputs:
        _show(summary)
    if is_at_hand(os.environ):
        typer.echo(annotations, nl=False)
        if place := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(place).open("ab") as file:
                file.write(report.to_step_summary(taken=file.tell()).encode())
    for reason in report.diagnosis.exit.reasons:
        _say(reason.partition(": ")[2], quiet)
    raise typer.Exit(report.diagnosis.exit.code)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="The findings file of the older run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="That of the newer run.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write .md or .json; may be repeated."),
    ] = None,
    fail_on: Annotated[
        str, typer.Option(metavar="LEVEL", help="Exit 1 on what is new or worse, at LEVEL or above.")
    ] = "none",
    language: Language = "en",
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """What is new, worse, over or went on between two findings files of one cluster."""
    from logdiag.ci.diff import VIEWS, compare
    from logdiag.ci.findings_file import read
    from logdiag.language import speaking

    level = _level(fail_on)
    outputs = output or []
    if problems := _problems(outputs, tuple(VIEWS)):
        _usage("\nlogdiag: ".join(problems))
    difference = compare(*(read(str(path), path.read_bytes()) for path in (old, new)))
    with speaking(language):
        for path in outputs:
            write(path, VIEWS[path.suffix.lower()](difference).encode())
            _say(f"wrote {path}", quiet)
        if not outputs:
            _show(_laid_out(difference.to_text, no_color))
    raise typer.Exit(1 if level is not None and difference.failing(level) else 0)


@app.command()
def parse(
    inputs: Inputs,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .parquet, .arrow, .csv or .jsonl file.")
    ],
    allow_partial: AllowPartial = False,
    limit: Limit = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Write the records as a table."""
    from logdiag import export
    from logdiag.ledger import partial_reasons
    from logdiag.pipeline import NOTHING_READ, PARTIAL
    from logdiag.reading import read
    from logdiag.records import Want
    from logdiag.snapshots import Limits, find_snapshots

    if problems := _problems([output], tuple(export.FORMATS)):
        _usage(problems[0])
    limits = Limits().changed(limit or [])
    snapshots = find_snapshots(inputs)
    tables = read(snapshots, limits, want=Want(spooled=True), jobs=jobs)
    write(output, lambda file: export.FORMATS[output.suffix.lower()](tables.records, file))
    rows = tables.records.num_rows
    lines = sum(member.unparsed for member in tables.members)
    _say(f"wrote {output}: {rows:,} records; {lines:,} lines are no records", quiet)
    reasons = partial_reasons(tables.members, snapshots)
    for reason in reasons:
        _say(reason, quiet)
    raise typer.Exit(NOTHING_READ if not rows else PARTIAL if reasons and not allow_partial else 0)


@app.command()
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
    """Diagnose many clusters: a report each, a dataset of all findings, and a page that leads to them."""
    from logdiag.batch.engines import Processes
    from logdiag.batch.progress import progress
    from logdiag.batch.run import batch as run
    from logdiag.pipeline import Options
    from logdiag.snapshots import Limits

    options = Options(
        fail_on=_level(fail_on),
        min_coverage=min_coverage,
        allow_partial=allow_partial,
        rules=tuple(rules or ()),
        limits=Limits().changed(limit or []),
        jobs=jobs,
        language=language,
    )
    with progress(lambda text: _say(text, quiet), bar=sys.stderr.isatty() and not quiet) as tell:
        outcome = run(folders, output, options, Processes(jobs or os.cpu_count() or 1), tell=tell)
    bad = sum(1 for row in outcome.rows if row.reasons)
    _say(f"wrote {output / 'index.html'}: {len(outcome.rows)} inputs, {bad} of them bad", quiet)
    raise typer.Exit(outcome.code)


# ── rules ───────────────────────────────────────────────────────────────────────────────────


@rules_app.command("list")
def rules_list(rules: Rules = None) -> None:
    """One line a rule: id, severity, title."""
    from logdiag.rules.library import load

    library = load(tuple(rules or ()))
    width = max(len(name) for name in library.rules)
    for name, rule in sorted(library.rules.items()):
        typer.echo(f"{name:<{width}}  {rule.severity:<8}  {rule.title}")


@rules_app.command("show")
def rules_show(rule: Annotated[str, typer.Argument(metavar="ID")], rules: Rules = None) -> None:
    """One rule as a page: what it means, when it fires, what to do."""
    from logdiag.rules.library import load
    from logdiag.rules.page import page

    library = load(tuple(rules or ()))
    if rule not in library.rules:
        _no_such_rule(rule, library.rules)
    typer.echo(page(rule, library), nl=False)


@rules_app.command("lint")
def rules_lint(rules: Rules = None) -> None:
    """Load the library and say what is wrong with it.

    A text without a translation is wrong in this library; of yours it is only noted.
    """
    from logdiag.rules.library import load
    from logdiag.rules.lint import lint, untranslated

    library = load(tuple(rules or ()))
    missing = list(untranslated(library))
    for note in missing if rules else ():
        typer.echo(f"note: {note}")
    complaints = [*lint(library), *(() if rules else missing)]
    for complaint in complaints:
        typer.echo(complaint)
    if complaints:
        raise typer.Exit(EXIT_LIBRARY)
    typer.echo(f"{len(library.rules)} rules, {len(library.procedures)} procedures: nothing to complain about")


@rules_app.command("test")
def rules_test(
    rule: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this rule's cases.")] = None,
    rules: Rules = None,
    mutate: Annotated[
        bool,
        typer.Option("--mutate", help="Also change the records of each case and see what becomes of it."),
    ] = False,
) -> None:
    """Run the cases that stand inside the rules; with --rules those of your own rules alone."""
    from logdiag.pipeline import examine
    from logdiag.rules.cases import run_cases
    from logdiag.rules.library import load
    from logdiag.rules.mutations import run_mutations

    library = load(tuple(rules or ()))
    if rule is not None and rule not in library.rules:
        _no_such_rule(rule, library.rules)
    own = {name for name, file in library.files.items() if any(map(file.path.is_relative_to, rules or ()))}
    only = own if rule is None and rules else None if rule is None else {rule}
    outcomes = list(run_cases(library, examine, only))
    if mutate:
        outcomes += run_mutations(library, examine, only)
    failed = [outcome for outcome in outcomes if outcome.problems]
    for outcome in failed:
        for problem in outcome.problems:
            typer.echo(f"{outcome.rule}: {outcome.case}: {problem}")
    typer.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases as expected")
    if failed:
        raise typer.Exit(EXIT_LIBRARY)


@rules_app.command("facts")
def rules_facts() -> None:
    """The facts that an audit can compare."""
    from logdiag.facts import FACTS

    width = max(map(len, FACTS))
    for name, meaning in FACTS.items():
        typer.echo(f"{name:<{width}}  {meaning}")


@rules_app.command("reference")
def rules_reference() -> None:
    """Every key of rules and procedures, with what it means."""
    from logdiag.rules.reference import reference

    typer.echo(reference(), nl=False)


@rules_app.command("schema")
def rules_schema() -> None:
    """The JSON Schema of a rule, for an editor."""
    from logdiag.rules.schema import Rule

    typer.echo(json.dumps(Rule.model_json_schema(), indent=2))


# ── printing and writing ────────────────────────────────────────────────────────────────────


def _say(text: str, quiet: bool) -> None:
    from logdiag.ci.github import inert
    from logdiag.report.defuse import defuse

    if not quiet:
        typer.echo(inert(defuse(text), os.environ), err=True)


def _laid_out(view: Callable[..., str], no_color: bool) -> str:
    """A view that takes ``color`` and ``width``, as standard output takes them."""
    from logdiag.ci.github import inert

    is_terminal = sys.stdout.isatty()
    color = is_terminal and not no_color and "NO_COLOR" not in os.environ
    width = os.get_terminal_size().columns if is_terminal else 100
    return inert(view(color=color, width=width), os.environ)


def _show(text: str) -> None:
    typer.echo(text, nl=False, color="\x1b" in text)


def _level(name: str) -> Severity | None:
    if name not in (*SEVERITIES, "none"):
        _usage(f"--fail-on {name}: the levels are none, {', '.join(SEVERITIES)}")
    return next((level for level in SEVERITIES if level == name), None)


def _no_such_rule(rule: str, known: Collection[str]) -> NoReturn:
    import difflib

    near = difflib.get_close_matches(rule, list(known), n=1, cutoff=0)
    _usage(f"there is no rule {rule!r}; did you mean {near[0]!r}? A rule of your own needs --rules DIR")


def _usage(message: str) -> NoReturn:
    typer.echo(f"logdiag: {message}", err=True)
    raise typer.Exit(EXIT_USAGE)


def _problems_of_full(outputs: list[Path], full: list[Path], redact: bool) -> list[str]:
    if full and not redact:
        return ["--full goes with --redact: without it, every output is full"]
    redacted = {path.resolve() for path in outputs}
    return [f"{path}: is to be redacted and full" for path in full if path.resolve() in redacted]


def _problems(paths: list[Path], suffixes: tuple[str, ...]) -> list[str]:
    """What is wrong with outputs, known before anything is read."""
    problems = []
    for path in paths:
        if path.suffix.lower() not in suffixes:
            problems.append(f"{path}: an output ends in {', '.join(suffixes)}")
        elif not path.parent.is_dir():
            problems.append(f"{path}: the folder {path.parent} does not exist")
        elif path.is_dir():
            problems.append(f"{path}: is a folder")
    return problems


def _with_command(words: list[str]) -> list[str]:
    """A first word that is no command but an existing path means `diagnose`, for people in a hurry."""
    groups = [group.name for group in app.registered_groups]
    known = {*groups, *(command.callback.__name__ for command in app.registered_commands if command.callback)}
    if words and words[0] not in known and _is_input(words[0]):
        return ["diagnose", *words]
    return words


def _is_input(word: str) -> bool:
    return word == "-" or "://" in word or Path(word).exists()


def main() -> None:
    """Run the command line; errors of the user's become one message and an exit code."""
    from logdiag.errors import LibraryError, LogdiagError

    try:
        app(_with_command(sys.argv[1:]), prog_name="logdiag")
    except LibraryError as error:
        typer.echo(f"logdiag: {error}", err=True)
        sys.exit(EXIT_LIBRARY)
    except LogdiagError as error:
        typer.echo(f"logdiag: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except BrokenPipeError:
        # Whoever read standard output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        typer.echo(f"logdiag: {error.filename}: {error.strerror}", err=True)
        sys.exit(EXIT_USAGE)
