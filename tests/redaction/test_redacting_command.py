"""`logdiag diagnose --redact` as a user has it, and `--full` beside it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag import cli
from logdiag.redaction import Redactor

Run = Callable[..., "subprocess.CompletedProcess[str]"]
NAMES = ("expc01", "expc02", "apolo")


@pytest.fixture
def diagnosed(run: Callable[..., "subprocess.CompletedProcess[bytes]"]) -> Run:
    def diagnosed(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        done = run("diagnose", *words)
        out, err = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return diagnosed


def test_every_output_is_redacted_and_the_full_ones_are_asked_for(
    diagnosed: Run, samples: Path, tmp_path: Path
) -> None:
    words = ("--redact", "-o", "x.html", "-o", "x.json", "--full", "all.json", "--full", "all.html")
    done = diagnosed(samples / "peer-lost", *words)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == ["wrote x.html", "wrote x.json", "wrote all.json", "wrote all.html"]
    for name in NAMES:
        for file in ("x.html", "x.json"):
            assert name not in (tmp_path / file).read_text(encoding="utf-8")
        for file in ("all.html", "all.json"):
            assert name in (tmp_path / file).read_text(encoding="utf-8")
    assert json.loads((tmp_path / "x.json").read_text())["command"]["options"] == {"redact": "yes"}
    whole = diagnosed(samples / "peer-lost", "-o", "whole.json")
    assert whole.returncode == 0
    assert (tmp_path / "all.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_the_summary_and_what_is_said_are_redacted(diagnosed: Run, samples: Path, tmp_path: Path) -> None:
    log = (samples / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()
    (tmp_path / "expc01.log").write_bytes(log)
    (tmp_path / "expc02-10.1.2.3.txt").write_text("no record here\n")
    done = diagnosed("expc01.log", "expc02-10.1.2.3.txt", "--redact", "--full", "all-of-expc01.html")
    assert done.returncode == 5
    assert done.stdout.startswith("host-2 lost the cluster connection to host-1")
    assert "Redacted: numbered words" in done.stdout
    assert done.stderr.splitlines() == [
        "wrote all-of-host-2.html",
        "host-1-ipv4-1.1.1.1.txt contains no log record and no dump",
    ]
    assert not any(name in done.stdout + done.stderr for name in NAMES)
    assert (tmp_path / "all-of-expc01.html").is_file()


def test_all_that_is_wrong_with_outputs_is_said_at_once(
    diagnosed: Run, samples: Path, tmp_path: Path
) -> None:
    done = diagnosed(
        samples / "peer-lost", "--redact", "-o", "x.html", "--full", "./x.html", "--full", "x.pdf"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "logdiag: x.html: is the same file as the output x.html",
        "logdiag: x.pdf: an output ends in .html, .md, .json, .jsonl, .xml, .sarif",
    ]
    alone = diagnosed(samples / "peer-lost", "--full", "all.html", "-o", "no/such/x.html")
    assert alone.returncode == 2
    assert alone.stderr.splitlines() == [
        "logdiag: no/such/x.html: the folder no/such does not exist",
        "logdiag: --full goes with --redact: without it, every output is full",
    ]
    assert list(tmp_path.iterdir()) == []


def test_where_something_is_left_nothing_is_written(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A redactor that forgets the texts of evidence.
    replaced = Redactor.text
    monkeypatch.setattr(
        Redactor,
        "text",
        lambda self, text, names=(): text if "mnesia" in text else replaced(self, text, names),
    )
    words = ["diagnose", str(samples / "peer-lost"), "--redact"]
    words += ["-o", str(tmp_path / "x.html"), "--full", str(tmp_path / "all.json")]
    monkeypatch.setattr(sys, "argv", ["logdiag", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith("logdiag: not redacted: line ")
    assert said.err.endswith(" of the html output holds a literal (host name)\n")
    assert list(tmp_path.iterdir()) == []
