"""The straight line: inputs -> snapshots -> records -> findings -> incidents -> report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from logdiag.cluster import Cluster, find_clusters, with_alarms
from logdiag.cluster.alarms import alarm_events, alarm_states, with_whole_lists
from logdiag.cluster.changes import find_changes
from logdiag.cluster.coverage import (
    PARTIAL,
    coverage,
)
from logdiag.cluster.dump_tables import sources
from logdiag.cluster.facts import find_facts
from logdiag.cluster.membership import add_membership, strangers
from logdiag.compare.baseline import marked
from logdiag.conditions import Log
from logdiag.errors import InputError
from logdiag.exit_code import exit_of
from logdiag.i18n import gettext, speaking
from logdiag.incidents import Folded, fold, together
from logdiag.incidents.verdict import verdict, wanted
from logdiag.model import (
    AlarmEvent,
    Change,
    ClusterView,
    Command,
    Diagnosis,
    Exit,
    NotChecked,
    Reason,
    Silent,
    Tool,
)
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.reading import Engine, Tables, read, without_other_logs
from logdiag.reading.deduplicate import counted_once
from logdiag.records import RECORDS, Want
from logdiag.rules.events import CaseData
from logdiag.rules.findings import MOST_OF_ALL, judge
from logdiag.rules.library import Library, load
from logdiag.rules.near_miss import nearest_miss
from logdiag.rules.schema import Rule
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
        columns: those that are wanted, in the order of the whole table; all by itself. Fewer take less time.
        jobs: the cores that are used; all of them by itself.
        engine: ``lark`` is the reference and takes long, ``compiled`` gives the same in much less time,
            ``auto`` takes what is sooner done.

    Raises:
        InputError: an input or a column does not exist.

    """
    want = Want(columns=None if columns is None else columns_of(columns))
    return read(find_snapshots(_several(inputs)), want=want, engine=engine, jobs=jobs).records


def columns_of(names: Iterable[str]) -> frozenset[str]:
    """Columns of the records table, by their names.

    Raises:
        InputError: there is no such column.

    """
    wanted = frozenset(names)
    if unknown := sorted(wanted.difference(RECORDS.names)):
        said = gettext("no such column: {names}; there are {columns}")
        raise InputError(said.format(names=", ".join(unknown), columns=", ".join(RECORDS.names)))
    return wanted


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
    examined = [_examine(cluster, part, library, most, is_late) for cluster, part in clusters]
    told = together([one.told for one in examined])
    peers = tuple(peer for one in examined for peer in one.cluster.peers)
    fired = {finding.rule for finding in told.findings} | {incident.rule for incident in told.incidents}
    return Diagnosis(
        tool=Tool(version("logdiag"), library.digest),
        command=Command("diagnose"),
        exit=_late(examined, library, explain=explain and is_late()),
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
        wanted=tuple(dict.fromkeys(item for one in examined for item in wanted(one.told, one.cluster))),
        incidents=told.incidents,
        findings=told.findings,
        not_checked=_not_checked(examined),
        silent=tuple(
            Silent(name, _nearest(rule, examined) if explain and not is_late() else None)
            for name, rule in sorted(library.rules.items())
            if name not in fired
        ),
        language=library.language,
    )


def _not_checked(examined: Sequence["_Examined"]) -> tuple[NotChecked, ...]:
    """What could not be judged in any cluster, each with the clusters where that is so."""
    where: dict[NotChecked, set[str]] = {}
    for one in examined:
        names = {peer.cluster for peer in one.cluster.peers if peer.cluster is not None}
        for item in one.not_checked:
            where.setdefault(item, set()).update(names)
    ordered = sorted(where, key=lambda item: (item.rule, item.reason))
    return tuple(replace(item, clusters=tuple(sorted(where[item]))) for item in ordered)


def _late(examined: Sequence["_Examined"], library: Library, *, explain: bool) -> Exit:
    """What was left out because the time was used up."""
    reasons = []
    late = sorted({rule for one in examined for rule in one.late})
    if late:
        judged = sum(rule.incident is None for rule in library.rules.values())
        said = gettext("the time is used up (seconds): {number} of {all} rules were not judged, first {rule}")
        reasons.append(said.format(number=len(late), all=judged, rule=late[0]))
    if explain:
        reasons.append(gettext("the time is used up (seconds): how near silent rules came was not looked at"))
    return Exit(PARTIAL if reasons else 0, tuple(Reason(PARTIAL, text) for text in reasons))


def _nearest(rule: Rule, examined: Sequence["_Examined"]) -> str | None:
    """The nearest that a silent rule came in any cluster."""
    return next((text for one in examined if (text := nearest_miss(rule, one.case)) is not None), None)


@dataclass(frozen=True)
class _Examined:
    """What is known of one cluster."""

    cluster: Cluster
    case: CaseData
    told: Folded
    changes: tuple[Change, ...]
    alarm_events: tuple[AlarmEvent, ...]
    not_checked: tuple[NotChecked, ...]
    capped: tuple[str, ...]
    late: tuple[str, ...]


def _examine(
    cluster: Cluster, part: Tables, library: Library, most: int, is_late: Callable[[], bool]
) -> _Examined:
    log = Log(part.records)
    cluster = with_alarms(cluster, alarm_states(log, cluster), set(with_whole_lists(cluster)))
    facts = add_membership(find_facts(part, log, cluster), log, cluster)
    case = CaseData(sources(part, log, cluster), cluster, facts)
    judged = judge(library, case, most, is_late)
    return _Examined(
        cluster,
        case,
        fold(judged.findings, library, cluster),
        find_changes(log, cluster),
        alarm_events(log, cluster),
        tuple(judged.not_checked),
        capped=tuple(judged.capped),
        late=tuple(judged.late),
    )


def _several(inputs: Sequence[str | Path] | str | Path) -> Sequence[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else inputs
