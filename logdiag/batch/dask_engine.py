"""Jobs on a Dask cluster: worker processes of this machine, or those of a scheduler that runs already.

The scheduler is given no more tasks at a time than its workers do at once. A task whose worker died
is tried again when all others are done, with nothing beside it: so a task never fails for another.
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

_PATIENCE = 10
"""Seconds for a scheduler to answer, and to have a worker."""

_OURS = {
    # What kills a worker is known at once, and by itself.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 0,
    # A worker that needs too much is ended; one that waited for memory might do so for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
}


@dataclass(frozen=True)
class Dask:
    """The workers behind a client. `on_this_machine` and `behind` make one."""

    client: Client

    @property
    def workers(self) -> int:
        """How many tasks they do at a time, all together."""
        with _not_lost():
            return max(1, sum(self.client.nthreads().values()))

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        """Do the tasks. What ``work`` raises is raised here.

        Raises:
            EngineError: the scheduler is lost.

        """
        died = []
        for task, result in self._each(tasks, work, self.workers):
            if result is None:
                died.append(task)
            else:
                yield task, result
        yield from self._each(died, work, 1)

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        """What each worker answers, with the name of its host before it."""
        with _not_lost():
            return sorted(self.client.run(partial(_with_host, ask)).values())

    def _each(self, tasks: Iterable[T], work: Callable[[T], R], at_once: int) -> Iterator[tuple[T, R | None]]:
        waiting = iter(tasks)
        at: dict[Key, T] = {}
        done = as_completed(loop=self.client.loop)

        def give(number: int) -> None:
            for task in islice(waiting, number):
                future = self.client.submit(work, task, pure=False)
                at[future.key] = task
                done.add(future)

        give(at_once)
        for future in done:
            task = at.pop(future.key)
            try:
                result: R | None = future.result()
            except KilledWorker:
                result = None
            except (CancelledError, CommClosedError):  # with its results, or while one was fetched
                raise _lost() from None
            future.release()
            give(1)
            yield task, result


@contextmanager
def _not_lost() -> Iterator[None]:
    try:
        yield
    except (OSError, CancelledError):
        raise _lost() from None


def _lost() -> EngineError:
    return EngineError(gettext("the scheduler was lost; a later run goes on"))


def _with_host(ask: Callable[[], str]) -> tuple[str, str]:
    return socket.gethostname(), ask()


@contextmanager
def _in_silence() -> Iterator[None]:
    """No talk of Dask on standard error: what counts is raised."""
    loggers = [
        logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def on_this_machine(workers: int, memory: int | None) -> Iterator[Dask]:
    """A cluster of its own: so many processes with one task at a time, which end with the block.

    It listens on the loopback address only, and to nobody who lacks the keys that are made for it.

    Args:
        workers: how many processes.
        memory: bytes that each may use (default: those of the machine, divided).

    """
    with (
        _in_silence(),
        dask.config.set(_OURS),
        tempfile.TemporaryDirectory(prefix="logdiag-", ignore_cleanup_errors=True) as room,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=memory or MEMORY_LIMIT // workers,
            host="127.0.0.1",
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address=None,
            local_directory=room,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(_Uninterrupted())
        yield Dask(client)


class _Uninterrupted(WorkerPlugin):
    """An interrupt at the terminal reaches all processes; the one that was started ends the others."""

    def setup(self, worker: Worker) -> None:
        """Let a worker that starts go on."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def behind(scheduler: str) -> Iterator[Dask]:
    """The workers of a scheduler, for as long as the block lasts; they go on when it ends.

    Raises:
        EngineError: it cannot be reached, has no workers, or one has another version of what counts.

    """
    with _in_silence(), _client(scheduler) as client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            said = gettext("{scheduler}: the scheduler has no workers")
            raise EngineError(said.format(scheduler=scheduler)) from None
        engine = Dask(client)
        _check_versions(engine)
        yield engine


def _client(scheduler: str) -> Client:
    try:
        asyncio.run(_answers(scheduler))
        return Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        said = gettext("{scheduler}: no Dask scheduler answers there: {error}")
        raise EngineError(said.format(scheduler=scheduler, error=error)) from None


async def _answers(scheduler: str) -> None:
    # Before a client is made: one that has not reached its scheduler complains when it goes away.
    arguments = Security().get_connection_args("client")
    comm = await connect(scheduler, timeout=_PATIENCE, **arguments)
    await comm.close()


def _check_versions(engine: Dask) -> None:
    ours = _versions()
    try:
        theirs = engine.everywhere(_versions)
    except Exception as error:  # whatever a worker says that does not know the function
        said = gettext("the workers cannot do it; they need logdiag as it is here ({versions}): {error}")
        raise EngineError(said.format(versions=ours, error=error)) from None
    for host, versions in theirs:
        if versions != ours:
            said = gettext("{host}: its worker has {theirs}; here is {ours}")
            raise EngineError(said.format(host=host, theirs=versions, ours=ours))


def _versions() -> str:
    """What must be the same everywhere for the same bytes to come out, and for tasks to be understood."""
    python = ".".join(platform.python_version_tuple()[:2])
    packages = ", ".join(f"{name} {version(name)}" for name in ("logdiag", "distributed", "dask"))
    return f"Python {python}, {packages}"
