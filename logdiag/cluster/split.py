"""Decides which snapshots belong to the same cluster: the inputs may contain several clusters.

Peers that name each other, that are in one list of peers or share a cluster name are of one cluster.
Addresses are stronger ties than names: peers of one list may be in different domains, and one short name at
two addresses, or in two domains, is that of two hosts.
Hosts without any tie still count as one cluster, as an engineer who gives two logs means it, unless
something speaks against it: a list of peers that leaves the other out, another cluster name, another
domain, or Expressway-C here and Expressway-E there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster.log_rows import select
from logdiag.cluster.names import (
    NODES,
    SnapshotHost,
    is_address,
    node_name,
    peer_lists,
    plain_name,
    short_name,
)
from logdiag.cluster.skew import RAS
from logdiag.conditions import Log, Reference
from logdiag.reading import Dump, MemberKey, Tables
from logdiag.records import Span
from logdiag.tables.arrays import arrow

MAX_CLUSTERS = 50
"""Clusters that are distinguished; further hosts join one of them, so that the work has an end."""


@dataclass
class _Group:
    """Hosts of one cluster, with the names and addresses that tie them together.

    ``hosts`` are the first labels of ``fqdns``, ``listed`` the entries of lists of peers, ``called`` the
    names among them, ``located`` pairs of a short name and an address of it. ``size`` is the length of the
    longest list. ``joined`` is the group that this one has become a part of.
    """

    places: set[SnapshotHost] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    fqdns: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    located: set[tuple[str, str]] = field(default_factory=set)
    clusters: set[str] = field(default_factory=set)
    edges: set[bool] = field(default_factory=set)
    size: int = 0
    joined: "_Group | None" = field(default=None, repr=False)

    def take(self, other: "_Group") -> None:
        """Merge another group into this one."""
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, set):
                small, large = sorted((mine, theirs), key=len)  # so that no name is moved often
                large.update(small)
                setattr(self, name, large)
        self.size = max(self.size, other.size)
        other.joined = self

    def whole(self) -> "_Group":
        """Return the group that this one was merged into, or this group."""
        group = self
        while group.joined is not None:
            group.joined = group.joined.joined or group.joined  # so that the way becomes short
            group = group.joined
        return group

    def contradicts(self, other: "_Group") -> bool:
        """Return whether the evidence shows that two groups are of different clusters."""
        if not (self.mentions.isdisjoint(other.fqdns) and self.fqdns.isdisjoint(other.mentions)):
            return False
        # Before the ties by address: sites behind NAT can use the same addresses.
        if self._has_namesake_in(other):
            return True
        if self.is_tied_by_address_to(other):
            return False  # a wrong cluster name, two domains, or peers of both kinds in one list
        if _differ(self.domains, other.domains):
            return True
        # A list with both kinds of peers is a mistake of the configuration, which the rules report; the
        # cluster is still one.
        of_one_list = not (self.listed.isdisjoint(other.names) or other.listed.isdisjoint(self.names))
        return _differ(self.clusters, other.clusters) or (
            _differ(self.edges, other.edges) and not of_one_list
        )

    def is_tied_by_address_to(self, other: "_Group") -> bool:
        """Return whether one group mentions an address of the other, or both list a name at one address."""
        return not (
            self.mentions.isdisjoint(other.addresses)
            and self.addresses.isdisjoint(other.mentions)
            and self.located.isdisjoint(other.located)
        )

    def _has_namesake_in(self, other: "_Group") -> bool:
        """Return whether two hosts share a short name: in two domains, or at addresses that differ."""
        if not self.fqdns.isdisjoint(other.fqdns):
            return False
        if not self.hosts.isdisjoint(other.hosts):
            return True
        shared = self.names & other.names
        if not (shared and self.located and other.located):
            return False
        mine, theirs = self._addresses_of(shared), other._addresses_of(shared)
        return any(_differ(mine[name], theirs[name]) for name in shared)

    def _addresses_of(self, names: set[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {name: set() for name in names}
        for short, address in self.located:
            if short in found:
                found[short].add(address)
        return found

    def leaves_out(self, other: "_Group") -> bool:
        """Return whether a list of this cluster's peers has no place for the hosts of another group."""
        if not self.listed or other.names <= self.listed or not other.addresses.isdisjoint(self.listed):
            return False
        # Lists of addresses do not name hosts: only a list that is full leaves somebody out.
        if self.called and other.names.isdisjoint(self.called):
            return True
        return len(self.names) >= self.size


def _differ(mine: set[Any], theirs: set[Any]) -> bool:
    return bool(mine and theirs and mine.isdisjoint(theirs))


def split(tables: Tables) -> list[Tables]:
    """Return the tables of each cluster, in the order of their first host; all of them keep the coverage."""
    groups = _joined(_groups(tables))
    if len(groups) <= 1:
        return [tables]
    number_of = {place: number for number, group in enumerate(groups) for place in group.places}
    spans: list[dict[MemberKey, list[Span]]] = [{} for _ in groups]
    for place, of_member in tables.spans.items():
        for span in of_member:
            spans[number_of[place[0], span.host]].setdefault(place, []).append(span)
    of_records, of_config, of_status = (
        _numbers(table, number_of) for table in (tables.records, tables.config, tables.status)
    )
    return [
        replace(
            tables.with_records(of_records == number),
            spans=spans[number],
            dumps=tuple(dump for dump in tables.dumps if (dump.snapshot, dump.host) in group.places),
            config=tables.config.filter(arrow(of_config == number)),
            status=tables.status.filter(arrow(of_status == number)),
        )
        for number, group in enumerate(groups)
    ]


def _numbers(table: pa.Table, number_of: dict[SnapshotHost, int]) -> npt.NDArray[np.int64]:
    """Return the number of each row's cluster; -1 if it belongs to none."""
    names = (table.column(name).cast(pa.string()) for name in ("snapshot", "host"))
    keys = pc.binary_join_element_wise(*names, "\0")
    found = pc.index_in(keys, pa.array(map("\0".join, number_of), pa.string()))
    numbers = np.array([*number_of.values(), -1], np.int64)
    chosen: npt.NDArray[np.int64] = numbers[found.fill_null(len(number_of)).to_numpy()]
    return chosen


# ── what is known of each host ──────────────────────────────────────────────────────────────


def _groups(tables: Tables) -> list[_Group]:
    log = Log(tables.records)
    groups: dict[SnapshotHost, _Group] = {}

    def group(snapshot: str, host: str) -> _Group:
        of_host = groups.setdefault((snapshot, host), _Group({(snapshot, host)}, {short_name(host)}))
        if is_address(host):
            of_host.addresses.add(plain_name(host))
        else:
            _add_fqdn(of_host, plain_name(host))
        return of_host

    for (snapshot, _), spans in tables.spans.items():
        for host in dict.fromkeys(span.host for span in spans):
            group(snapshot, host)
    nodes = select(log, NODES, "Node", Reference("Node", 2))
    for snapshot, host, names in {(one.snapshot, one.host, one.values) for one in nodes}:
        for number, name in enumerate(plain_name(node_name(node or "")) for node in names):
            # The first node of a record is the peer that reports: its node name gives its FQDN.
            if number == 0 and short_name(name) == short_name(host):
                _add_fqdn(group(snapshot, host), name)
            elif name:
                group(snapshot, host).mentions.add(name)
    for snapshot, host, listed in {(one.snapshot, one.host, one.pairs) for one in peer_lists(log)}:
        of_host = group(snapshot, host)
        _add_list(of_host, [name for _, name in listed])
        of_host.located.update((short_name(name), plain_name(address)) for address, name in listed)
        for address, name in listed:
            of_host.mentions.add(plain_name(address))
            of_host.listed.add(plain_name(address))
            if short_name(name) == short_name(host):
                of_host.addresses.add(plain_name(address))
    rows = log.rows(RAS)
    targets = log.values(Reference("Dst-ip"), rows).to_pylist()
    # Peers send gatekeeper messages to each other.
    for snapshot, host, target in set(zip(log.snapshots(rows), log.hosts(rows), targets, strict=True)):
        if target:
            group(snapshot, host).mentions.add(plain_name(target))
    for dump in tables.dumps:
        if dump.host is not None:
            _add_dump(group(dump.snapshot, dump.host), dump)
    return [groups[place] for place in sorted(groups, key=lambda place: (place[1].lower(), place[0]))]


def _add_fqdn(group: _Group, name: str) -> None:
    if "." in name and not is_address(name):
        group.fqdns.add(name)
        group.hosts.add(name.partition(".")[0])
        group.domains.add(name.partition(".")[2])


def _add_list(group: _Group, entries: Iterable[str]) -> None:
    names = [plain_name(entry) for entry in entries]
    group.size = max(group.size, len(names))
    group.mentions.update(names)
    group.listed.update(short_name(name) for name in names)
    group.called.update(short_name(name) for name in names if not is_address(name))


def _add_dump(group: _Group, dump: Dump) -> None:
    facts = dump.facts
    group.addresses.update(map(plain_name, facts.own_addresses))
    group.located.update((name, address) for name in group.names for address in group.addresses)
    if facts.fqdn is not None:
        _add_fqdn(group, plain_name(facts.fqdn))
    _add_list(group, facts.listed)
    if facts.cluster_name:
        group.clusters.add(plain_name(facts.cluster_name))
    if facts.is_edge is not None:
        group.edges.add(facts.is_edge)


# ── what belongs together ───────────────────────────────────────────────────────────────────


def _joined(groups: list[_Group]) -> list[_Group]:
    """Return the groups after merging those with ties, and then those without a contradiction."""
    by_key: dict[str, list[_Group]] = {}
    for group in groups:
        keys = sorted(_keys(group))
        found = _whole(other for key in keys for other in by_key.get(key, ()))
        joinable = [other for other in found if not other.contradicts(group)]
        tied = (other for other in joinable if other.is_tied_by_address_to(group))
        # An address is a stronger tie than a name: short names repeat between sites.
        home = next(tied, joinable[0] if joinable else group)
        # The comparison with all groups of a key would take quadratic time for a log with many invented
        # hosts.
        if home is group and len(found) >= MAX_CLUSTERS:
            home = found[0]
        for other in found:
            # Two groups that had nothing in common before this one came.
            if home is not group and other is not home and not other.contradicts(home):
                home.take(other)
        if home is not group:
            home.take(group)
        for key in keys:
            by_key[key] = _whole([*by_key.get(key, ()), home])
    loose: list[_Group] = []
    for group in _whole(groups):
        for other in loose:
            apart = group.contradicts(other) or other.leaves_out(group) or group.leaves_out(other)
            if not apart or len(loose) >= MAX_CLUSTERS:
                other.take(group)
                break
        else:
            loose.append(group)
    return loose


def _whole(groups: Iterable[_Group]) -> list[_Group]:
    """Return the groups that remain after merging, each once."""
    return list({id(whole): whole for group in groups for whole in [group.whole()]}.values())


def _keys(group: _Group) -> set[str]:
    """Return the keys that tie groups together: names and addresses that both have or mention."""
    names = group.names | {short_name(mention) for mention in group.mentions} | group.listed
    return names | group.addresses | {f"cluster {name}" for name in group.clusters}
