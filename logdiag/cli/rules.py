"""`logdiag rules`: the rule library."""

import json
from collections.abc import Collection
from functools import partial
from typing import Annotated, NoReturn

import typer

from logdiag.cli.options import Language, Rules, library_of
from logdiag.cli.printing import EXIT_LIBRARY, for_terminal, show, usage_error

rules_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The rule library: read it, check it, run its cases."
)


@rules_app.command("list", epilog="Example: logdiag rules list --rules my-rules")
def rules_list(rules: Rules = None, language: Language = "en") -> None:
    """List all rules: id, severity and title."""
    from logdiag.i18n import gettext, speaking

    with speaking(language):
        library = library_of(rules, language)
        width = max(len(name) for name in library.rules)
        for name, rule in sorted(library.rules.items()):
            show(f"{name:<{width}}  {gettext(rule.severity):<8}  {rule.title}\n")


@rules_app.command("show", epilog="Example: logdiag rules show database/peer-down")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="ID")], rules: Rules = None, language: Language = "en"
) -> None:
    """Show one rule as a page: what it means, when it fires, what to do. Also one procedures/NAME."""
    from logdiag.i18n import speaking
    from logdiag.incidents.procedures import page_of
    from logdiag.report.procedures import to_text
    from logdiag.rules.rule_page import render_rule

    with speaking(language):
        library = library_of(rules, language)
        procedures = {f"procedures/{name}": name for name in library.procedures}
        if rule in procedures:
            show(for_terminal(partial(to_text, [page_of(procedures[rule], library)]), no_color=False))
        elif rule in library.rules:
            show(render_rule(rule, library))
        else:
            _no_such_rule(rule, [*library.rules, *procedures])


@rules_app.command("lint", epilog="Example: logdiag rules lint --rules my-rules")
def rules_lint(rules: Rules = None) -> None:
    """Load the library and say what is wrong with it.

    A text without a translation is wrong in this library; of yours it is only noted.
    """
    from logdiag.rules.lint import find_untranslated, lint

    library = library_of(rules)
    missing = list(find_untranslated(library))
    for note in missing if rules else ():
        show(f"note: {note}\n")
    complaints = [*lint(library), *(() if rules else missing)]
    for complaint in complaints:
        show(f"{complaint}\n")
    if complaints:
        raise typer.Exit(EXIT_LIBRARY)
    show(f"{len(library.rules)} rules, {len(library.procedures)} procedures: nothing to complain about\n")


@rules_app.command("test", epilog="Example: logdiag rules test --rules my-rules")
def rules_test(
    rule: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this rule's cases.")] = None,
    rules: Rules = None,
) -> None:
    """Run the cases in the rules; with --rules only those of your own rules."""
    from logdiag.pipeline import examine
    from logdiag.rules.cases import run_cases

    library = library_of(rules)
    if rule is not None and rule not in library.rules:
        _no_such_rule(rule, library.rules)
    own = {name for name, file in library.files.items() if any(map(file.path.is_relative_to, rules or ()))}
    only = own if rule is None and rules else None if rule is None else {rule}
    outcomes = list(run_cases(library, examine, only))
    failed = [outcome for outcome in outcomes if outcome.problems]
    for outcome in failed:
        for problem in outcome.problems:
            show(f"{outcome.rule}: {outcome.case}: {problem}\n")
    show(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases as expected\n")
    if failed:
        raise typer.Exit(EXIT_LIBRARY)


@rules_app.command("facts", epilog="Example: logdiag rules facts")
def rules_facts() -> None:
    """List the facts that an audit can compare."""
    from logdiag.cluster.facts import FACTS

    width = max(map(len, FACTS))
    for name, meaning in FACTS.items():
        show(f"{name:<{width}}  {meaning}\n")


@rules_app.command("reference", epilog="Example: logdiag rules reference | less")
def rules_reference() -> None:
    """Show every key of rules and procedures, with its meaning."""
    from logdiag.rules.reference import render_reference

    show(render_reference())


@rules_app.command("schema", epilog="Example: logdiag rules schema > rule.schema.json")
def rules_schema() -> None:
    """Print the JSON Schema of a rule, for an editor."""
    from logdiag.rules.reference import schema

    show(json.dumps(schema(), indent=2) + "\n")


def _no_such_rule(rule: str, known: Collection[str]) -> NoReturn:
    import difflib

    near = difflib.get_close_matches(rule, list(known), n=1, cutoff=0)
    usage_error(f"there is no rule {rule!r}; did you mean {near[0]!r}? A rule of your own needs --rules DIR")
