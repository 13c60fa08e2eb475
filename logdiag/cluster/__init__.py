"""The cluster, worked out from the content of records and dumps: its peers, their names and roles."""

from logdiag.cluster import find, names, skew, watched
from logdiag.cluster.find import Cluster, with_alarms
from logdiag.cluster.names import NODES
from logdiag.cluster.several import find_clusters
from logdiag.cluster.watched import BETWEEN_MEMBERS

ASKED = (*names.ASKED, *find.ASKED, *skew.ASKED, *watched.ASKED)
"""The records that a cluster is worked out from, besides `NODES`."""

__all__ = [
    "ASKED",
    "BETWEEN_MEMBERS",
    "NODES",
    "Cluster",
    "find_clusters",
    "with_alarms",
]
