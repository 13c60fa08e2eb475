"""A file of a rule library. A library from the cache needs neither PyYAML nor `yaml_file`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logdiag.errors import Mistake
from logdiag.rules.types import KeyPath


@dataclass
class RuleFile:
    """A file of a library: its path, its label in mistakes, its id, and its content."""

    path: Path
    label: str
    name: str
    content: bytes
    tree: Any = None
    """The content as plain Python values; None before the file is read."""
    root: Any = None
    """The content as nodes of PyYAML, which know their places; None if the file comes from the cache."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "root": None, "content": b""}

    def mistake(self, path: KeyPath, message: str) -> Mistake:
        """A mistake at the deepest part of a path that the file contains."""
        line, column, node = 0, 0, self.root
        for part in path:
            if isinstance(part, int) and (node is None or node.id != "sequence"):
                continue  # a list that was written as one item has no place of its own
            if isinstance(part, int):
                node = node.value[part]
                mark = node.start_mark
            else:
                pairs = node.value if node is not None and node.id == "mapping" else ()
                found = next((pair for pair in pairs if pair[0].value == part), None)
                if found is None:
                    break  # what was merged in stands elsewhere
                mark, node = found[0].start_mark, found[1]
            line, column = mark.line, mark.column
        return Mistake(self.label, line + 1, column + 1, message)
