"""Every promise of SECURITY.md names a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def promises() -> list[str]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [line for line in lines if not line.rstrip(" |").endswith("proved by")]


def test_every_promise_names_tests_and_they_exist() -> None:
    assert len(promises()) > 30
    for promise in promises():
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", promise.rsplit(" | ", 1)[1])
        assert named, promise
        for file, test in named:
            assert test in names_in(file), f"{file}::{test}"
