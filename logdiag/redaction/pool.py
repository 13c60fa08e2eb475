"""Several processes that do the same with one lot of lines after the other."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from logdiag.errors import LogdiagError
from logdiag.i18n import gettext
from logdiag.redaction.tasks import Lot

R = TypeVar("R")
_ALONE = 6 << 20
"""Bytes that are done before processes are started: they take a while to begin."""
_WAITING = 2
"""Lots that wait for each process."""


class Crew:
    """Processes, as soon as there is enough to do; `at` says what they do from then on."""

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or os.cpu_count() or 1
        self._left_alone = _ALONE
        self.processes: list[ProcessPoolExecutor] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.shutdown(wait=kind is None, cancel_futures=True)

    def at(self, make: Callable[..., Callable[[Lot], R]], *given: Any) -> "Shift[R]":
        """Work of another kind: each process makes its own worker of what is given."""
        return Shift(self, make, given)

    def may_start(self, size: int) -> bool:
        """Whether so many bytes more are enough for processes, which then are there."""
        self._left_alone -= size
        if self._jobs == 1 or self._left_alone > 0:
            return False
        # Not forked: threads of Arrow and of compiled code do not live through that.
        context = multiprocessing.get_context("spawn")
        while len(self.processes) < self._jobs:
            self.processes.append(ProcessPoolExecutor(1, context, initializer=_begin))
        return True


class Shift(Generic[R]):
    """Work of one kind. What comes out of it comes in the order in which it was handed in."""

    def __init__(self, crew: Crew, make: Callable[..., Callable[[Lot], R]], given: tuple[Any, ...]) -> None:
        self._crew, self._make, self._given = crew, make, given
        self._own: Callable[[Lot], R] | None = None
        self._is_told = False
        self._next = 0
        self._waiting: deque[Future[R]] = deque()

    def put(self, lot: Lot) -> Iterator[R]:
        """Hand in a lot; what is ready comes back."""
        if not self._crew.may_start(len(lot.lines)):
            # Its own worker costs time and memory as others do: only where it is needed.
            self._own = self._own or self._make(*self._given)
            yield self._own(lot)
            return
        processes = self._crew.processes
        if not self._is_told:
            for begun in [process.submit(_become, self._make, self._given) for process in processes]:
                _result(begun)
            self._is_told = True
        self._waiting.append(processes[self._next].submit(_work, lot))
        self._next = (self._next + 1) % len(processes)
        while self._waiting and (len(self._waiting) > _WAITING * len(processes) or self._waiting[0].done()):
            yield _result(self._waiting.popleft())

    def rest(self) -> Iterator[R]:
        """All that is not ready yet."""
        while self._waiting:
            yield _result(self._waiting.popleft())

    def each(self, lots: Iterable[Lot]) -> Iterator[R]:
        """Hand in several, and have all of what comes out of them."""
        for lot in lots:
            yield from self.put(lot)
        yield from self.rest()


def _result(future: Future[R]) -> R:
    try:
        return future.result()
    except BrokenProcessPool:
        said = gettext("a process was ended by something else, perhaps for want of memory; try fewer --jobs")
        raise LogdiagError(said) from None


_worker: list[Callable[[Lot], Any]] = []
"""What a process works with."""


def _become(make: Callable[..., Callable[[Lot], Any]], given: tuple[Any, ...]) -> None:
    _worker[:] = [make(*given)]


def _work(lot: Lot) -> Any:
    return _worker[0](lot)


def _begin() -> None:
    """Let a process end when it is interrupted, and when whoever started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
