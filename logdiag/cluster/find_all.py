"""Finds all clusters in the inputs, usually one, and gives every peer and every cluster a unique name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.find import find_cluster
from logdiag.cluster.names import SnapshotHost, is_address, peer_lists, plain_name
from logdiag.cluster.split import split
from logdiag.conditions import Log
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.reading import Tables


def find_clusters(tables: Tables) -> list[tuple[Cluster, Tables]]:
    """Return each cluster with its own records and dumps; every peer has a unique name."""
    parts = split(_separate_namesakes(tables))
    if len(parts) == 1:
        return [(find_cluster(parts[0]), parts[0])]
    numbering = Numbering(" #")
    labels = [numbering.name(_label(part)) for part in parts]
    clusters = [find_cluster(part, label) for part, label in zip(parts, labels, strict=True)]
    known = Counter(peer.name.lower() for cluster in clusters for peer in cluster.peers)
    numbering = Numbering(fold=True)
    # Unique names are reserved first, so that numbered names never collide with them.
    for name in [name for name, count in known.items() if count == 1]:
        numbering.name(name)
    apart = [_renamed(cluster, known, numbering) for cluster in clusters]
    return list(zip(apart, parts, strict=True))


def _label(part: Tables) -> str:
    """Return a cluster's label: its configured name, otherwise a label from its first host."""
    names = sorted({dump.facts.cluster_name for dump in part.dumps if dump.facts.cluster_name})
    if names:
        return names[0]
    logging = {span.host for spans in part.spans.values() for span in spans}
    hosts = sorted({*logging, *(str(dump.host) for dump in part.dumps)})
    return gettext("the cluster of {host}").format(host=hosts[0])


def _renamed(cluster: Cluster, known: Counter[str], numbering: Numbering) -> Cluster:
    """Return the cluster with FQDNs or numbered names for peers whose names another cluster has."""
    shared = [peer for peer in cluster.peers if known[peer.name.lower()] > 1]
    names = {peer.name: numbering.name(peer.fqdn or peer.name) for peer in shared}
    if not names:
        return cluster
    return replace(
        cluster,
        peers=tuple(replace(peer, name=names.get(peer.name, peer.name)) for peer in cluster.peers),
        observed={names.get(peer, peer): observed for peer, observed in cluster.observed.items()},
        dumps={names.get(peer, peer): dumps for peer, dumps in cluster.dumps.items()},
        claims=tuple(
            claim._replace(
                peer=names.get(claim.peer, claim.peer), primary=names.get(claim.primary or "", claim.primary)
            )
            for claim in cluster.claims
        ),
        aliases={plain_name(old): new for old, new in names.items()},
        skews={(names.get(a, a), names.get(b, b)): s for (a, b), s in cluster.skews.items()},
        jumps=tuple(jump._replace(peer=names.get(jump.peer, jump.peer)) for jump in cluster.jumps),
    )


# ── peers of one cluster that share a host name ─────────────────────────────────────────────


def _separate_namesakes(tables: Tables) -> Tables:
    """Return the tables with the address instead of the host if two peers of one list share a host name."""
    addresses = _namesakes(tables)
    if not addresses:
        return tables
    return replace(
        tables,
        records=_with_hosts(tables.records, addresses),
        config=_with_hosts(tables.config, addresses),
        status=_with_hosts(tables.status, addresses),
        dumps=tuple(
            replace(dump, host=addresses.get((dump.snapshot, dump.host or ""), dump.host))
            for dump in tables.dumps
        ),
        spans={
            place: tuple(
                span._replace(host=addresses.get((place[0], span.host), span.host)) for span in of_member
            )
            for place, of_member in tables.spans.items()
        },
    )


def _namesakes(tables: Tables) -> dict[SnapshotHost, str]:
    """Return the address of each host that shares its name with another host of the same list of peers."""
    own: dict[SnapshotHost, str] = {}
    lists: set[frozenset[str]] = set()
    for dump in tables.dumps:
        entries = frozenset(map(plain_name, dump.facts.listed))
        addresses = [plain_name(address) for address in dump.facts.addresses]
        listed = [address for address in addresses if address in entries]
        if dump.host is not None and listed:
            lists.add(entries)
            own[dump.snapshot, dump.host] = listed[0]
    for said in peer_lists(Log(tables.records)):
        lists.add(frozenset(plain_name(address) for address, _ in said.pairs))
        if said.own is not None:
            own[said.snapshot, said.host] = plain_name(said.own)
    by_name: dict[str, dict[SnapshotHost, str]] = {}
    for (snapshot, host), address in own.items():
        if not is_address(host):
            by_name.setdefault(host.lower(), {})[snapshot, host] = address
    return {
        place: address
        for places in by_name.values()
        for place, address in places.items()
        if any(address in entries and len(entries & set(places.values())) > 1 for entries in lists)
    }


def _with_hosts(table: pa.Table, addresses: Mapping[SnapshotHost, str]) -> pa.Table:
    pairs = zip(*(table.column(name).to_pylist() for name in ("snapshot", "host")), strict=True)
    hosts = [addresses.get((snapshot, host), host) for snapshot, host in pairs]
    field = table.schema.field("host")
    return table.set_column(table.column_names.index("host"), field, pa.array(hosts, field.type))
