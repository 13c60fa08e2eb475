"""Requested work: neither the work nor its side effects are faults."""

from ..cluster import MINUTE
from ..faults import Raised
from ..requested_work import AddPeer, ChangePrimary, RemovePeer, Restart, Upgrade
from ..truth import Action, Truth, at, headline, truth
from .case import Case, scenario

NOTHING: tuple[Action, ...] = ("force-config-update", "restart", "reboot", "destroy")


@scenario
def restart_requested(case: Case) -> Truth:
    """An administrator restarts a healthy peer. It returns within minutes."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.inject(Restart(case.when(), host, takes=case.rng.randint(90, 170) * 1000))
    return truth(headline("incident/planned-restart", "info", "closed", host), never=NOTHING)


@scenario
def reboot_requested(case: Case) -> Truth:
    """An administrator reboots a healthy peer."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.inject(Restart(case.when(), host, reboot=True, takes=case.rng.randint(150, 240) * 1000))
    return truth(headline("incident/planned-restart", "info", "closed", host), never=NOTHING)


@scenario
def rolling_restart(case: Case) -> Truth:
    """Every peer is restarted in the documented order: the primary first, the others one at a time."""
    case.make(2, 3)
    begin = case.when(8, 9)
    for number, name in enumerate((case.cluster.primary, *case.cluster.subordinates)):
        case.inject(Restart(begin + 6 * number * MINUTE, name))
    return truth(
        headline("incident/planned-restart", "info", "closed", among=case.cluster.names), never=NOTHING
    )


@scenario
def restart_that_never_ends(case: Case) -> Truth:
    """A restart is requested, and the peer does not return: the request heads the loss."""
    case.make(2, 3)
    host = case.one(case.cluster.subordinates)
    case.inject(Restart(case.when(), host, takes=3 * 60 * MINUTE))
    others = case.others(host)
    return truth(
        headline("incident/restart-unfinished", "high", "open", host),
        at("system/restart-requested", host, state="open"),
        at("cluster/communication-failure", *others, state="open"),
        at("cluster/database-communication-failure", *others, state="open"),
        at("database/peer-down", *others, state="open"),
        allowed=("h323/peer-timeout", "database/connect-failed"),
        never=("force-config-update", "destroy"),
    )


@scenario
def restart_as_a_repair(case: Case) -> Truth:
    """40055 is raised, the peer is restarted, and 40055 is still raised: the restart did not help."""
    case.make(2, 3)
    host = case.one(case.cluster.subordinates)
    raised = case.when(7, 8)
    case.inject(Raised(raised, host, "40055"), Restart(raised + 4 * MINUTE, host))
    return truth(
        headline("incident/system-key", "medium", "open", host),
        at("system-key/update-failed", host, state="open"),
        allowed=("database/peer-down", "database/connect-failed", "h323/peer-timeout", "cluster/communication-failure", "cluster/database-communication-failure", "incident/planned-restart"),
        never=("force-config-update", "destroy"),
    )  # fmt: skip


@scenario
def planned_upgrade(case: Case) -> Truth:
    """Every peer is upgraded in the right order; 20008 is raised meanwhile and lowered at the end."""
    case.make(2, 3)
    begin = case.when(7, 8)
    order = (case.cluster.primary, *case.cluster.subordinates)
    for number, name in enumerate(order):
        case.inject(Upgrade(begin + 7 * number * MINUTE, name, "X15.3.0"))
    for kept in case.kept.values():
        kept.windows = [(kept.windows[0][0], begin + 7 * len(order) * MINUTE + 12 * MINUTE)]
    return truth(None, never=(*NOTHING, "upgrade"))


@scenario
def peer_added(case: Case) -> Truth:
    """A peer joins, with a restart. On the others, 20021 and 20004 are raised and lowered."""
    case.make(3, 5)
    case.inject(AddPeer(case.when(8, 10), case.one(case.cluster.subordinates)))
    return truth(None, never=NOTHING)


@scenario
def peer_removed(case: Case) -> Truth:
    """The last peer of the list is removed in the documented order: cleared, restarted, removed by the others."""
    case.make(3, 4)
    old = case.cluster.names[-1]
    if old == case.cluster.primary:
        for name in case.cluster.names:
            case.world.configure(name, primary=1)
    case.inject(RemovePeer(case.when(), old))
    case.lost(old)
    return truth(None, never=NOTHING)


@scenario
def primary_changed(case: Case) -> Truth:
    """Another peer becomes the primary. 20012 and 20017 are side effects."""
    case.make(2, 4)
    case.inject(ChangePrimary(case.when(), case.one(case.cluster.subordinates)))
    return truth(None, never=NOTHING)
