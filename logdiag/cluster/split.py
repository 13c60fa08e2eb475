"""Which snapshots belong together: the inputs may hold several clusters.

Peers that name each other, that are in one list of peers or share a cluster name are of one cluster.
Addresses tie more than names: peers of one list may be in different domains, and one short name at two
addresses, or in two domains, is that of two hosts.
What nothing ties together is still taken for one cluster, as an engineer who gives two logs means
it, unless something speaks against it: a list of peers that leaves the other out, another cluster
name, another domain, or Expressway-C here and Expressway-E there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.cluster.names import NODES, is_address, node_name, peer_lists, plain_name, short_name
from logdiag.cluster.skew import RAS
from logdiag.conditions import Log, Reference
from logdiag.reading import Dump, Place, Tables
from logdiag.records import Span

MOST = 50
"""Clusters that are told apart; what is beyond that is taken as one, so that the work has an end."""

_Place = tuple[str, str]  # snapshot and host


@dataclass
class _Group:
    """Hosts that belong together, and what is known of them.

    ``hosts`` are the first labels of ``fqdns``, ``listed`` the entries of lists of peers, ``called`` those of
    them that are no addresses.
    ``located`` are short names with an address that each has.
    ``joined`` is the group that this one has become a part of.
    """

    places: set[_Place] = field(default_factory=set)
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
        """Become both; the other is a part of this one from now on."""
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, set):
                small, large = sorted((mine, theirs), key=len)  # so that no name is moved often
                large.update(small)
                setattr(self, name, large)
        self.size = max(self.size, other.size)
        other.joined = self

    def whole(self) -> "_Group":
        """The group that this one is a part of, or itself."""
        found, way = self, []
        while found.joined is not None:
            way.append(found)
            found = found.joined
        for one in way:  # so that the way is short from now on
            one.joined = found
        return found

    def contradicts(self, other: "_Group") -> bool:
        """Whether something known speaks against being of one cluster."""
        if not (self.mentions.isdisjoint(other.fqdns) and self.fqdns.isdisjoint(other.mentions)):
            return False
        if self._has_namesake_in(other):
            return True
        if self.is_tied_by_address_to(other):
            return False  # a wrong cluster name, two domains, or peers of both kinds in one list
        if _differ(self.domains, other.domains):
            return True
        of_one_list = not (self.listed.isdisjoint(other.names) or other.listed.isdisjoint(self.names))
        return _differ(self.clusters, other.clusters) or (
            _differ(self.edges, other.edges) and not of_one_list
        )

    def is_tied_by_address_to(self, other: "_Group") -> bool:
        """Whether one lists or mentions an address of the other, or both list one name at one address."""
        return not (
            self.mentions.isdisjoint(other.addresses)
            and self.addresses.isdisjoint(other.mentions)
            and self.located.isdisjoint(other.located)
        )

    def _has_namesake_in(self, other: "_Group") -> bool:
        """Whether a short name is that of two hosts: in two domains, or at addresses that differ."""
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
        """Whether a list of this cluster's peers has no place for the hosts of another group."""
        if not self.listed or other.names <= self.listed or not other.addresses.isdisjoint(self.listed):
            return False
        # Lists of addresses do not name hosts: only a list that is full leaves somebody out.
        if self.called and other.names.isdisjoint(self.called):
            return True
        return len(self.names) >= self.size


def _differ(mine: set[Any], theirs: set[Any]) -> bool:
    return bool(mine and theirs and mine.isdisjoint(theirs))


def split(tables: Tables) -> list[Tables]:
    """The tables of each cluster, in the order of their first host; the ledger stays with all of them."""
    groups = _joined(_groups(tables))
    if len(groups) <= 1:
        return [tables]
    number_of = {place: number for number, group in enumerate(groups) for place in group.places}
    spans: list[dict[Place, list[Span]]] = [{} for _ in groups]
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
            config=tables.config.filter(pa.array(of_config == number)),
            status=tables.status.filter(pa.array(of_status == number)),
        )
        for number, group in enumerate(groups)
    ]


def _numbers(table: pa.Table, number_of: dict[_Place, int]) -> npt.NDArray[np.int64]:
    """The number of each row's cluster; -1 where it is of none."""
    columns = [_dictionary(table.column(name)) for name in ("snapshot", "host")]
    names = [column.dictionary.to_pylist() for column in columns]
    snapshots, hosts = (column.indices.fill_null(-1).to_numpy().astype(np.int64) for column in columns)
    # Few of all pairs of a snapshot and a host are there: each is looked up once.
    pairs, which = np.unique(snapshots * (len(names[1]) + 1) + hosts + 1, return_inverse=True)
    known = [divmod(int(pair), len(names[1]) + 1) for pair in pairs]
    numbers = [number_of.get((names[0][s], names[1][h - 1]), -1) if h else -1 for s, h in known]
    found: npt.NDArray[np.int64] = np.array(numbers, dtype=np.int64)[which]
    return found


def _dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks()


# ── what is known of each host ──────────────────────────────────────────────────────────────


def _groups(tables: Tables) -> list[_Group]:
    """A group for each host of each snapshot."""
    log = Log(tables.records)
    groups: dict[_Place, _Group] = {}

    def group(snapshot: str, host: str) -> _Group:
        made = groups.setdefault((snapshot, host), _Group({(snapshot, host)}, {short_name(host)}))
        if is_address(host):
            made.addresses.add(plain_name(host))
        else:
            _add_fqdn(made, plain_name(host))
        return made

    for (snapshot, _), spans in tables.spans.items():
        for span in spans:
            group(snapshot, span.host)
    for snapshot, host, number, node in _nodes(log):
        name = plain_name(node_name(node))
        if number == 1 and short_name(name) == short_name(host):
            _add_fqdn(group(snapshot, host), name)
        else:
            group(snapshot, host).mentions.add(name)
    for snapshot, host, listed in {(one.snapshot, one.host, one.pairs) for one in peer_lists(log)}:
        of_host = group(snapshot, host)
        _add_list(of_host, [name for _, name in listed], len(listed))
        of_host.located.update((short_name(name), plain_name(address)) for address, name in listed)
        for address, name in listed:
            of_host.mentions.add(plain_name(address))
            of_host.listed.add(plain_name(address))
            if short_name(name) == short_name(host):
                of_host.addresses.add(plain_name(address))
    for snapshot, host, address in _gatekeepers(log):
        group(snapshot, host).mentions.add(plain_name(address))
    for dump in tables.dumps:
        if dump.host is not None:
            _add_dump(group(dump.snapshot, dump.host), dump)
    return [groups[place] for place in sorted(groups, key=lambda place: (place[1].lower(), place[0]))]


def _nodes(log: Log) -> Iterator[tuple[str, str, int, str]]:
    rows = log.rows(NODES)
    places = list(zip(log.snapshots(rows), log.hosts(rows), strict=True))
    for number in (1, 2):
        values = log.values(Reference("Node", number), rows).to_pylist()
        for (snapshot, host), value in set(zip(places, values, strict=True)):
            if value:
                yield snapshot, host, number, value


def _gatekeepers(log: Log) -> set[tuple[str, str, str]]:
    """Snapshot, host, and an address that the host sends gatekeeper messages to: peers do so."""
    rows = log.rows(RAS)
    values = log.values(Reference("Dst-ip"), rows).to_pylist()
    return {one for one in zip(log.snapshots(rows), log.hosts(rows), values, strict=True) if one[2]}


def _add_fqdn(group: _Group, name: str) -> None:
    if "." in name and not is_address(name):
        group.fqdns.add(name)
        group.hosts.add(name.partition(".")[0])
        group.domains.add(name.partition(".")[2])


def _add_list(group: _Group, entries: Iterable[str], size: int) -> None:
    names = [plain_name(entry) for entry in entries if entry]
    group.size = max(group.size, size)
    group.mentions.update(names)
    group.listed.update(short_name(name) for name in names)
    group.called.update(short_name(name) for name in names if not is_address(name))


def _add_dump(group: _Group, dump: Dump) -> None:
    facts = dump.facts
    group.addresses.update(
        plain_name(address) for address in (*facts.addresses, *facts.nat_addresses.values())
    )
    group.located.update((name, address) for name in group.names for address in group.addresses)
    if facts.fqdn is not None:
        _add_fqdn(group, plain_name(facts.fqdn))
    if facts.peer_list:
        entries = [entry for entry in facts.peer_list if entry]
        _add_list(group, entries, len(entries))
    if facts.cluster_name:
        group.clusters.add(plain_name(facts.cluster_name))
    if facts.is_edge is not None:
        group.edges.add(facts.is_edge)


# ── what belongs together ───────────────────────────────────────────────────────────────────


def _joined(groups: list[_Group]) -> list[_Group]:
    """Groups that something ties together, then those that nothing keeps apart."""
    by_key: dict[str, list[_Group]] = {}
    for group in groups:
        keys = sorted(_keys(group))
        found = _whole(other for key in keys for other in by_key.get(key, ()))
        joinable = [other for other in found if not other.contradicts(group)]
        tied = (other for other in joinable if other.is_tied_by_address_to(group))
        home = next(tied, joinable[0] if joinable else group)
        if home is group and len(found) >= MOST:
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
            if not apart or len(loose) >= MOST:
                other.take(group)
                break
        else:
            loose.append(group)
    return loose


def _whole(groups: Iterable[_Group]) -> list[_Group]:
    """What groups are parts of, each once."""
    return list({id(whole): whole for group in groups for whole in [group.whole()]}.values())


def _keys(group: _Group) -> set[str]:
    """What ties groups together: a name or an address of one that the other goes by or mentions."""
    names = group.names | {short_name(mention) for mention in group.mentions} | group.listed
    return names | group.addresses | {f"cluster {name}" for name in group.clusters}
