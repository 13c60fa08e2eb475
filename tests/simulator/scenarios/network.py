"""Connections between peers: cut links, blocked ports, clocks."""

from ..cluster import MINUTE, SECOND
from ..faults import LinkCut, PortsBlocked, PowerLoss, Raised
from ..truth import Truth, about, at, headline, loss, pair, truth
from .case import Case, scenario
from .loss import survivors_lose

NO_PRIMARY = ("replication/not-completed", "replication/primary-unreachable")
"""Rules that a subordinate may report if it cannot reach the primary."""


@scenario
def link_cut(case: Case) -> Truth:
    """Two peers lose each other, and both log it."""
    case.make(2, 4)
    one, two = case.some(case.cluster.names, 2)
    case.inject(LinkCut(case.when(), (one, two)))
    return truth(
        headline("incident/peer-lost", "high", "open", one, two),
        *loss(one, two, "open"),
        *loss(two, one, "open"),
        allowed=NO_PRIMARY,
        never=("force-config-update", "restart", "reboot", "destroy"),
    )


@scenario
def link_cut_and_healed(case: Case) -> Truth:
    """A link is cut, and works again after some minutes."""
    case.make(2, 4)
    one, two = case.some(case.cluster.names, 2)
    cut = case.when()
    case.inject(LinkCut(cut, (one, two), heals=cut + case.when(2, 6)))
    return truth(
        headline("incident/peer-lost", "high", "closed", one, two),
        *loss(one, two, "closed"),
        *loss(two, one, "closed"),
        allowed=NO_PRIMARY,
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def link_flaps(case: Case) -> Truth:
    """A link breaks three to five times for half a minute, and may stay broken at the end."""
    case.make(2, 3)
    one, two = case.some(case.cluster.names, 2)
    start = case.when(9, 10)
    for number in range(case.rng.randint(3, 5)):
        cut = start + number * case.rng.randint(150, 170) * SECOND
        case.inject(LinkCut(cut, (one, two), heals=cut + case.rng.randint(30, 50) * SECOND))
    return truth(
        headline("incident/peer-lost", "high", "closed", one, two),
        *loss(one, two, "closed"),
        *loss(two, one, "closed"),
        allowed=NO_PRIMARY,
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def ports_blocked(case: Case) -> Truth:
    """TCP 4371 and 4372 are blocked between two peers, but not UDP 1719.

    H.323 between them proves that both run, not that their databases are connected.
    """
    case.make(2, 4)
    one, two = case.some(case.cluster.names, 2)
    case.inject(PortsBlocked(case.when(), (one, two), reports=(one, two)))
    return truth(
        headline("cluster/ports-blocked", "high", "open", among=(one, two)),
        at("cluster/ports-blocked", one, two, state="open"),
        pair("database/peer-down", one, two),
        pair("database/peer-down", two, one),
        at("cluster/database-communication-failure", one, two, state="open"),
        at("cluster/communication-failure", one, two, state="open"),
        allowed=(*NO_PRIMARY, "database/connect-failed", "incident/peer-lost"),
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def ports_blocked_one_way(case: Case) -> Truth:
    """Only one direction is blocked: only that peer raises 20021."""
    case.make(2, 3)
    one, two = case.some(case.cluster.names, 2)
    case.inject(PortsBlocked(case.when(), (one, two), reports=(one,)))
    return truth(
        headline("cluster/ports-blocked", "high", "open", among=(one, two)),
        at("cluster/ports-blocked", one, state="open"),
        pair("database/peer-down", one, two),
        at("cluster/database-communication-failure", one, state="open"),
        allowed=(*NO_PRIMARY, "database/connect-failed", "cluster/communication-failure"),
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def host_dead_with_20021(case: Case) -> Truth:
    """A host is off: its TCP ports do not answer (20021), and UDP 1719 does not either, so the peer is lost."""
    case.make(2, 3)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(PowerLoss(off, lost))
    address = case.world.nodes[lost].peer.address
    detail = f"Cluster communication failure: Unable to establish a TCP connection with {address} on ports 4371, 4372"
    others = case.others(lost)
    for number, host in enumerate(others):
        case.inject(Raised(off + (45 + number) * SECOND, host, "20021", detail))
    case.lost(lost)
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        at("cluster/ports-blocked", *others, state="open"),
        never=("force-config-update",),
    )


@scenario
def alarm_flaps(case: Case) -> Truth:
    """20004 is raised and lowered repeatedly on one peer without a database event: one finding with a count, no loss."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    start = case.when(8, 9)
    for number in range(4):
        raised = start + number * 4 * MINUTE
        case.inject(Raised(raised, host, "20004", lowered=raised + case.rng.randint(20, 60) * SECOND))
    return truth(
        headline("cluster/communication-failure", "medium", "closed", host),
        at("cluster/communication-failure", host, state="closed"),
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def clocks_apart(case: Case) -> Truth:
    """The clock of one peer is minutes off. Nothing else is wrong."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.kept[host].ahead = case.rng.choice((-1, 1)) * case.rng.randint(150, 540) * SECOND
    return truth(
        headline("time/skew-between-peers", "medium", "open seen", host, among=case.cluster.names),
        about("time/skew-between-peers", host),
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def link_cut_with_clocks_apart(case: Case) -> Truth:
    """A link is cut between two peers whose clocks are minutes apart: still one incident of both."""
    case.make(3, 4)
    one, two = case.some(case.cluster.names, 2)
    case.kept[two].ahead = case.rng.choice((-1, 1)) * case.rng.randint(60, 110) * SECOND
    case.inject(LinkCut(case.when(), (one, two)))
    return truth(
        headline("incident/peer-lost", "high", "open", one, two),
        *loss(one, two, "open"),
        *loss(two, one, "open"),
        about("time/skew-between-peers", two),
        allowed=NO_PRIMARY,
        never=("force-config-update", "restart"),
    )


@scenario
def ntp_bad(case: Case) -> Truth:
    """A peer reaches no NTP server (25021) and its time is not validated (25002)."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    at_ = case.when()
    case.inject(Raised(at_, host, "25021"), Raised(at_ + 30 * SECOND, host, "25002"))
    return truth(
        headline("time/not-synchronised", "medium", "open", host),
        at("time/not-synchronised", host, state="open"),
        never=("force-config-update", "restart", "reboot"),
    )


@scenario
def split_brain(case: Case) -> Truth:
    """A link is cut, and on the far side a subordinate is made primary: two primaries and a partition."""
    case.make(2, 2)
    primary, (other,) = case.cluster.primary, case.cluster.subordinates
    cut = case.when(9, 10)
    case.inject(LinkCut(cut, (primary, other)))
    index = case.world.nodes[other].peer.index
    case.world.at(cut + 3 * MINUTE, lambda: case.world.configure(other, primary=index))
    return truth(
        headline("incident/split-brain", "critical", "open seen", primary, other),
        *loss(primary, other, "open"),
        *loss(other, primary, "open"),
        allowed=(
            *NO_PRIMARY,
            "replication/role-conflict",
            "replication/primaries-apart",
            "replication/different-primaries",
            "requirements/primary-index",
        ),
        never=("force-config-update", "destroy"),
    )
