"""Load a rule library: YAML files in, checked rules out, or every mistake with its place."""

import hashlib
import itertools
import os
import pickle
import stat
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache as once
from functools import cached_property
from pathlib import Path

import pydantic

from logdiag.cluster.facts import FACTS
from logdiag.errors import InputError, LibraryError, Mistake
from logdiag.files import cache, resources
from logdiag.rules.checking import KnownNames, check
from logdiag.rules.match_schema import IncidentMatch, Match
from logdiag.rules.roles import ROLES
from logdiag.rules.rule_file import RuleFile
from logdiag.rules.schema import Effect, Effects, Explains, Procedure, Rule, Signal

_Item = Rule | Signal | Procedure | Effects
_KINDS: dict[str, type[_Item]] = {"procedures": Procedure, "signals": Signal, "effects": Effects}
"""Folders of a library that contain something else than rules, named as the fields of `Library`."""

_LARGEST = 512 << 10

_MOST_MISTAKES = 100
"""Mistakes of one file that are listed: to look for the name that was meant takes 3 ms for each."""


@dataclass(frozen=True)
class Library:
    """Rules, signals, procedures and effects by id (the path below their folder), and what they read as."""

    rules: dict[str, Rule]
    signals: dict[str, Signal]
    procedures: dict[str, Procedure]
    effects: dict[str, Effects]
    digest: str
    replaced: tuple[str, ...] = ()
    """What a further folder defines again: its own counts."""
    files: dict[str, RuleFile] = field(default_factory=dict)
    """The file of each rule, as it was written."""
    folders: tuple[Path, ...] = ()
    """The folders of the user's; each may contain translations, as ``reports`` does."""
    language: str = "en"
    says: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each rule its bound texts in the library's language, unless that is English."""

    def incidents(self) -> list[tuple[str, Rule, IncidentMatch]]:
        """Return the rules whose match is an incident, by id, with that match."""
        return self._incidents

    @cached_property
    def _incidents(self) -> list[tuple[str, Rule, IncidentMatch]]:
        return [
            (name, rule, rule.incident)
            for name, rule in sorted(self.rules.items())
            if rule.incident is not None
        ]

    def matches(self) -> list[tuple[str, Match]]:
        """Return the matches of the rules, by id, and those of the signals."""
        found = [(name, match) for name, rule in sorted(self.rules.items()) for match in rule.match]
        return found + [(f"signals/{name}", one.match) for name, one in sorted(self.signals.items())]

    @cached_property
    def requested_work(self) -> frozenset[str]:
        """The rules that find requested work."""
        return frozenset(name for name, rule in self.rules.items() if rule.requested is not None)

    def explained_by(self, name: str) -> list[tuple[Effect, Explains]]:
        """The effects of a rule other than itself, with those of its groups, and how each is explained."""
        return self._explained[name]

    @cached_property
    def causes_of(self) -> dict[str, list[tuple[str, Effect, Explains]]]:
        """For each rule the rules that explain it, with the effect and how it is explained."""
        causes: dict[str, list[tuple[str, Effect, Explains]]] = {}
        for name in self.rules:
            for effect, explains in self.explained_by(name):
                causes.setdefault(effect.rule, []).append((name, effect, explains))
        return causes

    @cached_property
    def harmful_steps(self) -> frozenset[tuple[str, str]]:
        """Pairs of a cause and an effect whose own steps would do harm: only those of the cause are right."""
        return frozenset(
            (name, effect.rule)
            for name in self.rules
            for effect, explains in self.explained_by(name)
            if explains.steps == "cause"
        )

    @cached_property
    def _explained(self) -> dict[str, list[tuple[Effect, Explains]]]:
        return {
            name: [
                (effect, explains)
                for explains in rule.explains
                for effect in self._effects(explains)
                if effect.rule != name
            ]
            for name, rule in self.rules.items()
        }

    def _effects(self, explains: Explains) -> list[Effect]:
        if explains.rule is not None:
            return [Effect(rule=explains.rule, on=explains.on)]
        return self.effects[explains.effects or ""].effects


def load(folders: Sequence[Path] = ()) -> Library:
    """Return the library of the project with further folders, whose rules replace those of the same id.

    Raises:
        InputError: a folder does not exist, or contains the library one folder deeper.
        LibraryError: with every mistake in every file, of one file the first hundred.

    """
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise InputError(*(f"{folder}: there is no such folder of rules" for folder in missing))
    above = [str(folder) for folder in folders if (folder / "rules").is_dir()]
    if above:
        # Ids would begin with "rules/", and procedures would be taken for rules.
        raise InputError(*(f"{it}: the library is the folder rules in it: {it}/rules" for it in above))
    shipped = resources.folder("rules")
    # Folders of the user's are read each time: they may have been edited since.
    if not folders:
        return _shipped(shipped)
    return replace(_laid_over(shipped, folders), folders=tuple(folders))


def _laid_over(shipped: Path, folders: Sequence[Path]) -> Library:
    """Return the library of the project with further files, and check only these if they replace nothing."""
    files, found = _files((shipped,))
    own, found_in_own = _files(folders)
    if not found and {file.name for file in files}.isdisjoint(file.name for file in own):
        base = _shipped(shipped)
        if base.digest == _digest(files)[:16]:
            return replace(_checked(own, found_in_own, base), digest=_digest([*files, *own])[:16])
    return _checked([*files, *own], [*found, *found_in_own])


@once
def _shipped(folder: Path) -> Library:
    """The library of the project, from the cache if possible: reading and checking it takes 0.4 s."""
    files, found = _files((folder,))
    source = f"{pydantic.VERSION} {folder} {_digest(files)}".encode()
    # This user's logdiag wrote these bytes: `cache.kept` checks owner and digest.
    if not found and (body := cache.kept_by_this_code("library", source)) is not None:
        library: Library = pickle.loads(body)  # noqa: S301
        return library
    library = _checked(files, found)
    # The conditions are compiled with it: a run would need a third of the time again for them.
    for _, match in library.matches():
        for pattern in match.asked:
            _ = pattern.condition
    cache.keep_by_this_code("library", pickle.dumps(library), source)
    return library


def _digest(files: Sequence[RuleFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{len(file.content)}\0".encode() + file.content)
    return digest.hexdigest()


def _checked(files: Sequence[RuleFile], found: list[Mistake], base: Library | None = None) -> Library:
    """Return the library of some files and of a checked ``base``, in which the files replace nothing."""
    from logdiag.rules.yaml_file import read, validate

    counts = Counter(file.name for file in files)
    twice = tuple(sorted(name for name, count in counts.items() if count > 1))
    library = Library({}, {}, {}, {}, _digest(files)[:16], twice)
    if base is not None:
        library.rules.update(base.rules)
        library.files.update(base.files)
        for kind in _KINDS:
            getattr(library, kind).update(getattr(base, kind))
    names: dict[str, AbstractSet[str]] = {"role": ROLES.keys(), "fact": FACTS.keys()}
    for folder in _KINDS:
        start = f"{folder}/"
        names[folder] = {
            *getattr(library, folder),
            *(file.name.removeprefix(start) for file in files if file.name.startswith(start)),
        }
    names["rule"] = {*library.rules, *(file.name for file in files)}
    names["rule"] |= {f"{kind}/{name}" for kind in _KINDS for name in getattr(library, kind)}
    loaded: list[tuple[RuleFile, _Item]] = []
    for file in files:
        if (mistake := read(file)) is not None:
            found.append(mistake)
            continue
        kind, _, rest = file.name.partition("/")
        item = validate(file, _KINDS.get(kind, Rule), found)
        if item is None:
            continue
        if isinstance(item, Rule):
            library.rules[file.name], library.files[file.name] = item, file
        else:
            getattr(library, kind)[rest] = item
        loaded.append((file, item))
    known = KnownNames(library.rules, names)
    for file, checked in loaded:
        complaints = check(checked, known)
        mistakes = itertools.islice(complaints, _MOST_MISTAKES)
        found += [file.mistake(place, message) for place, message in mistakes]
        if next(complaints, None) is not None:
            found.append(file.mistake((), f"more than {_MOST_MISTAKES} mistakes; the others are not listed"))
    if found:
        raise LibraryError(found)
    return library


def _files(folders: Sequence[Path]) -> tuple[list[RuleFile], list[Mistake]]:
    """Return the files of a library, and what is no file of one though it looks like it."""
    files: list[RuleFile] = []
    found: list[Mistake] = []
    for folder in folders:
        for below in _names(folder):
            path = folder / below
            # A mistake names a file by its path below the folder that contains the library.
            label = f"{folder.name}/{below}"
            if not below.endswith(".yaml"):
                found.append(Mistake(label, 1, 1, "a rule's file ends in .yaml"))
                continue
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
                what = f"a rule is a plain file of at most {_LARGEST >> 10} KiB, and no link"
                found.append(Mistake(label, 1, 1, what))
                continue
            files.append(RuleFile(path, label, below.removesuffix(".yaml"), path.read_bytes()))
    return files, found


def _names(folder: Path) -> list[str]:
    """Return what a folder contains whose name ends as that of a YAML file does, by its path below it."""
    found = []
    for above, folders, files in os.walk(folder):  # pathlib takes four times as long
        below = os.path.relpath(above, folder).replace(os.sep, "/") + "/"
        names = (name for name in (*folders, *files) if name.lower().endswith((".yaml", ".yml")))
        found += [(below + name).removeprefix("./") for name in names]
    return sorted(found, key=lambda name: name.split("/"))
