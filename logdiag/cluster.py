"""The cluster, worked out from the content of records: its peers, their names, addresses, roles.

Peers are known from the host of a record, from the ``Node`` values of database records (the first
is the reporting node, the second the other), and from the address lists of replication records,
whose indexes count from 0.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import AlarmState, Gap, Peer, Role
from logdiag.records import Tables, instant
from logdiag.spans import Seen

BETWEEN_MEMBERS = timedelta(minutes=2)
"""A peer replicates about every two minutes: a longer silence between two logs is a gap."""

WITHIN_A_MEMBER = timedelta(minutes=65)
"""Syslog writes a mark in each idle hour: a longer silence inside one log is a gap."""

_NODE = re.compile(r"(?:[^@]*@)?(?P<name>[^@\s]+)")
_PAIR = re.compile(r"\((?P<address>[^\s()]+) (?P<name>[^\s()]+)\)")
_ADDRESS = re.compile(r"\d+(\.\d+){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")
_VERSION = re.compile(r"\bX\d+(\.\d+)*")


@dataclass
class _Draft:
    name: str
    fqdn: str | None = None
    addresses: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Cluster:
    """The peers in the order of their names, and when each of their logs was watching."""

    peers: tuple[Peer, ...]
    seen: dict[str, Seen]
    listed: bool
    """Whether a list of peers was seen, so that the number of peers is known."""

    def resolve(self, text: str) -> str | None:
        """The peer that goes by a name, an FQDN, a node name or an address; None if there is none."""
        return self._names().get(_plain(text))

    def could_be_peer(self, address: str, host: str) -> bool:
        """Whether an address that a host names is a peer's, or may be another's whose are not known."""
        others = [peer for peer in self.peers if peer.name != host]
        return self.resolve(address) is not None or any(not peer.addresses for peer in others)

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for peer in self.peers:
            for alias in (peer.name, peer.fqdn, *peer.addresses):
                if alias is not None:
                    names.setdefault(_plain(alias), peer.name)
                    if not _ADDRESS.fullmatch(alias):
                        names.setdefault(_plain(alias).partition(".")[0], peer.name)
        return names

    @property
    def primary(self) -> str | None:
        """The configuration primary's name, None where it is not known."""
        return next((peer.name for peer in self.peers if peer.role == "primary"), None)

    @property
    def topology(self) -> str:
        """``cluster``, ``single``, or ``unknown`` where one peer was seen and no list of peers."""
        if len(self.peers) > 1:
            return "cluster"
        return "single" if self.listed else "unknown"

    def gaps(self) -> tuple[Gap, ...]:
        """What the logs of each peer leave out between their spans."""
        return tuple(
            Gap(peer, instant(start), instant(end))
            for peer in sorted(self.seen)
            for start, end in self.seen[peer].gaps()
        )


def _plain(text: str) -> str:
    found = _NODE.fullmatch(text.strip())
    return (found["name"] if found else text.strip()).lower().rstrip(".")


def find_cluster(tables: Tables) -> Cluster:
    """The peers that the records name.

    Alarms are left to `logdiag.alarms`, which needs the cluster first.
    """
    log = Log(tables.records)
    drafts = _Drafts()
    hosts = list(dict.fromkeys(log.records.column("host").unique().to_pylist()))
    for host in hosts:
        drafts.named(host)
    nodes = log.rows(compile_condition({"Node|exists": True}))
    for number in (1, 2):
        for value in log.values(Reference("Node", number), nodes).unique().to_pylist():
            if value:
                drafts.named(_plain_node(value))
    lists, claims = _replication_lists(log)
    for pairs in dict.fromkeys(lists):
        for address, name in pairs:
            drafts.named(name).addresses.add(address)
    _merge_addresses(drafts)
    roles = _roles(log, drafts, claims)
    seen = _seen(log, drafts)
    versions = _versions(log, drafts)
    snapshots = _snapshots(log, drafts)
    peers = tuple(
        Peer(
            name=draft.name,
            fqdn=draft.fqdn,
            addresses=tuple(sorted(draft.addresses)),
            snapshot=next(iter(snapshots.get(draft.name, ())), None),
            snapshots=tuple(snapshots.get(draft.name, ())),
            role=roles.get(draft.name),
            version=versions.get(draft.name),
            seen_from=instant(seen[draft.name].spans[0][0]) if draft.name in seen else None,
            seen_to=instant(seen[draft.name].end) if draft.name in seen else None,
        )
        for draft in drafts.all()
    )
    return Cluster(peers, seen, listed=any(lists))


class _Drafts:
    """Peers while they are being found, by every name that they go by."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Draft] = {}

    def named(self, name: str) -> _Draft:
        """The peer of a host name, FQDN or address, made where it is new."""
        key = name.lower() if _ADDRESS.fullmatch(name) else name.lower().partition(".")[0]
        draft = self._by_name.get(key)
        if draft is None:
            draft = self._by_name[key] = _Draft(name if _ADDRESS.fullmatch(name) else name.partition(".")[0])
        if _ADDRESS.fullmatch(name):
            draft.addresses.add(name)
        elif "." in name and draft.fqdn is None:
            draft.fqdn = name
        return draft

    def replace(self, old: _Draft, new: _Draft) -> None:
        """Let everything that went by one peer's names go by another's."""
        new.addresses |= old.addresses
        self._by_name = {key: new if draft is old else draft for key, draft in self._by_name.items()}

    def all(self) -> list[_Draft]:
        unique = {id(draft): draft for draft in self._by_name.values()}
        return sorted(unique.values(), key=lambda draft: draft.name.lower())


def _plain_node(value: str) -> str:
    found = _NODE.fullmatch(value.strip())
    return found["name"] if found else value.strip()


def _merge_addresses(drafts: _Drafts) -> None:
    """A peer that is known by an address alone is the named peer that has this address."""
    for nameless in [draft for draft in drafts.all() if _ADDRESS.fullmatch(draft.name)]:
        owners = [d for d in drafts.all() if d is not nameless and nameless.name in d.addresses]
        if len(owners) == 1:
            drafts.replace(nameless, owners[0])


_Pairs = tuple[tuple[str, str], ...]


def _replication_lists(log: Log) -> tuple[list[_Pairs], list[tuple[int, str, str]]]:
    """The peer lists that were logged, and the claims ``(time, host, primary's name)``."""
    rows = log.rows(compile_condition({"AlternateIPAddresses|exists": True}))
    columns = [
        log.values(Reference(key), rows).to_pylist()
        for key in ("AlternateIPAddresses", "ConfigurationMasterIndex", "ConfigurationPrimaryIndex", "host")
    ]
    times = log.times(rows)
    lists: list[_Pairs] = []
    claims = []
    for addresses, master, primary, host, time in zip(*columns, times, strict=True):
        pairs = tuple((found["address"], found["name"]) for found in _PAIR.finditer(addresses))
        lists.append(pairs)
        index = master if master is not None else primary
        if index is not None and index.isdecimal() and index.isascii() and int(index) < len(pairs):
            claims.append((time, host, pairs[int(index)][1]))
    return lists, claims


def _roles(log: Log, drafts: _Drafts, claims: list[tuple[int, str, str]]) -> dict[str, Role]:
    """Each peer's role, from its newest word on it; none where two peers name different primaries."""
    said: list[tuple[int, str, str | None, bool]] = []
    for time, host, primary in claims:
        claimant, chosen = drafts.named(host).name, drafts.named(primary).name
        said.append((time, claimant, chosen, claimant == chosen))
    for words, is_primary in (("is the cluster", True), ("is not the cluster", False)):
        rows = log.rows(
            compile_condition(
                {"Module": "developer.replication", "Detail|re": f"(?i)peer {words} (master|primary)"}
            )
        )
        for time, host in zip(log.times(rows), log.hosts(rows), strict=True):
            peer = drafts.named(host).name
            said.append((time, peer, peer if is_primary else None, is_primary))
    newest: dict[str, tuple[str | None, bool]] = {}
    for _, peer, named, is_primary in sorted(said, key=lambda word: word[0]):
        # "Not the primary" does not say who is: it takes nothing back but a claim to be it.
        if named is not None or newest.get(peer, (None, True))[1]:
            newest[peer] = (named, is_primary)
    primaries = {named for named, _ in newest.values() if named is not None}
    if len(primaries) > 1:
        return {}
    roles: dict[str, Role] = {}
    for peer, (_, is_primary) in newest.items():
        roles[peer] = "primary" if is_primary else "subordinate"
    if primaries:
        name = primaries.pop()
        roles = {draft.name: "primary" if draft.name == name else "subordinate" for draft in drafts.all()}
    return roles


def _seen(log: Log, drafts: _Drafts) -> dict[str, Seen]:
    """For each peer the spans of time that its logs cover."""
    columns = [
        log.records.column(name).combine_chunks().cast("string").to_numpy(zero_copy_only=False)
        for name in ("host", "snapshot", "source")
    ]
    times = log.records.column("time").cast("int64").to_numpy()
    order = np.lexsort((times, *columns))
    spans: dict[str, list[tuple[int, int]]] = {}
    inside = WITHIN_A_MEMBER // timedelta(microseconds=1)
    start = 0
    for end in range(1, len(order) + 1):
        if end < len(order):
            before, after = order[end - 1], order[end]
            same = all(column[before] == column[after] for column in columns)
            if same and times[after] - times[before] <= inside:
                continue
        host = drafts.named(str(columns[0][order[start]])).name
        spans.setdefault(host, []).append((int(times[order[start]]), int(times[order[end - 1]])))
        start = end
    between = BETWEEN_MEMBERS // timedelta(microseconds=1)
    return {host: Seen(_joined(parts, between)) for host, parts in spans.items()}


def _joined(spans: Iterable[tuple[int, int]], apart: int) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _versions(log: Log, drafts: _Drafts) -> dict[str, str]:
    rows = log.rows(compile_condition({"Event": "Application Start", "Detail|contains": "Software version"}))
    versions: dict[str, str] = {}
    hosts = log.hosts(rows)
    for host, detail in zip(hosts, log.values(Reference("Detail"), rows).to_pylist(), strict=True):
        if found := _VERSION.search(detail):
            versions[drafts.named(host).name] = found[0]
    return versions


def _snapshots(log: Log, drafts: _Drafts) -> dict[str, list[str]]:
    """The snapshots that hold records of each peer, by the time of the first."""
    grouped = log.records.select(["host", "snapshot", "time"]).group_by(["host", "snapshot"])
    firsts = sorted(
        (row["time_min"], row["snapshot"], row["host"])
        for row in grouped.aggregate([("time", "min")]).to_pylist()
    )
    snapshots: dict[str, list[str]] = {}
    for _, snapshot, host in firsts:
        names = snapshots.setdefault(drafts.named(host).name, [])
        if snapshot not in names:
            names.append(snapshot)
    return snapshots


def with_alarms(cluster: Cluster, alarms: dict[str, dict[str, AlarmState]]) -> Cluster:
    """The same cluster, with what is known of each peer's alarms."""
    peers = tuple(replace(peer, alarms=alarms.get(peer.name, {})) for peer in cluster.peers)
    return replace(cluster, peers=peers)
