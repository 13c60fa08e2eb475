"""`logdiag diff`: of findings files and of snapshots, with its exit codes and files."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_difference_of_snapshots_is_that_of_their_findings_files(
    run_text: Run, samples: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(samples / "peer-returns", older)
    for log in older.rglob("*.txt"):
        # Before the end of it.
        log.write_text("".join(log.read_text().splitlines(keepends=True)[:-20]))
    newer = samples / "peer-returns"
    run_text("diagnose", older, "-o", "old.json")
    run_text("diagnose", newer, "-o", "new.json")
    of_files = run_text("diff", "old.json", "new.json")
    assert of_files.stdout.startswith("Findings: 1 new, ")
    for given in ((older, newer), ("old.json", newer), (older, "new.json")):
        done = run_text("diff", *given)
        assert (done.returncode, done.stdout) == (0, of_files.stdout)
    (tmp_path / "nothing.log").write_text("")
    done = run_text("diff", "old.json", "nothing.log")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nothing.log: " in done.stderr
    assert run_text("diff", "old.json", "absent.json").returncode == 2


def test_the_difference_of_two_files(run_text: Run, samples: Path, tmp_path: Path) -> None:
    run_text("diagnose", samples / "peer-lost", "-o", "new.json")
    older = json.loads((tmp_path / "new.json").read_text())
    older["findings"] = older["findings"][1:]
    (tmp_path / "old.json").write_text(json.dumps(older))
    done = run_text("diff", "old.json", "new.json")
    assert done.returncode == 0
    assert done.stdout.startswith("Findings: 1 new, ")
    assert run_text("diff", "old.json", "new.json", "--fail-on", "high").returncode == 1
    assert run_text("diff", "old.json", "new.json", "--fail-on", "critical").returncode == 0
    assert run_text("diff", "new.json", "new.json", "--fail-on", "info").returncode == 0
    assert "\n새로 생김\n" in run_text("diff", "old.json", "new.json", "--lang", "ko").stdout
    assert run_text("diff", "old.json", "new.json", "-o", "x.md", "-o", "x.json", "--quiet").stdout == ""
    assert json.loads((tmp_path / "x.json").read_text())["opened"][0]["rule"] == "database/peer-down"
    assert (tmp_path / "x.md").read_text().startswith("# What changed between two diagnoses\n")
    run_text("diff", "old.json", "new.json", "-o", "x.html")
    assert "<h1" in (tmp_path / "x.html").read_text()
    wrong = run_text("diff", "old.json", "new.json", "-o", "x.xml", "--fail-on", "severe")
    assert wrong.returncode == 2
