"""Runs tasks in processes of their own, with limits of time and memory.

A task that is killed, hangs or needs too much memory costs only itself. What it sends is JSON, so that not
even a task that a hostile archive has taken over can make the server run anything.
"""

import errno
import gc
import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Literal, get_args

from logdiag.errors import LogdiagError
from logdiag.files.no_pandas import NoPandas
from logdiag.worker_process import end_with_parent

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAX_MESSAGE = 64 << 20
"""Bytes of a message. Tables and reports for a download are files."""
_MIN_MEMORY = 2 << 30

Say = Callable[[dict[str, Any]], None]
"""Sends the progress of a task. A task is a function whose first argument this is."""

Reason = Literal["mistake", "memory", "disk", "time", "killed", "cancelled", "internal"]


@dataclass
class TaskError(Exception):
    """Why a task has no result. ``said`` are the lines of the error, if it has a message for the user."""

    reason: Reason
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bounds:
    """Bytes of memory and seconds for each task of a process, which loads ``modules`` of logdiag first."""

    memory: int
    seconds: float
    modules: tuple[str, ...] = ()


class Worker:
    """A process that runs tasks, one after the other, until it is closed."""

    def __init__(self, bounds: Bounds) -> None:
        self._seconds = bounds.seconds
        self._is_cancelled = False
        context = multiprocessing.get_context("spawn")  # not forked: the server has threads
        self._pipe, there = context.Pipe()
        self.process = context.Process(target=_main, args=(there, bounds), daemon=True)
        self.process.start()
        # The end of the process is seen only if no other process has its end of the pipe open.
        there.close()

    def run(self, task: Callable[..., Any], *arguments: Any, listen: Say = lambda said: None) -> Any:
        """Run a task and return its result; ``listen`` is called with its progress. Raises TaskError."""
        until = time.monotonic() + self._seconds
        # A process that was taken over could send the beginning of a message only.
        timer = threading.Timer(self._seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            self._pipe.send((task, arguments))
            while (left := until - time.monotonic()) > 0:
                if not self._pipe.poll(left):
                    continue
                kind, value = json.loads(self._pipe.recv_bytes(_MAX_MESSAGE))
                if kind == "done":
                    return value
                if kind in get_args(Reason):
                    raise TaskError(kind, tuple(map(str, value)))
                listen(value)
        except (EOFError, OSError, ValueError, TypeError, OverflowError, RecursionError):
            if not self._is_cancelled and time.monotonic() >= until:
                raise TaskError("time") from None
            raise TaskError("cancelled" if self._is_cancelled else "killed") from None
        finally:
            timer.cancel()
        raise TaskError("time")

    def cancel(self) -> None:
        """End the process: its task has no result."""
        self._is_cancelled = True
        self.process.kill()  # not terminate: a process that ignores that signal would stay for ever

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        self.process.kill()
        self.process.join()
        self._pipe.close()


class Workers:
    """Starts workers. One waits for the next task with everything loaded, because that takes seconds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._busy: set[Worker] = set()
        self._is_closed = False
        self._spare: Worker | None = Worker(bounds)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Yield a worker that no other task has used, and end it with the block. Raises TaskError."""
        with self._lock:
            if self._is_closed:
                raise TaskError("cancelled")
            worker, self._spare = self._spare, None
            if worker is None or not worker.process.is_alive():
                worker = Worker(self._bounds)
            self._busy.add(worker)
        try:
            yield worker
        finally:
            worker.close()
            with self._lock:
                self._busy.discard(worker)
                if self._spare is None and not self._is_closed:
                    self._spare = Worker(self._bounds)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._is_closed = True
            for worker in self._busy:
                worker.cancel()
            if self._spare is not None:
                self._spare.close()


def default_memory() -> int:
    """Return half of the machine's memory: two diagnoses run at a time."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return 4 << 30
    return max(_MIN_MEMORY, size // 2)


def _main(pipe: Connection, bounds: Bounds) -> None:
    end_with_parent()
    _limit(bounds.memory)
    gc.set_threshold(50_000)
    sys.meta_path.insert(0, NoPandas())
    for name in bounds.modules:
        import_module(f"logdiag.{name}")

    def send(kind: str, value: Any) -> None:
        pipe.send_bytes(json.dumps([kind, value]).encode())

    with suppress(EOFError, BrokenPipeError):  # the server has given up on the task
        while True:
            task, arguments = pipe.recv()
            send(*_outcome(task, lambda said: send("progress", said), arguments))


def _outcome(task: Callable[..., Any], say: Say, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return "done", task(say, *arguments)
    except LogdiagError as error:
        return "mistake", error.lines
    except MemoryError:
        return "memory", []
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = {errno.ENOMEM: "memory"} | dict.fromkeys(FULL_DISK, "disk")
        return reason.get(error.errno or 0, "internal"), [error.strerror or type(error).__name__]
    except Exception as error:  # one bad input never stops the server
        return "internal", [f"{type(error).__name__}: {error}"[:2000]]


def _limit(memory: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    with suppress(ValueError, OSError):
        # Not the address space: Arrow and LLVM reserve much more of it than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
