"""Engines that run jobs: here the processes of this machine. Another engine has the same methods."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol, TypeVar

from logdiag.worker_process import start_worker

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Runs tasks that do not depend on each other, in any order. The caller sorts the results."""

    @property
    def workers(self) -> int:
        """The number of tasks that run at a time."""

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Yield each task with its result as soon as there is one; None if the task killed its worker."""

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """Return the host and the answer of each worker that may see other files than this process."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine, each a pool of its own with one worker.

    In a pool with several workers the death of one breaks all tasks, and nobody knows which task caused it.
    Here it is known. That task is tried once more, in a new process; the others do not notice.
    """

    workers: int

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Run the tasks. Exceptions of ``work`` are raised here."""
        waiting = [(task, 1) for task in reversed(tasks)]
        idle = [start_worker() for _ in range(min(self.workers, len(tasks)))]
        running: dict[Future[R], tuple[ProcessPoolExecutor, T, int]] = {}
        try:
            while waiting or running:
                while waiting and idle:
                    worker, (task, attempt) = idle.pop(), waiting.pop()
                    running[worker.submit(work, task)] = worker, task, attempt
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    worker, task, attempt = running.pop(future)
                    result: R | None = None
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        worker.shutdown(wait=False)
                        worker = start_worker()
                        if attempt == 1:
                            waiting.append((task, 2))
                    idle.append(worker)
                    if result is not None or attempt == 2:
                        yield task, result
        except (KeyboardInterrupt, SystemExit):
            # A signal to this process alone: the workers would finish their tasks first.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            for worker in [*idle, *(worker for worker, _, _ in running.values())]:
                worker.shutdown(wait=False, cancel_futures=True)

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """Return nothing: the workers see the same files as this process."""
        return []
