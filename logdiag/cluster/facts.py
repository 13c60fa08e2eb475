"""The facts about each peer's configuration, with their evidence.

Audits compare facts across peers. Most are values of dumps, which are older than the log of the same
snapshot; others are shown by records, such as the list of peers that a replication cycle logs. To add a fact,
describe it in `FACTS` and find it in `logdiag.cluster.dump_facts`, `record_facts` or `membership`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.log_rows import evidence_of
from logdiag.conditions import Log
from logdiag.i18n import N_
from logdiag.model import Evidence, State
from logdiag.records import instant


@dataclass(frozen=True)
class Fact:
    """One fact about one peer: its values in their order, its time, and its evidence.

    A fact without values was looked for and not found. The ``time`` of a value that a dump has, which is not
    ``dated``, only puts it among the records; ``as_of`` is when the dump was made, if that is known. A fact
    that has ended has the ``state`` closed and ended at ``until``; without a state it still holds.
    """

    values: tuple[str, ...]
    time: datetime
    evidence: tuple[Evidence, ...] = ()
    dated: bool = True
    as_of: datetime | None = None
    state: State | None = None
    until: datetime | None = None
    since: datetime | None = None
    """The time of the first of some records in a row with the same values; ``time`` is that of the last."""
    episodes: tuple["Fact", ...] = ()
    """What was so several times, one fact for each time: an audit of each peer has an answer for each."""

    @property
    def began(self) -> datetime:
        """When the values were seen first."""
        return self.time if self.since is None else min(self.since, self.time)


Facts = dict[str, dict[str, Fact]]
"""Facts by name, then by peer; a peer whose fact is not known is not in it."""

EPOCH = instant(0)
"""The time of a fact without a known time."""

FACTS: dict[str, str] = {
    "log": N_("the first and the last time of its logs"),
    "kind": N_("Expressway-C or Expressway-E, from dumps"),
    "image": N_("Expressway or Expressway Select, from the product in dumps"),
    "version": N_("the software version"),
    "hardware": N_("the platform, such as 'VMware, medium'"),
    "option_keys": N_(
        "the descriptions of the option keys, or the keys themselves if a dump has no descriptions"
    ),
    "h323_mode": N_("On or Off"),
    "ip_protocol": N_("the IP version"),
    "tls_mode": N_("Permissive or Enforcing"),
    "cluster_name": N_("the cluster's name"),
    "primary": N_("the number of the configuration primary, from 1"),
    "primary_not_listed": N_(
        "the number of the configuration primary, if the list of peers has no such entry"
    ),
    "no_primary": N_("this peer, if all peers have said for 10 minutes that they are not the primary"),
    "peer_list": N_("the configured addresses of peers, in their order"),
    "unverified_in_list": N_(
        "IP addresses in the list of peers while the TLS verification mode is Enforcing"
    ),
    "mixed_list": N_("the configured addresses of peers, if names and IP addresses are mixed in the lists"),
    "gaps_in_list": N_("places of the list of peers that are empty, though a later place is not"),
    "twice_in_list": N_("addresses that the list of peers has twice"),
    "shared_address": N_("LAN addresses of this peer that another peer has as well"),
    "peer_count": N_("how many peers are configured"),
    "ntp_servers": N_("the time servers"),
    "dns_servers": N_("the name servers"),
    "not_in_own_list": N_("this peer's own addresses and name, if its own list of peers has none of them"),
    "moved_address": N_(
        "this peer's new address and the one in the lists of peers, if its address was changed"
    ),
    "nat_in_list": N_("addresses in the list of peers that are static NAT addresses of this peer"),
    "external_in_list": N_("addresses in the list of peers that are on the external one of two interfaces"),
    "private_in_list": N_(
        "private addresses in the list of peers that are on the only interface of an Expressway-E"
    ),
    "peers_in_zones": N_(
        "addresses and names of peers of this cluster in neighbor or traversal client zones"
    ),
    "resolved_outside": N_(
        "names of peers that it resolves to an address of static NAT or of an external interface"
    ),
    "certificate_until": N_("when the server certificate ends"),
    "certificate_usage": N_("what the server certificate is for, if it is not for clients as well"),
    "certificate_missing": N_("this peer's names in the list that its server certificate does not contain"),
    "logged_peer_list": N_("the list of peers in its newest replication record, in its order"),
    "logged_primary": N_("the primary that its newest replication record names"),
    "without_cycle": N_(
        "this peer, if it began no replication cycle since its log or the peer itself started"
    ),
    "all_started": N_("this peer, if all peers started within 10 minutes and none logged a request"),
    "started_together": N_("this peer, if it and others, but not all, started within 10 minutes unrequested"),
    "paused": N_("how long it was silent while others lost it and it did not start again"),
    "edited_settings": N_("cluster settings that were edited in the log and differ between peers since then"),
    "clock_skew": N_("seconds by which its clock is ahead, if that could be measured"),
    "clock_jump": N_("by how many seconds its clock was set, and when, if that could be measured"),
    "domain": N_("the DNS domain"),
    "namesakes": N_("host names that the list of peers has twice"),
    "name_elsewhere": N_("its short name, if a peer of another cluster in these inputs has the same"),
    "node_count": N_("how many nodes all lists of peers name together, if the lists differ"),
    "strangers": N_("nodes of the cluster database that are in no list of peers"),
    "returned": N_("signs that it is a peer that was removed and has come back"),
    "still_listed": N_("peers whose lists name it long after its own list was cleared"),
}
"""The facts that an audit can name."""


def nothing_found(cluster: Cluster) -> dict[str, Fact]:
    """Return for each peer a fact without values, from the beginning of its logs."""
    return {peer.name: Fact((), peer.seen_from or EPOCH) for peer in cluster.peers}


def after(fact: Fact, moment: datetime) -> timedelta | None:
    """Return how long after a moment the first value of a fact is; None if the value is not a time."""
    try:
        return datetime.fromisoformat(fact.values[0].replace("Z", "+00:00")) - moment
    except (IndexError, ValueError, TypeError):
        return None


def logged_fact(log: Log, row: int, values: tuple[str, ...], text: str) -> Fact:
    """Return a fact that one record shows, with a text as its evidence."""
    return Fact(values, instant(log.time_at(row)), (evidence_of(log, row, text),))
