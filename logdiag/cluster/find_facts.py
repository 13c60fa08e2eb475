"""All facts of the peers of one cluster: of dumps, of records, and of what both show together."""

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_facts import of_dumps
from logdiag.cluster.dump_rows import DumpRows
from logdiag.cluster.edited_settings import of_edits
from logdiag.cluster.facts import EPOCH, FACTS, Fact, Facts
from logdiag.cluster.membership import domains, of_membership
from logdiag.cluster.record_facts import (
    of_records,
    started_together,
    without_arrival,
    without_cycle,
    without_primary,
)
from logdiag.conditions import Log


def find_facts(rows: DumpRows, log: Log, cluster: Cluster) -> Facts:
    """Return everything that is known of the peers of one cluster.

    Of several sources of one fact the last one here counts: records are newer than dumps.
    """
    found: Facts = {name: {} for name in FACTS}
    found["tls_mode"] = dict(without_arrival(log, cluster))
    found["domain"] = dict(domains(log, cluster))
    for name, peer, fact in of_dumps(rows, cluster):
        found[name][peer] = fact
    for name, peer, fact in of_records(log, cluster):
        found[name][peer] = fact
    together = started_together(log, cluster)
    nothing = {peer.name: Fact((), peer.seen_from or EPOCH) for peer in cluster.peers}
    everyone = together.keys() == cluster.names
    found["all_started"] = nothing | (together if everyone else {})
    found["started_together"] = nothing | ({} if everyone else together)
    found["without_cycle"] = dict(without_cycle(log, cluster))
    found["no_primary"] = dict(without_primary(log, cluster))
    found["edited_settings"] = dict(of_edits(log, cluster, found))
    measured = {name for pair in cluster.skews for name in pair}
    found["clock_skew"] = {
        peer.name: Fact((f"{peer.clock_skew:.3f}",), peer.seen_from or EPOCH)
        for peer in cluster.peers
        if peer.clock_skew is not None and peer.name in measured
    }
    # Who is a member follows from the facts of all peers.
    return found | of_membership(found, log, cluster)
