"""The clusters that the inputs hold: mostly one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from logdiag.cluster.find import Cluster, find_cluster
from logdiag.cluster.names import plain_name
from logdiag.cluster.split import split
from logdiag.reading import Tables


def find_clusters(tables: Tables) -> list[tuple[Cluster, Tables]]:
    """Each cluster with its own records and dumps; no two peers of all of them have the same name."""
    parts = split(tables)
    if len(parts) == 1:
        return [(find_cluster(parts[0]), parts[0])]
    labels = _unique([_label(part) for part in parts])
    clusters = [find_cluster(part, label) for part, label in zip(parts, labels, strict=True)]
    known = Counter(peer.name.lower() for cluster in clusters for peer in cluster.peers)
    taken: Counter[str] = Counter()
    apart = [_renamed(cluster, known, taken) for cluster in clusters]
    return list(zip(apart, parts, strict=True))


def _label(part: Tables) -> str:
    """What a cluster is called: its configured name, else by its first host."""
    names = sorted({dump.facts.cluster_name for dump in part.dumps if dump.facts.cluster_name})
    if names:
        return names[0]
    hosts = sorted({*part.records.column("host").unique().to_pylist(), *(str(d.host) for d in part.dumps)})
    return f"the cluster of {hosts[0]}"


def _unique(labels: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    unique = []
    for label in labels:
        seen[label] += 1
        unique.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
    return unique


def _renamed(cluster: Cluster, known: Counter[str], taken: Counter[str]) -> Cluster:
    """The cluster, its peers under their FQDN, or numbered, where another cluster has the same names."""
    names: dict[str, str] = {}
    for peer in cluster.peers:
        if known[peer.name.lower()] == 1:
            continue
        name = peer.fqdn or peer.name
        taken[name.lower()] += 1
        names[peer.name] = name if taken[name.lower()] == 1 else f"{name}#{taken[name.lower()]}"
    if not names:
        return cluster
    return replace(
        cluster,
        peers=tuple(replace(peer, name=names.get(peer.name, peer.name)) for peer in cluster.peers),
        seen={names.get(peer, peer): seen for peer, seen in cluster.seen.items()},
        dumps={names.get(peer, peer): dumps for peer, dumps in cluster.dumps.items()},
        aliases={plain_name(old): new for old, new in names.items()},
        skews={(names.get(a, a), names.get(b, b)): s for (a, b), s in cluster.skews.items()},
    )
