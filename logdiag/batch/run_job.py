"""One job from its snapshots to its folder in the output, in whatever process an engine does it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from logdiag.batch.output import FINDINGS, REPORT, Output
from logdiag.batch.rows import Job, Row, failed, row_of
from logdiag.batch.split import Large, large, reading_of
from logdiag.errors import InputError
from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.pipeline import Reading, diagnose
from logdiag.reading import Engine, Tables, read
from logdiag.records import Want
from logdiag.snapshots import Snapshot, digest, find_snapshots
from logdiag.snapshots.file_systems import shown
from logdiag.snapshots.locations import open_place


@dataclass(frozen=True)
class Task:
    """A job with all that its result depends on, and where that goes. ``library`` is the rules' digest.

    One whose inputs have ``split`` bytes is done in parts; none is where that is 0. ``engine`` is what
    reads logs: machine code takes a while to load, and a worker that has many tasks loads it once.
    """

    job: Job
    options: Options
    library: str
    out: str
    split: int = 0
    engine: Engine = "auto"


@dataclass(frozen=True)
class Done:
    """What became of a task. ``state`` is the digest under which it is noted; None where it failed."""

    row: Row
    state: str | None
    again: bool = False
    """It was done by an earlier run, and nothing was done now."""


@dataclass(frozen=True)
class Join:
    """A task whose parts are read, with the digests of what was read of each."""

    task: Task
    large: Large
    digests: tuple[Mapping[str, str], ...]


def work(task: Task) -> Done | Large:
    """Do a task, unless it is done, or too large for one worker.

    What goes wrong with it is its row; only the output's errors raise.
    """
    output = Output(task.out)
    with speaking(task.options.language):
        try:
            snapshots = find_snapshots(task.job.inputs)
            about = _about(task, snapshots)
            state = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
            known = output.done(state)
            if known is not None:
                return Done(known, state, again=True)
            in_parts = large(snapshots, task.split, state, about) if task.split else None
        except Exception as error:  # one bad input never stops the rest
            return _failed(task, error)
        return in_parts or _finished(task, output, state, about)


def join(one: Join) -> Done:
    """Do a task of which the parts are read; from the beginning, where they do not tell what the whole is."""
    task, output = one.task, Output(one.task.out)
    with speaking(task.options.language):
        reading = reading_of(one.large, one.digests, task.options.limits, output)
        return _finished(task, output, one.large.state, one.large.about, reading)


def _finished(
    task: Task, output: Output, state: str, about: Mapping[str, Any], reading: Reading | None = None
) -> Done:
    def whole(snapshots: Sequence[Snapshot], want: Want) -> Tables:
        options = task.options
        return read(snapshots, options.limits, want=want, engine=task.engine, jobs=options.jobs)

    try:
        report = diagnose(list(task.job.inputs), task.options, reading or whole)
        files = {REPORT: report.to_html().encode(), FINDINGS: report.to_json().encode()}
        row = row_of(task.job, report.diagnosis)
    except Exception as error:
        return _failed(task, error)
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


def _about(task: Task, snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """All that the result depends on. Other than options: what is in the inputs, and what they are called."""
    options = dataclasses.replace(task.options, jobs=None, rules=())
    return {
        "name": task.job.name,
        "label": task.job.label,
        "inputs": {one.name: digest(one) for one in snapshots},
        "options": dataclasses.asdict(options),
        "library": task.library,
        "version": version("logdiag"),
    }


def _failed(task: Task, error: Exception) -> Done:
    if isinstance(error, InputError):
        said = str(error).removeprefix(f"{task.job.inputs[0]}: ")
    else:
        text = gettext("the diagnosis failed: {error}")
        said = text.format(error=f"{type(error).__name__}: {error}")
    return Done(failed(task.job, said), None)
