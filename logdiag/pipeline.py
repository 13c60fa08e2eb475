"""The straight line: inputs -> snapshots -> records -> findings -> incidents -> report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from logdiag.cluster import find_clusters
from logdiag.cluster.coverage import (
    coverage,
)
from logdiag.cluster.membership import strangers
from logdiag.compare.baseline import marked
from logdiag.exit_code import exit_of, late_exit
from logdiag.i18n import speaking
from logdiag.incidents import together
from logdiag.incidents.examine import examine_cluster, nearest, not_checked
from logdiag.incidents.verdict import verdict, wanted
from logdiag.model import (
    ClusterView,
    Command,
    Diagnosis,
    Silent,
    Tool,
)
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.reading import Engine, Tables, read, without_other_logs
from logdiag.reading.deduplicate import counted_once
from logdiag.records import Want
from logdiag.records.columns import columns_of
from logdiag.rules.findings import MOST_OF_ALL
from logdiag.rules.library import Library, load
from logdiag.rules.selection import want_of
from logdiag.rules.translation import in_language
from logdiag.snapshots import Snapshot, find_snapshots
from logdiag.snapshots.deadline import Deadline

if TYPE_CHECKING:
    pass

READING, RULES = 0.7, 0.9
"""How much of the seconds of a run is used up when reading ends, and when judging ends, at the latest.

Records are worth nothing until rules have judged them, and findings until a report shows them. The report
is always written.
"""


def parse(
    inputs: Sequence[str | Path] | str | Path,
    *,
    columns: Sequence[str] | None = None,
    jobs: int | None = None,
    engine: Engine = "auto",
) -> "pa.Table":
    """The records of the inputs as an Arrow table (`logdiag.records.RECORDS`).

    Args:
        inputs: files, folders, archives, URLs.
        columns: the columns to return, in the order of the whole table (default: all). Fewer take less time.
        jobs: number of cores to use (default: all).
        engine: ``lark`` is the reference and takes long, ``compiled`` gives the same in much less time,
            ``auto`` takes what is sooner done.

    Raises:
        InputError: an input or a column does not exist.

    """
    want = Want(columns=None if columns is None else columns_of(columns))
    return read(find_snapshots(_several(inputs)), want=want, engine=engine, jobs=jobs).records


Reading = Callable[[Sequence[Snapshot], Want], Tables | None]
"""What may know the tables of some snapshots."""


def diagnose(
    inputs: Sequence[str | Path] | str | Path, options: Options | None = None, reading: Reading | None = None
) -> Report:
    """The main job. With ``reading`` snapshots are read here only where it gives nothing.

    Raises:
        InputError: an input or the language does not exist.
        LibraryError: a rule is wrong.

    """
    options = options or Options()
    with speaking(options.language):
        deadline = Deadline(options.limits.seconds)
        library = in_language(load(options.rules), options.language)
        snapshots = find_snapshots(_several(inputs))
        want = want_of(library, explain=options.explain)
        tables = reading(snapshots, want) if reading is not None else None
        if tables is None:
            tables = read(
                snapshots, options.limits, want=want, jobs=options.jobs, deadline=deadline, share=READING
            )
        diagnosis = examine(tables, library, explain=options.explain, deadline=deadline)
        if options.baseline is not None:
            diagnosis = marked(diagnosis, options.baseline)
        exit_ = exit_of(diagnosis, snapshots, options)
        return Report(replace(diagnosis, command=options.as_command(), exit=exit_))


def examine(
    tables: Tables, library: Library, *, explain: bool = False, deadline: Deadline | None = None
) -> Diagnosis:
    """From tables to the diagnosis, in the library's language.

    ``exit`` says no more than what the ``deadline`` left out.
    """
    with speaking(library.language):
        return _diagnosis(tables, library, explain=explain, deadline=deadline)


def _diagnosis(tables: Tables, library: Library, *, explain: bool, deadline: Deadline | None) -> Diagnosis:
    """Cluster by cluster, and what is told of all of them."""

    def is_late() -> bool:
        return deadline is not None and deadline.has_passed(RULES)

    # What overlapping logs repeat happened once; the ledger still counts every record.
    tables, repeated = counted_once(without_other_logs(tables))
    clusters = find_clusters(tables)
    most = MOST_OF_ALL // len(clusters)
    examined = [examine_cluster(cluster, part, library, most, is_late) for cluster, part in clusters]
    told = together([one.folded for one in examined])
    peers = tuple(peer for one in examined for peer in one.cluster.peers)
    fired = {finding.rule for finding in told.findings} | {incident.rule for incident in told.incidents}
    return Diagnosis(
        tool=Tool(version("logdiag"), library.digest),
        command=Command("diagnose"),
        exit=late_exit(
            [rule for one in examined for rule in one.late], library, explain=explain and is_late()
        ),
        verdict=verdict(told, [one.cluster for one in examined], tables),
        cluster=ClusterView(peers, tuple(one for part in examined for one in strangers(part.case.facts))),
        alarm_events=tuple(
            sorted((e for one in examined for e in one.alarm_events), key=lambda e: (e.time, e.peer, e.alarm))
        ),
        capped=tuple(sorted({rule for one in examined for rule in one.capped})),
        coverage=coverage(tables, clusters, repeated=repeated),
        changes=tuple(
            sorted((c for one in examined for c in one.changes), key=lambda c: (c.time, c.peer, c.what))
        ),
        wanted=tuple(dict.fromkeys(item for one in examined for item in wanted(one.folded, one.cluster))),
        incidents=told.incidents,
        findings=told.findings,
        not_checked=not_checked(examined),
        silent=tuple(
            Silent(name, nearest(rule, examined) if explain and not is_late() else None)
            for name, rule in sorted(library.rules.items())
            if name not in fired
        ),
        language=library.language,
    )


def _several(inputs: Sequence[str | Path] | str | Path) -> Sequence[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else inputs
