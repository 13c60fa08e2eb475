"""The cache of what rule files were read as: it saves time and changes nothing."""

import json
import os
from pathlib import Path

import pytest

from logdiag.errors import LibraryError
from logdiag.files import cache as files
from logdiag.rules import cache, library, yaml_file
from logdiag.rules.library import Library, load

RULE = """\
title: T
severity: low
basis: assumed
why: W
match: {record: {where: {Event: a}}}
remedy: [check-replication]
references: [r]
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the cache of a test lies."""
    monkeypatch.setenv("LOGDIAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rules.json"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "rule.yaml").write_text(RULE)
    return folder


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read as YAML."""
    names: list[str] = []

    def read(file: yaml_file.RuleFile) -> object:
        names.append(file.name)
        return yaml_file.read(file)

    monkeypatch.setattr(library, "read", read)
    return names


@pytest.fixture(autouse=True)
def _few_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shipped library of one procedure, which loads at once."""
    shipped = tmp_path / "shipped"
    (shipped / "procedures").mkdir(parents=True)
    step = "steps: [{do: d, why: w, where: every peer, risk: read}]"
    (shipped / "procedures" / "check-replication.yaml").write_text(f"title: T\n{step}\n")
    monkeypatch.setattr(library.resources, "folder", lambda name: shipped)


def same(one: Library, other: Library) -> bool:
    return (one.rules, one.procedures, one.digest) == (other.rules, other.procedures, other.digest)


def test_what_is_kept_is_not_read_again_and_gives_the_same_library(
    own: Path, kept: Path, parsed: list[str]
) -> None:
    first = load([own])
    assert sorted(parsed) == ["own/rule", "procedures/check-replication"]
    parsed.clear()
    assert same(load([own]), first)
    assert parsed == []


def test_a_file_that_changed_is_read_and_the_others_are_not(own: Path, kept: Path, parsed: list[str]) -> None:
    load([own])
    parsed.clear()
    (own / "own" / "rule.yaml").write_text(RULE.replace("title: T", "title: Other"))
    assert load([own]).rules["own/rule"].title == "Other"
    assert parsed == ["own/rule"]
    parsed.clear()
    load([own])
    assert parsed == []


def test_a_mistake_has_its_place_whatever_is_kept(own: Path, kept: Path) -> None:
    load([own])
    (own / "own" / "second.yaml").write_text(RULE.replace("check-replication", "check-replicatio"))
    with pytest.raises(LibraryError) as caught:
        load([own])
    assert [(item.file, item.line) for item in caught.value.mistakes] == [("rules/own/second.yaml", 6)]


def test_a_mistake_in_a_file_that_is_kept_has_its_place_too(own: Path, kept: Path) -> None:
    """Another file can make one of a file that was right."""
    (own / "own" / "cause.yaml").write_text(
        RULE.replace("where: {Event: a}", "where: {Event: b}, bind: {x: X}")
    )
    (own / "own" / "rule.yaml").write_text(
        RULE.replace("title: T", 'title: "{x}"').replace(
            "{record: {where: {Event: a}}}", "{incident: {causes: [own/cause]}}"
        )
    )
    load([own])
    (own / "own" / "cause.yaml").write_text(RULE)
    with pytest.raises(LibraryError) as caught:
        load([own])
    assert [(item.file, item.line) for item in caught.value.mistakes] == [("rules/own/rule.yaml", 1)]


def damaged(kept: Path) -> None:
    content = kept.read_bytes()
    kept.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])


def cut(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])


def empty(kept: Path) -> None:
    kept.write_bytes(b"")


def of_another_version(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"logdiag/1", b"logdiag/0", 1))


def no_map(kept: Path) -> None:
    kept.write_bytes(files._head(b"[1, 2]") + b"\n[1, 2]")


def deep(kept: Path) -> None:
    body = b"[" * 200_000
    kept.write_bytes(files._head(body) + b"\n" + body)


def a_folder(kept: Path) -> None:
    kept.unlink()
    kept.mkdir()


@pytest.mark.parametrize("harm", [damaged, cut, empty, of_another_version, no_map, deep])
def test_a_cache_that_cannot_be_trusted_is_left_aside_and_written_anew(
    own: Path, kept: Path, parsed: list[str], harm: object
) -> None:
    first = load([own])
    harm(kept)  # type: ignore[operator]
    parsed.clear()
    assert same(load([own]), first)
    assert len(parsed) == 2
    parsed.clear()
    load([own])
    assert parsed == []


def test_a_folder_in_its_place_does_no_harm(own: Path, kept: Path) -> None:
    first = load([own])
    a_folder(kept)
    assert same(load([own]), first)
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.parametrize("tree", [{"titel": "x"}, 5, "text", {"title": "{nobody}"}, []])
def test_a_tree_that_is_no_rule_is_read_from_its_file(own: Path, kept: Path, tree: object) -> None:
    first = load([own])
    trees = cache.read()
    cache.write(dict.fromkeys(trees, tree))
    assert same(load([own]), first)


def test_what_belongs_to_somebody_else_is_not_read(
    own: Path, kept: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load([own])
    parsed.clear()
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    load([own])
    assert len(parsed) == 2


def test_without_a_place_to_write_there_is_no_cache(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOGDIAG_CACHE", str(tmp_path / "file" / "below"))
    assert same(load([own]), load([own]))


def test_an_empty_name_means_no_cache(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]
) -> None:
    monkeypatch.setenv("LOGDIAG_CACHE", "")
    monkeypatch.chdir(tmp_path)
    load([own])
    load([own])
    assert len(parsed) == 4
    assert not (tmp_path / "rules.json").exists()


def test_it_lies_in_the_cache_folder_of_the_user(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOGDIAG_CACHE", raising=False)
    monkeypatch.setattr(
        files.platformdirs, "user_cache_path", lambda name, appauthor: tmp_path / "of-the-user" / name
    )
    load([own])
    place = tmp_path / "of-the-user" / "logdiag" / "rules.json"
    assert json.loads(place.read_bytes().partition(b"\n")[2])


def test_what_json_has_no_word_for_is_not_kept(kept: Path) -> None:
    cache.write({"a": {"when": Path()}, "b": {"x": float("nan")}, "c": {"x": 1}})
    assert cache.read() == {"c": {"x": 1}}
