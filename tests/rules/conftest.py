"""What the tests of rules share."""

from collections.abc import Iterator
from typing import Any

import pytest

from logdiag.errors import Mistake
from logdiag.rules import yaml_file
from logdiag.rules.rule_file import RuleFile


@pytest.fixture(scope="session", autouse=True)
def files_that_do_not_change_are_read_once() -> Iterator[None]:
    """Many tests lay a file over the shipped library: to read the others again takes most of their time."""
    original = yaml_file.read
    known: dict[bytes, tuple[Any, Any]] = {}

    def read(file: RuleFile) -> Mistake | None:
        if file.content in known:
            file.root, file.tree = known[file.content]
            return None
        mistake = original(file)
        if mistake is None:
            known[file.content] = file.root, file.tree
        return mistake

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_file, "read", read)
        yield
