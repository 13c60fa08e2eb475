"""What a CI job has from `diagnose`: JUnit, SARIF, annotations, a summary, and a baseline."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parent.parent


def test_junit_and_sarif_are_written_beside_each_other(run_text: Run, samples: Path, tmp_path: Path) -> None:
    done = run_text("diagnose", samples / "peer-lost", "-o", "x.xml", "-o", "x.sarif", "--lang", "ko")
    assert (done.returncode, done.stdout) == (0, "")
    assert fromstring((tmp_path / "x.xml").read_bytes()).get("failures") != "0"
    told = json.loads((tmp_path / "x.sarif").read_bytes())
    assert told["version"] == "2.1.0"
    assert "연결이 끊" in (tmp_path / "x.sarif").read_text(encoding="utf-8")


def test_a_step_of_github_gets_annotations_and_a_summary(
    run_text: Run, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "summary").write_text("before\n")
    done = run_text(
        "diagnose",
        samples / "peer-lost",
        "-o",
        "x.md",
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    assert first.startswith("::error file=peer-lost/peer-disconnect-expc01.log,line=1,title=The database of ")
    assert (tmp_path / "summary").read_text() == "before\n" + (tmp_path / "x.md").read_text()


def test_a_summary_that_cannot_be_written_costs_no_output(
    run_text: Run, samples: Path, tmp_path: Path
) -> None:
    given = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}  # a folder
    done = run_text("diagnose", samples / "peer-lost", "-o", "x.md", **given)
    assert done.returncode == 0
    assert "the summary of the step cannot be written" in done.stderr
    assert (tmp_path / "x.md").exists()


def test_elsewhere_there_are_none(run_text: Run, samples: Path, tmp_path: Path) -> None:
    for variables in ({}, {"GITHUB_ACTIONS": "false"}):
        done = run_text("diagnose", samples / "peer-lost", **variables)
        assert not re.search("^::", done.stdout, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_no_name_of_a_file_is_a_command_of_github(run_text: Run, samples: Path, tmp_path: Path) -> None:
    for name in ("::error::a", "##[error]b"):
        (tmp_path / name).write_text("no record here\n")
    inputs = (samples / "tls-enforcement", "./::error::a", "./##[error]b")
    done = run_text("diagnose", *inputs, GITHUB_ACTIONS="true")
    assert done.returncode == 5
    summary = "".join(
        line for line in done.stdout.splitlines() if not line.startswith(("::warn", "::notice"))
    )
    assert not re.search(r"^\s*::|##\[", summary + done.stderr, re.MULTILINE)
    assert ": :error::a contains no" in done.stderr
    assert "## [error]b contains no" in done.stderr


@pytest.mark.parametrize("words", [["rules", "list"], ["rules", "show", "mine/odd"], ["rules", "lint"]])
def test_no_text_of_a_rule_is_a_command_of_github(words: list[str], run_text: Run, tmp_path: Path) -> None:
    """People share libraries."""
    [rule, *_] = (ROOT / "rules").glob("database/peer-down.yaml")
    odd = re.sub("^title: .*$", 'title: "##[error]odd"', rule.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "lib" / "mine").mkdir(parents=True)
    (tmp_path / "lib" / "mine" / "odd.yaml").write_text(odd, encoding="utf-8")
    done = run_text(*words, "--rules", "lib", GITHUB_ACTIONS="true")
    assert "##[" not in done.stdout + done.stderr
    assert ("## [error]odd" in done.stdout) == (words[1] != "lint")


def test_against_a_baseline_only_what_is_new_or_worse_fails(
    run_text: Run, samples: Path, tmp_path: Path
) -> None:
    run_text("diagnose", samples / "peer-lost", "-o", "old.json")
    words = ("diagnose", samples / "peer-lost", "--fail-on", "low", "-o", "new.json", "-o", "new.md")
    assert run_text(*words).returncode == 1
    assert run_text(*words, "--baseline", "old.json").returncode == 0
    told = json.loads((tmp_path / "new.json").read_text())
    assert all(one["known"] for one in told["findings"])
    assert re.fullmatch("sha256:[0-9a-f]{64}", told["command"]["options"]["baseline"])
    assert "old.json" not in json.dumps(told)
    assert "It is known from the baseline." in (tmp_path / "new.md").read_text()
    older = json.loads((tmp_path / "old.json").read_text())
    older["findings"][0]["severity"] = "info"
    (tmp_path / "old.json").write_text(json.dumps(older))
    done = run_text(*words, "--baseline", "old.json")
    assert done.returncode == 1
    assert "1 finding at low or above is new or worse" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "old.json: is no JSON"),
        ('{"schema": "logdiag.findings/9"}', "old.json: is no findings file (logdiag.findings/2)"),
        (None, "old.json: No such file or directory"),
    ],
)
def test_a_baseline_that_is_none_is_2_and_nothing_is_written(
    run_text: Run, samples: Path, tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "old.json").write_text(content)
    for words in (
        ("diagnose", samples / "peer-lost", "--baseline", "old.json", "-o", "x.json"),
        ("diff", "old.json", "old.json", "-o", "x.json"),
    ):
        done = run_text(*words)
        assert done.returncode == 2
        assert done.stderr.startswith(f"logdiag: {said}")
        assert not (tmp_path / "x.json").exists()
