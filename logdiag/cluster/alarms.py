"""The state of each alarm on each peer: raised, clear or unknown.

A log begins when somebody presses a button, so an alarm without a record may still be raised: its state is
unknown, and it is not listed here. An alarm that was raised before a gap is unknown after it. The list of
alarms in an xStatus dump shows the states when logging began; the log shows the changes after that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from logdiag.cluster import Cluster
from logdiag.cluster.dump_rows import anchor_of
from logdiag.cluster.log_rows import select
from logdiag.conditions import Condition, Log, compile_event
from logdiag.conditions.alarm_catalogue import identify
from logdiag.model import AlarmEvent, AlarmState
from logdiag.records import instant, micros

RAISED = compile_event("Alarm Raised", {"Id|exists": True})
"""The records that raise an alarm."""
_STATES: dict[Literal["raised", "clear"], Condition] = {
    "raised": RAISED,
    "clear": compile_event("Alarm Lowered", {"Id|exists": True}),
}
ASKED = tuple(_STATES.values())
"""The records that this module asks for."""


def find_alarm_events(log: Log, cluster: Cluster) -> tuple[AlarmEvent, ...]:
    """Return the records that raise or lower an alarm, in the order of time."""
    # Of two records at one time, the later one in the log is the last.
    logged = sorted(
        (record.time, record.row, cluster.peer_of(record.host), record.values[0].strip(), state)
        for state, condition in _STATES.items()
        for record in select(log, condition, "Id")
    )
    return tuple(AlarmEvent(instant(time), peer, alarm, state) for time, _, peer, alarm, state in logged)


def with_alarms(events: Iterable[AlarmEvent], cluster: Cluster) -> Cluster:
    """Return the cluster with the state of each known alarm at the end of the log."""
    newest = {(one.peer, one.alarm): (micros(one.time), one.state) for one in events}
    states: dict[str, dict[str, AlarmState]] = {}
    for (peer, alarm), (time, state) in sorted({**_listed(cluster), **newest}.items()):
        seen = cluster.observed.get(peer)
        hidden = state == "raised" and seen is not None and seen.gap_within(time, seen.end) is not None
        states.setdefault(peer, {})[alarm] = "unknown" if hidden else state
    everywhere = {alarm for others in states.values() for alarm in others}
    listed = set(_with_whole_list(cluster))
    for peer in listed:
        # Not listed when logging began, and no word of it since, in a log without a gap.
        for alarm in everywhere:
            states.setdefault(peer, {}).setdefault(alarm, "clear")
    peers = tuple(
        replace(one, alarms=dict(sorted(states.get(one.name, {}).items())), alarms_listed=one.name in listed)
        for one in cluster.peers
    )
    return replace(cluster, peers=peers)


def _listed(cluster: Cluster) -> dict[tuple[str, str], tuple[int, AlarmState]]:
    """Return the alarms that dumps list, each at the time at which its dump is put among the records."""
    listed: dict[tuple[str, str], tuple[int, AlarmState]] = {}
    for peer, dumps in cluster.dumps.items():
        for dump in sorted(dumps, key=lambda dump: anchor_of(dump, peer, cluster)):
            for alarm in dump.facts.alarms or ():
                if (id_ := identify(alarm.detail, alarm.id)) is not None:
                    state: AlarmState = "raised" if alarm.is_raised else "clear"
                    listed[peer, id_] = (anchor_of(dump, peer, cluster), state)
    return listed


def _with_whole_list(cluster: Cluster) -> Iterator[str]:
    """Return the peers whose dump lists all alarms, and whose log has no gap after it."""
    for peer, dumps in cluster.dumps.items():
        # A pasted page may be a part of the list: the user chose what to copy.
        is_listed = any(dump.facts.alarms is not None and dump.kind != "page" for dump in dumps)
        if is_listed and peer in cluster.observed and not cluster.observed[peer].gaps():
            yield peer
