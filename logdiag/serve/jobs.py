"""The queue of diagnoses: they run in the order in which they came, two at a time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from logdiag.i18n import N_
from logdiag.report.labels import Labels
from logdiag.serve.uploads import Upload
from logdiag.serve.workers import TaskError, Worker, Workers

WORKERS = 2

Stage = Literal["waiting", "starting", "reading", "judging", "writing"]
STAGES: Labels[Stage] = Labels(
    {
        "waiting": N_("Waiting for an earlier diagnosis"),
        "starting": N_("Starting"),
        "reading": N_("Reading the files"),
        "judging": N_("Judging the rules"),
        "writing": N_("Writing the report"),
    }
)


@dataclass
class Job:
    """One diagnosis, from the upload to its end. ``name`` is that of the upload and of the case.

    ``member`` is what is read now: a file, or a file inside an archive.
    """

    name: str
    label: str
    upload: Upload
    arguments: tuple[Any, ...]
    keep: bool
    stage: Stage = "waiting"
    member: str = ""
    read: int = 0
    failure: TaskError | None = None
    began: float = 0.0
    worker: Worker | None = None

    @property
    def seconds_left(self) -> float | None:
        """The seconds until all files are read, if the speed is known."""
        took = time.monotonic() - self.began
        if self.stage != "reading" or not self.read or took < 1:
            return None
        return took / self.read * max(0, self.upload.size - self.read)

    def listen(self, said: dict[str, Any]) -> None:
        """Take over the progress that the process reports."""
        stage = next((one for one in STAGES if one == said.get("stage")), self.stage)
        if stage != self.stage:
            self.stage, self.began = stage, time.monotonic()
        self.member = str(said.get("member", self.member))[:300]
        self.read = min(self.upload.size, int(said.get("read", self.read)))


class Jobs:
    """The diagnoses that wait or run, and those that failed; ``all`` has them by their names."""

    def __init__(
        self,
        workers: Workers,
        task: Callable[..., Any],
        finish: Callable[[Job, Worker], None],
        discard: Callable[[str], None],
    ) -> None:
        """``finish`` is called with a job that has a result and its worker, ``discard`` with other names."""
        self._workers, self._task = workers, task
        self._finish, self._discard = finish, discard
        self.all: dict[str, Job] = {}
        self._threads = ThreadPoolExecutor(WORKERS)

    def add(self, job: Job) -> None:
        """Queue a diagnosis."""
        self.all[job.name] = job
        self._threads.submit(self._work, job)

    def waiting_before(self, job: Job) -> int:
        """Return how many other jobs begin before a job."""
        names = [one.name for one in list(self.all.values()) if one.stage == "waiting" and not one.failure]
        return names.index(job.name) if job.name in names else 0

    def cancel(self, job: Job) -> None:
        """End a job, or never begin it."""
        if job.failure is None:
            self._fail(job, TaskError("cancelled"))
        # After the failure: `_work` sets its worker before it looks at the failure.
        if job.worker is not None:
            job.worker.cancel()

    def close(self) -> None:
        """Begin no more jobs, and wait until those that run have ended with their workers."""
        self._threads.shutdown(cancel_futures=True)

    def _work(self, job: Job) -> None:
        try:
            if job.failure:  # cancelled while it waited
                return
            with self._workers.worker() as worker:
                job.worker = worker
                if job.failure is None:
                    job.stage = "starting"
                    worker.run(self._task, *job.arguments, listen=job.listen)
                    self._finish(job, worker)
            if job.failure is None:
                self.all.pop(job.name, None)
            else:  # cancelled in the last moment
                self._discard(job.name)
        except TaskError as failure:
            self._fail(job, job.failure or failure)
        except Exception as error:  # the queue continues
            self._fail(job, TaskError("internal", (f"{type(error).__name__}: {error}",)))

    def _fail(self, job: Job, failure: TaskError) -> None:
        job.failure = failure
        self._discard(job.name)
