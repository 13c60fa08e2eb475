"""Peers with different settings, in dumps and in alarms."""

from typing import Any

from ..cluster import TRAVERSAL
from ..faults import Raised
from ..requested_work import cleared
from ..truth import Action, Truth, about, at, headline, truth
from .case import Case, scenario

NO_RESTART: tuple[Action, ...] = ("restart", "reboot", "force-config-update", "destroy")


def odd_one_out(
    case: Case, rule: str, *, allowed: tuple[str, ...] = (), heads: str = "", **odd: Any
) -> Truth:
    """Some settings in the dumps of one peer differ from all others."""
    host = case.one(case.cluster.subordinates)
    case.world.configure(host, **odd)
    return truth(
        headline(f"{rule} {heads}".strip(), "medium", "open", among=case.cluster.names),
        about(rule, host, state="open"),
        allowed=allowed,
        never=NO_RESTART,
    )


@scenario
def cluster_name_differs(case: Case) -> Truth:
    """One peer has another cluster name. Lists and records show that it belongs to this cluster."""
    case.make(2, 4)
    return odd_one_out(case, "requirements/cluster-name", cluster_name="old-name.example.com")


@scenario
def primary_index_differs(case: Case) -> Truth:
    """One subordinate names another subordinate as the primary, so two peers are named, and neither names itself."""
    case.make(3, 4)
    host, other = case.some(case.cluster.subordinates, 2)
    case.world.configure(host, primary=case.world.nodes[other].peer.index)
    return truth(
        headline(
            "replication/different-primaries requirements/primary-index replication/role-conflict",
            "medium high",
            "open",
            among=case.cluster.names,
        ),
        about("requirements/primary-index", host, state="open"),
        allowed=(
            "replication/different-primaries",
            "replication/role-conflict",
            "replication/peer-list-differs",
        ),
        never=NO_RESTART,
    )


@scenario
def ip_version_differs(case: Case) -> Truth:
    case.make(2, 4)
    return odd_one_out(case, "requirements/ip-version", ip_protocol="IPv6")


@scenario
def tls_mode_differs(case: Case) -> Truth:
    case.make(2, 4)
    allowed = ("tls/addresses-under-enforcing",)
    return odd_one_out(case, "requirements/tls-mode", allowed=allowed, tls_mode="Enforcing")


@scenario
def version_differs(case: Case) -> Truth:
    """One peer runs an older version. Only dumps show it, no alarm."""
    case.make(2, 4)
    return odd_one_out(case, "requirements/software-version", version="X12.6.4")


@scenario
def hardware_differs(case: Case) -> Truth:
    case.make(2, 4)
    return odd_one_out(
        case, "requirements/hardware", allowed=("requirements/capacity",), hardware="VMware, small"
    )


@scenario
def option_keys_differ(case: Case) -> Truth:
    """One peer lacks a feature key that the others have."""
    case.make(2, 4)
    keys = tuple(pair for pair in case.cluster.settings.options if pair[1] != "Advanced Account Security")
    return odd_one_out(case, "requirements/option-keys", options=keys)


@scenario
def peer_list_order_differs(case: Case) -> Truth:
    """One peer has the same addresses in another order, also in its replication records."""
    case.make(3, 5)
    host = case.one(case.cluster.subordinates)
    listed = list(case.cluster.settings.peer_list)
    places = [n for n in range(len(listed)) if n != case.cluster.settings.primary - 1]
    one, two = case.rng.sample(places, 2)
    listed[one], listed[two] = listed[two], listed[one]
    case.world.configure(host, peer_list=tuple(listed))
    return truth(
        headline("requirements/peer-list replication/peer-list-differs", "medium", "open seen", among=case.cluster.names),
        about("requirements/peer-list", host, state="open"),
        about("replication/peer-list-differs", host),
        never=NO_RESTART,
    )  # fmt: skip


@scenario
def h323_off(case: Case) -> Truth:
    """H.323 is off on one peer: its dump shows it, and it raises 20018."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.world.configure(host, h323_mode="Off")
    case.inject(Raised(case.when(), host, "20018"))
    return truth(
        headline("h323/mode-off requirements/h323-mode", "medium", "open", host),
        at("h323/mode-off", host, state="open"),
        about("requirements/h323-mode", host),
        allowed=("h323/peer-timeout",),
        never=NO_RESTART,
    )


@scenario
def core_and_edge_mixed(case: Case) -> Truth:
    """An Expressway-E is in a list of Expressway-C peers."""
    case.make(2, 4, edge=False)
    options = (*case.cluster.settings.options, TRAVERSAL)
    return odd_one_out(
        case, "requirements/mixed-c-and-e", allowed=("requirements/option-keys",), edge=True, options=options
    )


@scenario
def no_ntp(case: Case) -> Truth:
    case.make(2, 4)
    return odd_one_out(case, "requirements/ntp", allowed=("time/not-synchronised",), ntp=())


@scenario
def no_dns(case: Case) -> Truth:
    """One peer has no DNS server while the peers are listed by name."""
    case.make(2, 4, named=True)
    return odd_one_out(case, "requirements/dns", dns=())


@scenario
def nat_between_peers(case: Case) -> Truth:
    """Every list contains one Expressway-E by the address that static NAT gives it."""
    case.make(2, 4, edge=True, named=False)
    host = case.one(case.cluster.names)
    case.world.configure(host, behind_nat="172.16.1.10")
    return truth(
        headline("requirements/nat", "medium", "open", host),
        at("requirements/nat", host, state="open"),
        never=NO_RESTART,
    )


@scenario
def nat_that_is_none_of_the_clusters(case: Case) -> Truth:
    """Peers are listed by name and are behind a static NAT: the addresses of the names are not known."""
    case.make(2, 4, edge=True, named=True)
    for name in case.cluster.names:
        case.world.configure(name, behind_nat="172.16.1.10")
    return truth(None, never=NO_RESTART)


@scenario
def seven_peers(case: Case) -> Truth:
    """Every peer lists seven peers, in dumps and in each replication cycle."""
    case.make(7, 7)
    names = case.cluster.names
    return truth(
        headline("requirements/too-many-peers", "medium", "open", among=names),
        at("requirements/too-many-peers", *names, state="open"),
        never=NO_RESTART,
    )


@scenario
def what_the_platform_carries(case: Case) -> Truth:
    """A quiet cluster: the capacity of its platform is reported for every peer, at info."""
    case.make(1, 5)
    platform = case.one(("CE1200", "VMware, large", "VMware, medium", "VMware, small"))
    for name in case.cluster.names:
        case.world.configure(name, hardware=platform)
    return truth(None, at("requirements/capacity", *case.cluster.names, state="seen"))


@scenario
def settings_differ(case: Case) -> Truth:
    """A subordinate reports cluster settings that differ from the primary's (20012), and its dump shows it."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.world.configure(host, cluster_name="old-name.example.com")
    case.inject(Raised(case.when(), host, "20012"))
    return truth(
        headline("replication/settings-differ requirements/cluster-name", "medium", "open", among=case.cluster.names),
        at("replication/settings-differ", host, state="open"),
        about("requirements/cluster-name", host),
        never=NO_RESTART,
    )  # fmt: skip


@scenario
def list_cleared_in_the_log(case: Case) -> Truth:
    """An administrator clears the whole list of a peer, and has not restarted it: the next restart resets it."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    cleared(case.when(), host, case.world)
    return truth(
        headline("factory-reset/pending", "critical", "open", host),
        at("factory-reset/pending", host, state="open"),
        allowed=("cluster/restart-required", "requirements/peer-list", "replication/peer-list-differs", "replication/stalled", "h323/peer-timeout"),
        never=NO_RESTART,
    )  # fmt: skip


@scenario
def list_empty_in_the_dump(case: Case) -> Truth:
    """A peer's dump has an empty list while the others still list it."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.world.configure(host, peer_list=())
    return truth(
        headline("factory-reset/pending", "critical", "open", host),
        at("factory-reset/pending", host, state="open"),
        allowed=("requirements/peer-list", "replication/peer-list-differs", "replication/stalled", "h323/peer-timeout"),
        never=NO_RESTART,
    )  # fmt: skip
