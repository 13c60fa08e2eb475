"""The pipeline: inputs -> snapshots -> records -> findings -> incidents -> report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from logdiag.cluster import Cluster, find_clusters
from logdiag.cluster.coverage import measure_coverage
from logdiag.cluster.membership import list_strangers
from logdiag.compare.baseline import mark_known
from logdiag.exit_code import exit_of, late_exit
from logdiag.i18n import speaking
from logdiag.incidents.examine import Examined, examine_cluster, nearest, not_checked
from logdiag.incidents.fold import combine
from logdiag.incidents.verdict import verdict
from logdiag.incidents.wanted import wanted
from logdiag.model import ClusterView, Command, Diagnosis, Silent, Tool
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.reading import Engine, Tables, read, without_other_logs
from logdiag.reading.deduplicate import counted_once
from logdiag.records import Want
from logdiag.records.columns import columns_of
from logdiag.rules.findings import MAX_FINDINGS
from logdiag.rules.library import Library, load
from logdiag.rules.selection import want_of
from logdiag.rules.translation import in_language
from logdiag.snapshots import find_snapshots
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.locations import Location

READING, RULES = 0.7, 0.9
"""The shares of a run's seconds after which reading and judging end at the latest.

Records are worth nothing until rules have judged them, and findings until a report shows them. The report is
always written.
"""

Inputs = Sequence[str | Path | Location] | str | Path
"""Files, folders, archives, URLs, locations, or ``-`` for standard input."""


def parse(
    inputs: Inputs, *, columns: Sequence[str] | None = None, jobs: int | None = None, engine: Engine = "auto"
) -> pa.Table:
    """Return the records of the inputs as an Arrow table (`logdiag.records.RECORDS`).

    Args:
        inputs: files, folders, archives, URLs.
        columns: the columns to return, in the order of the whole table (default: all). Fewer take less time.
        jobs: number of cores to use (default: all).
        engine: ``lark`` is the reference and slow, ``compiled`` gives the same in much less time, ``auto`` is
            the one that takes less time.

    Raises:
        InputError: an input or a column does not exist.

    """
    want = Want(columns=None if columns is None else columns_of(columns))
    return read(find_snapshots(_listed(inputs)), want=want, engine=engine, jobs=jobs).records


def diagnose(inputs: Inputs, options: Options | None = None, engine: Engine = "auto") -> Report:
    """Return the report of a diagnosis: the main job. ``engine`` is as for `parse`.

    Raises:
        InputError: an input or the language does not exist.
        LibraryError: a rule is wrong.

    """
    options = options or Options()
    with speaking(options.language):
        deadline = Deadline(options.limits.seconds)
        library = in_language(load(options.rules), options.language)
        snapshots = find_snapshots(_listed(inputs))
        tables = read(
            snapshots,
            options.limits,
            want=want_of(library, explain=options.explain),
            engine=engine,
            jobs=options.jobs,
            deadline=deadline,
            share=READING,
        )
        diagnosis = examine(tables, library, explain=options.explain, deadline=deadline)
        # Before the exit code: known findings do not count for it.
        if options.baseline is not None:
            diagnosis = mark_known(diagnosis, options.baseline)
        exit_ = exit_of(diagnosis, snapshots, options)
        return Report(replace(diagnosis, command=options.as_command(), exit=exit_))


def examine(
    tables: Tables, library: Library, *, explain: bool = False, deadline: Deadline | None = None
) -> Diagnosis:
    """Return the diagnosis of tables, in the library's language. ``exit`` is only about the ``deadline``."""

    def is_late() -> bool:
        return deadline is not None and deadline.has_passed(RULES)

    with speaking(library.language):
        # Records that overlapping logs repeat happened once; the coverage still counts all of them.
        tables, repeated = counted_once(without_other_logs(tables))
        clusters = find_clusters(tables)
        examined = _examine_each(clusters, library, is_late)
        folded = combine([one.folded for one in examined])
        peers = tuple(peer for one in examined for peer in one.cluster.peers)
        fired = {finding.rule for finding in folded.findings}
        fired |= {incident.rule for incident in folded.incidents}
        alarm_events = [event for one in examined for event in one.alarm_events]
        changes = [change for one in examined for change in one.changes]
        return Diagnosis(
            tool=Tool(_own_version(), library.digest),
            command=Command("diagnose"),
            exit=late_exit(
                [rule for one in examined for rule in one.late], library, explain=explain and is_late()
            ),
            verdict=verdict(folded, [one.cluster for one in examined], tables),
            cluster=ClusterView(
                peers, tuple(one for part in examined for one in list_strangers(part.case.facts))
            ),
            alarm_events=tuple(sorted(alarm_events, key=lambda event: (event.time, event.peer, event.alarm))),
            capped=tuple(sorted({rule for one in examined for rule in one.capped})),
            coverage=measure_coverage(tables, clusters, repeated=repeated),
            changes=tuple(sorted(changes, key=lambda change: (change.time, change.peer, change.what))),
            # Two clusters can ask for the same evidence. A dictionary removes duplicates and keeps the
            # order.
            wanted=wanted((one.folded, one.cluster) for one in examined),
            incidents=folded.incidents,
            findings=folded.findings,
            not_checked=not_checked(examined),
            silent=tuple(
                Silent(name, nearest(rule, examined) if explain and not is_late() else None)
                for name, rule in sorted(library.rules.items())
                if name not in fired
            ),
            language=library.language,
        )


def examine_clusters(tables: Tables, library: Library) -> list[Examined]:
    """Return the result for each cluster in the tables, in the library's language."""
    with speaking(library.language):
        tables, _ = counted_once(without_other_logs(tables))
        return _examine_each(find_clusters(tables), library, lambda: False)


def _examine_each(
    clusters: Sequence[tuple[Cluster, Tables]], library: Library, is_late: Callable[[], bool]
) -> list[Examined]:
    # Each cluster gets an equal share, so that a broken cluster cannot use up the findings of all others.
    most = MAX_FINDINGS // len(clusters)
    return [examine_cluster(cluster, part, library, most, is_late) for cluster, part in clusters]


@cache
def _own_version() -> str:
    return version("logdiag")


def _listed(inputs: Inputs) -> Sequence[str | Path | Location]:
    return [inputs] if isinstance(inputs, str | Path) else inputs
