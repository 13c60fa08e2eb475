"""What does the jobs: processes on this machine. Another engine is another class with the same methods."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Does tasks in any order, each by itself; whoever asks puts the results in order."""

    @property
    def workers(self) -> int:
        """How many tasks it does at a time."""

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Each task with its result as soon as there is one; None where the task killed its worker."""

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """What each worker answers, with its host; of workers that are as this process is, nothing."""


@dataclass(frozen=True)
class Processes:
    """So many processes on this machine.

    Each has one task at a time, so that when one dies it is known what it was at. That task is
    tried once more, in a new process; the others never notice. They are there for the next run, too, until
    this is left: it is a context.
    """

    workers: int
    _idle: list[ProcessPoolExecutor] = field(default_factory=list, init=False, repr=False, compare=False)

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Do the tasks. What ``work`` raises is raised here."""
        waiting = [(task, 1) for task in reversed(tasks)]
        number = min(self.workers, len(tasks))
        idle, self._idle[:] = self._idle[:number], self._idle[number:]
        idle += [_worker() for _ in range(number - len(idle))]
        at: dict[Future[R], tuple[ProcessPoolExecutor, T, int]] = {}
        try:
            while waiting or at:
                while waiting and idle:
                    task, attempt = waiting.pop()
                    worker, doing = _submitted(idle.pop(), work, task)
                    at[doing] = (worker, task, attempt)
                for done in wait(at, return_when=FIRST_COMPLETED).done:
                    worker, task, attempt = at.pop(done)
                    try:
                        result: R | None = done.result()
                    except BrokenProcessPool:
                        worker.shutdown(wait=False)
                        idle.append(_worker())
                        if attempt == 1:
                            waiting.append((task, 2))
                            continue
                        result = None
                    else:
                        idle.append(worker)
                    yield task, result
        except (KeyboardInterrupt, SystemExit):
            # A signal to this process alone: the others would go on with what they are at.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            self._idle.extend(idle)
            for worker, _, _ in at.values():
                worker.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._idle:
            worker.shutdown()
        self._idle.clear()

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """Nothing: they see what this process sees."""
        return []


def _submitted(
    worker: ProcessPoolExecutor, work: Callable[[T], R], task: T
) -> tuple[ProcessPoolExecutor, Future[R]]:
    """A task given to a worker, or to a new one where that died with nothing to do."""
    try:
        return worker, worker.submit(work, task)
    except BrokenProcessPool:
        worker = _worker()
        return worker, worker.submit(work, task)


def _worker() -> ProcessPoolExecutor:
    # Not forked: threads of Arrow and of compiled code do not live through that.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Let a worker end when it is interrupted, and when whoever started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
