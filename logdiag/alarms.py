"""What is known of each alarm on each peer: raised, clear or unknown.

A log begins when somebody pressed a button, so no record of an alarm is not its absence: it is
not listed at all. An alarm that was raised before a gap is unknown after it.
"""

from logdiag.cluster import Cluster
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import AlarmState

RAISED = {"Event": "Alarm Raised"}
LOWERED = {"Event": "Alarm Lowered"}


def alarm_states(log: Log, cluster: Cluster) -> dict[str, dict[str, AlarmState]]:
    """For each peer that logged alarms: alarm id to its state at the end of its log."""
    words: list[tuple[int, int, str, str, AlarmState]] = []
    logged: tuple[tuple[dict[str, str], AlarmState], ...] = ((RAISED, "raised"), (LOWERED, "clear"))
    for condition, state in logged:
        rows = log.rows(compile_condition({**condition, "Id|exists": True}))
        ids = log.values(Reference("Id"), rows).to_pylist()
        for time, row, host, alarm in zip(log.times(rows), rows, log.hosts(rows), ids, strict=True):
            words.append((time, int(row), cluster.resolve(host) or host, alarm.strip(), state))
    # Of two words at one time, the one that stands later in the log is the last.
    newest = {(peer, alarm): (time, state) for time, _, peer, alarm, state in sorted(words)}
    states: dict[str, dict[str, AlarmState]] = {}
    for (peer, alarm), (time, state) in sorted(newest.items()):
        hidden = state == "raised" and cluster.seen[peer].gap_within(time, cluster.seen[peer].end) is not None
        states.setdefault(peer, {})[alarm] = "unknown" if hidden else state
    return states
