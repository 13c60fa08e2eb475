"""Outputs: they never change the evidence, are written whole or not at all, and leave nothing else behind."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag.files.atomic_write import scratch_folder, write

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
LOGDIAG = str(Path(sys.executable).with_name("logdiag"))


@pytest.fixture
def case(tmp_path: Path, samples: Path) -> Path:
    """A folder of evidence, in the folder in which commands run."""
    folder = tmp_path / "case"
    folder.mkdir()
    [log] = (samples / "peer-lost").glob("*.log")
    (folder / "a.log").write_bytes(log.read_bytes())
    (folder / "ticket.md").write_bytes(log.read_bytes())
    (folder / "status.xml").write_text("<Status/>")
    (folder / "old.json").write_text("{}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


COMMANDS = {
    "diagnose": (["diagnose", "{input}", "-o", "{output}"], ".md"),
    "diagnose full": (["diagnose", "{input}", "--redact", "-o", "r.json", "--full", "{output}"], ".md"),
    "parse": (["parse", "{input}", "-o", "{output}"], ".csv"),
    "query": (["query", "SELECT 1", "{input}", "-o", "{output}"], ".csv"),
    "shapes": (["shapes", "{input}", "-o", "{output}"], ".jsonl"),
    "diff old": (["diff", "{input}", "other.log", "-o", "{output}"], ".md"),
    "diff new": (["diff", "other.log", "{input}", "-o", "{output}"], ".md"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("given", "output"),
    [
        ("case/input", "case/input"),
        ("case", "case/new"),
        ("case", "case/below/new"),
        (".", "new"),
        ("case/../case", "case/new"),
        ("file://{tmp}/case", "case/new"),
        ("case", "link-to-the-case/new"),
        ("case/input", "link-to-the-input"),
        ("link-to-the-case", "case/new"),
        ("case/input", "hard-link"),
    ],
)
def test_no_command_writes_into_the_evidence(
    run: Run, case: Path, tmp_path: Path, command: str, given: str, output: str
) -> None:
    words, suffix = COMMANDS[command]
    (case / "below").mkdir()
    log = case / f"input{suffix}"
    log.write_bytes((case / "a.log").read_bytes())
    (tmp_path / "other.log").write_bytes(log.read_bytes())
    (tmp_path / "link-to-the-case").symlink_to(case)
    (tmp_path / f"link-to-the-input{suffix}").symlink_to(log)
    (tmp_path / f"hard-link{suffix}").hardlink_to(log)
    before = log.read_bytes()
    given = given.format(tmp=tmp_path) + (suffix if given.endswith("input") else "")
    names = {"input": given, "output": output + suffix}
    done = run(*(word.format(**names) for word in words))
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert f"{output}{suffix}: " in said
    assert "an input" in said or "a folder that is read" in said
    assert log.read_bytes() == before
    assert sorted(path.name for path in (case / "below").iterdir()) == []
    assert not (case / f"new{suffix}").exists()


def test_a_file_next_to_an_input_may_be_written(run: Run, case: Path) -> None:
    assert run("diagnose", "case/a.log", "-o", "case/report.html").returncode == 0
    assert (case / "report.html").exists()


def test_one_output_given_twice_is_refused(run: Run, case: Path, tmp_path: Path) -> None:
    done = run("diagnose", "case", "-o", "x.json", "-o", "./x.json")
    assert (done.returncode, (tmp_path / "x.json").exists()) == (2, False)
    assert b"x.json: is the same file as the output x.json" in done.stderr


def test_a_link_stays_a_link_and_its_file_is_written(run: Run, case: Path, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("target.json")
    assert run("diagnose", "case", "-o", "link.json").returncode == 0
    assert (tmp_path / "link.json").is_symlink()
    assert b"logdiag.findings" in (tmp_path / "target.json").read_bytes()


def test_a_pipe_stays_a_pipe_and_is_written_through(run: Run, case: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert run("diagnose", "case", "-o", "pipe.json").returncode == 0
    reader.join()
    assert b"logdiag.findings" in read[0]
    assert pipe.is_fifo()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "full")  # as the writers of Arrow do, without a name

    with pytest.raises(OSError, match="No space left") as raised:
        write(target, fail)
    assert raised.value.filename == str(tmp_path)
    assert contents(tmp_path) == {"x.csv": b"old"}


def test_what_a_killed_run_left_is_removed_by_the_next(run: Run, case: Path, tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time, logdiag.files.atomic_write as w\n"
        "with w.scratch_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'secret').write_text('x'); print(flush=True); time.sleep(600)"
    )
    killed = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    killed.stdout.readline()
    [left] = tmp_path.glob(".logdiag-*")
    assert run("diagnose", "case", "-o", "x.json").returncode == 0
    assert left.is_dir()  # its run still goes on
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert run("diagnose", "case", "-o", "x.json").returncode == 0
    assert not left.exists()


def test_a_file_of_somebody_with_such_a_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".logdiag-file").write_text("x")
    (tmp_path / ".logdiag-link").symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    with scratch_folder(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".logdiag-file", ".logdiag-link", "folder"}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("words", [["redact", "big", "-o", "out/red"], ["parse", "big", "-o", "out/p.csv"]])
def test_a_run_that_is_told_to_end_cleans_up(
    case: Path, tmp_path: Path, words: list[str], sent: signal.Signals
) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big/a.log").write_bytes((case / "a.log").read_bytes() * 8000)
    (tmp_path / "out").mkdir()

    def heed() -> None:  # also where the tests were started with nohup
        signal.signal(sent, signal.SIG_DFL)

    with subprocess.Popen(
        [LOGDIAG, *words], cwd=tmp_path, stderr=subprocess.PIPE, preexec_fn=heed
    ) as started:
        while started.poll() is None and not list((tmp_path / "out").iterdir()):
            time.sleep(0.01)
        time.sleep(0.2)  # in the middle of it
        started.send_signal(sent)
        started.communicate(timeout=60)
    assert started.returncode == 143
    assert list((tmp_path / "out").iterdir()) == []
