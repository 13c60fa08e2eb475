"""The records that peers log, in the wording of the technical note's excerpts.

A record here is the text after the host; `stamped` adds time and host. A record that contains its time in UTC has a
mark in its place until then.
"""

from datetime import datetime, timedelta, timezone

from .alarms import Alarm

UTC_MARK, WEB_MARK = "\x01utc\x01", "\x01web\x01"
"""Marks of the time in UTC: with milliseconds, and without, as in web records."""

NOPROC = (
    "{ badrpc, { EXIT, { aborted, { noproc, { gen_server, call, [ kernel_safe_sup, { start_child, { dets_sup, "
    "{ dets_sup, start_link,  }, permanent, 1000, supervisor, [ dets_sup ] } }, infinity ] } } } } }"
)
NODEDOWN = "{ badrpc, nodedown }"


def stamped(record: str, host: str, time: datetime, zone: int, early: int) -> str:
    """Return a log line; ``zone`` is in minutes, ``early`` the milliseconds by which UTCTime is earlier."""
    local = time.astimezone(timezone(timedelta(minutes=zone)))
    utc = time - timedelta(milliseconds=early)
    head = f"{local.isoformat(timespec='milliseconds')} {host} "
    text = record.replace(UTC_MARK, f"{utc:%Y-%m-%d %H:%M:%S},{utc.microsecond // 1000:03d}")
    return head + text.replace(WEB_MARK, f"{time:%Y-%m-%d %H:%M:%S}") + "\n"


# ── alarms and events ───────────────────────────────────────────────────────────────────────


def alarm(kind: Alarm, event: str, detail: str | None = None) -> str:
    level = "ERROR" if kind.severity == "critical" else "WARN"
    return (
        f'{kind.tag}: Level="{level}" Event="{event}" Id="{kind.id}" UUID="{kind.uuid}" '
        f'Severity="{kind.severity}" Detail="{detail or kind.detail}" UTCTime="{UTC_MARK}"'
    )


def raising(kind: Alarm) -> str:
    return (
        f'management: UTCTime="{UTC_MARK}" Module="developer.diagnostics.alarmmanager" Level="INFO" '
        f'CodeLocation="alarmmanager(173)" Detail="Raising alarm" UUID="{kind.uuid}" Parameters="null"'
    )


def event(name: str, detail: str = "", tag: str = "tvcs") -> str:
    text = f' Detail="{detail}"' if detail else ""
    return f'{tag}: Event="{name}"{text} Level="1" UTCTime="{UTC_MARK}"'


def web(name: str, detail: str, user: str, address: str) -> str:
    text = f' Detail="{detail}"' if detail else ""
    return (
        f'httpd[15060]: web: Event="{name}"{text} Src-ip="{address}" Src-port="53155" User="{user}" '
        f'Level="1" UTCTime="{WEB_MARK}"'
    )


# ── the cluster database ────────────────────────────────────────────────────────────────────


def database(detail: str, node: str, other: str | None = None, *, level: str = "INFO", **more: str) -> str:
    """``more``: ``module``, ``pid``, ``context``, ``reason``, ``queue``."""
    context = f' Context="{more["context"]}"' if "context" in more else ""
    queue = f' Queue-Time-ms="{more["queue"]}"' if "queue" in more else ""
    peer = f' Node="clusterdb@{other}"' if other else ""
    reason = f' Reason="{more["reason"]}"' if "reason" in more else ""
    return (
        f'UTCTime="{UTC_MARK}" Module="developer.clusterdb.{more.get("module", "cdb")}" Level="{level}" '
        f'Node="clusterdb@{node}" PID="<0.{more.get("pid", "159.0")}>" '
        f'Detail="{detail}"{context}{queue}{peer}{reason}'
    )


def database_edit(setting: str, node: str) -> str:
    return (
        f'UTCTime="{UTC_MARK}" Event="System Configuration Changed" Node="clusterdb@{node}" PID="<0.390.0>" '
        f'Detail="xconfiguration {setting}"'
    )


def inserting(node: str) -> str:
    return (
        f'UTCTime="{UTC_MARK}" Module="developer.cdbtable.cdb.clusterConfiguration" Level="DEBUG" '
        f'Node="clusterdb@{node}" PID="<0.345.0>" Detail="Inserting into table" TableName="clusterConfiguration"'
    )


def management(detail: str, line: int, more: str = "") -> str:
    return (
        f'management: UTCTime="{UTC_MARK}" Module="developer.management.databasemanager" Level="INFO" '
        f'CodeLocation="databasemanager({line})" Detail="{detail}"{more}'
    )


# ── replication ─────────────────────────────────────────────────────────────────────────────

_AS_PRIMARY = (
    "This peer is the cluster master, local configuration has already been replicated to the other peers"
)
_AS_PEER = "This peer is not the cluster master, local configuration is already up to date"


def _replication(where: str, text: str) -> str:
    return f'replication: UTCTime="{UTC_MARK}" Module="developer.replication" Level="INFO" CodeLocation="{where}" {text}'


def cycle_starts() -> str:
    return _replication("clusterconfigurationsynchroniser(270)", 'Detail="Starting synchronisation"')


def cycle_lists(peers: list[tuple[str, str]], primary: int, local: int) -> str:
    """Return the record that lists the peers; ``peers`` are pairs of address and name, indexes begin at 0."""
    listed = ", ".join(f"u'({address} {name})'" for address, name in peers)
    return _replication(
        "clusterconfigurationutils(750)",
        f'AlternateIPAddresses="[{listed}]" ConfigurationMasterIndex="{primary}" LocalPeerIndex="{local}"',
    )


def cycle_role(is_primary: bool) -> str:
    line, text = (257, _AS_PRIMARY) if is_primary else (254, _AS_PEER)
    return _replication(f"clusterconfigurationsynchroniser({line})", f'Detail="{text}"')


def cycle_ends() -> str:
    return _replication(
        "clusterconfigurationsynchroniser(336)", 'Detail="Synchronisation completed successfully"'
    )


# ── H.323 ───────────────────────────────────────────────────────────────────────────────────


def ras_sent(address: str, message: str, number: int, outcome: str = "") -> str:
    text = f" {outcome}=True" if outcome else ""
    return (
        f'tvcs: UTCTime="{UTC_MARK}" Module="network.h323" Level="INFO":  Action="Sent" Dst-ip="{address}" '
        f'Dst-port="1719" Detail="Sending RAS {message}  SeqNum={number}{text}"'
    )


def ras_received(address: str, message: str, number: int) -> str:
    return (
        f'tvcs: UTCTime="{UTC_MARK}" Module="network.h323" Level="INFO":  Action="Received" Src-ip="{address}" '
        f'Src-port="1719" Detail="Receiving RAS {message}  SeqNum={number}"'
    )


def gatekeeper_timed_out(address: str) -> str:
    return (
        'tvcs: Event="External Server Communications Failure" Reason="gatekeeper timed out" '
        f'Service="NeighbourGatekeeper" Detail="name:{address}:1719" Level="1" UTCTime="{UTC_MARK}"'
    )
