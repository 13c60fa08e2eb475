"""A Dask cluster of two processes on this machine: what it does is what processes do, and nothing dies with another."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clusters import Here, cluster, log, put, tree
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logdiag.batch import dask_engine as cluster_module
from logdiag.batch.dask_engine import Dask, of_scheduler, on_this_machine
from logdiag.batch.run import Step, batch
from logdiag.errors import EngineError
from logdiag.options import Options


@pytest.fixture(scope="module")
def engine() -> Iterator[Dask]:
    with on_this_machine(2, 2 << 30) as started:
        yield started


def work(task: tuple[str, Path]) -> str:
    """Each call leaves a mark; one task kills its process."""
    name, folder = task
    marks = len(list(folder.glob(f"{name}-*")))
    (folder / f"{name}-{marks}").touch()
    if name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "wrong":
        raise ValueError(name)
    return name.upper()


def slowly(folder: Path) -> int:
    """A task that says which process is at it, and takes its time when that is the first."""
    mark = folder / str(os.getpid())
    first = not any(folder.iterdir())
    mark.touch()
    if first:
        time.sleep(60)
    return os.getpid()


def test_poison_is_none_after_two_deaths_and_every_other_task_is_done(engine: Dask, tmp_path: Path) -> None:
    names = ["a", "deadly", "b", "c"]
    done = dict(engine.run([(name, tmp_path) for name in names], work))
    assert {name: result for (name, _), result in done.items()} == {
        **{name: name.upper() for name in names},
        "deadly": None,
    }
    assert len(list(tmp_path.glob("deadly-*"))) == 2


def test_what_a_task_raises_is_raised(engine: Dask, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"):
        list(engine.run([("a", tmp_path), ("wrong", tmp_path)], work))


def test_a_worker_that_is_killed_at_work_leaves_its_task_to_another(engine: Dask, tmp_path: Path) -> None:
    def kill() -> None:
        while not (marks := list(tmp_path.iterdir())):
            time.sleep(0.02)
        os.kill(int(marks[0].name), signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    done = [result for _, result in engine.run([tmp_path], slowly)]
    killing.join()
    assert len(done) == 1
    assert done[0] is not None
    assert len(list(tmp_path.iterdir())) == 2  # one process began it, another did it


def test_without_tasks_there_is_nothing_to_do(engine: Dask) -> None:
    assert list(engine.run([], work)) == []


def test_the_own_cluster_listens_on_loopback_and_asks_for_its_keys(engine: Dask) -> None:
    addresses = [engine.client.scheduler.address, *engine.client.scheduler_info()["workers"]]
    assert {address.rpartition(":")[0] for address in addresses} == {"tls://127.0.0.1"}
    with pytest.raises(EngineError), of_scheduler(engine.client.scheduler.address):
        pass


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clusters of one and two peers, and bad inputs among them."""
    folder = tmp_path_factory.mktemp("given") / "fleet"
    for number in range(3):
        cluster(folder / f"site{number}", *(f"exp{number}0{peer}" for peer in range(1 + number % 2)))
    put(folder / "empty" / "notes.txt", "no record\n")
    put(folder / "cut" / "messages.log", log("expd01"))
    (folder / "cut" / "older.gz").write_bytes(b"\x1f\x8b\x08\x00")
    return folder


@pytest.fixture(scope="module")
def expected(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the local engine makes of it; `test_batch.py` holds that it is the same without processes."""
    out = tmp_path_factory.mktemp("local") / "out"
    assert batch([fleet], out, Options(jobs=2), Here()).code == 5
    return tree(out)


def pids(engine: Dask) -> list[int]:
    return [int(answer) for _, answer in engine.everywhere(pid)]


def pid() -> str:
    return str(os.getpid())


def test_a_batch_is_byte_for_byte_what_the_local_engine_makes_of_it_though_a_worker_is_killed(
    engine: Dask, fleet: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    at_work = pids(engine)

    def kill(step: Step) -> None:
        if step.number == 2:
            os.kill(at_work[0], signal.SIGKILL)

    outcome = batch([fleet], tmp_path / "out", Options(jobs=2), engine, report_step=kill)
    assert outcome.code == 5
    assert tree(tmp_path / "out") == expected
    assert at_work[0] not in pids(engine)


SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "sample_logs").iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def samples_output(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("samples") / "out"
    batch(SAMPLES, out, Options(jobs=1), Here())
    return tree(out)


@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations(SAMPLES),
    jobs=st.integers(1, 4),
    which=st.sampled_from(["dask", "here", "backwards"]),
)
@example(order=SAMPLES[::-1], jobs=2, which="dask")
def test_the_same_bytes_for_any_order_jobs_engine_and_run(
    engine: Dask, samples_output: dict[str, bytes], order: list[Path], jobs: int, which: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        used = engine if which == "dask" else Here(workers=jobs, backwards=which == "backwards")
        batch(order, out, Options(jobs=jobs), used)
        assert tree(out) == samples_output
        batch(order[::-1], out, Options(jobs=1), Here())
        assert tree(out) == samples_output


# ── schedulers of others ────────────────────────────────────────────────────────────────────


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def dask(*words: str) -> "subprocess.Popen[bytes]":
    code = f"from distributed.cli import dask_{words[0]} as command; command.main()"
    given = [sys.executable, "-c", code, *words[1:], "--no-dashboard"]
    return subprocess.Popen(given, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@pytest.fixture
def scheduler() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A scheduler without keys, with one worker that has two threads."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with dask("scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]) as started:
        options = ("--nthreads", "2", "--no-nanny", "--host", "127.0.0.1", "--death-timeout", "20")
        with dask("worker", address, *options) as worker:
            try:
                yield address, started
            finally:
                worker.kill()
                started.kill()


def test_the_workers_of_a_scheduler_that_runs_do_it_and_its_end_is_an_error(
    scheduler: tuple[str, "subprocess.Popen[bytes]"],
    fleet: Path,
    expected: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, process = scheduler
    with of_scheduler(address) as engine:
        assert engine.workers == 2
        batch([fleet], tmp_path / "out", Options(jobs=2), engine)
        assert tree(tmp_path / "out") == expected
        # A worker that sees another folder by the name of the output.
        monkeypatch.setattr("logdiag.batch.output.Output.put_sign", lambda self: ".unfinished/none")
        with pytest.raises(EngineError, match=f"a worker on {socket.gethostname()} does not see"):
            batch([fleet], tmp_path / "out", Options(jobs=2), engine)
        monkeypatch.undo()

        def end(step: Step) -> None:
            process.kill()

        (tmp_path / "late").mkdir()
        with pytest.raises(EngineError, match="the scheduler was lost; a later run continues"):
            batch([fleet], tmp_path / "late" / "out", Options(jobs=2), engine, report_step=end)
    outcome = batch([fleet], tmp_path / "late" / "out", Options(jobs=2), Here())
    assert len(outcome.rows) == 5
    assert tree(tmp_path / "late" / "out") == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers there"),
        (["--engine", "dask", "--scheduler", "anywhere"], "no Dask scheduler answers there"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for --engine dask"),
        (["--memory", "4G"], "--memory is for --engine dask without --scheduler"),
        (["--engine", "dask", "--memory", "much"], "--memory much: write a number of bytes, such as 4G"),
    ],
)
def test_an_engine_that_is_not_to_be_had_is_2(
    run: Callable[..., "subprocess.CompletedProcess[bytes]"],
    fleet: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(cluster_module, "_TIMEOUT", 1)
    done = run("batch", fleet, "-o", tmp_path / "out", *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_the_package_the_error_names_the_extra(
    run: Callable[..., "subprocess.CompletedProcess[bytes]"], fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "logdiag.batch.dask_engine")
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run("batch", fleet, "-o", "out", "--engine", "dask")
    assert (done.returncode, b"pip install 'logdiag[cluster]'" in done.stderr) == (2, True)
