"""The changes that people made: configuration edits, restarts, upgrades, commands.

The same edit is logged by several processes; on one peer those records are one change.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from logdiag.cluster import Cluster
from logdiag.cluster.log_rows import EDIT, select
from logdiag.conditions import Condition, Log, compile_event
from logdiag.model import Change
from logdiag.records import instant

_RESTARTS = ["Restart Requested", "Reboot Requested", "System Shutdown", "System Start", "Application Start"]
_ASKED: dict[Literal["edit", "restart", "upgrade", "command"], Condition] = {
    "edit": compile_event(EDIT),
    "restart": compile_event(_RESTARTS),
    "upgrade": compile_event("Upgrade"),
    "command": compile_event("Command Executed"),
}
ASKED = tuple(_ASKED.values())
"""The records that this module asks for."""

_SAME = timedelta(seconds=2)
"""Web records have whole seconds, so one edit may be logged up to this far apart."""


def find_changes(log: Log, cluster: Cluster) -> tuple[Change, ...]:
    """Return the changes of all peers in the order of time, several records of one edit as one change."""
    changes: list[Change] = []
    newest: dict[tuple[str, str], int] = {}
    for change in sorted(_logged(log, cluster), key=lambda change: (change.time, change.peer, change.what)):
        key = (change.peer, _setting(change.what))
        index = newest.get(key)
        if index is not None and change.time - changes[index].time <= _SAME:
            before = changes[index]
            # Some processes log the edit without the user or the address.
            changes[index] = replace(
                before, who=before.who or change.who, address=before.address or change.address
            )
        else:
            newest[key] = len(changes)
            changes.append(change)
    return tuple(changes)


def _logged(log: Log, cluster: Cluster) -> Iterator[Change]:
    for kind, condition in _ASKED.items():
        for record in select(log, condition, "User", "Src-ip", "Event", "Detail"):
            who, address, event, detail = record.values
            what = (detail or "").strip() if kind == "edit" else ": ".join(filter(None, (event, detail)))
            yield Change(
                instant(record.time), cluster.peer_of(record.host), kind, who, address, what or event
            )


def _setting(what: str) -> str:
    """Return what an edit changed, in one form for the wordings of all processes.

    The database writes ``xconfiguration clusterConfiguration tls_verify - changed from: a to: b``,
    the web interface ``configuration/cluster/tls_verify - changed from: 'a' to: 'b'``.
    """
    setting, dash, values = what.replace("'", "").lower().partition(" - ")
    return (re.split(r"[/ ]", setting)[-1] if dash else setting) + values
