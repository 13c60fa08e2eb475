"""Finds the clusters in the inputs, their peers, and the facts about each peer.

How hosts become peers (`find_clusters`):

1. `find_all`: two peers of one list that share a host name go by their addresses from then on.
2. `split`: hosts that list or mention each other, by address or name, are one cluster; each cluster gets its
   own part of the tables.
3. `find` and `drafts`: in each cluster all names and addresses of one peer become one `Peer`. Nodes of the
   cluster database that are in no list are strangers.
4. `find_all`: peers of several clusters that share a name get different ones.

The facts about a peer: the time that its logs cover (`observed`), its facts (`find_facts`), its alarms and
changes, and how far its clock differs (`skew`).
"""

from logdiag.cluster import find, names, observed, skew
from logdiag.cluster.cluster import Cluster
from logdiag.cluster.find_all import find_clusters
from logdiag.cluster.names import NODES
from logdiag.cluster.observed import BETWEEN_MEMBERS

ASKED = (*names.ASKED, *find.ASKED, *skew.ASKED, *observed.ASKED)
"""Conditions of the records that clusters are found from, in addition to `NODES`."""

__all__ = [
    "ASKED",
    "BETWEEN_MEMBERS",
    "NODES",
    "Cluster",
    "find_clusters",
]
