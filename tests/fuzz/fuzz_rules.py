"""Fuzz target: a file of a rule library, added to the shipped library.

The first byte decides: the rest is YAML, or a script that puts parts of shipped files together, so that most files are
almost right. The second byte selects the folder of the file.
"""

import copy
import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from guard import nothing_else
from mutations import LARGEST, TESTS, kept

from logdiag.cluster.facts import FACTS
from logdiag.pipeline import examine
from logdiag.rules.cases import run_cases
from logdiag.rules.checking import KnownNames, check
from logdiag.rules.library import Library, load
from logdiag.rules.lint import lint
from logdiag.rules.match_schema import KINDS
from logdiag.rules.roles import ROLES
from logdiag.rules.rule_file import RuleFile
from logdiag.rules.schema import Effects, Procedure, Rule, Signal
from logdiag.rules.yaml_file import read, validate

RULES = TESTS.parent / "rules"
Item = Rule | Signal | Procedure | Effects
MODELS: dict[str, type[Item]] = {"mine": Rule, "procedures": Procedure, "signals": Signal, "effects": Effects}
FOLDERS = tuple(MODELS)

WORDS = [
    b"!!python/object/apply:os.system [id]",
    b"<<: *a",
    b"&a ",
    b"*a",
    b"!!",
    b"|\n",
    b">-\n",
    b"- ",
    b"{",
    b"}",
]
WORDS += [
    b"title: ",
    b"match:\n",
    b"where: ",
    b"cases:\n",
    b"within: ",
    b"bind: ",
    b"|re: ",
    b"{hosts}",
    b"{count}",
]
WORDS += [f"{kind}:\n".encode() for kind in KINDS]

ODD: list[Any] = [
    None,
    "",
    0,
    -1,
    10**30,
    1e400,
    True,
    [],
    {},
    [[]],
    "{hosts}",
    "{",
    "{nothing}",
    "(",
    "a" * 300,
]
ODD += ["1000000000h", "0s", "5m", ".*", "(?P<x>a)", "\\x00", "\x85", "*", "host", "peer", ">=X14"]
"""Values that few keys allow."""

_MAX_CASES = 2
"""Cases of a rule that are run: each takes as long as a diagnosis."""


def run_input(data: bytes) -> None:
    """Load one file, and use what it defines."""
    if len(data) < 3:
        return
    folder = FOLDERS[data[1] & 3]
    content = spliced(folder, data[2:]) if data[0] & 1 else data[2:]
    shipped()
    with nothing_else():
        item = loaded(f"{folder}/one", content)
    if item is None:
        return
    library = shipped()
    if isinstance(item, Rule):
        rule = item.model_copy(update={"cases": item.cases[:_MAX_CASES]})
        library = replace(library, rules={**library.rules, "mine/one": rule})
        for outcome in run_cases(library, examine, {"mine/one"}):
            assert all(problem.encode() for problem in outcome.problems)
    else:
        library = replace(library, **{folder: {**getattr(library, folder), "one": item}})
    if data[1] & 0x1C == 0:  # reads the whole library, which takes long
        assert all(complaint.encode() for complaint in itertools.islice(lint(library), 1000))


def loaded(name: str, content: bytes) -> Item | None:
    """Return what a file defines next to the shipped library; None if it has mistakes, which have places."""
    file = RuleFile(Path(f"{name}.yaml"), f"{name}.yaml", name, content)
    mistake = read(file)
    found = [] if mistake is None else [mistake]
    item = None if found else validate(file, MODELS[name.partition("/")[0]], found)
    if item is not None:
        library = shipped()
        known: dict[str, set[str]] = {"role": {*ROLES}, "fact": {*FACTS}, "rule": {*library.rules, name}}
        known |= {folder: {*getattr(library, folder), "one"} for folder in FOLDERS[1:]}
        rules = {**library.rules, name: item} if isinstance(item, Rule) else library.rules
        complaints = check(item, KnownNames(rules, known))
        found += [file.mistake(*one) for one in itertools.islice(complaints, 100)]
    # PyYAML also counts carriage returns and the line ends of Unicode.
    lines = 1 + sum(
        content.count(end) for end in (b"\n", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
    )
    for one in found:
        assert one.file == file.label, one
        assert 1 <= one.line <= lines, one
        assert 1 <= one.column <= len(content) + 1, one
        assert one.message and str(one).encode(), one
    assert found or item is not None
    return None if found else item


@cache
def shipped() -> Library:
    """Return the shipped library, after the first use of each model, which imports more modules."""
    for folder, model in MODELS.items():
        file = RuleFile(Path(folder), folder, folder, b"")
        validate(file, model, [])
    return load()


@cache
def trees(folder: str) -> list[Any]:
    """Return the small files of a folder of the library as plain values, with few cases."""
    found = []
    for path in sorted(RULES.rglob("*.yaml")):
        kind = path.relative_to(RULES).parts[0]
        if (kind if kind in FOLDERS else "mine") == folder and path.stat().st_size < 4 * LARGEST:
            file = RuleFile(path, path.name, path.stem, path.read_bytes())
            assert read(file) is None
            if "cases" in file.tree:
                file.tree["cases"] = file.tree["cases"][:_MAX_CASES]
            found.append(file.tree)
    return found


def spliced(folder: str, script: bytes) -> bytes:
    """Return a shipped file in which some values are replaced by others, removed, or moved to another key."""
    known = trees(folder)
    tree = copy.deepcopy(known[script[0] % len(known)])
    for at in range(1, min(len(script) - 5, 40), 6):
        change, other = script[at], script[at + 1]
        to, source = (int.from_bytes(script[at + n : at + n + 2]) for n in (2, 4))
        places = list(_places(tree))
        if not places:
            break
        parent, key = places[to % len(places)]
        others = list(_places(known[other % len(known)] if change & 1 else tree))
        other_parent, other_key = others[source % len(others)]
        match change >> 1 & 3:
            case 0:
                parent[key] = copy.deepcopy(other_parent[other_key])
            case 1:
                del parent[key]
            case 2:
                parent[key] = copy.deepcopy(ODD[source % len(ODD)])  # a further edit may change it
            case _ if isinstance(parent, dict):
                parent[str(other_key)] = parent.pop(key)
            case _:
                parent.insert(key, copy.deepcopy(other_parent[other_key]))
    text = yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "surrogatepass")


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def seeds() -> list[bytes]:
    """Return the beginnings of shipped files, scripts, and the kept inputs."""
    files = [
        bytes([0, number]) + yaml.dump(tree, sort_keys=False).encode()
        for number, folder in enumerate(FOLDERS)
        for tree in trees(folder)[::5]
    ]
    scripts = [
        bytes([1, number % 4]) + random.Random(number).randbytes(1 + 6 * (number % 5)) for number in range(60)
    ]
    return [*(one for one in files if len(one) < 2 * LARGEST), *scripts, *ODD_FILES, *kept("rules")]


ODD_FILES = [
    b"\0\0" + content
    for content in (
        b"title: !!python/object/apply:os.system ['true']\n",
        b"a: &a [*a]\n",
        b"a: &a {b: 1}\nc: {<<: *a}\n",
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
        b"- - - -\n",
        b"%YAML 1.1\n---\na: 1\n...\n---\nb: 2\n",
        b"\xef\xbb\xbftitle: x\r\nmatch: [\r\n",
    )
]
