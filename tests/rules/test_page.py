"""A rule as a page: everything that a reader needs, and as it is written."""

import textwrap
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from logdiag.rules.library import load
from logdiag.rules.references import find
from logdiag.rules.rule_page import render_rule

RULES = sorted(load().rules)
SOURCE = Path(__file__).parents[2] / "rules"


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    _, _, below = text.partition(f"\n{heading}\n")
    return textwrap.dedent(below.partition("\n\n")[0])


@pytest.mark.parametrize("name", RULES)
def test_a_page_shows_the_match_as_it_is_written(name: str) -> None:
    shown = render_rule(name, load())
    written = YAML(typ="safe", pure=True).load(SOURCE / f"{name}.yaml")
    assert YAML(typ="safe", pure=True).load(section(shown, "What it looks for")) == written["match"]
    # A second reader of YAML 1.2 reads the whole file as the same.
    assert load().files[name].tree == written


@pytest.mark.parametrize("name", RULES)
def test_a_page_names_the_file_the_cases_and_the_procedures(name: str) -> None:
    rule, shown = load().rules[name], render_rule(name, load())
    assert shown.startswith(f"{rule.title}\n")
    assert f"file {SOURCE / name}.yaml\n" in shown
    for case in rule.cases:
        assert f"  {'fires' if case.expect else 'stays silent'}: {case.name}\n" in shown
    for item in rule.remedy:
        assert f"(procedures/{item.procedure})\n" in shown
    references = section(shown, "References")
    for text in rule.references:
        known = find(text)
        assert (known.title if known else text) in references
        assert known is None or (known.section or "") in references


def test_a_page_says_when_a_procedure_applies() -> None:
    shown = render_rule("replication/manual-sync-required", load())
    assert (
        "    when\n      finding: replication/manual-sync-required\n      values: {repair: restart}\n"
        in shown
    )
