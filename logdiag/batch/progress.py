"""The progress of a batch: a bar with a rate and an estimate on a terminal, else a line a job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logdiag.batch.run import Step
from logdiag.i18n import gettext
from logdiag.report import labels
from logdiag.report.sanitize import defuse


def line(step: Step) -> str:
    """Return the line of a finished job: ``3 of 8: core-and-edge: high``."""
    row = step.row
    if not row.usable:
        said = row.reasons[0] if row.reasons else ""
    else:
        said = labels.SEVERITIES[row.severity] if row.severity else gettext("without incidents")
    if step.again:
        said = gettext("{said} (done before)").format(said=said)
    text = gettext("{number} of {total}: {cluster}: {said}")
    return defuse(text.format(number=step.number, total=step.total, cluster=row.label, said=said))


@contextmanager
def progress(say: Callable[[str], None], *, bar: bool) -> Iterator[Callable[[Step], None]]:
    """Yield a function to be called with each finished job: it moves a bar, or says a line."""
    if not bar:
        yield lambda step: say(line(step))
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    label = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), label)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, rate="")

        def update(step: Step) -> None:
            speed = shown.tasks[0].speed
            rate = "" if not speed else gettext("{number} a minute").format(number=f"{speed * 60:.1f}")
            label = defuse(step.row.label)[:40]
            shown.update(task, total=step.total, completed=step.number, description=label, rate=rate)

        yield update
