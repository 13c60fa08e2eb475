"""One job from its snapshots to its folder in the output, in whatever process an engine does it."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from logdiag.batch.output import FINDINGS, REPORT, Output
from logdiag.batch.rows import Job, Row, failed, row_of
from logdiag.errors import InputError
from logdiag.language import gettext, speaking
from logdiag.pipeline import Options, diagnose
from logdiag.snapshots import digest, find_snapshots
from logdiag.snapshots.file_systems import shown
from logdiag.snapshots.places import open_place


@dataclass(frozen=True)
class Task:
    """A job with all that its result depends on, and where that goes. ``library`` is the rules' digest."""

    job: Job
    options: Options
    library: str
    out: str


@dataclass(frozen=True)
class Done:
    """What became of a task. ``state`` is the digest under which it is noted; None where it failed."""

    row: Row
    state: str | None
    again: bool = False
    """It was done by an earlier run, and nothing was done now."""


def work(task: Task) -> Done:
    """Do a task, unless it is done. What goes wrong with it is its row; only the output's errors raise."""
    output = Output(task.out)
    with speaking(task.options.language):
        try:
            about = _about(task)
            state = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
            known = output.done(state)
            if known is not None:
                return Done(known, state, again=True)
            report = diagnose(list(task.job.inputs), task.options)
            files = {REPORT: report.to_html().encode(), FINDINGS: report.to_json().encode()}
            row = row_of(task.job, report.diagnosis)
        except Exception as error:  # one bad input never stops the rest
            return Done(failed(task.job, _reason(error, task.job)), None)
        output.put_cluster(task.job.name, files)
        output.note(state, row, about)
    return Done(row, state)


def unseen(given: Sequence[str], out: str, sign: str) -> str:
    """What a worker does not see of a batch: an input, or the output that shows the sign; empty if all."""
    for one in given:
        try:
            open_place(one)
        except OSError as error:
            return f"{shown(one)}: {error.strerror}"
    try:
        seen = Output(out).sees(sign)
    except InputError as error:  # such as a package that only this worker lacks
        return str(error)
    return "" if seen else gettext("{out}: it is another folder there").format(out=shown(out))


def _about(task: Task) -> dict[str, Any]:
    """All that the result depends on. Other than options: what is in the inputs, and what they are called."""
    options = dataclasses.replace(task.options, jobs=None, rules=())
    return {
        "name": task.job.name,
        "label": task.job.label,
        "inputs": {one.name: digest(one) for one in find_snapshots(task.job.inputs)},
        "options": dataclasses.asdict(options),
        "library": task.library,
        "version": version("logdiag"),
    }


def _reason(error: Exception, job: Job) -> str:
    if isinstance(error, InputError):
        return str(error).removeprefix(f"{job.inputs[0]}: ")
    said = gettext("the diagnosis failed: {error}")
    return said.format(error=f"{type(error).__name__}: {error}")
