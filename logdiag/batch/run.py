"""A batch from folders to its output: find, do each job, and tell all of them together."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from logdiag.batch import dataset, page
from logdiag.batch.engines import Engine
from logdiag.batch.jobs import absolute, find
from logdiag.batch.output import Output
from logdiag.batch.rows import Row, failed
from logdiag.batch.run_job import Done, Join, Task, join, unseen, work
from logdiag.batch.split import LARGE, Large, PartTask, read_part
from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
from logdiag.errors import EngineError
from logdiag.exit_code import FINDINGS
from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.reading import Engine as Reader
from logdiag.rules.library import load
from logdiag.rules.translation import in_language

_SEVERAL = 8
"""Jobs of a worker from which on it is worth its while to load machine code."""


@dataclass(frozen=True)
class Step:
    """A job that is done, the how many-th of how many; ``again`` if an earlier run had done it."""

    row: Row
    number: int
    total: int
    again: bool


@dataclass(frozen=True)
class Outcome:
    """The rows of all jobs, in the order of their names, and the exit code."""

    rows: tuple[Row, ...]
    code: int


def batch(
    given: Sequence[str | Path],
    out: str | Path,
    options: Options,
    engine: Engine,
    *,
    split: int = LARGE,
    tell: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    """Diagnose all that lies in some folders, and write it to ``out``.

    What is there from an earlier run is taken over where nothing that it depends on has changed;
    what is there of other inputs goes away.

    Args:
        given: the folders, or their URLs.
        out: the folder of the output, or its URL; made where it is not there.
        options: as for `diagnose`; the same for every job.
        engine: what does the jobs; the cores are divided among its workers.
        split: from how many bytes of inputs on a job is done in parts, by several workers; 0 for never.
        tell: is called with each job that is done.

    Raises:
        InputError: a folder or the language does not exist, or ``out`` cannot be used.
        EngineError: a worker does not see what it needs, or there are no workers any more.
        LibraryError: a rule is wrong.

    """
    with speaking(options.language):
        library = in_language(load(options.rules), options.language)
        options = replace(options, rules=tuple(path.absolute() for path in options.rules))
        folders, out = [absolute(one) for one in given], absolute(out)
        found = find(folders, out)
        output = Output(out)
        with output.alone():
            _check_sight([*folders, *map(str, options.rules)], output, out, engine)
            each = _shared(options, engine, len(found.jobs))
            reader: Reader = "compiled" if len(found.jobs) > _SEVERAL * engine.workers else "auto"
            tasks = [Task(job, each, library.digest, out, split, reader) for job in found.jobs]
            done = _done(tasks, options, engine, tell)
            rows = tuple(sorted((one.row for one in done), key=lambda row: row.name))
            told = [row for row in rows if row.told]
            output.keep_only((one.state for one in done if one.state is not None), (row.name for row in told))
            dataset.write(output, told)
            output.put_file("index.html", page.render(rows, found.beside, library).encode())
        return Outcome(rows, exit_code(rows, allow_partial=options.allow_partial))


def _check_sight(given: Sequence[str], output: Output, out: str, engine: Engine) -> None:
    """Before the work: whether all workers see the inputs and the output, as one place."""
    for host, said in engine.everywhere(partial(unseen, given, out, output.show())):
        if said:
            text = gettext("a worker on {host} does not see what it needs: {what}")
            raise EngineError(text.format(host=host, what=said))


def _done(
    tasks: Sequence[Task], options: Options, engine: Engine, tell: Callable[[Step], None]
) -> list[Done]:
    """Let the engine do the tasks; those that are very large in parts, when the others are done."""
    done: list[Done] = []
    in_parts: list[tuple[Task, Large]] = []

    def add(result: Done) -> None:
        done.append(result)
        tell(Step(result.row, len(done), len(tasks), result.again))

    for task, result in engine.run(tasks, work):
        if isinstance(result, Large):
            in_parts.append((task, result))
        else:
            add(result or _died(task))
    in_parts.sort(key=lambda one: one[0].job.name)
    options = _shared(options, engine, sum(len(large.parts) for _, large in in_parts))
    parts = [
        PartTask(part, options, task.out, large.seed) for task, large in in_parts for part in large.parts
    ]
    read = {task.part.folder: digests for task, digests in engine.run(parts, read_part)}
    joins: list[Join] = []
    for task, large in in_parts:
        digests = [known for part in large.parts if (known := read[part.folder]) is not None]
        if len(digests) < len(large.parts):
            add(_died(task))
        else:
            joins.append(Join(task, large, tuple(digests)))
    for one, joined in engine.run(joins, join):
        add(joined or _died(one.task))
    return done


def _shared(options: Options, engine: Engine, tasks: int) -> Options:
    """The options of each of so many tasks: the cores are divided among the workers that have one."""
    cores = options.jobs or os.cpu_count() or 1
    return replace(options, jobs=max(1, cores // max(1, min(engine.workers, tasks))))


def _died(task: Task) -> Done:
    died = gettext("the process that diagnosed it died each time: it may need too much memory")
    return Done(failed(task.job, died), None)


def exit_code(rows: Iterable[Row], *, allow_partial: bool) -> int:
    """The first of 4, 5 and 1 that holds: nothing usable at all, a bad input, findings."""
    rows = tuple(rows)
    if not any(row.usable for row in rows):
        return NOTHING_READ
    # That a job failed is never as it should be.
    if not all(row.told for row in rows):
        return PARTIAL
    if not allow_partial and any(row.code in (NOTHING_READ, PARTIAL) for row in rows):
        return PARTIAL
    return FINDINGS if any(row.code == FINDINGS for row in rows) else 0
