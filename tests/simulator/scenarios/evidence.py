"""The same faults, with less evidence: gaps, rotated logs, peers that gave nothing."""

from ..cluster import MINUTE
from ..faults import LinkCut, PowerLoss, Raised
from ..truth import Truth, at, headline, loss, pair, truth
from .case import Case, scenario


@scenario
def return_hidden_by_a_gap(case: Case) -> Truth:
    """The log of the other peer was rotated while the lost peer returned.

    After the gap, H.323 arrives from the lost peer and its own log shows cycles: the loss has ended. No log shows
    that the alarms were lowered. The diagnosis may call them unknown or closed.
    """
    case.make(2, 2)
    lost = case.one(case.cluster.subordinates)
    (survivor,) = case.others(lost)
    off = case.when(9, 10)
    back = off + 4 * MINUTE
    case.inject(PowerLoss(off, lost, back=back))
    start, end = case.kept[survivor].windows[0]
    case.keeps(survivor, (start, off + 2 * MINUTE), (back + 3 * MINUTE, end))
    return truth(
        headline("incident/peer-lost", "high", "closed", lost),
        *loss(survivor, lost, "closed", alarms=False),
        at("cluster/communication-failure", survivor, state="unknown closed"),
        at("cluster/database-communication-failure", survivor, state="unknown closed"),
        never=("force-config-update",),
    )


@scenario
def gap_hides_how_it_went_on(case: Case) -> Truth:
    """A gap follows the loss, the log after the gap covers three minutes, and the lost peer gave no snapshot.

    The peer has returned by then, but no kept record shows it.
    """
    case.make(2, 2)
    lost = case.one(case.cluster.subordinates)
    (survivor,) = case.others(lost)
    off = case.when(9, 10)
    case.inject(PowerLoss(off, lost, back=off + 4 * MINUTE))
    start, _ = case.kept[survivor].windows[0]
    case.keeps(survivor, (start, off + 60_000), (off + 12 * MINUTE, off + 15 * MINUTE))
    case.lost(lost)
    return truth(
        headline("incident/peer-lost", "high", "unknown closed", lost),
        *loss(survivor, lost, "unknown closed"),
        never=("force-config-update",),
    )


@scenario
def loss_rotated_away(case: Case) -> Truth:
    """The log of one peer shows the loss. The log of another begins after it, and has no dumps."""
    case.make(3, 3)
    lost = case.one(case.cluster.subordinates)
    sees, late = case.some(case.others(lost), 2)
    off = case.when(9, 10)
    case.inject(PowerLoss(off, lost))
    case.lost(lost)
    case.keeps(late, (off + 5 * MINUTE, case.end))
    case.kept[late].dumps = False
    return truth(
        headline("incident/peer-lost", "high", "open", lost),
        *loss(sees, lost, "open"),
        allowed=("h323/peer-timeout",),
        never=("force-config-update", "destroy"),
    )


@scenario
def lost_before_the_log(case: Case) -> Truth:
    """A peer was lost before logging started: the dumps show it as failed, and H.323 is not answered.

    Without a database event it is not an incident of a lost peer. The finding that the dumps show heads it.
    """
    case.make(2, 3)
    lost = case.one(case.cluster.subordinates)
    case.inject(PowerLoss(20_000, lost))
    case.lost(lost)
    others = case.others(lost)
    return truth(
        headline("cluster/peer-failed", "high", "open", lost),
        *(pair("cluster/peer-failed", host, lost) for host in others),
        at("cluster/communication-failure", *others, state="open"),
        at("cluster/database-communication-failure", *others, state="open"),
        *(pair("h323/peer-timeout", host, lost) for host in others),
        never=("force-config-update",),
    )


@scenario
def one_side_of_a_cut_link(case: Case) -> Truth:
    """A link is cut, and only one side gave its log: a loss, and the log of the other side is requested."""
    case.make(2, 2)
    given, other = case.some(case.cluster.names, 2)
    case.inject(LinkCut(case.when(), (given, other)))
    case.lost(other)
    return truth(
        headline("incident/peer-lost", "high", "open", other),
        *loss(given, other, "open"),
        allowed=("replication/not-completed", "replication/primary-unreachable"),
        never=("force-config-update",),
    )


@scenario
def all_logs_of_two_of_three(case: Case) -> Truth:
    """Nothing is wrong in the logs of two of three peers. Nothing is known of the third."""
    case.make(3, 3)
    case.lost(case.one(case.cluster.names))
    return truth(None, never=("force-config-update", "restart", "reboot"))


@scenario
def alarm_raised_before_the_log(case: Case) -> Truth:
    """40055 is raised on one peer before logging starts: its dump lists it, and no record shows it."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.inject(Raised(30_000, host, "40055"))
    return truth(
        headline("incident/system-key", "medium", "open", host),
        at("system-key/update-failed", host, state="open"),
        never=("force-config-update",),
    )
