"""The recipe for a new rule, followed to the letter."""

import re
from collections.abc import Callable
from pathlib import Path

from logdiag.pipeline import examine
from logdiag.rules.cases import run_cases
from logdiag.rules.library import load
from logdiag.rules.lint import lint, untranslated
from logdiag.rules.match_schema import KINDS
from logdiag.rules.reference import reference

RECIPES = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_rule_in_the_recipe_works_as_it_stands(tmp_path: Path) -> None:
    files = re.findall(r"^`(mine/[^`]+)`.*?:\n\n```\w+\n(.*?)^```$", RECIPES, re.MULTILINE | re.DOTALL)
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
    assert list(untranslated(library)) == []
    mine = list(run_cases(library, examine, {"zones/edited"}))
    assert [outcome.problems for outcome in mine] == [(), ()]


def test_the_reference_in_the_repository_is_the_schemas(golden: Callable[[str, str], None]) -> None:
    golden("../../docs/rules.md", reference())


def test_every_key_of_a_rule_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if len(row) != 4 or row[3].strip(" |") == ""] == []


def test_every_kind_of_match_is_in_the_recipe() -> None:
    assert [kind for kind in KINDS if f"| `{kind}` |" not in RECIPES] == []


def test_every_file_that_the_recipes_name_is_there() -> None:
    root = Path(__file__).parent.parent
    for name in re.findall(r"\]\(([^)#]+)\)", RECIPES):
        assert (root / name).exists(), name
    for name in re.findall(r"`((?:logdiag|tests|grammars|rules)/[\w./-]+\.(?:py|lark|yaml))`", RECIPES):
        assert (root / name).exists(), name
