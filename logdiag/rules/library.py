"""Loading a rule library: YAML files in, checked rules out, or every mistake with its place."""

import contextlib
import difflib
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from logdiag import resources
from logdiag.conditions import Reference, check_extraction, mistakes
from logdiag.errors import InputError, LibraryError, Mistake
from logdiag.rules.roles import ROLES
from logdiag.rules.schema import IncidentMatch, Match, Pattern, Procedure, Rule, Signal, When

_KINDS: dict[str, type[Rule | Signal | Procedure]] = {"procedures": Procedure, "signals": Signal}
"""Folders of a library that hold something else than rules."""

ALWAYS_BOUND = frozenset({"host", "hosts", "peers", "count", "first", "last", "duration"})
"""Placeholders that every finding has."""

IN_PROCEDURES = frozenset({"where", "hosts", "peers", "primary", "unaffected"})
"""Placeholders that the steps of a procedure have."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_Path = tuple[str | int, ...]
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True)
class Library:
    """Rules, signals and procedures by id (the path below their folder), and what they read as."""

    rules: dict[str, Rule]
    signals: dict[str, Signal]
    procedures: dict[str, Procedure]
    digest: str

    def incidents(self) -> list[tuple[str, Rule, IncidentMatch]]:
        """The rules whose match is an incident, by id, with that match."""
        return [
            (name, rule, rule.match.incident)
            for name, rule in sorted(self.rules.items())
            if rule.match.incident is not None
        ]


def load(folders: Sequence[Path] = ()) -> Library:
    """The library of the project, with more folders laid over it.

    Raises:
        InputError: a folder does not exist.
        LibraryError: with every mistake in every file.

    """
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise InputError("\n".join(f"{folder}: there is no such folder of rules" for folder in missing))
    shipped = resources.folder("rules")
    # Folders of the user's are read each time: they may have been edited since.
    return _load((shipped, *folders)) if folders else _shipped(shipped)


@cache
def _shipped(folder: Path) -> Library:
    return _load((folder,))


def _load(folders: tuple[Path, ...]) -> Library:
    found: list[Mistake] = []
    digest = hashlib.sha256()
    files: list[_File] = []
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            content = path.read_bytes()
            name = path.relative_to(folder).with_suffix("").as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            files.append(_File(_label(path, folder), name, content))
    library = Library({}, {}, {}, digest.hexdigest()[:16])
    loaded: list[tuple[_File, Rule | Signal | Procedure]] = []
    for file in files:
        kind, _, rest = file.name.partition("/")
        item = _parse(file, _KINDS.get(kind, Rule), found)
        if item is None:
            continue
        loaded.append((file, item))
        match item:
            case Rule():
                library.rules[file.name] = item
            case Signal():
                library.signals[rest] = item
            case Procedure():
                library.procedures[rest] = item
    failed = {file.name for file in files} - {file.name for file, _ in loaded}
    for file, checked in loaded:
        for place, message in _check(checked, library, failed):
            found.append(file.mistake(place, message))
    if found:
        raise LibraryError(found)
    return library


def _label(path: Path, folder: Path) -> str:
    """How a mistake names a file: by its path below the folder that holds the library."""
    return (Path(folder.name) / path.relative_to(folder)).as_posix()


# ── one file ────────────────────────────────────────────────────────────────────────────────


@dataclass
class _File:
    label: str
    name: str
    content: bytes
    document: Any = None

    def mistake(self, path: _Path, message: str) -> Mistake:
        line, column = _place(self.document, path)
        return Mistake(self.label, line, column, message)


def _parse(file: _File, model: type[_M], found: list[Mistake]) -> _M | None:
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    try:
        file.document = yaml.load(io.StringIO(file.content.decode("utf-8")))
    except UnicodeDecodeError as error:
        found.append(Mistake(file.label, 1, 1, f"is not UTF-8 (byte {error.start})"))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        problem = (error.problem or "cannot be read").split("\n")[0]
        found.append(Mistake(file.label, line, column, problem))
        return None
    except ReaderError as error:
        before = file.content.decode("utf-8")[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found.append(Mistake(file.label, line, column, f"the character {_character(error)!r} is not allowed"))
        return None
    document = _plain(file.document)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    for mistaken in problems:
        path, message = _say(model, mistaken["loc"], mistaken["type"], mistaken["msg"])
        found.append(file.mistake(path, message))
    # Without the keys that nobody knows, the rest can still be looked at.
    for mistaken in problems:
        if mistaken["type"] == "extra_forbidden":
            _remove(document, mistaken["loc"])
    try:
        return model.model_validate(document)
    except ValidationError as error:
        for mistaken in error.errors(include_url=False):
            path, message = _say(model, mistaken["loc"], mistaken["type"], mistaken["msg"])
            found.append(file.mistake(path, message))
        return None


def _character(error: ReaderError) -> str:
    return chr(error.character) if isinstance(error.character, int) else str(error.character)


def _remove(node: Any, path: _Path) -> None:
    *parents, last = path
    for part in parents:
        # A list that was written as one item has no index of its own.
        if isinstance(part, int) and not isinstance(node, list):
            continue
        node = node[part]
    node.pop(last, None)


def _plain(node: Any) -> Any:
    """The document as plain Python values: ruamel's own types say where, not what."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    return float(node) if isinstance(node, float) else node


def _say(model: type[BaseModel], loc: _Path, kind: str, message: str) -> tuple[_Path, str]:
    if kind == "extra_forbidden":
        known = _known_keys(model, loc[:-1])
        near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0)
        hint = f"did you mean {near[0]!r}?" if near else ""
        return loc, f"unknown key {str(loc[-1])!r}; {hint}".rstrip("; ")
    if kind == "missing":
        return loc[:-1], f"the key {str(loc[-1])!r} is missing"
    return loc, message.removeprefix("Value error, ")


def _known_keys(model: type[BaseModel], path: _Path) -> list[str]:
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


def _place(document: Any, path: _Path) -> tuple[int, int]:
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


# ── what the schema cannot say ──────────────────────────────────────────────────────────────


def patterns(match: Match) -> Iterator[tuple[_Path, Pattern]]:
    """Every pattern of a match, with the path to it."""
    lists: list[tuple[_Path, Sequence[Pattern]]] = [(("record",), match.record or [])]
    if match.count:
        lists.append((("count", "of"), match.count.of))
    if match.sequence:
        lists.append((("sequence", "steps"), match.sequence.steps))
    if match.absence:
        lists.append((("absence", "opening"), match.absence.opening))
        lists.append((("absence", "closing"), match.absence.closing))
    if match.state:
        lists.append((("state", "raise"), match.state.raised))
        lists.append((("state", "lower"), match.state.lower or []))
        lists.append((("state", "acknowledge"), match.state.acknowledge or []))
    for path, items in lists:
        for index, pattern in enumerate(items):
            yield (*path, index), pattern


def bound(match: Match) -> set[str]:
    """Every name that a match binds."""
    return {name for _, pattern in patterns(match) for name in pattern.bind}


def _check(item: BaseModel, library: Library, failed: set[str]) -> Iterator[tuple[_Path, str]]:
    match item:
        case Rule():
            yield from _check_match(item.match, library, failed)
            yield from _check_rule(item, library, failed)
        case Signal():
            yield from _check_match(item.match, library, failed)
            if item.match.kind not in ("record", "sequence"):
                yield ("match",), "the match of a signal is record or sequence"
        case Procedure():
            if item.reported_by and not _known(item.reported_by, library, failed):
                yield ("reported_by",), _unknown("rule", item.reported_by, library.rules)
            for index, step in enumerate(item.steps):
                here: _Path = ("steps", index)
                if step.where not in ROLES:
                    yield (*here, "where"), _unknown("role", step.where, ROLES)
                for name in ("do", "why", "command", "impact", "verify", "wait"):
                    text = getattr(step, name) or ""
                    yield from _placeholders(text, set(IN_PROCEDURES), (*here, name))
                yield from _check_when(step.when, here, library, failed)


def _check_rule(rule: Rule, library: Library, failed: set[str]) -> Iterator[tuple[_Path, str]]:
    names = set(ALWAYS_BOUND)
    if rule.match.incident:
        causes = [library.rules[cause] for cause in rule.match.incident.causes if cause in library.rules]
        names |= set.intersection(*(bound(cause.match) for cause in causes)) if causes else set()
        for field in ("causes", "state_of"):
            for index, name in enumerate(getattr(rule.match.incident, field)):
                if not _known(name, library, failed):
                    yield ("match", "incident", field, index), _unknown("rule", name, library.rules)
        if failed.intersection(rule.match.incident.causes):
            return
    else:
        names |= bound(rule.match) | ({"took"} if rule.match.sequence else set())
    for field in ("title", "why"):
        yield from _placeholders(getattr(rule, field), names, (field,))
        if rule.match.incident and rule.match.incident.mutual:
            place = ("match", "incident", "mutual", field)
            yield from _placeholders(getattr(rule.match.incident.mutual, field), names, place)
    for index, effect in enumerate(rule.explains):
        if not _known(effect.rule, library, failed):
            yield ("explains", index), _unknown("rule", effect.rule, library.rules)
    if rule.match.incident:
        for cause in causes:
            for name in sorted(set(rule.match.incident.values) - bound(cause.match)):
                yield (
                    ("match", "incident", "values", name),
                    _unknown("bound name", name, bound(cause.match)),
                )
    for index, remedy in enumerate(rule.remedy):
        if f"procedures/{remedy.procedure}" not in failed and remedy.procedure not in library.procedures:
            yield ("remedy", index), _unknown("procedure", remedy.procedure, library.procedures)
        yield from _check_when(remedy.when, ("remedy", index), library, failed)


def _check_when(
    when: When | None, path: _Path, library: Library, failed: set[str]
) -> Iterator[tuple[_Path, str]]:
    for field in ("goes_on", "over"):
        rule = getattr(when, field, None)
        if rule and not _known(rule, library, failed):
            yield (*path, "when", field), _unknown("rule", rule, library.rules)
    if when is None or (when.finding is None and not when.values):
        return
    if when.finding is None:
        yield (*path, "when"), "values need a finding that binds them"
    elif not _known(when.finding, library, failed):
        yield (*path, "when", "finding"), _unknown("rule", when.finding, library.rules)
    elif when.finding in library.rules:
        names = bound(library.rules[when.finding].match)
        for name in sorted(set(when.values) - names):
            yield (*path, "when", "values", name), _unknown("bound name", name, names)


def _check_match(match: Match, library: Library, failed: set[str]) -> Iterator[tuple[_Path, str]]:
    for path, pattern in patterns(match):
        for problem in mistakes(pattern.where):
            yield ("match", *path, "where", *problem.path), str(problem)
        for name, binding in pattern.bind.items():
            here: _Path = ("match", *path, "bind", name)
            if name in (*ALWAYS_BOUND, "took"):
                yield here, f"{name!r} means something already: choose another name"
            try:
                if binding.source is not None:
                    Reference.parse(binding.source)
                if binding.re is not None:
                    check_extraction(binding.re)
            except ValueError as error:
                yield here, str(error)
    names = bound(match)
    wanted: list[tuple[_Path, str]] = [(("match", "by", i), name) for i, name in enumerate(match.by)]
    if match.count and match.count.distinct:
        wanted.append((("match", "count", "distinct"), match.count.distinct))
    if match.absence and match.absence.logged_by != "host":
        wanted.append((("match", "absence", "logged_by"), match.absence.logged_by))
    for path, name in wanted:
        if name not in names:
            yield path, _unknown("bound name", name, names)
    for index, signal in enumerate(match.state.over_by if match.state else []):
        if signal not in library.signals and f"signals/{signal}" not in failed:
            yield ("match", "state", "over_by", index), _unknown("signal", signal, library.signals)


def _placeholders(text: str, names: set[str], path: _Path) -> Iterator[tuple[_Path, str]]:
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        yield path, "a brace that belongs to no placeholder"
    for name in _PLACEHOLDER.findall(text):
        if name not in names:
            yield path, f"{{{name}}} is bound by nothing; {_unknown('placeholder', name, names)}"


def _known(rule: str, library: Library, failed: set[str]) -> bool:
    return rule in library.rules or rule in failed


def _unknown(kind: str, name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
    return f"unknown {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
