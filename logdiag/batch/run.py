"""A batch from folders to its output: find the jobs, run each, and write what all of them have in common."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from logdiag.batch import dataset, page
from logdiag.batch.engines import Engine
from logdiag.batch.jobs import absolute, comparable, find_jobs
from logdiag.batch.output import Output
from logdiag.batch.rows import Row, failed_row
from logdiag.batch.run_job import JobResult, Task, find_unseen, run_job
from logdiag.batch.since import Since, find_news
from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
from logdiag.errors import EngineError, InputError
from logdiag.exit_code import FINDINGS
from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.rules.library import load
from logdiag.rules.translation import in_language

_MANY_JOBS = 8
"""Jobs of a worker that are worth loading machine code for."""


@dataclass(frozen=True)
class Step:
    """Progress: job ``number`` of ``total`` has finished; ``again`` if an earlier run had finished it."""

    row: Row
    number: int
    total: int
    again: bool


@dataclass(frozen=True)
class Outcome:
    """The rows of all jobs, in the order of their names, the exit code, and what is new or worse."""

    rows: tuple[Row, ...]
    code: int
    since: Since | None = None


def batch(
    given: Sequence[str | Path],
    out: str | Path,
    options: Options,
    engine: Engine,
    *,
    since: str | Path | None = None,
    report_step: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    """Diagnose all inputs in some folders, and write the results to ``out``.

    Results of an earlier run are reused if nothing that they depend on has changed. Results of other inputs
    are removed.

    Args:
        given: the folders, or their URLs.
        out: the folder of the output, or its URL; created if it is missing.
        options: as for `diagnose`; the same for every job.
        engine: runs the jobs; the cores are divided among its workers.
        since: the output of an earlier batch, which is compared with this one.
        report_step: is called with each job that has finished.

    Raises:
        InputError: a folder or the language does not exist, or ``out`` or ``since`` cannot be used.
        EngineError: a worker does not see what it needs, or no workers remain.
        LibraryError: a rule is wrong.

    """
    with speaking(options.language):
        library = in_language(load(options.rules), options.language)
        options = replace(options, rules=tuple(path.absolute() for path in options.rules))
        folders, out = [absolute(one) for one in given], absolute(out)
        found = find_jobs(folders, out)
        output = Output(out)
        earlier = None if since is None else _earlier(absolute(since), out)
        with output.lock():
            _check_sight([*folders, *map(str, options.rules)], output, out, engine)
            cores = options.jobs or os.cpu_count() or 1
            busy = max(1, min(engine.workers, len(found.jobs)))
            each = replace(options, jobs=max(1, cores // busy))
            is_long = len(found.jobs) > _MANY_JOBS * engine.workers
            tasks = [
                Task(job, each, library.digest, out, "compiled" if is_long else "auto") for job in found.jobs
            ]
            results: list[JobResult] = []
            for task, result in engine.run(tasks, run_job):
                results.append(result or _died(task))
                report_step(Step(results[-1].row, len(results), len(tasks), results[-1].again))
            rows = tuple(sorted((one.row for one in results), key=lambda row: row.name))
            reported = [row for row in rows if row.has_report]
            states = (one.state for one in results if one.state is not None)
            output.keep_only(states, (row.name for row in reported))
            dataset.write(output, reported)
            news = None if earlier is None else find_news(output, earlier, rows, options.fail_on)
            index = page.render(rows, found.other_files, library, news)
            output.store.put_file("index.html", index.encode())
        known = {name for name, one in news.news.items() if not one.failing} if news else set()
        return Outcome(rows, exit_code(rows, known, allow_partial=options.allow_partial), news)


def _earlier(since: str, out: str) -> Output:
    """Return the output of an earlier batch. Raises `InputError` if it is another folder or ``out``."""
    earlier = Output(since)
    # This run replaces what is in ``out``: there would be nothing to compare with.
    if comparable(since) == comparable(out):
        said = gettext("{since}: this run writes there; choose another folder for its output")
        raise InputError(said.format(since=earlier.shown))
    earlier.check_earlier()
    return earlier


def _check_sight(given: Sequence[str], output: Output, out: str, engine: Engine) -> None:
    """Check before the work that all workers see the inputs and the output, as one place."""
    for host, said in engine.everywhere(partial(find_unseen, given, out, output.put_sign())):
        if said:
            text = gettext("a worker on {host} does not see what it needs: {what}")
            raise EngineError(text.format(host=host, what=said))


def _died(task: Task) -> JobResult:
    died = gettext("the process that diagnosed it died each time: it may need too much memory")
    return JobResult(failed_row(task.job, died), None)


def exit_code(rows: Iterable[Row], known: Collection[str] = (), *, allow_partial: bool) -> int:
    """Return the first of 4, 5 and 1 that applies: nothing usable at all, a bad input, findings.

    ``known`` are the clusters whose findings an earlier batch had, no better than now.
    """
    rows = tuple(rows)
    if not any(row.usable for row in rows):
        return NOTHING_READ
    # ``allow_partial`` is about inputs that were not read whole, never about a job that failed.
    if not all(row.has_report for row in rows):
        return PARTIAL
    if not allow_partial and any(row.code in (NOTHING_READ, PARTIAL) for row in rows):
        return PARTIAL
    return FINDINGS if any(row.code == FINDINGS and row.name not in known for row in rows) else 0
