"""The clusters that the inputs hold: mostly one."""

from collections import Counter
from dataclasses import replace

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.find import find_cluster
from logdiag.cluster.names import plain_name
from logdiag.cluster.namesakes import separate_namesakes
from logdiag.cluster.split import split
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.reading import Tables


def find_clusters(tables: Tables) -> list[tuple[Cluster, Tables]]:
    """Each cluster with its own records and dumps; no two peers of all of them have the same name."""
    parts = split(separate_namesakes(tables))
    if len(parts) == 1:
        return [(find_cluster(parts[0]), parts[0])]
    numbering = Numbering(" #")
    labels = [numbering.name(_label(part)) for part in parts]
    clusters = [find_cluster(part, label) for part, label in zip(parts, labels, strict=True)]
    known = Counter(peer.name.lower() for cluster in clusters for peer in cluster.peers)
    numbering = Numbering(fold=True)
    for name in [name for name, count in known.items() if count == 1]:
        numbering.name(name)
    apart = [_renamed(cluster, known, numbering) for cluster in clusters]
    return list(zip(apart, parts, strict=True))


def _label(part: Tables) -> str:
    """What a cluster is called: its configured name, else by its first host."""
    names = sorted({dump.facts.cluster_name for dump in part.dumps if dump.facts.cluster_name})
    if names:
        return names[0]
    logging = {span.host for spans in part.spans.values() for span in spans}
    hosts = sorted({*logging, *(str(dump.host) for dump in part.dumps)})
    return gettext("the cluster of {host}").format(host=hosts[0])


def _renamed(cluster: Cluster, known: Counter[str], numbering: Numbering) -> Cluster:
    """The cluster, its peers under their FQDN, or numbered, where another cluster has the same names."""
    names: dict[str, str] = {}
    for peer in cluster.peers:
        if known[peer.name.lower()] == 1:
            continue
        names[peer.name] = numbering.name(peer.fqdn or peer.name)
    if not names:
        return cluster
    return replace(
        cluster,
        peers=tuple(replace(peer, name=names.get(peer.name, peer.name)) for peer in cluster.peers),
        observed={names.get(peer, peer): observed for peer, observed in cluster.observed.items()},
        dumps={names.get(peer, peer): dumps for peer, dumps in cluster.dumps.items()},
        aliases={plain_name(old): new for old, new in names.items()},
        skews={(names.get(a, a), names.get(b, b)): s for (a, b), s in cluster.skews.items()},
    )
