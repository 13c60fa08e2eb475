"""Jobs on a Dask cluster: worker processes of this machine, or those of a scheduler that runs already.

The scheduler gets no more tasks at a time than its workers run at once. A task whose worker died is tried
again after all others, with no other task at the same time: so no task fails because of another.
"""

# mypy: disable-error-code="no-untyped-call"

import asyncio
import logging
import platform
import signal
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import TypeVar

import dask
from dask.typing import Key
from distributed import Client, KilledWorker, LocalCluster, Worker, WorkerPlugin, as_completed
from distributed.comm.core import CommClosedError, connect
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from logdiag.errors import EngineError
from logdiag.i18n import gettext

T = TypeVar("T")
R = TypeVar("R")

_TIMEOUT = 10
"""Seconds for a scheduler to answer, and to have a worker."""

_CONFIG = {
    # No second task waits at a worker, and one death is enough to know the task that caused it.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 0,
    # A worker that needs too much memory is ended; one that paused would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
}


@dataclass(frozen=True)
class Dask:
    """The workers of a client. Use `on_this_machine` or `of_scheduler`."""

    client: Client

    @property
    def workers(self) -> int:
        """The number of tasks that all workers together run at a time."""
        with _engine_errors():
            return max(1, sum(self.client.nthreads().values()))

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Run the tasks. Exceptions of ``work`` are raised here.

        Raises:
            EngineError: the scheduler is lost.

        """
        died = []
        for task, result in self._run_once(tasks, work, self.workers):
            if result is None:
                died.append(task)
            else:
                yield task, result
        yield from self._run_once(died, work, 1)

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """Return the host and the answer of each worker."""
        with _engine_errors():
            return sorted(self.client.run(partial(_with_host, ask)).values())

    def _run_once(
        self, tasks: Iterable[T], work: Callable[[T], R], at_once: int
    ) -> Iterator[tuple[T, R | None]]:
        waiting = iter(tasks)
        running: dict[Key, T] = {}
        futures = as_completed(loop=self.client.loop)

        def submit(number: int) -> None:
            for task in islice(waiting, number):
                future = self.client.submit(work, task, pure=False)
                running[future.key] = task
                futures.add(future)

        submit(at_once)
        for future in futures:
            task = running.pop(future.key)
            try:
                result: R | None = future.result()
            except KilledWorker:
                result = None
            except (CancelledError, CommClosedError):  # with its results, or while one was fetched
                raise _lost() from None
            future.release()
            submit(1)
            yield task, result


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, CancelledError):
        raise _lost() from None


def _lost() -> EngineError:
    return EngineError(gettext("the scheduler was lost; a later run continues"))


def _with_host(ask: Callable[[], str]) -> tuple[str, str]:
    return socket.gethostname(), ask()


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the log messages of Dask from standard error: what matters is raised."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def on_this_machine(workers: int, memory: int | None) -> Iterator[Dask]:
    """Start a Dask cluster of processes with one task at a time, and end it with the block.

    It listens on the loopback address only, and only to those who have the keys that are made for it.

    Args:
        workers: number of processes.
        memory: bytes that each may use (default: those of the machine, divided).

    """
    with (
        _silent(),
        dask.config.set(_CONFIG),
        tempfile.TemporaryDirectory(prefix="logdiag-", ignore_cleanup_errors=True) as folder,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory or MEMORY_LIMIT // workers,
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            # A free port instead of the one that other clusters of this machine use.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(_IgnoreInterrupts())
        yield Dask(client)


class _IgnoreInterrupts(WorkerPlugin):
    """An interrupt at the terminal reaches all processes; the one that started the workers ends them."""

    def setup(self, worker: Worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def of_scheduler(scheduler: str) -> Iterator[Dask]:
    """Use the workers of a scheduler for as long as the block lasts; they keep running afterwards.

    Raises:
        EngineError: it cannot be reached, has no workers, or a worker has another version of what matters.

    """
    with _silent(), _connect(scheduler) as client:
        try:
            client.wait_for_workers(1, timeout=_TIMEOUT)
        except TimeoutError:
            said = gettext("{scheduler}: the scheduler has no workers")
            raise EngineError(said.format(scheduler=scheduler)) from None
        engine = Dask(client)
        _check_versions(engine)
        yield engine


def _connect(scheduler: str) -> Client:
    async def check() -> None:
        # Before a client is made: one that has not reached its scheduler complains when it is closed.
        arguments = Security().get_connection_args("client")
        comm = await connect(scheduler, timeout=_TIMEOUT, **arguments)
        await comm.close()

    try:
        asyncio.run(check())
        return Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        said = gettext("{scheduler}: no Dask scheduler answers there: {error}")
        raise EngineError(said.format(scheduler=scheduler, error=error)) from None


def _check_versions(engine: Dask) -> None:
    ours = _versions()
    try:
        theirs = engine.everywhere(_versions)
    except Exception as error:  # anything, from a worker that does not have the function
        said = gettext("the workers cannot do it; they need logdiag as it is here ({versions}): {error}")
        raise EngineError(said.format(versions=ours, error=error)) from None
    for host, versions in theirs:
        if versions != ours:
            said = gettext("{host}: its worker has {theirs}; here is {ours}")
            raise EngineError(said.format(host=host, theirs=versions, ours=ours))


def _versions() -> str:
    """Return the versions that must be equal for equal output, and for tasks to be understood."""
    python = ".".join(platform.python_version_tuple()[:2])
    packages = ", ".join(f"{name} {version(name)}" for name in ("logdiag", "distributed", "dask"))
    return f"Python {python}, {packages}"
