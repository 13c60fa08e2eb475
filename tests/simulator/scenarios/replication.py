"""Replication that needs an administrator: manual synchronisation, roles, cycles."""

from .. import records
from ..alarms import WORDINGS
from ..cluster import MINUTE
from ..faults import Cycles, LinkCut, Raised
from ..requested_work import Upgrade
from ..truth import Advice, Truth, about, at, headline, loss, truth
from .case import Case, scenario


def manual_sync(case: Case, alarm: str) -> Truth:
    case.make(2, 5)
    host = case.one(case.cluster.subordinates)
    case.inject(Raised(case.when(), host, alarm, case.rng.choice(WORDINGS[alarm])))
    return truth(
        headline("replication/manual-sync-required", "medium", "open", host),
        at("replication/manual-sync-required", host, state="open"),
        allowed=("replication/not-completed",),
        advice=[Advice("force-config-update", (host,))],
        never=("restart", "reboot", "destroy"),
    )


@scenario
def manual_sync_20009(case: Case) -> Truth:
    """The wording of the technical note, or of the guide."""
    return manual_sync(case, "20009")


@scenario
def manual_sync_20011(case: Case) -> Truth:
    """Primary or master; no upgrade was seen."""
    return manual_sync(case, "20011")


@scenario
def manual_sync_20014(case: Case) -> Truth:
    """The older text, which asks for manual synchronisation, in all wordings."""
    return manual_sync(case, "20014")


@scenario
def manual_sync_20017(case: Case) -> Truth:
    """The primary's ID is inconsistent, and nobody changes the primary."""
    return manual_sync(case, "20017")


@scenario
def file_missing_newer_text(case: Case) -> Truth:
    """20014 in its newer text: restart the node, never ForceConfigUpdate."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.inject(Raised(case.when(), host, "20014"))
    return truth(
        headline("replication/manual-sync-required", "medium", "open", host),
        at("replication/manual-sync-required", host, state="open"),
        advice=[Advice("restart", (host,))],
        never=("force-config-update", "destroy"),
    )


@scenario
def manual_sync_on_the_primary(case: Case) -> Truth:
    """The primary reports a replication error: no advice may delete its configuration."""
    case.make(2, 4)
    host = case.cluster.primary
    case.inject(Raised(case.when(), host, "20009"))
    return truth(
        headline("replication/manual-sync-required", "medium", "open", host),
        at("replication/manual-sync-required", host, state="open"),
        never=("force-config-update", "destroy"),
    )


@scenario
def manual_sync_while_the_way_is_broken(case: Case) -> Truth:
    """A subordinate asks for manual synchronisation while it cannot reach the primary: the connection comes first."""
    case.make(2, 3)
    host, primary = case.one(case.cluster.subordinates), case.cluster.primary
    cut = case.when()
    case.inject(LinkCut(cut, (host, primary)), Raised(cut + 2 * MINUTE, host, "20011"))
    return truth(
        headline("incident/peer-lost", "high", "open", host, primary),
        *loss(host, primary, "open"),
        *loss(primary, host, "open"),
        at("replication/manual-sync-required", host, state="open"),
        allowed=("replication/not-completed", "replication/primary-unreachable"),
        never=("force-config-update", "destroy"),
    )


@scenario
def wrong_upgrade_order(case: Case) -> Truth:
    """A subordinate was upgraded before the primary; 20011 stays raised after a manual synchronisation."""
    case.make(2, 3)
    primary, host = case.cluster.primary, case.one(case.cluster.subordinates)
    new = "X15.3.0"
    first = case.when(7, 8)
    rest = case.others(host, primary)
    order = (host, primary, *rest)
    for number, name in enumerate(order):
        case.inject(Upgrade(first + number * 5 * MINUTE, name, new))
    done = first + len(order) * 5 * MINUTE
    case.inject(Raised(done, host, "20011"))
    command = records.event("Command Executed", "xCommand ForceConfigUpdate")
    case.world.at(done + 2 * MINUTE, case.world.say, host, command)
    for kept in case.kept.values():
        kept.windows = [(kept.windows[0][0], done + 14 * MINUTE)]
    return truth(
        headline("incident/upgrade-order", "high", "open", among=case.cluster.names),
        at("replication/manual-sync-required", host, state="open"),
        allowed=("replication/upgrade-in-progress", "requirements/software-version", "replication/primary-unreachable", "replication/not-completed"),
        advice=[Advice("upgrade", (primary,))],
        never=("force-config-update", "destroy"),
    )  # fmt: skip


@scenario
def upgrade_not_finished(case: Case) -> Truth:
    """Some peers run another version, since before the log: 20008 is raised everywhere and nobody upgrades."""
    case.make(2, 4)
    behind = case.one(case.cluster.subordinates)
    case.world.configure(behind, version="X12.7.1")
    for name in case.cluster.names:
        case.inject(Raised(case.rng.randrange(20_000), name, "20008"))
    return truth(
        headline("replication/upgrade-in-progress requirements/software-version", "medium", "open", among=case.cluster.names),
        at("replication/upgrade-in-progress", *case.cluster.names, state="open"),
        about("requirements/software-version", behind),
        never=("force-config-update", "restart", "destroy"),
    )  # fmt: skip


@scenario
def role_conflict(case: Case) -> Truth:
    """Two connected peers each claim to be the primary: no role is known, and nothing may be synchronised."""
    case.make(2, 4)
    other = case.one(case.cluster.subordinates)
    case.world.configure(other, primary=case.world.nodes[other].peer.index)
    primary = case.cluster.primary
    return truth(
        headline("replication/role-conflict", "high", "open seen", primary, other, among=case.cluster.names),
        about("replication/role-conflict", primary, other),
        about("requirements/primary-index", other),
        allowed=("replication/different-primaries",),
        never=("force-config-update", "restart", "reboot", "destroy"),
    )


@scenario
def replication_stalled(case: Case) -> Truth:
    """A peer continues to log, but its replication cycles stop."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    case.inject(Cycles(case.when(8, 10), host, "off"))
    return truth(
        headline("replication/stalled", "medium", "open", host),
        at("replication/stalled", host, state="open"),
        never=("destroy",),
    )


@scenario
def replication_not_completed(case: Case) -> Truth:
    """A subordinate starts cycles, and no longer completes one."""
    case.make(2, 4)
    host = case.one(case.cluster.subordinates)
    case.inject(Cycles(case.when(8, 10), host, "failing"))
    return truth(
        headline("replication/not-completed", "medium", "open seen", host),
        at("replication/not-completed", host),
        allowed=("replication/stalled",),
        never=("destroy",),
    )


@scenario
def cycle_cut_by_the_end(case: Case) -> Truth:
    """The log ends between the start and the end of a cycle: this proves nothing."""
    case.make(2, 3)
    host = case.one(case.cluster.subordinates)
    # The cycle begins and the peer's log ends 20 ms later.
    cut = case.end - 30_000
    case.world.at(cut, case.world.cycle, host)
    case.ends(cut + 20, host)
    return truth(None, never=("force-config-update", "restart", "reboot"))
