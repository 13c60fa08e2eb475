"""The cluster, worked out from the content of records and dumps: its peers, their names and roles."""

from logdiag.cluster.find import Cluster, with_alarms
from logdiag.cluster.several import find_clusters
from logdiag.cluster.watched import BETWEEN_MEMBERS, WITHIN_A_MEMBER

__all__ = [
    "BETWEEN_MEMBERS",
    "WITHIN_A_MEMBER",
    "Cluster",
    "find_clusters",
    "with_alarms",
]
