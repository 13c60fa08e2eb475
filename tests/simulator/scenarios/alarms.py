"""Alarms: the system key, the database, settings, and those that no cluster rule names."""

from ..alarms import ALARMS
from ..cluster import MINUTE
from ..faults import PowerLoss, Raised
from ..truth import Advice, Truth, at, headline, truth
from .case import Case, scenario
from .loss import survivors_lose


def key_failed(case: Case, *hosts: str) -> None:
    for host in hosts:
        case.inject(Raised(case.when(), host, "40055"))


@scenario
def system_key_on_one(case: Case) -> Truth:
    """40055 on one peer: the command belongs on one that does not have it."""
    case.make(2, 5)
    host = case.one(case.cluster.names)
    key_failed(case, host)
    return truth(
        headline("incident/system-key", "medium", "open", host),
        at("system-key/update-failed", host, state="open"),
        advice=[Advice("force-system-key-update", case.others(host), any_of=True)],
        never=("force-config-update", "destroy"),
    )


@scenario
def system_key_on_some(case: Case) -> Truth:
    """40055 on two or more peers, not on all."""
    case.make(3, 6)
    hosts = case.some(case.cluster.names, case.rng.randint(2, len(case.cluster.names) - 1))
    key_failed(case, *hosts)
    return truth(
        headline("incident/system-key", "medium", "open", *hosts),
        at("system-key/update-failed", *hosts, state="open"),
        advice=[Advice("force-system-key-update", case.others(*hosts), any_of=True)],
        never=("force-config-update", "destroy"),
    )


@scenario
def system_key_on_all(case: Case) -> Truth:
    """40055 on every peer: no peer has the right key."""
    case.make(2, 4)
    key_failed(case, *case.cluster.names)
    return truth(
        headline("incident/system-key", "medium", "open", *case.cluster.names),
        at("system-key/update-failed", *case.cluster.names, state="open"),
        never=("force-config-update", "force-system-key-update", "destroy"),
    )


@scenario
def system_key_on_a_single_node(case: Case) -> Truth:
    """A node without a cluster: the command belongs on it."""
    case.make(1, 1)
    (host,) = case.cluster.names
    key_failed(case, host)
    return truth(
        headline("incident/system-key", "medium", "open", host),
        at("system-key/update-failed", host, state="open"),
        advice=[Advice("force-system-key-update", (host,))],
        never=("force-config-update", "destroy"),
    )


@scenario
def system_key_lowered_on_one(case: Case) -> Truth:
    """40055 was raised and lowered on one peer. It is still raised on another."""
    case.make(2, 3)
    free, host = case.some(case.cluster.names, 2)
    raised = case.when(8, 9)
    case.inject(Raised(raised, free, "40055", lowered=raised + 3 * MINUTE))
    key_failed(case, host)
    return truth(
        headline("incident/system-key", "medium", "open", host, among=(free,)),
        at("system-key/update-failed", host, free),
        advice=[Advice("force-system-key-update", case.others(host), any_of=True)],
        never=("force-config-update", "destroy"),
    )


def one_alarm(case: Case, alarm: str, rule: str, severity: str = "medium", *, heads: str = "", last_resort: bool = False) -> Truth:  # fmt: skip
    """One alarm on one subordinate, and nothing else."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.inject(Raised(case.when(), host, alarm))
    return truth(
        headline(heads or rule, severity, "open", host, among=case.cluster.names),
        at(rule, host, state="open"),
        never=("force-config-update",) if last_resort else ("force-config-update", "destroy"),
        last_resort=last_resort,
    )


@scenario
def not_in_peer_list(case: Case) -> Truth:
    """20015: the peer's own address is not among the peers."""
    return one_alarm(case, "20015", "replication/not-in-peer-list")


@scenario
def invalid_configuration(case: Case) -> Truth:
    """20003 or 20005: the list contradicts itself."""
    return one_alarm(case, case.rng.choice(("20003", "20005")), "cluster/invalid-configuration")


@scenario
def name_missing(case: Case) -> Truth:
    """20019: the cluster has no name."""
    return one_alarm(case, "20019", "cluster/name-missing")


@scenario
def inconsistent_state(case: Case) -> Truth:
    """20024: the cluster must be rebuilt. Medium like any cluster alarm, or headed by the rebuild."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.inject(Raised(case.when(), host, "20024"))
    return truth(
        headline("cluster/inconsistent-state incident/database-rebuild", "medium critical", "open", host, among=case.cluster.names),
        at("cluster/inconsistent-state", host, state="open"),
        never=("force-config-update",),
        last_resort=True,
    )  # fmt: skip


@scenario
def log_server_frozen(case: Case) -> Truth:
    """20026: the database's own log may be missing from here on."""
    return one_alarm(case, "20026", "database/log-server-frozen")


@scenario
def database_failed(case: Case) -> Truth:
    """15005 on a peer: leave the cluster, restore, rejoin; the script that destroys is the last resort."""
    return one_alarm(case, "15005", "database/failure", "critical", heads="database/failure incident/database-rebuild", last_resort=True)  # fmt: skip


@scenario
def database_not_loaded(case: Case) -> Truth:
    """15008 on a peer."""
    return one_alarm(case, "15008", "database/failure", "critical", heads="database/failure incident/database-rebuild", last_resort=True)  # fmt: skip


@scenario
def database_sync_failed(case: Case) -> Truth:
    """20025 on one peer names another: the named peer is rebooted, not the reporting one."""
    case.make(2, 4)
    host, named = case.some(case.cluster.names, 2)
    detail = ALARMS["20025"].detail.replace("NODE", f"clusterdb@{case.world.nodes[named].peer.fqdn}")
    case.inject(Raised(case.when(), host, "20025", detail))
    return truth(
        headline("database/sync-failed", "high", "open", among=(host, named)),
        at("database/sync-failed", host, state="open"),
        advice=[Advice("reboot", (named,))],
        never=("force-config-update", "destroy"),
    )


@scenario
def database_sync_failed_on_its_reporter(case: Case) -> Truth:
    """20025 names the peer that raises it, and that peer is rebooted."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    detail = ALARMS["20025"].detail.replace("NODE", f"clusterdb@{case.world.nodes[host].peer.fqdn}")
    case.inject(Raised(case.when(), host, "20025", detail))
    return truth(
        headline("database/sync-failed", "high", "open", host),
        at("database/sync-failed", host, state="open"),
        advice=[Advice("reboot", (host,))],
        never=("force-config-update", "destroy"),
    )


@scenario
def factory_reset_failed(case: Case) -> Truth:
    """15013: a requested reset failed."""
    return one_alarm(case, "15013", "factory-reset/failed")


@scenario
def licences_of_a_lost_peer(case: Case) -> Truth:
    """30015 reports that peers have been missing for days: the cluster is incomplete, although the logs look healthy."""
    return one_alarm(case, "30015", "cluster/peer-away-for-long")


@scenario
def unknown_alarm(case: Case) -> Truth:
    """An alarm with an unknown id is reported with its own text."""
    return one_alarm(case, "77123", "alarm/raised", "low")


@scenario
def two_incidents_at_once(case: Case) -> Truth:
    """A peer is lost, and another has a system key that cannot be updated: neither explains the other.

    Nobody can run a command on the peer that is off.
    """
    case.make(3, 5)
    lost, key = case.some(case.cluster.subordinates, 2)
    case.inject(PowerLoss(case.when(), lost))
    case.lost(lost)
    key_failed(case, key)
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        at("system-key/update-failed", key, state="open"),
        advice=[Advice("force-system-key-update", case.others(key, lost), any_of=True)],
        never=("force-config-update", "destroy"),
    )


@scenario
def loss_beside_an_alarm_of_no_cluster(case: Case) -> Truth:
    """A peer is lost while an alarm that does not concern the cluster is raised: the loss is the headline."""
    case.make(2, 3)
    lost = case.one(case.cluster.subordinates)
    case.inject(PowerLoss(case.when(), lost))
    case.lost(lost)
    host = case.one(case.others(lost))
    case.inject(Raised(case.when(7, 9), host, "77123"))
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        at("alarm/raised", host, state="open"),
        never=("force-config-update",),
    )
