"""The cluster, worked out from the content of records and dumps: its peers, their names and roles."""

from logdiag.cluster import find, names, observed, skew
from logdiag.cluster.cluster import Cluster
from logdiag.cluster.find_all import find_clusters
from logdiag.cluster.names import NODES
from logdiag.cluster.observed import BETWEEN_MEMBERS

ASKED = (*names.ASKED, *find.ASKED, *skew.ASKED, *observed.ASKED)
"""The records that a cluster is worked out from, besides `NODES`."""

__all__ = [
    "ASKED",
    "BETWEEN_MEMBERS",
    "NODES",
    "Cluster",
    "find_clusters",
]
