"""Peers that are lost: off, crashed, paused; back or not."""

from ..cluster import MINUTE, SECOND
from ..faults import Crash, Pause, PowerLoss
from ..truth import Expected, Truth, about, at, headline, loss, truth
from .case import Case, scenario


def survivors_lose(case: Case, lost: str, state: str) -> tuple[Expected, ...]:
    """All that the others have of a lost peer; subordinates of a lost primary raise 20016 as well."""
    found = [one for host in case.others(lost) for one in loss(host, lost, state)]
    if lost == case.cluster.primary:
        found += [at("replication/primary-unreachable", *case.others(lost), state=state)]
    return tuple(found)


@scenario
def power_loss(case: Case) -> Truth:
    """A subordinate is off, and stays off; nobody has its log."""
    case.make(2, 6)
    lost = case.one(case.cluster.subordinates)
    case.inject(PowerLoss(case.when(), lost))
    case.lost(lost)
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        never=("force-config-update", "destroy"),
    )


@scenario
def power_loss_and_back(case: Case) -> Truth:
    """A subordinate is off for some minutes; its own log has the silence and its start."""
    case.make(2, 5)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(PowerLoss(off, lost, back=off + case.when(3, 8)))
    return truth(
        headline("incident/peer-lost", "high", "closed", lost),
        *survivors_lose(case, lost, "closed"),
        never=("force-config-update", "destroy"),
    )


@scenario
def application_crash(case: Case) -> Truth:
    """An application of a peer fails, the peer is lost, starts again and comes back; 15019 stays raised."""
    case.make(2, 4)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(Crash(off, lost, back=off + case.when(2, 5)))
    return truth(
        headline("incident/peer-lost", "high", "closed open", lost),
        *survivors_lose(case, lost, "closed"),
        at("system/application-failed", lost),
        never=("force-config-update", "destroy"),
    )


@scenario
def crash_stays_down(case: Case) -> Truth:
    """An application fails and the peer does not come back; its log was taken from its disk later."""
    case.make(2, 4)
    lost = case.one(case.cluster.subordinates)
    case.inject(Crash(case.when(), lost))
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        at("system/application-failed", lost),
        never=("force-config-update",),
    )


@scenario
def primary_lost(case: Case) -> Truth:
    """The primary is off: every subordinate says that it cannot be reached."""
    case.make(2, 5)
    lost = case.cluster.primary
    case.inject(PowerLoss(case.when(), lost))
    case.lost(lost)
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        allowed=("replication/not-completed",),
        never=("force-config-update", "destroy"),
    )


@scenario
def primary_lost_and_back(case: Case) -> Truth:
    """The primary is off for some minutes and comes back."""
    case.make(2, 4)
    lost = case.cluster.primary
    off = case.when()
    case.inject(PowerLoss(off, lost, back=off + case.when(4, 8)))
    return truth(
        headline("incident/peer-lost", "high", "closed", lost),
        *survivors_lose(case, lost, "closed"),
        allowed=("replication/not-completed",),
        never=("force-config-update", "destroy"),
    )


@scenario
def hypervisor_pause(case: Case) -> Truth:
    """A virtual machine is held for a minute or two and goes on.

    Its own log is silent for as long, so it is the peer that stopped and not the way to it. When it
    goes on it notices that the others' connections are gone; what it says of them is no loss of
    theirs, and is neither asked for nor held against anybody.
    """
    case.make(2, 4)
    held = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(Pause(off, held, off + case.when(1.2, 3)))
    told = [
        about(one.rule, *one.hosts, state=" ".join(one.states))
        for one in survivors_lose(case, held, "closed")
        if one.rule not in ("h323/peer-timeout",)
    ]
    return truth(
        headline("incident/peer-lost", "high", "closed", held, among=case.cluster.names),
        *told,
        allowed=("replication/not-completed", "replication/primary-unreachable", "h323/peer-timeout"),
        never=("force-config-update", "destroy"),
    )


@scenario
def two_peers_lost_at_once(case: Case) -> Truth:
    """A rack goes dark with two subordinates of four to six; whether that is one incident or two is open."""
    case.make(4, 6)
    one, two = case.some(case.cluster.subordinates, 2)
    off = case.when()
    case.inject(PowerLoss(off, one), PowerLoss(off, two))
    case.lost(one, two)
    found = [f for host in case.others(one, two) for lost in (one, two) for f in loss(host, lost, "open")]
    return truth(
        headline("incident/peer-lost", "high", "open", among=(one, two)),
        *dict.fromkeys(found),
        never=("force-config-update", "destroy"),
    )


@scenario
def log_ends_soon_after(case: Case) -> Truth:
    """As in the document: the survivor's log stops 18 seconds after the loss."""
    case.make(2, 2)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(Crash(off, lost))
    case.lost(lost)
    case.ends(off + 19 * SECOND)
    return truth(
        headline("incident/peer-lost", "high", "open_at_end", lost),
        *survivors_lose(case, lost, "open_at_end"),
        never=("force-config-update",),
    )


@scenario
def start_without_a_request(case: Case) -> Truth:
    """Only the log of one peer is at hand: it starts, and nobody had asked it to."""
    case.make(2, 4)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(PowerLoss(off, lost, back=off + case.when(2, 4)))
    case.lost(*case.others(lost))
    return truth(headline("incident/peer-lost", "high", "closed", lost), never=("force-config-update",))


@scenario
def lost_twice(case: Case) -> Truth:
    """A peer crashes twice, the second time for good."""
    case.make(3, 4)
    lost = case.one(case.cluster.subordinates)
    first, second = case.when(8, 9), case.when(18, 20)
    case.inject(PowerLoss(first, lost, back=first + 3 * MINUTE), PowerLoss(second, lost))
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        never=("force-config-update", "destroy"),
    )
