"""All facts of the peers of one cluster: of dumps, of records, and of what both show together."""

from logdiag.cluster import Cluster
from logdiag.cluster.dump_facts import Dumped, of_dumps, shared_addresses
from logdiag.cluster.facts import FACTS, Fact, Facts
from logdiag.cluster.record_facts import (
    of_edits,
    of_records,
    started_together,
    without_arrival,
    without_cycle,
    without_primary,
)
from logdiag.conditions import Log
from logdiag.reading import Tables
from logdiag.records import instant

_EPOCH = instant(0)


def find_facts(tables: Tables, log: Log, cluster: Cluster) -> Facts:
    """Everything that is known of the peers of one cluster."""
    found: Facts = {name: {} for name in FACTS}
    evidence = Dumped(tables, cluster)
    for peer, dumps in cluster.dumps.items():
        for name, fact in of_dumps(peer, dumps, evidence, cluster):
            found[name].setdefault(peer, fact)
    found["shared_address"] = dict(shared_addresses(cluster, evidence))
    for name, peer, fact in of_records(log, cluster):
        found[name][peer] = fact
    found["tls_mode"] = {**without_arrival(log, cluster), **found["tls_mode"]}
    together = dict(started_together(log, cluster))
    everyone = together.keys() == cluster.names
    for name, of in (("all_started", everyone), ("started_together", not everyone)):
        none = {peer.name: Fact((), peer.seen_from or _EPOCH) for peer in cluster.peers}
        found[name] = none | (together if of else {})
    found["without_cycle"] = dict(without_cycle(log, cluster))
    found["no_primary"] = dict(without_primary(log, cluster))
    found["edited_settings"] = dict(of_edits(log, cluster, found))
    measured = {name for pair in cluster.skews for name in pair}
    for peer_ in cluster.peers:
        if peer_.clock_skew is not None and peer_.name in measured:
            skew = f"{peer_.clock_skew:.3f}"
            found["clock_skew"][peer_.name] = Fact((skew,), peer_.seen_from or _EPOCH)
    return found
