"""Diagnose one job and write its folder of the output, in whatever process the engine uses."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from logdiag.batch.output import FINDINGS, REPORT, Output
from logdiag.batch.rows import Job, Row, failed_row, row_of
from logdiag.errors import InputError
from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.pipeline import diagnose
from logdiag.reading import Engine
from logdiag.snapshots import digest, find_snapshots
from logdiag.snapshots.file_systems import shown
from logdiag.snapshots.locations import open_location


@dataclass(frozen=True)
class Task:
    """A job, all that its result depends on, and the output. ``library`` is the digest of the rules.

    ``engine`` reads the logs: machine code takes a while to load, and a worker with many tasks loads it once.
    """

    job: Job
    options: Options
    library: str
    out: str
    engine: Engine


@dataclass(frozen=True)
class JobResult:
    """The row of a job. ``state`` is the digest that its state is stored under; None if the job failed."""

    row: Row
    state: str | None
    again: bool = False
    """Whether an earlier run had finished the job, so that nothing was done now."""


def run_job(task: Task) -> JobResult:
    """Diagnose a job, unless an earlier run has. Errors of the job become its row, others raise."""
    output = Output(task.out)
    with speaking(task.options.language):
        try:
            basis = _basis(task)
            state = hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
            known = output.finished(state)
            if known is not None:
                return JobResult(known, state, again=True)
            report = diagnose(list(task.job.inputs), task.options, task.engine)
            files = {REPORT: report.to_html().encode(), FINDINGS: report.to_json().encode()}
            row = row_of(task.job, report.diagnosis)
        except InputError as error:
            reason = str(error).removeprefix(f"{task.job.inputs[0]}: ")
            return JobResult(failed_row(task.job, reason), None)
        except Exception as error:  # one bad input never stops the others
            said = gettext("the diagnosis failed: {error}").format(error=f"{type(error).__name__}: {error}")
            return JobResult(failed_row(task.job, said), None)
        output.put_cluster(task.job.name, files)
        output.note_finished(state, row, basis)
        return JobResult(row, state)


def _basis(task: Task) -> dict[str, Any]:
    """Return all that the result depends on; of the inputs their contents and names."""
    options = dataclasses.replace(task.options, jobs=None, rules=())
    return {
        "name": task.job.name,
        "label": task.job.label,
        "inputs": {one.name: digest(one) for one in find_snapshots(task.job.inputs)},
        "options": dataclasses.asdict(options),
        "library": task.library,
        "version": version("logdiag"),
    }


def find_unseen(given: Sequence[str], out: str, sign: str) -> str:
    """Return what a worker does not see: an input, or the output with the sign; empty if it sees all."""
    for one in given:
        try:
            open_location(one)
        except OSError as error:
            return f"{shown(one)}: {error.strerror}"
    try:
        seen = Output(out).has_sign(sign)
    except InputError as error:  # such as a package that only this worker lacks
        return str(error)
    return "" if seen else gettext("{out}: it is another folder there").format(out=shown(out))
