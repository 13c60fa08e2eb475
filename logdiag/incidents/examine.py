"""Examines one cluster: from its tables to its incidents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from logdiag.cluster import Cluster
from logdiag.cluster.alarms import find_alarm_events, with_alarms
from logdiag.cluster.changes import find_changes
from logdiag.cluster.dump_rows import DumpRows
from logdiag.cluster.dump_tables import build_sources
from logdiag.cluster.find_facts import find_facts
from logdiag.conditions import Log
from logdiag.incidents.fold import Folded, fold
from logdiag.model import AlarmEvent, Change, NotChecked
from logdiag.reading import Tables
from logdiag.rules.events import CaseData
from logdiag.rules.findings import judge
from logdiag.rules.library import Library
from logdiag.rules.near_miss import find_nearest_miss
from logdiag.rules.schema import Rule


@dataclass(frozen=True)
class Examined:
    """The result for one cluster. ``late`` are the rules that the time limit cut off."""

    cluster: Cluster
    case: CaseData
    folded: Folded
    changes: tuple[Change, ...]
    alarm_events: tuple[AlarmEvent, ...]
    not_checked: tuple[NotChecked, ...]
    capped: tuple[str, ...]
    late: tuple[str, ...]


def examine_cluster(
    cluster: Cluster, part: Tables, library: Library, most: int, is_late: Callable[[], bool]
) -> Examined:
    """Judge a cluster by all rules, and fold the findings, at most ``most``, into incidents.

    ``part`` are the tables of its peers, and ``is_late`` returns whether the time for judging is used up.
    """
    log = Log(part.records)
    alarm_events = find_alarm_events(log, cluster)
    cluster = with_alarms(alarm_events, cluster)
    rows = DumpRows(part)
    facts = find_facts(rows, log, cluster)
    case = CaseData(build_sources(part, rows, log, cluster), cluster, facts)
    changes = find_changes(log, cluster)
    judged = judge(library, case, most, is_late)
    return Examined(
        cluster,
        case,
        fold(judged.findings, library, cluster, changes, facts),
        changes,
        alarm_events,
        tuple(judged.not_checked),
        capped=tuple(judged.capped),
        late=tuple(judged.late),
    )


def not_checked(examined: Sequence[Examined]) -> tuple[NotChecked, ...]:
    """Return the rules that could not be judged, each with the clusters to which that applies."""
    where: dict[NotChecked, set[str]] = {}
    for one in examined:
        names = {peer.cluster for peer in one.cluster.peers if peer.cluster is not None}
        for item in one.not_checked:
            where.setdefault(item, set()).update(names)
    ordered = sorted(where, key=lambda item: (item.rule, item.reason))
    return tuple(replace(item, clusters=tuple(sorted(where[item]))) for item in ordered)


def nearest(rule: Rule, examined: Sequence[Examined]) -> str | None:
    """Return the near miss of a silent rule in the first cluster that has one."""
    return next((text for one in examined if (text := find_nearest_miss(rule, one.case)) is not None), None)
