"""A pool of worker processes that returns the results of line batches in input order."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import cycle
from typing import Any, Generic, Self, TypeVar

from logdiag.errors import LogdiagError
from logdiag.i18n import gettext
from logdiag.redaction.line_batches import LineBatch
from logdiag.worker_process import start_worker

R = TypeVar("R")
Task = Callable[[LineBatch], R]

_SERIAL_BYTES = 6 << 20
"""Bytes that this process handles alone: starting workers takes as long."""
_WAITING_PER_WORKER = 2
"""Batches handed in for each worker, so that none waits and few are in memory."""


class WorkerPool:
    """Worker processes, started when there is enough to do; one stage uses them at a time."""

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._serial_bytes = _SERIAL_BYTES
        # An executor for each process: another stage gives its task to every one of them.
        self._workers: list[ProcessPoolExecutor] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for worker in self._workers:
            worker.shutdown(wait=kind is None, cancel_futures=True)

    def is_worth_starting(self, size: int) -> bool:
        """Return whether workers pay off with this number of bytes more."""
        self._serial_bytes -= size
        return self.jobs > 1 and self._serial_bytes <= 0

    def start(self, make: Callable[[], Task[Any]]) -> list[ProcessPoolExecutor]:
        """Return the workers, each with its task for a stage."""
        while len(self._workers) < self.jobs:
            self._workers.append(start_worker())
        for made in [worker.submit(_make_task, make) for worker in self._workers]:
            made.result()
        return self._workers


class Stage(Generic[R]):
    """One task for many batches; each worker makes its own."""

    def __init__(self, pool: WorkerPool, make: Callable[[], Task[R]]) -> None:
        self._pool, self._make = pool, make
        self._local: Task[R] | None = None
        self._workers: Iterator[ProcessPoolExecutor] | None = None
        self._futures: deque[Future[R]] = deque()

    def put(self, batch: LineBatch) -> Iterator[R]:
        """Hand in a batch, and yield the results that are ready.

        Raises:
            LogdiagError: a worker was killed.

        """
        if self._workers is None and not self._pool.is_worth_starting(len(batch.lines)):
            self._local = self._local or self._make()
            yield self._local(batch)
            return
        with _worker_errors():
            if self._workers is None:
                self._workers = cycle(self._pool.start(self._make))
            self._futures.append(next(self._workers).submit(_run, batch))
            most = _WAITING_PER_WORKER * self._pool.jobs
            while self._futures and (len(self._futures) > most or self._futures[0].done()):
                yield self._futures.popleft().result()

    def rest(self) -> Iterator[R]:
        """Wait for the results of all batches."""
        with _worker_errors():
            while self._futures:
                yield self._futures.popleft().result()


@contextmanager
def _worker_errors() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        text = gettext("a process was ended by something else, perhaps for want of memory; try fewer --jobs")
        raise LogdiagError(text) from None


_tasks: list[Task[Any]] = []
"""The task of this worker."""


def _make_task(make: Callable[[], Task[Any]]) -> None:
    _tasks[:] = [make()]


def _run(batch: LineBatch) -> Any:
    return _tasks[0](batch)
