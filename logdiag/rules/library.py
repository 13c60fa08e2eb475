"""Loading a rule library: YAML files in, checked rules out, or every mistake with its place."""

import contextlib
import difflib
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from logdiag import resources
from logdiag.conditions import Reference, check_extraction, check_regular_expression, mistakes
from logdiag.errors import InputError, LibraryError, Mistake
from logdiag.facts import FACTS
from logdiag.rules import versions
from logdiag.rules.roles import ROLES
from logdiag.rules.schema import IncidentMatch, Match, Pattern, Procedure, Rule, Signal, When

_KINDS: dict[str, type[Rule | Signal | Procedure]] = {"procedures": Procedure, "signals": Signal}
"""Folders of a library that hold something else than rules."""

ALWAYS_BOUND = frozenset({"host", "hosts", "peers", "count", "first", "last", "duration"})
"""Placeholders that every finding has."""

IN_PROCEDURES = frozenset({"where", "hosts", "peers", "primary", "unaffected", "advice", "found"})
"""Placeholders that the steps of a procedure have."""

_LARGEST = 512 << 10
_MOST_NODES = 50_000
_DEEPEST = 40
"""A library may be a stranger's: what YAML unfolds to has an end."""

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
    replaced: tuple[str, ...] = ()
    """What a further folder defines again: its own counts."""

    def in_language(self, language: str) -> "Library":
        """The same with all texts that are there in another language (``ko``); the others stay."""
        if language == "en":
            return self
        return replace(
            self,
            rules={name: _reworded(rule) for name, rule in self.rules.items()},
            procedures={name: _procedure_reworded(one) for name, one in self.procedures.items()},
        )

    def incidents(self) -> list[tuple[str, Rule, IncidentMatch]]:
        """The rules whose match is an incident, by id, with that match."""
        return [
            (name, rule, rule.incident)
            for name, rule in sorted(self.rules.items())
            if rule.incident is not None
        ]


def _reworded(rule: Rule) -> Rule:
    if rule.ko is None:
        return rule
    incident = rule.incident
    if incident is None or incident.mutual is None or rule.ko.mutual is None:
        return rule.model_copy(update={"title": rule.ko.title, "why": rule.ko.why})
    match = rule.match[0].model_copy(
        update={"incident": incident.model_copy(update={"mutual": rule.ko.mutual})}
    )
    return rule.model_copy(update={"title": rule.ko.title, "why": rule.ko.why, "match": [match]})


def _procedure_reworded(procedure: Procedure) -> Procedure:
    if procedure.ko is None:
        return procedure
    steps = [
        step.model_copy(update=wording.model_dump(exclude_none=True))
        for step, wording in zip(procedure.steps, procedure.ko.steps, strict=True)
    ]
    return procedure.model_copy(update={"title": procedure.ko.title, "steps": steps})


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
        for path in sorted(folder.rglob("*.yml")):
            found.append(Mistake(_label(path, folder), 1, 1, "a rule's file ends in .yaml"))
        for path in sorted(folder.rglob("*.yaml")):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
                what = f"a rule is a plain file of at most {_LARGEST >> 10} KiB, and no link"
                found.append(Mistake(_label(path, folder), 1, 1, what))
                continue
            content = path.read_bytes()
            name = path.relative_to(folder).with_suffix("").as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            files.append(_File(_label(path, folder), name, content))
    names = Counter(file.name for file in files)
    twice = tuple(sorted(name for name, count in names.items() if count > 1))
    library = Library({}, {}, {}, digest.hexdigest()[:16], twice)
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
    except RecursionError:
        found.append(Mistake(file.label, 1, 1, "is nested too deep"))
        return None
    except ReaderError as error:
        before = file.content.decode("utf-8")[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found.append(Mistake(file.label, line, column, f"the character {_character(error)!r} is not allowed"))
        return None
    try:
        document = _plain(file.document)
    except ValueError as error:
        found.append(Mistake(file.label, 1, 1, str(error)))
        return None
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
    if match.peers:
        lists.append((("peers", "of"), match.peers.of))
    for path, items in lists:
        for index, pattern in enumerate(items):
            yield (*path, index), pattern
    if match.alarm:
        # Raised and listed alarms say the same: one pattern stands for both.
        yield ("alarm",), match.alarm.as_state().raised[0]


def bound(match: Match | Sequence[Match]) -> set[str]:
    """Every name that a match, or one of several, binds."""
    matches = [match] if isinstance(match, Match) else match
    names = {name for one in matches for _, pattern in patterns(one) for name in pattern.bind}
    names |= {"found"} if any(one.audit or one.peers for one in matches) else set()
    return names | (
        {"name", "meaning", "advice"} if any(one.alarm and one.alarm.others for one in matches) else set()
    )


def _check(item: BaseModel, library: Library, failed: set[str]) -> Iterator[tuple[_Path, str]]:
    match item:
        case Rule():
            for index, match in enumerate(item.match):
                yield from _check_match(match, ("match", index), library, failed)
            for index, spec in enumerate(item.applies_to or []):
                if not versions.is_valid(spec):
                    yield ("applies_to", index), f"{spec!r} is no version such as >=X14, <X8.8 or X14.2"
            yield from _check_rule(item, library, failed)
        case Signal():
            yield from _check_match(item.match, ("match",), library, failed)
            if item.match.kind not in ("record", "sequence"):
                yield ("match",), "the match of a signal is record or sequence"
        case Procedure():
            if item.reported_by and not _known(item.reported_by, library, failed):
                yield ("reported_by",), _unknown("rule", item.reported_by, library.rules)
            for index, step in enumerate(item.steps):
                here: _Path = ("steps", index)
                wording = item.ko.steps[index] if item.ko else None
                for name in ("do", "why", "impact", "verify", "wait") if wording else ():
                    text = getattr(wording, name) or ""
                    yield from _placeholders(text, set(IN_PROCEDURES), ("ko", *here, name))
                if step.where not in ROLES:
                    yield (*here, "where"), _unknown("role", step.where, ROLES)
                for name in ("do", "why", "command", "impact", "verify", "wait"):
                    text = getattr(step, name) or ""
                    yield from _placeholders(text, set(IN_PROCEDURES), (*here, name))
                yield from _check_when(step.when, here, library, failed)


def _check_rule(rule: Rule, library: Library, failed: set[str]) -> Iterator[tuple[_Path, str]]:
    names = set(ALWAYS_BOUND)
    incident = rule.incident
    if incident is not None:
        causes = [library.rules[cause] for cause in incident.causes if cause in library.rules]
        names |= set.intersection(*(bound(cause.match) for cause in causes)) if causes else set()
        for field in ("causes", "state_of", "requires"):
            for index, name in enumerate(getattr(incident, field)):
                if not _known(name, library, failed):
                    yield ("match", "incident", field, index), _unknown("rule", name, library.rules)
        if failed.intersection(incident.causes):
            return
    else:
        names |= bound(rule.match) | ({"took"} if any(match.sequence for match in rule.match) else set())
    for field in ("title", "why"):
        yield from _placeholders(getattr(rule, field), names, (field,))
        if rule.ko is not None:
            yield from _placeholders(getattr(rule.ko, field), names, ("ko", field))
            if rule.ko.mutual is not None:
                yield from _placeholders(getattr(rule.ko.mutual, field), names, ("ko", "mutual", field))
        if incident is not None and incident.mutual:
            place = ("match", "incident", "mutual", field)
            yield from _placeholders(getattr(incident.mutual, field), names, place)
    for index, effect in enumerate(rule.explains):
        for item, against in enumerate(effect.unless or []):
            if not _known(against, library, failed):
                yield ("explains", index, "unless", item), _unknown("rule", against, library.rules)
        if not _known(effect.rule, library, failed):
            yield ("explains", index), _unknown("rule", effect.rule, library.rules)
    for index, name in enumerate(rule.requested.unless if rule.requested else []):
        if not _known(name, library, failed):
            yield ("requested", "unless", index), _unknown("rule", name, library.rules)
    if incident is not None:
        for cause in causes:
            for name in sorted(set(incident.values) - bound(cause.match)):
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
    for index, spec in enumerate((when.version if when else None) or []):
        if not versions.is_valid(spec):
            yield (*path, "when", "version", index), f"{spec!r} is no version such as >=X14, <X8.8 or X14.2"
    for field in ("goes_on", "over", "fires", "silent"):
        for index, rule in enumerate(getattr(when, field, None) or []):
            if not _known(rule, library, failed):
                yield (*path, "when", field, index), _unknown("rule", rule, library.rules)
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


def _check_match(
    match: Match, root: _Path, library: Library, failed: set[str]
) -> Iterator[tuple[_Path, str]]:
    for path, pattern in patterns(match):
        for problem in mistakes(pattern.where):
            # The condition of an alarm stands behind the words that every alarm's record has.
            inner = problem.path[2:] if match.alarm and problem.path[:1] == ("any",) else problem.path
            yield (*root, *path, "where", *inner), str(problem)
        for name, binding in pattern.bind.items():
            here: _Path = (*root, *path, "bind", name)
            if name in (*ALWAYS_BOUND, "took", "found"):
                yield here, f"{name!r} means something already: choose another name"
            try:
                if binding.source is not None:
                    Reference.parse(binding.source)
                if binding.re is not None:
                    check_extraction(binding.re)
            except ValueError as error:
                yield here, str(error)
    names = bound(match)
    wanted: list[tuple[_Path, str]] = [((*root, "by", i), name) for i, name in enumerate(match.by)]
    if match.count and match.count.distinct:
        wanted.append(((*root, "count", "distinct"), match.count.distinct))
    if match.absence and match.absence.logged_by != "host":
        wanted.append(((*root, "absence", "logged_by"), match.absence.logged_by))
    if match.peers and match.peers.value:
        wanted.append(((*root, "peers", "value"), match.peers.value))
    for path, name in wanted:
        if name not in names:
            yield path, _unknown("bound name", name, names)
    kind = "alarm" if match.alarm else "state"
    for index, signal in enumerate(proofs(match)):
        if signal not in library.signals and f"signals/{signal}" not in failed:
            yield (*root, kind, "over_by", index), _unknown("signal", signal, library.signals)
    if match.audit:
        for place, fact in (("of", match.audit.of), ("only_if", getattr(match.audit.only_if, "of", None))):
            if fact is not None and fact not in FACTS:
                yield (*root, "audit", place), _unknown("fact", fact, FACTS)
        for index, pattern_ in enumerate(match.audit.exempt):
            try:
                check_regular_expression(pattern_)
            except ValueError as error:
                yield (*root, "audit", "exempt", index), str(error)


def proofs(match: Match) -> list[str]:
    """The signals that prove that what a match finds is over."""
    if match.state:
        return [*match.state.over_by, *match.state.gone_by]
    return match.alarm.over_by if match.alarm else []


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
