"""Loading a rule library: YAML files in, checked rules out, or every mistake with its place."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from logdiag import resources
from logdiag.errors import InputError, LibraryError, Mistake
from logdiag.rules.checking import Known, check
from logdiag.rules.documents import RuleFile, parse
from logdiag.rules.matches import IncidentMatch
from logdiag.rules.schema import Procedure, Rule, Signal

_KINDS: dict[str, type[Rule | Signal | Procedure]] = {"procedures": Procedure, "signals": Signal}
"""Folders of a library that hold something else than rules."""

_LARGEST = 512 << 10


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
    files: list[RuleFile] = []
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
            files.append(RuleFile(_label(path, folder), name, content))
    names = Counter(file.name for file in files)
    twice = tuple(sorted(name for name, count in names.items() if count > 1))
    library = Library({}, {}, {}, digest.hexdigest()[:16], twice)
    loaded: list[tuple[RuleFile, Rule | Signal | Procedure]] = []
    for file in files:
        kind, _, rest = file.name.partition("/")
        item = parse(file, _KINDS.get(kind, Rule), found)
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
    known = Known(library.rules, library.signals, library.procedures, failed)
    for file, checked in loaded:
        for place, message in check(checked, known):
            found.append(file.mistake(place, message))
    if found:
        raise LibraryError(found)
    return library


def _label(path: Path, folder: Path) -> str:
    """How a mistake names a file: by its path below the folder that holds the library."""
    return (Path(folder.name) / path.relative_to(folder)).as_posix()
