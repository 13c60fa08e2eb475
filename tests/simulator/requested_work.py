"""Requested work on a cluster: restarts, upgrades, TLS, new and removed peers, a new primary."""

from dataclasses import dataclass

from . import records
from .alarms import ALARMS
from .cluster import MINUTE, SECOND
from .faults import Edit, Raised
from .records import NOPROC
from .world import World

ADMIN = ("admin", "10.8.9.9")


@dataclass(frozen=True)
class Restart:
    """An administrator restarts or reboots a peer from the web interface."""

    at: int
    peer: str
    reboot: bool = False
    takes: int = 100 * SECOND
    clears: tuple[str, ...] = ("20007", "20020")

    def inject(self, world: World) -> None:
        world.at(self.at, self._ask, world)
        world.at(self.at + 2000, world.stop, self.peer, NOPROC, (20, 200))
        world.at(self.at + self.takes, lambda: world.start(self.peer, clears=self.clears))

    def _ask(self, world: World) -> None:
        event_name = "Reboot Requested" if self.reboot else "Restart Requested"
        world.say(self.peer, records.web(event_name, "", *ADMIN))
        world.say(self.peer, records.event("System Shutdown"), 1000)


@dataclass(frozen=True)
class Upgrade:
    """A peer is upgraded, and starts with another version."""

    at: int
    peer: str
    version: str
    takes: int = 4 * MINUTE

    def inject(self, world: World) -> None:
        world.at(self.at, self._begin, world)
        world.at(self.at + 30 * SECOND, lambda: world.configure(self.peer, version=self.version))
        Restart(self.at + MINUTE, self.peer, reboot=True, takes=self.takes - MINUTE).inject(world)

    def _begin(self, world: World) -> None:
        old = world.nodes[self.peer].settings.version
        detail = f"Software upgrade from {old} to {self.version} started"
        world.say(self.peer, records.web("Upgrade", detail, *ADMIN))


@dataclass(frozen=True)
class EnforceTls:
    """TLS verification is set to Enforcing on the primary; every peer asks for a restart."""

    at: int

    def inject(self, world: World) -> None:
        world.at(self.at, self._enforce, world)

    def _enforce(self, world: World) -> None:
        primary = world.cluster.primary
        change = "changed from: Permissive to: Enforcing"
        web_change = "configuration/cluster/tls_verify - changed from: 'Permissive' to: 'Enforcing'"
        for name, node in world.nodes.items():
            world.configure(name, tls_mode="Enforcing")
            me = node.peer.fqdn
            changed = records.database_edit("alternatesConfiguration - Changed", me)
            notified = records.database(
                "Notifying databasemanager (Management Framework)", me, module="peernameresolver"
            )
            changed_info = records.database(
                "alternate peer changed info recieved", me, module="alternatesmanager"
            )
            first = name == primary
            delay = 0 if first else world.chance(4, 40)
            if first:
                world.say(name, records.inserting(me))
                world.say(name, records.web("System Configuration Changed", web_change, *ADMIN), 6)
            status = ' Startup="False" New="True"'
            world.sequence(
                name,
                (delay + 6, records.database_edit(f"clusterConfiguration tls_verify - {change}", me)),
                (delay + 9, records.management("Cluster configuration change detected", 312)),
                (delay + 16, records.management("TLS Verify change status", 405, status)),
                (delay + 52, changed),
                (delay + 52, notified),
                (delay + 52, changed_info),
                (delay + 61, changed),
            )
            world.at(world.now + delay + world.chance(160, 230), self._ask, world, name)

    def _ask(self, world: World, name: str) -> None:
        world.raise_alarm(name, "20007", managed=True)


@dataclass(frozen=True)
class ChangePrimary:
    """Another peer becomes the primary, in the documented order: first its own settings, then those of the others.

    Peers that do not yet name the new primary raise 20012 or 20017.
    """

    at: int
    new: str
    between: int = 30 * SECOND

    def inject(self, world: World) -> None:
        old = world.cluster.primary
        names = (self.new, old, *(n for n in world.cluster.names if n not in (self.new, old)))
        was, becomes = world.cluster.settings.primary, world.nodes[self.new].peer.index
        words = f"configuration/alternates/ConfigurationMaster - changed from: '{was}' to: '{becomes}'"
        for number, name in enumerate(names):
            at = self.at + number * self.between
            Edit(at, name, (words,), {"primary": becomes}, asks_for_restart=False).inject(world)
            if number:
                alarm = "20017" if number % 2 else "20012"
                lowered = at + world.chance(60, 100) * SECOND
                Raised(self.at + 2000 + number * 700, name, alarm, lowered=lowered).inject(world)


@dataclass(frozen=True)
class AddPeer:
    """A single node joins: every peer adds it to its list, and the new peer restarts.

    The other peers raise 20021 for some minutes (release note X14.0.4).
    """

    at: int
    new: str

    def inject(self, world: World) -> None:
        settings = world.cluster.settings
        whole, primary = settings.peer_list, settings.primary
        peer = world.nodes[self.new].peer
        without = tuple(entry for entry in whole if entry != peer.entry)
        before = without.index(whole[primary - 1]) + 1
        for name in world.cluster.names:
            world.configure(name, peer_list=() if name == self.new else without, primary=before)
        # A peer that is not the last entry shifts the entries after it, and maybe the primary.
        words = [
            f"configuration/alternates/Peer{n} Address - changed from: '{was}' to: '{becomes}'"
            for n, (was, becomes) in enumerate(zip((*without, ""), whole, strict=True), start=1)
            if was != becomes
        ]
        if before != primary:
            moved = f"changed from: '{before}' to: '{primary}'"
            words.append(f"configuration/alternates/ConfigurationMaster - {moved}")
        entered = {"peer_list": whole, "primary": primary}
        for number, name in enumerate(name for name in world.cluster.names if name != self.new):
            at = self.at + number * 20 * SECOND
            Edit(at, name, tuple(words), entered, asks_for_restart=False).inject(world)
            detail = ALARMS["20021"].detail.replace("PEERS", peer.address)
            lowered = at + world.chance(320, 420) * SECOND
            Raised(at + 20 * SECOND, name, "20021", detail, lowered).inject(world)
            Raised(at + 3000, name, "20004", lowered=self.at + 4 * MINUTE + number * 900).inject(world)
        joins = self.at + 80 * SECOND
        own = tuple(
            f"configuration/alternates/Peer{n} Address - changed from: '' to: '{entry}'"
            for n, entry in enumerate(whole, start=1)
        )
        Edit(joins, self.new, own, entered).inject(world)
        Restart(joins + 20 * SECOND, self.new).inject(world)


@dataclass(frozen=True)
class RemovePeer:
    """A peer is removed: its own list is cleared and it resets itself; the others remove it from their lists."""

    at: int
    old: str

    def inject(self, world: World) -> None:
        whole = world.cluster.settings.peer_list
        peer = world.nodes[self.old].peer
        rest = tuple(entry for entry in whole if entry != peer.entry)
        cleared(self.at, self.old, world)
        Restart(self.at + 20 * SECOND, self.old, takes=90 * MINUTE).inject(world)
        dropped = f"configuration/alternates/Peer{len(whole)} Address - changed from: '{peer.entry}' to: ''"
        for number, name in enumerate(name for name in world.cluster.names if name != self.old):
            at = self.at + (40 + 15 * number) * SECOND
            Edit(at, name, (dropped,), {"peer_list": rest}, asks_for_restart=False).inject(world)
            world.at(at + 500, self._forget, world, name)

    def _forget(self, world: World, name: str) -> None:
        world.nodes[name].lost.discard(self.old)
        for alarm in ("20006", "20004"):
            world.at(world.now + 60 * SECOND, world.lower_alarm, name, alarm)


def cleared(at: int, name: str, world: World) -> None:
    """Clear every peer address of a peer. The peer resets itself at its next restart."""
    words = tuple(
        f"configuration/alternates/Peer{n} Address - changed from: '{entry}' to: ''"
        for n, entry in enumerate(world.cluster.settings.peer_list, start=1)
    )
    Edit(at, name, words, {"peer_list": ()}).inject(world)
