"""One YAML file of a library: as a model, or every mistake with its line and column."""

import difflib
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from logdiag.errors import Mistake
from logdiag.rules.rule_file import RuleFile
from logdiag.rules.types import KeyPath

# Limits of what a file can unfold to: a library may come from a stranger.
_MAX_NODES = 50_000
_MAX_DEPTH = 40
_MAX_OPEN_BRACKETS = 200
"""The parser recurses for each open bracket and takes quadratic time for more."""

_BRACKETS = re.compile(rb"[\[\]{}]")
# Nested lists can be written without brackets: `- - - -`. Each dash is a level.
_NESTED_DASHES = re.compile(rb"(?:[-?:][ \t]+){100}")

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

_M = TypeVar("_M", bound=BaseModel)


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """The parser of libyaml with the plain values of YAML 1.2, in which ``on`` and ``no`` are texts."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("merge", "<<", "<"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), list(_first))


def read(file: RuleFile) -> Mistake | None:
    """Read the YAML of a file, or say what is wrong with it."""
    if _is_deep(file.content):
        return Mistake(file.label, 1, 1, "is nested too deep")
    line, column = 1, 1
    try:
        file.content.decode("utf-8")
        file.root = yaml.compose(file.content, Loader=_Loader)
        file.tree = None if file.root is None else _plain(file.root)
        return None
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start})"
    except yaml.MarkedYAMLError as error:
        if (mark := error.problem_mark or error.context_mark) is not None:
            line, column = mark.line + 1, mark.column + 1
            # The parser counts one line more if the last line has no line end.
            lines = _LINE_END.split(file.content.decode("utf-8"))
            if line > len(lines):
                line, column = len(lines), len(lines[-1]) + 1
        message = error.problem or "cannot be read"
    except yaml.reader.ReaderError as error:
        before = file.content[: error.position].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the character {chr(error.character)!r} is not allowed"
    except RecursionError:
        message = "is nested too deep"
    except ValueError as error:
        message = str(error)
    return Mistake(file.label, line, column, message)


def _is_deep(content: bytes) -> bool:
    """Return whether brackets or dashes nest deeper than the parser can bear."""
    depth = 0
    for bracket in _BRACKETS.findall(content):
        depth = depth + 1 if bracket in b"[{" else max(0, depth - 1)
        if depth > _MAX_OPEN_BRACKETS:
            return True
    return _NESTED_DASHES.search(content) is not None


_VALUES: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text.lower() == "true",
    "null": lambda text: None,
    "int": int,
    "float": float,
}


def _plain(root: yaml.Node) -> Any:
    """Return a node as plain Python values.

    Raises:
        ValueError: aliases make it larger or deeper than a rule can be.
        yaml.MarkedYAMLError: a key is given twice, or is not a text.

    """
    number = itertools.count(1)

    def plain(node: yaml.Node, depth: int) -> Any:
        if next(number) > _MAX_NODES or depth > _MAX_DEPTH:
            raise ValueError("unfolds to more than a rule can be")
        if isinstance(node, yaml.SequenceNode):
            return [plain(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return _VALUES.get(node.tag, str)(node.value)
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            problem = None
            if not isinstance(key, yaml.ScalarNode):
                problem = "a key is a text"
            elif key.tag == "merge" and not isinstance(value, yaml.MappingNode):
                problem = "<< merges a map"
            elif key.value in own:
                problem = f"the key {key.value!r} is given twice"
            if problem is not None:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            if key.tag == "merge":
                merged |= plain(value, depth + 1)
            else:
                own[key.value] = plain(value, depth + 1)
        return merged | own

    return plain(root, 0)


def validate(file: RuleFile, model: type[_M], found: list[Mistake]) -> _M | None:
    """Return the content of a file as a model; None if that is impossible, with the mistakes in ``found``."""
    for _ in range(2):
        try:
            return model.model_validate(file.tree)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                path = problem["loc"]
                found.append(file.mistake(*_explain(model, path, problem["type"], problem["msg"])))
                if problem["type"] == "extra_forbidden":
                    _remove(file.tree, path)  # the rest can still be checked
    return None


def _remove(node: Any, path: KeyPath) -> None:
    for part in path[:-1]:
        # A list that was written as one item has no index of its own.
        if not isinstance(part, int) or isinstance(node, list):
            node = node[part]
    node.pop(path[-1], None)


def _explain(model: type[BaseModel], path: KeyPath, kind: str, message: str) -> tuple[KeyPath, str]:
    """Return the place of a problem and its message, with the nearest key if a key is unknown."""
    name = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(name, _known_keys(model, path[:-1]), n=1, cutoff=0)
        hint = f"did you mean {near[0]!r}?" if near else ""
        if path == ("ko",):  # rules of earlier versions had their Korean there
            hint = "translations are read from locale/ko/LC_MESSAGES/logdiag.po of the library"
        return path, f"unknown key {name!r}; {hint}".rstrip("; ")
    if kind == "missing":
        return path[:-1], f"the key {name!r} is missing"
    return path, message.removeprefix("Value error, ")


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that a map at a path of a model may have."""
    current: type[BaseModel] | None = model
    is_name = False  # whether the next part is a key of a map of names, such as bind
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        fields = {field.alias or name: field.annotation for name, field in current.model_fields.items()}
        if is_name or part not in fields:
            is_name = False
            continue
        current = next(models_in(fields[part]), None)
        is_name = get_origin(fields[part]) is dict
    return [] if current is None else [field.alias or name for name, field in current.model_fields.items()]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model in the annotation of a field."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
