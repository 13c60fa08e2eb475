"""What people are used to: short help with an example, settings of their own, completions, near misses."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from logdiag.cli import app

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def commands() -> Iterator[list[str]]:
    waiting = [([], typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [([*words, name], one) for name, one in command.commands.items()]
        else:
            yield words


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_short_help_with_an_example(words: list[str], run: Run) -> None:
    done = run(*words, "-h")
    assert done.returncode == 0
    assert done.stdout == run(*words, "--help").stdout
    assert f"Example: logdiag {' '.join(words)}" in done.stdout.decode()


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def settled(content: str) -> Path:
        path = tmp_path / "mine" / "logdiag" / "logdiag.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        monkeypatch.setenv("LOGDIAG_CONFIG", str(path))
        return path

    return settled


def test_an_option_counts_before_the_environment_and_that_before_the_file(
    run: Run, samples: Path, settled: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("diagnose", samples / "peer-lost").returncode == 0
    settled('[diagnose]\nfail-on = "high"\n')
    assert run("diagnose", samples / "peer-lost").returncode == 1
    monkeypatch.setenv("LOGDIAG_FAIL_ON", "critical")
    assert run("diagnose", samples / "peer-lost").returncode == 0
    assert run("diagnose", samples / "peer-lost", "--fail-on", "low").returncode == 1


def test_what_stands_at_the_top_is_for_all_commands_and_a_table_for_its_own(
    run: Run, samples: Path, settled: Callable[[str], Path]
) -> None:
    settled('lang = "ko"\n[diff]\nlang = "en"\n')
    assert "클러스터" in run(samples / "peer-lost").stdout.decode()
    lost = samples / "peer-lost"
    assert run("diff", lost, lost).stdout.startswith(b"Findings: none new or worse, ")


def test_the_file_lies_in_the_configuration_folder(
    run: Run, samples: Path, settled: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settled('fail-on = "high"\n')
    monkeypatch.delenv("LOGDIAG_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(path.parent.parent))
    assert run("diagnose", samples / "peer-lost").returncode == 1
    monkeypatch.setenv("LOGDIAG_CONFIG", "")  # none at all
    assert run("diagnose", samples / "peer-lost").returncode == 0


def test_a_file_beside_the_evidence_settles_nothing(run: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "logdiag.toml").write_text('[diagnose]\nfail-on = "info"\nlimit = ["total=1"]\n')
    assert run("diagnose", samples / "peer-lost").returncode == 0


def test_all_that_is_wrong_in_the_file_is_told_at_once(
    run: Run, samples: Path, settled: Callable[[str], Path]
) -> None:
    path = settled('langg = "ko"\n[diagnos]\nquiet = true\n[parse]\nredact = true\n')
    done = run("diagnose", samples / "peer-lost")
    assert done.returncode == 2
    first, second, third = done.stderr.decode().splitlines()
    assert first == f"logdiag: {path}: langg: there is no such option; did you mean lang?"
    assert second == f"{path}: [diagnos]: there is no such command; did you mean diagnose?"
    assert third.startswith(f"{path}: redact: there is no such option of parse; there are allow-partial, ")
    settled("jobs = \n")
    assert b"(at line 1, column 8)" in run("diagnose", samples / "peer-lost").stderr
    settled('jobs = "many"\n')
    assert run("diagnose", samples / "peer-lost").returncode == 2
    path.unlink()
    assert b"LOGDIAG_CONFIG names it" in run("diagnose", samples / "peer-lost").stderr


def test_keys_are_named_as_the_options_are(
    run: Run, samples: Path, settled: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settled('[query]\nformat = "csv"\n')
    assert run("query", "SELECT 1 AS x", samples / "peer-lost").stdout.splitlines() == [b"x", b"1"]
    monkeypatch.setenv("LOGDIAG_CONFIG", "absent.toml")
    assert run("diagnose", "-h").returncode == 0
    assert run("diagnose", samples / "peer-lost").returncode == 2


def test_rules_are_shown_in_the_language_asked_for(run: Run) -> None:
    assert "피어" in run("rules", "show", "incident/peer-lost", "--lang", "ko").stdout.decode()
    assert "클러스터" in run("rules", "list", "--lang", "ko").stdout.decode()


def test_what_nobody_hears_ends_nothing(samples: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "logdiag", "diagnose", samples / "peer-lost", "-o", "x.json"]
    ear, mouth = os.pipe()
    os.close(ear)
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=mouth)
    os.close(mouth)
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "x.json").exists()


def test_words_that_are_nearly_right(run: Run) -> None:
    assert b"Did you mean 'diagnose'?" in run("diagnos", "x").stderr
    assert b"--fail-on" in run("diagnose", "--fail-onn", "high").stderr
    assert b"absent.log: there is no such file" in run("absent.log").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    from os import environ

    words = {"COMP_WORDS": "logdiag di", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "logdiag di"}
    done = subprocess.run(
        [sys.executable, "-m", "logdiag"],
        env={
            **environ,
            **words,
            "_LOGDIAG_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "diagnose" in done.stdout
    assert "diff" in done.stdout
    assert "parse" not in done.stdout
