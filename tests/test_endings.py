"""How a command ends when the machine is at fault: an exit code of its own, one line, no traceback."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
LOGDIAG = str(Path(sys.executable).with_name("logdiag"))


def shell(line: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    line = line.replace("logdiag", LOGDIAG)
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


COMMANDS = ["diagnose peer-lost", "rules list", "alarms 20006", "query 'SELECT 1' peer-lost", "--version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_standard_output_is_an_error(samples: Path, command: str) -> None:
    done = shell(f"logdiag {command} >&-", samples)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1:] == ["logdiag: standard output: is closed"]
    assert "Traceback" not in done.stderr


def test_a_closed_standard_input_is_an_error(samples: Path) -> None:
    done = shell("logdiag diagnose - <&-", samples)
    assert (done.returncode, done.stderr) == (2, "logdiag: -: standard input is closed\n")


def test_a_full_standard_output_is_an_error(samples: Path) -> None:
    done = shell("logdiag diagnose peer-lost >/dev/full", samples)
    assert (done.returncode, done.stderr) == (2, "logdiag: standard output: No space left on device\n")


@pytest.mark.parametrize("command", ["rules list", "alarms", "rules reference"])
def test_a_reader_that_has_seen_enough_is_no_failure(samples: Path, command: str) -> None:
    done = shell(f"(logdiag {command}; echo $? >&2) | head -c 1", samples)
    assert done.stderr == "0\n"


def test_little_memory_is_said_in_one_line(samples: Path) -> None:
    done = shell("ulimit -v 450000; logdiag diagnose peer-lost", samples)
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr


FAILURES = {
    MemoryError(): "there is not enough memory; try --jobs 1, or fewer inputs at a time",
    pa.ArrowMemoryError("malloc of size 1 failed"): "there is not enough memory",
    RuntimeError("can't start new thread"): "there is not enough memory",
    ImportError("x.so: failed to map segment from shared object"): "there is not enough memory",
    OSError(12, "Cannot allocate memory"): "there is not enough memory",
    FileNotFoundError(2, "No such file or directory", "memory.log"): "memory.log: No such file or directory",
    ValueError("memory"): "internal error: ValueError: memory",
    OSError(28, "No space left on device"): "No space left on device; temporary files are kept in ",
    OSError(13, "Permission denied", "a\nb"): "a\\nb: Permission denied",
    ValueError("a\nb"): "internal error: ValueError: a\\nb",
}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_failures_of_the_machine_exit_with_2(
    run: Run, samples: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("logdiag.pipeline.read", fail)
    done = run("diagnose", samples / "peer-lost")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"logdiag: {FAILURES[failure]}")
    monkeypatch.setenv("LOGDIAG_TRACEBACK", "1")
    with pytest.raises(type(failure)):
        run("diagnose", samples / "peer-lost")


def test_a_full_disk_while_records_are_kept_is_partial(
    run: Run, samples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Full:
        def tell(self) -> int:
            return 0

        def seek(self, _: int) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("logdiag.records.joined.tempfile.TemporaryFile", lambda **_: Full())
    monkeypatch.setattr("logdiag.records.joined.tempfile.tempdir", str(tmp_path))
    done = run("parse", samples / "peer-lost", "-o", "x.parquet")
    assert done.returncode == 5
    assert f"logdiag: {tmp_path}: No space left on device: records are kept there" in done.stderr.decode()
    assert "set TMPDIR" in done.stderr.decode()
    assert not (tmp_path / "x.parquet").exists()


@pytest.mark.parametrize(
    "command", [["diagnose"], ["parse", "-o", "x.csv"], ["query", "SELECT 1"], ["shapes"]]
)
def test_a_zip_that_the_disk_has_no_room_for_is_partial(
    run: Run, samples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    import tempfile
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(next((samples / "peer-lost").glob("*.log")), "a.log")
    size = (tmp_path / "a.zip").stat().st_size

    class Full(tempfile.SpooledTemporaryFile[bytes]):
        def write(self, _: bytes) -> int:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("logdiag.snapshots.zip_.tempfile.SpooledTemporaryFile", Full)
    done = run(*command, "a.zip")
    said = (done.stdout + done.stderr).decode().replace("\n", " ")
    assert done.returncode == 5, said
    assert tempfile.gettempdir() in said
    assert f"{size:,} bytes" in said
    assert "set TMPDIR" in said


def test_a_file_that_shrinks_while_it_is_read_makes_the_run_partial(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(next((samples / "peer-lost").glob("*.log")).read_bytes() * 700)
    from logdiag.snapshots import locations

    whole = log.stat().st_size
    read = locations.Local.chunks
    with pytest.MonkeyPatch.context() as patch:

        def chunks(self: locations.Local):  # type: ignore[no-untyped-def]
            for number, chunk in enumerate(read(self)):
                if number == 3:
                    os.truncate(log, whole // 2)
                yield chunk

        patch.setattr(locations.Local, "chunks", chunks)
        done = run("diagnose", "a.log")
    assert done.returncode == 5
    assert "the file became shorter while it was read" in done.stdout.decode().replace("\n", " ")


EVIL = "x\n::error::forged"


@pytest.mark.parametrize(
    "words",
    [
        ["diagnose", f"missing-{EVIL}"],
        ["diagnose", "SAMPLE", f"--{EVIL}"],
        ["diagnose", "SAMPLE", "-o", f"missing/{EVIL}"],
        ["diagnose", "SAMPLE", "--limit", EVIL],
        ["diagnose", "SAMPLE", "--rules", EVIL],
        ["diagnose", "SAMPLE", "--rules", f"missing-{EVIL}"],
        ["diagnose", "SAMPLE", "--lang", EVIL],
        ["rules", "lint", "--rules", EVIL],
        ["rules", "show", EVIL],
        ["query", EVIL, "SAMPLE"],
        ["diff", f"missing-{EVIL}", EVIL],
        [f"./{EVIL}"],
    ],
    ids=lambda words: " ".join(words).replace(EVIL, "EVIL"),
)
def test_names_of_inputs_and_rules_cannot_forge_lines(
    run: Run, tmp_path: Path, samples: Path, words: list[str]
) -> None:
    (tmp_path / EVIL).mkdir()
    (tmp_path / EVIL / "a.yaml").write_text("title: 5\nno-such-key: 1\n")
    done = run(*(samples / "peer-lost" if word == "SAMPLE" else word for word in words))
    assert done.returncode
    printed = (done.stdout + done.stderr).decode()
    assert not [line for line in printed.splitlines() if line.startswith("::")]


@pytest.mark.parametrize("given", ["<(cat peer-lost/*.log)", "/dev/stdin < <(cat peer-lost/*.log)", "pipe"])
def test_pipes_are_read_as_standard_input_is(run: Run, samples: Path, tmp_path: Path, given: str) -> None:
    usual = run("diagnose", *(samples / "peer-lost").glob("*.log")).stdout.decode()
    if given == "pipe":
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        log = next((samples / "peer-lost").glob("*.log"))
        threading.Thread(target=lambda: pipe.write_bytes(log.read_bytes()), daemon=True).start()
        given = str(pipe)
    done = shell(f"logdiag diagnose {given}", samples)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == usual


def test_redact_refuses_what_can_be_read_only_once(samples: Path, tmp_path: Path) -> None:
    for given in ("- < peer-lost/*.log", "<(cat peer-lost/*.log)"):
        done = shell(f"logdiag redact {given} -o {tmp_path}/out", samples)
        assert done.returncode == 2
        assert "can be read once" in done.stderr
