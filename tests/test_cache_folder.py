"""The cache: what is broken, or could have been written by somebody else, is as good as none."""

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from logdiag.errors import EngineError
from logdiag.files import cache, resources
from logdiag.grammar import Token, lexer, machine_code, tokens


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGDIAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ask_the_command_for_its_cache(folder: Path, *words: str) -> str:
    """What the command writes to standard error when something asks for the cache folder twice."""
    code = (
        f"import sys; sys.argv = ['logdiag', *{list(words)!r}]\n"
        "from logdiag.cli import main\n"
        "from logdiag.files import cache\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "cache.folder(); cache.folder()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LOGDIAG_CACHE": str(folder), "NO_COLOR": "1", "LOGDIAG_CONFIG": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stderr


def test_what_is_kept_comes_back(folder: Path) -> None:
    cache.keep("name", b"content")
    assert cache.kept("name") == b"content"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["name"]


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_may_write_is_not_used_and_said_once(
    folder: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    folder.chmod(mode)
    for _ in range(3):
        cache.keep("name", b"content")
        assert cache.kept("name") is None
    assert list(folder.iterdir()) == []
    assert caplog.messages == [f"{folder}: not used as the cache: another user owns it or may write to it"]


def test_a_folder_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert cache.folder() is None
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_read(folder: Path, mode: int) -> None:
    cache.keep("name", b"content")
    (folder / "name").chmod(mode)
    assert cache.kept("name") is None


def test_a_folder_that_others_may_read_is_used(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(mode=0o755)
    cache.keep("name", b"content")
    assert (cache.kept("name"), caplog.messages) == (b"content", [])


def test_the_command_says_once_that_a_cache_is_not_used(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    small = str(next((samples / "peer-lost").glob("*.log")))
    said = ask_the_command_for_its_cache(tmp_path / "open", "diagnose", small)
    assert said == f"{tmp_path}/open: not used as the cache: another user owns it or may write to it\n"
    assert ask_the_command_for_its_cache(tmp_path / "open", "diagnose", small, "--quiet") == ""
    assert list((tmp_path / "open").iterdir()) == []


HEADER = b"2024-03-05T09:00:00.000+00:00 peer tvcs: x\n"


@pytest.fixture
def kernel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Token]]:
    """Return a function that reads a record by machine code, loaded anew."""

    def read() -> list[Token]:
        for function in (machine_code._entry, machine_code._library, machine_code._jit):
            function.cache_clear()
        return list(lexer.tokens(HEADER, "expressway"))

    return read


@pytest.mark.parametrize("harm", ["empty", "cut", "changed", "a folder"])
def test_broken_machine_code_is_as_good_as_none(
    folder: Path, kernel: Callable[[], list[Token]], harm: str
) -> None:
    found = kernel()
    assert found == list(tokens(HEADER))
    [file] = folder.glob("code-*")
    content = file.read_bytes()
    if harm == "a folder":
        file.unlink()
        file.mkdir()
    else:
        changed = content[:-1] + bytes([content[-1] ^ 1])
        file.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "changed": changed}[harm])
    assert kernel() == found
    assert [path.name for path in folder.glob("code-*")] == [file.name]
    if harm != "a folder":
        assert file.read_bytes() == content  # it was kept anew


def test_machine_code_comes_from_the_cache(
    kernel: Callable[[], list[Token]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kernel()
    monkeypatch.setattr(machine_code, "_bitcode", lambda _: pytest.fail("it was compiled again"))
    assert kernel() == found


def test_other_types_than_the_compiled_ones_are_refused(kernel: Callable[[], list[Token]]) -> None:
    kernel()
    scan = machine_code.MachineCode("logdiag.grammar.kernel", "scan", results=2)
    with pytest.raises(EngineError, match=r"logdiag\.grammar\.kernel has no machine code of scan <i8\[1\]"):
        scan(np.zeros(4, np.int64), np.zeros(4, np.uint8)[::2])


def test_warnings_are_no_part_of_what_the_library_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert logging.getLogger("logdiag") is cache.log
    assert capsys.readouterr() == ("", "")


def test_what_other_code_made_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep_by_this_code("name", b"content", b"source")
    assert cache.kept_by_this_code("name", b"source") == b"content"
    assert cache.kept_by_this_code("name", b"another source") is None
    monkeypatch.setattr(cache, "_code", lambda: b"another version")
    assert cache.kept_by_this_code("name", b"source") is None
    cache.keep("name", b"not made by code")
    assert cache.kept_by_this_code("name", b"source") is None


def test_the_library_comes_from_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from logdiag.rules import library

    shipped = resources.folder("rules")
    made = library._shipped.__wrapped__(shipped)
    monkeypatch.setattr(library, "_checked", lambda *_: pytest.fail("it was checked again"))
    cached = library._shipped.__wrapped__(shipped)
    for part in ("rules", "signals", "procedures", "effects", "digest"):
        assert getattr(cached, part) == getattr(made, part)
    assert {name: file.tree for name, file in cached.files.items()} == {
        name: file.tree for name, file in made.files.items()
    }


class Evil:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path(os.environ["EVIL"]),))


def test_a_broken_library_is_loaded_from_its_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from logdiag.rules import library

    monkeypatch.setenv("EVIL", str(tmp_path / "obeyed"))
    shipped = resources.folder("rules")
    digest = library._shipped.__wrapped__(shipped).digest
    content = (folder / "library").read_bytes()
    for harm in (b"", content[: len(content) // 2], content[:-1] + b"?", pickle.dumps(Evil())):
        (folder / "library").write_bytes(harm)
        assert library._shipped.__wrapped__(shipped).digest == digest
        assert cache.kept("library") is not None  # it was kept anew
        assert not (tmp_path / "obeyed").exists()


def test_templates_and_lark_come_from_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jinja2 import Environment

    from logdiag.grammar import lark_reader
    from logdiag.report.templates import make_environment

    def printed(text: str) -> str:
        return text

    make_environment(printed).get_template("report.md.jinja")
    tokens = list(lark_reader.load.__wrapped__("xdump").lex("*c xConfiguration\n"))
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("it was compiled again"))
    monkeypatch.setattr(lark_reader.Lark, "open", lambda *_, **__: pytest.fail("it was built again"))
    make_environment(printed).get_template("report.md.jinja")
    assert list(lark_reader.load.__wrapped__("xdump").lex("*c xConfiguration\n")) == tokens
