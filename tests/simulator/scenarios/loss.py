"""Lost peers: off, crashed or paused, with and without a return."""

from ..cluster import MINUTE, SECOND
from ..faults import Crash, Pause, PowerLoss
from ..truth import Expected, Truth, about, at, headline, loss, truth
from .case import Case, scenario


def survivors_lose(case: Case, lost: str, state: str) -> tuple[Expected, ...]:
    """Return the findings of the other peers. Subordinates of a lost primary also raise 20016."""
    found = [one for host in case.others(lost) for one in loss(host, lost, state)]
    if lost == case.cluster.primary:
        found += [at("replication/primary-unreachable", *case.others(lost), state=state)]
    return tuple(found)


@scenario
def power_loss(case: Case) -> Truth:
    """A subordinate is off, and stays off. Its log is missing."""
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
    """An application of a peer fails, the peer is lost, restarts and returns; 15019 stays raised."""
    case.make(2, 4)
    lost = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(Crash(off, lost, back=off + case.when(2, 5)))
    return truth(
        headline("system/application-failed", "high", "closed open", lost),
        *survivors_lose(case, lost, "closed"),
        at("system/application-failed", lost),
        never=("force-config-update", "destroy"),
    )


@scenario
def crash_stays_down(case: Case) -> Truth:
    """An application fails and the peer does not return; its log was read from its disk later."""
    case.make(2, 4)
    lost = case.one(case.cluster.subordinates)
    case.inject(Crash(case.when(), lost))
    return truth(
        headline("system/application-failed", "high", "open", lost),
        *survivors_lose(case, lost, "open"),
        at("system/application-failed", lost),
        never=("force-config-update",),
    )


@scenario
def primary_lost(case: Case) -> Truth:
    """The primary is off: every subordinate reports that it cannot reach it."""
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
    """A virtual machine is paused for more than two minutes, which is longer than any silence of its log.

    Its own log is silent for that time, so the peer stopped, not the connection. When it continues, it notices that
    the connections of the others are lost. Its records about them are not a loss of those peers, and are neither
    required nor wrong.
    """
    case.make(2, 4)
    held = case.one(case.cluster.subordinates)
    off = case.when()
    case.inject(Pause(off, held, off + case.when(2.2, 4)))
    expected = [
        about(one.rule, *one.hosts, state=" ".join(one.states))
        for one in survivors_lose(case, held, "closed")
        if one.rule not in ("h323/peer-timeout",)
    ]
    return truth(
        headline("system/paused", "high", "closed", held),
        at("system/paused", held, state="closed"),
        *expected,
        allowed=("replication/not-completed", "replication/primary-unreachable", "h323/peer-timeout"),
        never=("force-config-update", "destroy"),
    )


@scenario
def two_peers_lost_at_once(case: Case) -> Truth:
    """A rack loses power with two of four to six subordinates. One incident or two are both right."""
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
    """As in the technical note: the log of the other peer stops 18 seconds after the loss."""
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
    """Only one peer gave its log: it starts without a request."""
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
