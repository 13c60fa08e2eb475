"""Which snapshots belong together: the inputs may hold several clusters.

Peers that name each other, that are in one list of peers or share a cluster name are of one cluster.
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

from logdiag.cluster.names import is_address, node_name, peer_lists, plain_name, short_name
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.reading import Dump, Tables

MOST = 50
"""Clusters that are told apart; what is beyond that is taken as one, so that the work has an end."""

_Place = tuple[str, str]  # snapshot and host


@dataclass
class _Group:
    """Hosts that belong together, and what is known of them."""

    places: set[_Place] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    fqdns: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    size: int = 0
    clusters: set[str] = field(default_factory=set)
    edges: set[bool] = field(default_factory=set)

    def take(self, other: "_Group") -> None:
        """Become both."""
        for name in self.__dataclass_fields__:
            if name == "size":
                self.size = max(self.size, other.size)
            else:
                getattr(self, name).update(getattr(other, name))

    def contradicts(self, other: "_Group") -> bool:
        """Whether something known speaks against being of one cluster."""
        if self.mentions & other.fqdns or self.fqdns & other.mentions:
            return False
        domains = ({_domain(name) for name in self.fqdns}, {_domain(name) for name in other.fqdns})
        if _differ(*domains):
            return True
        if self.mentions & other.addresses or self.addresses & other.mentions:
            return False  # a wrong cluster name, or peers of both kinds in one list: a cluster all the same
        of_one_list = self.listed & other.names and other.listed & self.names
        return _differ(self.clusters, other.clusters) or (
            _differ(self.edges, other.edges) and not of_one_list
        )

    def leaves_out(self, other: "_Group") -> bool:
        """Whether a list of this cluster's peers has no place for the hosts of another group."""
        if not self.listed or other.names <= self.listed or other.addresses & self.listed:
            return False
        # Lists of addresses do not name hosts: only a list that is full leaves somebody out.
        names = {entry for entry in self.listed if not is_address(entry)}
        if names and not other.names & names:
            return True
        return len(self.names) >= self.size


def _differ(mine: set[Any], theirs: set[Any]) -> bool:
    return bool(mine and theirs and not mine & theirs)


def split(tables: Tables) -> list[Tables]:
    """The tables of each cluster, in the order of their first host; the ledger stays with all of them."""
    groups = _joined(_groups(tables))
    if len(groups) <= 1:
        return [tables]
    number_of = {place: number for number, group in enumerate(groups) for place in group.places}
    numbers = _numbers(tables.records, number_of)
    return [_part(tables, pa.array(numbers == number), group) for number, group in enumerate(groups)]


def _part(tables: Tables, kept: pa.Array, group: _Group) -> Tables:
    return replace(
        tables,
        records=tables.records.filter(kept),
        texts=tables.texts.filter(kept) if tables.texts is not None else None,
        dumps=tuple(dump for dump in tables.dumps if (dump.snapshot, dump.host) in group.places),
        config=_of(tables.config, group.places),
        status=_of(tables.status, group.places),
    )


def _of(settings: pa.Table, places: set[_Place]) -> pa.Table:
    found = zip(settings.column("snapshot").to_pylist(), settings.column("host").to_pylist(), strict=True)
    return settings.filter(pa.array([place in places for place in found], pa.bool_()))


def _numbers(records: pa.Table, number_of: dict[_Place, int]) -> npt.NDArray[np.int64]:
    """The number of each record's cluster."""
    columns = [records.column(name).unify_dictionaries().combine_chunks() for name in ("snapshot", "host")]
    snapshots, hosts = (column.dictionary.to_pylist() for column in columns)
    table = np.full((len(snapshots), len(hosts)), -1, dtype=np.int64)
    known = {name: index for index, name in enumerate(snapshots)}
    rows = {name: index for index, name in enumerate(hosts)}
    for (snapshot, host), number in number_of.items():
        if snapshot in known and host in rows:
            table[known[snapshot], rows[host]] = number
    numbers: npt.NDArray[np.int64] = table[columns[0].indices.to_numpy(), columns[1].indices.to_numpy()]
    return numbers


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

    pairs = tables.records.select(["snapshot", "host"]).group_by(["snapshot", "host"]).aggregate([])
    for row in pairs.to_pylist():
        group(row["snapshot"], row["host"])
    for snapshot, host, number, node in _nodes(log):
        name = plain_name(node_name(node))
        if number == 1 and short_name(name) == short_name(host):
            _add_fqdn(group(snapshot, host), name)
        else:
            group(snapshot, host).mentions.add(name)
    for snapshot, host, listed in {(one.snapshot, one.host, one.pairs) for one in peer_lists(log)}:
        of_host = group(snapshot, host)
        _add_list(of_host, [name for _, name in listed], len(listed))
        for address, name in listed:
            of_host.mentions.add(plain_name(address))
            of_host.listed.add(plain_name(address))
            if short_name(name) == short_name(host):
                of_host.addresses.add(plain_name(address))
    for dump in tables.dumps:
        if dump.host is not None:
            _add_dump(group(dump.snapshot, dump.host), dump)
    return [groups[place] for place in sorted(groups, key=lambda place: (place[1].lower(), place[0]))]


def _nodes(log: Log) -> Iterator[tuple[str, str, int, str]]:
    rows = log.rows(compile_condition({"Node|exists": True}))
    places = list(zip(log.snapshots(rows), log.hosts(rows), strict=True))
    for number in (1, 2):
        values = log.values(Reference("Node", number), rows).to_pylist()
        for (snapshot, host), value in set(zip(places, values, strict=True)):
            if value:
                yield snapshot, host, number, value


def _domain(fqdn: str) -> str:
    return fqdn.partition(".")[2]


def _add_fqdn(group: _Group, name: str) -> None:
    if "." in name and not is_address(name):
        group.fqdns.add(name)


def _add_list(group: _Group, entries: Iterable[str], size: int) -> None:
    names = [plain_name(entry) for entry in entries if entry]
    group.size = max(group.size, size)
    group.mentions.update(names)
    group.listed.update(short_name(name) for name in names)


def _add_dump(group: _Group, dump: Dump) -> None:
    facts = dump.facts
    group.addresses.update(
        plain_name(address) for address in (*facts.addresses, *facts.nat_addresses.values())
    )
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
    tied: list[_Group] = []
    by_key: dict[str, list[_Group]] = {}
    for group in groups:
        keys = _keys(group)
        found = [other for key in sorted(keys) for other in by_key.get(key, ())]
        home = next((other for other in found if not other.contradicts(group)), None)
        if home is None:
            home = group
            tied.append(home)
        else:
            for other in found:
                # Two groups that had nothing in common before this one came.
                if other is not home and other in tied and not other.contradicts(home):
                    home.take(other)
                    tied = [one for one in tied if one is not other]
                    by_key = {k: _unique(home if o is other else o for o in v) for k, v in by_key.items()}
            home.take(group)
        for key in _keys(home):
            if not any(home is other for other in by_key.setdefault(key, [])):
                by_key[key].append(home)
    loose: list[_Group] = []
    for group in tied:
        for other in loose:
            apart = group.contradicts(other) or other.leaves_out(group) or group.leaves_out(other)
            if not apart or len(loose) >= MOST:
                other.take(group)
                break
        else:
            loose.append(group)
    return loose


def _unique(groups: Iterable[_Group]) -> list[_Group]:
    return list({id(group): group for group in groups}.values())


def _keys(group: _Group) -> set[str]:
    """What ties groups together: a name or an address of one that the other goes by or mentions."""
    names = group.names | {short_name(mention) for mention in group.mentions} | group.listed
    return names | group.addresses | {f"cluster {name}" for name in group.clusters}
