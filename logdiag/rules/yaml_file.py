"""One YAML file of a library: as a model, or every mistake with its line and column."""

import contextlib
import difflib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from logdiag.errors import Mistake
from logdiag.rules.types import Place

_MOST_NODES = 50_000
_DEEPEST = 40
"""Limits of what the YAML of a rule unfolds to: a library may come from a stranger."""

_M = TypeVar("_M", bound=BaseModel)

_DEEPEST_BRACKETS = 200
"""Brackets that are open at once: the parser takes quadratic time for more."""
_BRACKETS = re.compile(rb"[\[\]{}]")
_DASHES = re.compile(rb"(?:[-?:][ \t]+){100}")


@dataclass
class RuleFile:
    """A file of a library: where it lies, how mistakes name it, its id, and what it holds."""

    path: Path
    label: str
    name: str
    content: bytes
    tree: Any = None
    """What it holds as plain Python values; None before it is read."""
    document: Any = None
    """The same as ruamel's own types, which say where each part stands; None where a cache gave the tree."""

    def mistake(self, path: Place, message: str) -> Mistake:
        """A mistake at a part of the document."""
        line, column = _place(self.document, path)
        return Mistake(self.label, line, column, message)


def read(file: RuleFile) -> Mistake | None:
    """Read the YAML of a file, or say what is wrong with it."""
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    if _is_deep(file.content):
        return Mistake(file.label, 1, 1, "is nested too deep")
    try:
        file.document = yaml.load(io.StringIO(file.content.decode("utf-8")))
        file.tree = _plain(file.document)
    except UnicodeDecodeError as error:
        return Mistake(file.label, 1, 1, f"is not UTF-8 (byte {error.start})")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return Mistake(file.label, line, column, (error.problem or "cannot be read").split("\n")[0])
    except RecursionError:
        return Mistake(file.label, 1, 1, "is nested too deep")
    except ReaderError as error:
        before = file.content.decode("utf-8")[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Mistake(file.label, line, column, f"the character {_character(error)!r} is not allowed")
    except ValueError as error:
        return Mistake(file.label, 1, 1, str(error))
    return None


def _is_deep(content: bytes) -> bool:
    """Whether brackets or dashes nest so deep that to read them would take longer and longer."""
    if _DASHES.search(content):
        return True
    depth = 0
    for bracket in _BRACKETS.findall(content):
        depth = depth + 1 if bracket in b"[{" else max(0, depth - 1)
        if depth > _DEEPEST_BRACKETS:
            return True
    return False


def validate(file: RuleFile, model: type[_M], found: list[Mistake]) -> _M | None:
    """What a file holds as a model; None where that cannot be, with the mistakes in ``found``."""
    try:
        return model.model_validate(file.tree)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    for mistaken in problems:
        path, message = _say(model, mistaken["loc"], mistaken["type"], mistaken["msg"])
        found.append(file.mistake(path, message))
    # Without the keys that nobody knows, the rest can still be looked at.
    for mistaken in problems:
        if mistaken["type"] == "extra_forbidden":
            _remove(file.tree, mistaken["loc"])
    try:
        return model.model_validate(file.tree)
    except ValidationError as error:
        for mistaken in error.errors(include_url=False):
            path, message = _say(model, mistaken["loc"], mistaken["type"], mistaken["msg"])
            found.append(file.mistake(path, message))
        return None


def _character(error: ReaderError) -> str:
    return chr(error.character) if isinstance(error.character, int) else str(error.character)


def _remove(node: Any, path: Place) -> None:
    *parents, last = path
    for part in parents:
        # A list that was written as one item has no index of its own.
        if isinstance(part, int) and not isinstance(node, list):
            continue
        node = node[part]
    node.pop(last, None)


def _plain(node: Any) -> Any:
    """The document as plain Python values: ruamel's own types say where, not what.

    Raises:
        ValueError: aliases make it larger or deeper than a rule can be.

    """
    left = [_MOST_NODES]

    def plain(node: Any, depth: int) -> Any:
        left[0] -= 1
        if left[0] < 0 or depth > _DEEPEST:
            raise ValueError("unfolds to more than a rule can be")
        if isinstance(node, Mapping):
            return {str(key): plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(item, depth + 1) for item in node]
        if isinstance(node, str):
            return str(node)
        if isinstance(node, bool) or node is None:
            return node
        if isinstance(node, int):
            return int(node)
        return float(node) if isinstance(node, float) else node

    return plain(node, 0)


def _say(model: type[BaseModel], loc: Place, kind: str, message: str) -> tuple[Place, str]:
    if kind == "extra_forbidden":
        known = _known_keys(model, loc[:-1])
        near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0)
        hint = f"did you mean {near[0]!r}?" if near else ""
        if loc == ("ko",):  # rules of earlier versions had their Korean there
            hint = "translations are read from locale/ko/LC_MESSAGES/logdiag.po of the library"
        return loc, f"unknown key {str(loc[-1])!r}; {hint}".rstrip("; ")
    if kind == "missing":
        return loc[:-1], f"the key {str(loc[-1])!r} is missing"
    return loc, message.removeprefix("Value error, ")


def _known_keys(model: type[BaseModel], path: Place) -> list[str]:
    """The keys that a map at a path of a model may have."""
    current: type[BaseModel] | None = model
    named = False
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        if named:  # a key of a map of names, such as bind
            named = False
            continue
        for name, field in current.model_fields.items():
            if part == (field.alias or name):
                current = next(_models(field.annotation), None)
                named = get_origin(field.annotation) is dict
                break
    if current is None:
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _place(document: Any, path: Place) -> tuple[int, int]:
    """Line and column, from 1, of the deepest part of a path that stands in the document."""
    line, column = 0, 0
    node = document
    for part in path:
        if isinstance(node, Mapping) and part in node and isinstance(node, CommentedBase):
            with contextlib.suppress(KeyError):  # what was merged in stands elsewhere
                line, column = node.lc.key(part)
            node = node[part]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            line, column = node.lc.item(part)  # type: ignore[attr-defined]
            node = node[part]
        # A list that was written as one item has no place of its own.
    return line + 1, column + 1
