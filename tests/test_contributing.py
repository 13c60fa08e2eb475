"""The recipe for a new rule, followed to the letter."""

import re
from pathlib import Path

from logdiag.pipeline import examine
from logdiag.rules.cases import run_cases
from logdiag.rules.library import load
from logdiag.rules.lint import lint

RECIPES = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_rule_in_the_recipe_works_as_it_stands(tmp_path: Path) -> None:
    [example] = re.findall(r"^   ```yaml\n(   title:.*?)^   ```$", RECIPES, re.MULTILINE | re.DOTALL)
    rule = tmp_path / "mine" / "zones" / "edited.yaml"
    rule.parent.mkdir(parents=True)
    rule.write_text("".join(line[3:] or "\n" for line in example.splitlines(keepends=True)))
    library = load([tmp_path / "mine"])
    assert "zones/edited" in library.rules
    assert list(lint(library)) == []
    mine = [outcome for outcome in run_cases(library, examine) if outcome.rule == "zones/edited"]
    assert [outcome.problems for outcome in mine] == [(), ()]


def test_every_file_that_the_recipes_name_is_there() -> None:
    root = Path(__file__).parent.parent
    for name in re.findall(r"\]\(([^)#]+)\)", RECIPES):
        assert (root / name).exists(), name
    for name in re.findall(r"`((?:logdiag|tests|grammars|rules)/[\w./-]+\.(?:py|lark|yaml))`", RECIPES):
        assert (root / name).exists(), name
