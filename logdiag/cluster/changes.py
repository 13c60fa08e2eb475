"""What people and peers did: configuration edits, restarts, upgrades, commands.

The same edit is logged by several processes; on one peer those records are one change.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from logdiag.cluster import Cluster
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import Change
from logdiag.records import instant

_KINDS: tuple[tuple[Literal["edit", "restart", "upgrade", "command"], tuple[str, ...]], ...] = (
    ("edit", ("System Configuration Changed",)),
    (
        "restart",
        ("Restart Requested", "Reboot Requested", "System Shutdown", "System Start", "Application Start"),
    ),
    ("upgrade", ("Upgrade",)),
    ("command", ("Command Executed",)),
)
_SAME = timedelta(seconds=2)
"""Web records have whole seconds, so one edit may be logged up to this far apart."""


_ASKED = {kind: compile_condition({"Event": list(events), "Module|exists": False}) for kind, events in _KINDS}
ASKED = tuple(_ASKED.values())
"""The records that this module asks for."""


def find_changes(log: Log, cluster: Cluster) -> tuple[Change, ...]:
    """The changes of all peers in the order of time, those of one edit on one peer as one."""
    told: list[Change] = []
    newest: dict[tuple[str, str], int] = {}
    for change in sorted(_logged(log, cluster), key=lambda change: (change.time, change.peer, change.what)):
        key = (change.peer, _setting(change.what))
        index = newest.get(key)
        if index is not None and change.time - told[index].time <= _SAME:
            before = told[index]
            told[index] = replace(
                before, who=before.who or change.who, address=before.address or change.address
            )
        else:
            newest[key] = len(told)
            told.append(change)
    return tuple(told)


def _logged(log: Log, cluster: Cluster) -> Iterator[Change]:
    for kind, condition in _ASKED.items():
        rows = log.rows(condition)
        times = log.times(rows)
        columns = [
            log.values(Reference(key), rows).to_pylist()
            for key in ("host", "User", "Src-ip", "Event", "Detail")
        ]
        for time, host, who, address, event, detail in zip(times, *columns, strict=True):
            what = (detail or "").strip() if kind == "edit" else ": ".join(filter(None, (event, detail)))
            yield Change(instant(time), cluster.resolve(host) or host, kind, who, address, what or event)


def _setting(what: str) -> str:
    """What an edit changed, in the one form that all processes' words for it share.

    The database writes ``xconfiguration clusterConfiguration tls_verify - changed from: a to: b``,
    the web interface ``configuration/cluster/tls_verify - changed from: 'a' to: 'b'``.
    """
    setting, dash, values = what.replace("'", "").lower().partition(" - ")
    return (re.split(r"[/ ]", setting)[-1] if dash else setting) + values
