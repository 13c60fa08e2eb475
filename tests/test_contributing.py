"""CONTRIBUTING: its example rule works, and what its tables name exists."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag.pipeline import examine
from logdiag.rules.cases import run_cases
from logdiag.rules.library import load
from logdiag.rules.lint import lint
from logdiag.rules.match_schema import KINDS
from logdiag.rules.reference import render_reference

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_example_rule_works(tmp_path: Path) -> None:
    files = re.findall(r"^`(mine/[^`]+)`.*?:\n\n```\w+\n(.*?)^```$", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == [
        "mine/zones/edited.yaml",
        "mine/procedures/look-at-the-zones.yaml",
        "mine/locale/ko/LC_MESSAGES/logdiag.po",
    ]
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    library = load([tmp_path / "mine"])
    assert list(lint(library)) == []
    outcomes = list(run_cases(library, examine, {"zones/edited"}))
    assert [outcome.problems for outcome in outcomes] == [(), ()]


def test_the_reference_in_the_repository_is_the_schemas(golden: Callable[[str, str], None]) -> None:
    golden("../../docs/rules.md", render_reference())


def test_every_key_of_a_rule_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in render_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if len(row) != 4 or row[3].strip(" |") == ""] == []


def kinds_of(rule: str) -> set[str]:
    return {match.kind for match in load().rules[rule].match}


def test_the_table_of_kinds_has_every_kind_with_an_example_of_it() -> None:
    table = CONTRIBUTING.partition("| kind | matches | example |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^ *\| `(\w+)` \|.*\| ([^|]+) \|$", table, re.MULTILINE))
    assert list(rows) == list(KINDS)
    used = {kind for rule in load().rules for kind in kinds_of(rule)}
    for kind, examples in rows.items():
        rules = re.findall(r"\[([\w/-]+)\]\(rules/\1\.yaml\)", examples)
        assert [rule for rule in rules if kind not in kinds_of(rule)] == [], kind
        assert rules or kind not in used, f"{kind} needs an example: the library has rules of this kind"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "tests/README.md"])
def test_every_file_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / name).exists(), name
    folders = "logdiag|tests|grammars|rules|reports|docs|benchmarks|sample_logs"
    for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


def test_what_a_change_belongs_to_is_named_as_it_is_in_the_code() -> None:
    """`NAME` in `path.py` of a table or a recipe: the module defines the name."""
    named = re.findall(r"`(\w+)`,? (?:in|of) `(logdiag/[\w/]+\.py)`", CONTRIBUTING)
    assert len(named) > 5
    for name, path in named:
        assert re.search(
            rf"^(?:def |class )?{name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE
        ), name


def test_the_map_of_the_tests_names_every_test() -> None:
    tests = ROOT / "tests"
    text = (tests / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+(?:\.py|/))`", text)
    assert [name for name in named if not (tests / name).exists() and not (ROOT / name).exists()] == []
    present = {path.name for path in tests.glob("*.py")}
    present |= {f"{path.parent.name}/" for path in tests.glob("*/*.py")}
    assert present - {*named, "install_browser.py"} == set()
