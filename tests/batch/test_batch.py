"""A batch from folders to its output: whole, the same every time, and never done twice."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset
import pytest
from clusters import Here, R, T, cluster, log, put, tree

from logdiag.batch import run_job as run_job_module
from logdiag.batch.engines import Processes
from logdiag.batch.output import Output
from logdiag.batch.run import Outcome, batch
from logdiag.errors import InputError
from logdiag.options import Options
from logdiag.pipeline import diagnose

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def run(out: Path, *given: Path, options: Options | None = None) -> Outcome:
    return batch(given, out, options or Options(), Here())


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Three clusters, the last of them healthy for all that is known."""
    cluster(tmp_path / "fleet" / "east", "expa01", "expa02")
    cluster(tmp_path / "fleet" / "west", "expb01", "expb02", day="2024-05-06")
    put(tmp_path / "fleet" / "north" / "messages.log", log("expc01").splitlines()[0] + "\n")
    return tmp_path / "fleet"


def times(out: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("clusters/*/report.html")}


def test_each_cluster_has_what_diagnose_says_of_its_folder(fleet: Path, tmp_path: Path) -> None:
    outcome = run(tmp_path / "out", fleet)
    assert outcome.code == 0
    assert [row.name for row in outcome.rows] == ["east", "north", "west"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".logdiag-batch",
        "clusters",
        "findings",
        "index.html",
        "state",
    ]
    report = diagnose([fleet / "east"])
    made = tmp_path / "out" / "clusters" / "east"
    assert (made / "report.html").read_text(encoding="utf-8") == report.to_html()
    assert (made / "findings.json").read_text(encoding="utf-8") == report.to_json()


def test_the_dataset_is_the_findings_of_all_and_pandas_reads_it(fleet: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", fleet)
    folder = tmp_path / "out" / "findings"
    frame = pd.read_parquet(folder)
    told = {
        (path.parent.name, finding["id"]): finding
        for path in (tmp_path / "out").glob("clusters/*/findings.json")
        for finding in json.loads(path.read_text(encoding="utf-8"))["findings"]
    }
    assert told
    assert {(row.cluster, row.id) for row in frame.itertuples()} == set(told)
    for row in frame.to_dict("records"):
        finding = told[row["cluster"], row["id"]]
        assert row["severity"] == finding["severity"]
        assert row["rule"] == finding["rule"]
        assert list(row["hosts"]) == finding["hosts"]
        assert f"{row['first']:%Y-%m-%dT%H:%M:%S}.100Z" == finding["first"]
        assert len(row["evidence"]) == len(finding["evidence"])
        assert row["incident"]
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    assert table.num_rows == len(told)


def test_a_dataset_of_no_finding_still_has_its_columns(tmp_path: Path) -> None:
    run(tmp_path / "out", put(tmp_path / "notes" / "notes.txt", "no record\n").parent)
    frame = pd.read_parquet(tmp_path / "out" / "findings")
    assert len(frame) == 0
    assert {"cluster", "rule", "severity", "first", "evidence"} <= set(frame.columns)


def test_bad_inputs_among_good_ones_are_rows_with_their_reasons(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fleet / "empty" / "notes.txt", "no record\n")
    put(fleet / "cut" / "messages.log", log("expd01"))
    (fleet / "cut" / "older.gz").write_bytes(b"\x1f\x8b\x08\x00")
    put(fleet / "poison" / "messages.log", log("expe01"))
    whole = diagnose

    def breaks(inputs: list[str], *others: Any) -> object:
        if inputs[0].endswith("poison"):
            raise MemoryError("all of it")
        return whole(inputs, *others)

    monkeypatch.setattr(run_job_module, "diagnose", breaks)
    outcome = run(tmp_path / "out", fleet)
    assert outcome.code == 5
    assert {row.name: row.reasons for row in outcome.rows if row.reasons} == {
        "cut": ("cut: older: cut: the gzip data ends before its end mark",),
        "empty": ("no log record and no dump was found in any input",),
        "poison": ("the diagnosis failed: MemoryError: all of it",),
    }
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for said in ("MemoryError: all of it", "no log record and no dump was found", "fleet/poison"):
        assert said in page
    assert set(times(tmp_path / "out")) == {"cut", "east", "empty", "north", "west"}
    # What failed is tried again by the next run, and only that.
    before = times(tmp_path / "out")
    monkeypatch.undo()
    assert all(row.has_report for row in run(tmp_path / "out", fleet).rows)
    after = times(tmp_path / "out")
    assert after.pop("poison")
    assert after == before


class Deadly(Here):
    """The second task kills whatever does it."""

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        for number, task in enumerate(tasks):
            yield task, None if number == 1 else work(task)


def test_an_input_that_kills_its_process_is_a_row_that_names_it(fleet: Path, tmp_path: Path) -> None:
    outcome = batch([fleet], tmp_path / "out", Options(allow_partial=True), Deadly())
    assert outcome.code == 5  # that a process dies is never as it should be
    assert [(row.name, row.has_report) for row in outcome.rows] == [
        ("east", True),
        ("north", False),
        ("west", True),
    ]
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert re.search(r"fleet/north.{1,200}the process that diagnosed it died each time", page, re.DOTALL)
    assert set(times(tmp_path / "out")) == {"east", "west"}


@pytest.mark.parametrize("place", ["nowhere/out", "file"])
def test_an_output_that_cannot_be_made_is_an_error(fleet: Path, tmp_path: Path, place: str) -> None:
    put(tmp_path / "file", "mine")
    with pytest.raises(InputError, match="not a folder, and cannot be created"):
        run(tmp_path / place, fleet)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "names", "code"),
    [
        (Options(), ["east"], 0),
        (Options(fail_on="medium"), ["east"], 1),
        (Options(fail_on="critical"), ["east"], 0),
        (Options(fail_on="medium"), ["east", "empty"], 5),
        (Options(fail_on="medium", allow_partial=True), ["east", "empty"], 1),
        (Options(allow_partial=True), ["east", "empty"], 0),
        (Options(allow_partial=True), ["empty"], 4),
    ],
)
def test_the_exit_code_is_the_worst_of_all_clusters(
    fleet: Path, tmp_path: Path, options: Options, names: list[str], code: int
) -> None:
    put(fleet / "empty" / "notes.txt", "no record\n")
    assert run(tmp_path / "out", *(fleet / name for name in names), options=options).code == code


def test_the_same_bytes_for_any_order_of_inputs_and_number_of_jobs(fleet: Path, tmp_path: Path) -> None:
    given = [fleet / name for name in ("east", "north", "west")]
    run(tmp_path / "one", *given)
    expected = tree(tmp_path / "one")
    assert len(expected) == 2 + 3 * 2 + 3 + 5
    batch(given[::-1], tmp_path / "two", Options(jobs=2), Here(backwards=True))
    assert tree(tmp_path / "two") == expected
    batch([given[1], given[2], given[0]], tmp_path / "three", Options(jobs=2), Processes(2))
    assert tree(tmp_path / "three") == expected
    run(tmp_path / "one", *given)
    assert tree(tmp_path / "one") == expected


def test_what_is_done_is_not_done_again_until_something_has_changed(fleet: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, fleet)
    first = times(out)
    run(out, fleet)
    assert times(out) == first
    # Other content: that one.
    put(fleet / "north" / "messages.log", log("expc01"))
    run(out, fleet)
    second = times(out)
    assert {name for name in first if first[name] != second[name]} == {"north"}
    # A report that somebody changed, one that is away, and a state that is damaged: those.
    (out / "clusters" / "east" / "report.html").write_text("mine")
    (out / "clusters" / "north" / "findings.json").unlink()
    for state in out.glob("state/*.json"):
        if '"name": "west"' in state.read_text(encoding="utf-8"):
            state.write_text("[")
    run(out, fleet)
    third = times(out)
    assert {name for name in first if second[name] != third[name]} == {"east", "north", "west"}
    # Other options: all.
    run(out, fleet, options=Options(fail_on="high"))
    assert all(times(out)[name] != third[name] for name in third)


def test_other_rules_do_all_again(fleet: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    rules = (tmp_path / "mine",)
    run(tmp_path / "out", fleet, options=Options(rules=rules))
    first = times(tmp_path / "out")
    run(tmp_path / "out", fleet, options=Options(rules=rules))
    assert times(tmp_path / "out") == first
    shipped = Path(__file__).parent.parent.parent / "rules" / "database" / "peer-down.yaml"
    text = shipped.read_text(encoding="utf-8")
    put(tmp_path / "mine" / "database" / "peer-down.yaml", f"# ours\n{text}")
    run(tmp_path / "out", fleet, options=Options(rules=rules))
    assert all(times(tmp_path / "out")[name] != first[name] for name in first)


def test_what_is_left_of_other_inputs_goes_away(fleet: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", fleet)
    run(tmp_path / "out", fleet / "east")
    run(tmp_path / "fresh", fleet / "east")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_folder_with_something_else_in_it_is_not_touched(fleet: Path, tmp_path: Path) -> None:
    mine = put(tmp_path / "out" / "clusters" / "mine.txt", "mine")
    (tmp_path / "out" / "state").mkdir()
    with pytest.raises(InputError, match="neither empty nor the output of an earlier batch"):
        run(tmp_path / "out", fleet)
    assert tree(tmp_path / "out") == {"clusters/mine.txt": mine.read_bytes()}


def test_two_runs_do_not_write_to_one_folder(fleet: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", fleet)
    before = tree(tmp_path / "out")
    with Output(str(tmp_path / "out")).lock(), pytest.raises(InputError, match="another run writes there"):
        run(tmp_path / "out", fleet / "east")
    assert tree(tmp_path / "out") == before
    assert run(tmp_path / "out", fleet).code == 0


def command(out: Path, *words: str | Path) -> list[str]:
    return [sys.executable, "-m", "logdiag", "batch", *map(str, words), "-o", str(out)]


SITES = 40
"""So many that nobody does the rest of them while another process sends a signal."""


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    fleet, out = tmp_path / "fleet", tmp_path / "out"
    for number in range(SITES):
        cluster(fleet / f"site{number}", f"exp{number}01", f"exp{number}02")
    with subprocess.Popen(command(out, fleet, "--jobs", "1"), stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        # It says so once a cluster is done.
        assert started.stderr.readline() == f"1 of {SITES}: fleet/site0: high\n"
        os.kill(started.pid, signal.SIGKILL)
        # Its worker ends with it: whoever holds the pipe open is gone when this comes to an end.
        said = started.stderr.read()
    assert f"{SITES} of {SITES}" not in said
    assert not (out / "index.html").exists()
    done = times(out)
    assert 1 <= len(list(out.glob("state/*.json"))) <= len(done) < SITES
    for folder in out.glob("clusters/*"):
        assert sorted(path.name for path in folder.iterdir()) == ["findings.json", "report.html"]
    noted = {json.loads(path.read_text())["row"]["name"] for path in out.glob("state/*.json")}
    time.sleep(0.01)

    again = subprocess.run(command(out, fleet, "--jobs", "2"), capture_output=True, text=True)
    assert again.returncode == 0
    lines = again.stderr.splitlines()
    assert {line.split(": ")[1] for line in lines if "(done before)" in line} == {
        f"fleet/{name}" for name in noted
    }
    assert lines[-1] == f"wrote {out / 'index.html'}: {SITES} inputs, 0 of them bad"
    after = times(out)
    assert len(after) == SITES
    assert {name for name in done if after[name] == done[name]} >= noted
    run(tmp_path / "fresh", fleet)
    assert tree(out) == tree(tmp_path / "fresh")
    assert not (out / ".unfinished").exists()


def test_a_run_that_is_interrupted_is_130_and_leaves_nothing_running(tmp_path: Path) -> None:
    fleet, out = tmp_path / "fleet", tmp_path / "out"
    for number in range(SITES):
        cluster(fleet / f"site{number}", f"exp{number}01", f"exp{number}02")
    words = command(out, fleet, "--jobs", "2")
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True) as started:
        assert started.stderr is not None
        assert started.stderr.readline().startswith(f"1 of {SITES}: ")
        os.killpg(started.pid, signal.SIGINT)  # as a terminal does it
        said = started.stderr.read()  # until the last worker is gone
    assert started.returncode == 130
    assert "Traceback" not in said
    assert not (out / "index.html").exists()


@pytest.fixture
def run_command(request: pytest.FixtureRequest) -> Run:
    """The command line, in this process; `run` is a batch here."""
    command: Run = request.getfixturevalue("run")
    return command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["fleet", "--lang", "tlh"], "there is no language 'tlh'"),
        (["fleet", "--fail-on", "much"], "--fail-on much: the levels are"),
        (["fleet", "--rules", "nowhere"], "nowhere: there is no such folder of rules"),
    ],
)
def test_a_wrong_command_line_is_2(
    fleet: Path, tmp_path: Path, words: list[str], message: str, run_command: Run
) -> None:
    done = run_command("batch", *words, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert not (tmp_path / "out").exists()


def test_a_terminal_shows_a_bar_and_a_pipe_a_line_for_each_job(
    fleet: Path, tmp_path: Path, run_command: Run
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(tmp_path / "out", fleet, "--jobs", "1"), stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ):
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 1 << 16):
                said += part
        except OSError:
            pass  # what a terminal says at its end
    os.close(ours)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert "3/3" in shown
    assert "a minute" in shown
    assert "1 of 3: " not in shown
    plain = run_command("batch", fleet, "-o", tmp_path / "out").stderr.decode()
    assert "\x1b" not in plain
    assert sorted(line.partition(": ")[2] for line in plain.splitlines()[:3]) == [
        "fleet/east: high (done before)",
        "fleet/north: without incidents (done before)",
        "fleet/west: high (done before)",
    ]
    silent = run_command("batch", fleet, "-o", tmp_path / "out", "--quiet")
    assert (silent.stdout, silent.stderr) == (b"", b"")
