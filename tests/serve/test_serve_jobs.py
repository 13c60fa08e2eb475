"""A task that is killed, hangs, or needs too much memory costs only itself; jobs queue fairly on two workers."""

import gc
import os
import pickle
import signal
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from web_server import PRIMARY, SECONDS, serving, small_logs

from logdiag.errors import InputError
from logdiag.serve.jobs import WORKERS, Job, Jobs
from logdiag.serve.uploads import Upload
from logdiag.serve.workers import Bounds, Say, TaskError, Worker, Workers

BOUNDS = Bounds(512 << 20, 60)


def die(say: Say) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait(say: Say) -> None:
    say({"stage": "reading"})
    time.sleep(600)


def fill_memory(say: Say) -> int:
    return len(bytes(1 << 30))


def be_wrong(say: Say, text: str) -> None:
    raise InputError(text)


def break_down(say: Say) -> None:
    raise ZeroDivisionError


def fill_disk(say: Say) -> None:
    raise OSError(28, "No space left on device")


def lie(say: Say) -> Any:
    say({"stage": "nonsense", "read": 1 << 80, "member": "x" * 1000})
    return {"fine": True}


@pytest.mark.parametrize(
    ("task", "words", "reason"),
    [
        (die, (), "killed"),
        (fill_memory, (), "memory"),
        (fill_disk, (), "disk"),
        (break_down, (), "internal"),
        (be_wrong, ("what is wrong",), "mistake"),
    ],
)
def test_why_a_task_has_no_result(task: Any, words: tuple[str, ...], reason: str) -> None:
    workers = Workers(BOUNDS)
    with pytest.raises(TaskError) as failed, workers.worker() as worker:
        worker.run(task, *words)
    workers.close()
    assert failed.value.reason == reason
    if words:
        assert failed.value.said == words


def test_a_task_that_hangs_is_ended() -> None:
    began = time.monotonic()
    workers = Workers(Bounds(512 << 20, 2))
    with pytest.raises(TaskError) as failed, workers.worker() as worker:
        worker.run(wait)
    workers.close()
    assert (failed.value.reason, worker.process.is_alive()) == ("time", False)
    assert time.monotonic() - began < 60


def test_a_task_is_cancelled_while_it_runs_and_before() -> None:
    for cancel_at in ("begin", "reading"):
        workers = Workers(BOUNDS)
        with pytest.raises(TaskError) as failed, workers.worker() as worker:
            if cancel_at == "begin":
                worker.cancel()
            worker.run(wait, listen=lambda said: worker.cancel())
        workers.close()
        assert (failed.value.reason, worker.process.is_alive()) == ("cancelled", False)
    with pytest.raises(TaskError, match="cancelled"), workers.worker():
        pass


def note(say: Say, folder: Path, name: str) -> None:
    say({"stage": "reading", "read": 1})
    (folder / f"{time.monotonic():020.6f} begin {name}").touch()
    time.sleep(0.3)
    (folder / f"{time.monotonic():020.6f} end {name}").touch()


def test_ten_jobs_run_in_their_order_on_two_workers(tmp_path: Path) -> None:
    done: list[str] = []
    over = threading.Event()

    def finish(job: Job, worker: Worker) -> None:
        done.append(job.name)
        if len(done) == 9:
            over.set()

    dropped: list[str] = []
    workers = Workers(BOUNDS)
    jobs = Jobs(workers, note, finish, dropped.append)
    names = [f"job{number}" for number in range(10)]
    made = [Job(name, name, Upload(tmp_path / "uploads" / name), (tmp_path, name), True) for name in names]
    for job in made:
        job.upload.folder.mkdir(parents=True)
        jobs.add(job)
    jobs.cancel(made[7])
    assert (made[7].failure, dropped) == (TaskError("cancelled"), ["job7"])
    assert over.wait(SECONDS)
    workers.close()
    jobs.close()
    events = [path.name.split()[1:] for path in sorted(tmp_path.glob("* * *"))]
    begun = [int(name.removeprefix("job")) for what, name in events if what == "begin"]
    assert sorted(begun) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    # Two begin at once, so neighbours may be in either order; nobody else is overtaken.
    assert all(abs(begun.index(one) - place) <= 1 for place, one in enumerate(sorted(begun)))
    running = 0
    for what, _ in events:
        running += 1 if what == "begin" else -1
        assert running <= WORKERS
    assert list(jobs.all) == ["job7"]


def test_what_a_process_reports_is_checked() -> None:
    job = Job("a", "a", Upload(Path()), (), False)
    workers = Workers(BOUNDS)
    with workers.worker() as worker:
        assert worker.run(lie, listen=job.listen) == {"fine": True}
    workers.close()
    assert (job.stage, job.read, len(job.member)) == ("waiting", 0, 300)


def test_a_killed_worker_costs_its_job_and_the_end_of_the_server_ends_its_workers() -> None:
    with serving() as server:
        server.sign_in()
        case = server.send("/diagnose", [("a.tar", small_logs())]).headers["location"]
        [reader] = server.readers()
        other = server.send("/diagnose", [("b.log", PRIMARY.read_bytes())]).headers["location"]
        os.kill(reader, signal.SIGKILL)
        assert "was ended from outside or crashed" in server.ask(server.wait(case)).text
        assert "<iframe" in server.ask(server.wait(other)).text
        assert "has no result" in server.ask("/").text

        third = server.send("/diagnose", [("c.tar", small_logs())]).headers["location"]
        [reader] = server.readers()
        assert server.ask(f"{third}/delete", "POST", b"").status == 409
        assert server.ask(f"{third}/cancel", "POST", b"").status == 303
        assert "It was cancelled." in server.ask(server.wait(third)).text
        assert server.ask(f"{third}/delete", "POST", b"").status == 303
        assert server.ask(third).status == 404
        assert reader not in server.children()

        server.send("/diagnose", [("d.tar", small_logs())])
        children = {*server.readers(), *server.children()}
        until = time.monotonic() + SECONDS
        server.process.kill()
        server.process.wait()
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_a_process_that_was_taken_over_costs_only_its_task() -> None:
    workers = Workers(BOUNDS)
    job = Job("a", "a", Upload(Path("a")), (), keep=False)
    for task in (send_nonsense, send_pickle, send_nested, send_infinity):
        with pytest.raises(TaskError) as failed, workers.worker() as worker:
            worker.run(task, listen=job.listen)
        assert failed.value.reason == "killed"
    workers.close()


def test_the_beginning_of_a_message_does_not_wait_for_its_end() -> None:
    workers = Workers(replace(BOUNDS, seconds=5))
    with pytest.raises(TaskError) as failed, workers.worker() as worker:
        worker.run(send_beginning)
    assert failed.value.reason == "time"
    workers.close()


def send_beginning(say: Say) -> None:
    os.write(_pipe().fileno(), b"\x00\x00\x10\x00[")
    time.sleep(SECONDS)


def send_nested(say: Say) -> None:
    _write(b"[" * 100_000)


def send_infinity(say: Say) -> None:
    _write(b'["progress", {"read": Infinity}]')


def send_nonsense(say: Say) -> None:
    _write(b"[1, 2")


def send_pickle(say: Say) -> None:
    _write(pickle.dumps(os._exit))


def _write(content: bytes) -> None:
    """Write to the pipe that leads to the server, as a task cannot do it."""
    _pipe().send_bytes(content)


def _pipe() -> Connection:
    return next(one for one in gc.get_objects() if isinstance(one, Connection) and one.writable)
