"""Faults to inject into a world. Times are milliseconds of the simulation."""

from dataclasses import dataclass
from typing import Protocol

from . import records
from .alarms import ALARMS
from .cluster import SECOND
from .records import NODEDOWN, NOPROC
from .world import World


class Fault(Protocol):
    """An object that schedules events before the world runs."""

    def inject(self, world: World) -> None: ...


@dataclass(frozen=True)
class PowerLoss:
    """A peer loses power and logs nothing. The others notice when its node stops answering."""

    at: int
    peer: str
    back: int | None = None

    def inject(self, world: World) -> None:
        world.at(self.at, world.stop, self.peer, NODEDOWN, (2000, 9000))
        if self.back is not None:
            world.at(self.back, world.start, self.peer)


@dataclass(frozen=True)
class Crash:
    """An application of a peer fails (15019), and the peer stops."""

    at: int
    peer: str
    back: int | None = None

    def inject(self, world: World) -> None:
        world.at(self.at - 1200, world.raise_alarm, self.peer, "15019")
        world.at(self.at, world.stop, self.peer, NOPROC, (40, 300))
        if self.back is not None:
            world.at(self.back, world.start, self.peer)


@dataclass(frozen=True)
class Pause:
    """The hypervisor pauses a peer, for example for a snapshot of the machine.

    When the peer continues, its database finds that the connections of the others are lost, and connects again.
    """

    at: int
    peer: str
    until: int

    def inject(self, world: World) -> None:
        world.at(self.at, world.stop, self.peer, NODEDOWN, (15_000, 20_000))
        world.at(self.until, self._resume, world)

    def _resume(self, world: World) -> None:
        world.nodes[self.peer].up = True
        for other in world.members(self.peer):
            world.at(self.until + 300, world.lose, self.peer, other, NODEDOWN)
            for one, two in ((self.peer, other), (other, self.peer)):
                world.at(self.until + 6000, world.find, one, two)


@dataclass(frozen=True)
class LinkCut:
    """No packet passes between two peers. Each logs that it lost the other."""

    at: int
    peers: tuple[str, str]
    heals: int | None = None

    def inject(self, world: World) -> None:
        world.at(self.at, self._cut, world)
        if self.heals is not None:
            world.at(self.heals, self._heal, world)

    def _cut(self, world: World) -> None:
        world.cuts.add(frozenset(self.peers))
        _lose_each_other(world, self.peers)

    def _heal(self, world: World) -> None:
        world.cuts.discard(frozenset(self.peers))
        _find_each_other(world, self.peers)


@dataclass(frozen=True)
class PortsBlocked:
    """A firewall drops TCP 4371 and 4372 between two peers, but not UDP 1719.

    ``reports`` are the peers that raise 20021: one peer if only its outbound direction is blocked.
    """

    at: int
    peers: tuple[str, str]
    reports: tuple[str, ...]

    def inject(self, world: World) -> None:
        world.at(self.at, self._block, world)
        for name in self.reports:
            (other,) = set(self.peers) - {name}
            address = world.nodes[other].peer.address
            detail = ALARMS["20021"].detail.replace("PEERS", address)
            world.at(self.at + 40 * SECOND, world.raise_alarm, name, "20021", detail)

    def _block(self, world: World) -> None:
        world.blocks.add(frozenset(self.peers))
        for name in self.reports:
            (other,) = set(self.peers) - {name}
            world.lose(name, other, NODEDOWN)


@dataclass(frozen=True)
class Raised:
    """A peer raises an alarm, and may lower it."""

    at: int
    peer: str
    alarm: str
    detail: str | None = None
    lowered: int | None = None

    def inject(self, world: World) -> None:
        world.at(self.at, world.raise_alarm, self.peer, self.alarm, self.detail)
        if self.lowered is not None:
            world.at(self.lowered, world.lower_alarm, self.peer, self.alarm)


@dataclass(frozen=True)
class Cycles:
    """The replication cycles of a peer stop (``off``), or start and never complete (``failing``)."""

    at: int
    peer: str
    become: str

    def inject(self, world: World) -> None:
        world.at(self.at, setattr, world.nodes[self.peer], "cycles", self.become)


@dataclass(frozen=True)
class Edit:
    """An administrator changes a cluster setting on one peer. The setting is not replicated.

    ``settings`` are fields of `Settings`, ``words`` the texts that the web interface logs.
    """

    at: int
    peer: str
    words: tuple[str, ...]
    settings: dict[str, object]
    asks_for_restart: bool = True

    def inject(self, world: World) -> None:
        world.at(self.at, self._edit, world)

    def _edit(self, world: World) -> None:
        world.configure(self.peer, **self.settings)
        node = world.nodes[self.peer]
        for number, words in enumerate(self.words):
            setting, _, change = words.partition(" - ")
            world.say(
                self.peer,
                records.web("System Configuration Changed", words, "admin", "10.8.9.9"),
                20 * number,
            )
            change = change.replace("'", "")
            name = setting.rpartition("/")[2].replace("_", " ")
            edit = f"alternatesConfiguration {name} - {change}"
            world.say(self.peer, records.database_edit(edit, node.peer.fqdn), 20 * number + 2)
        world.say(self.peer, records.management("Cluster configuration change detected", 312), 120)
        if self.asks_for_restart:
            world.at(self.at + 300, lambda: world.raise_alarm(self.peer, "20007", managed=True))


def _lose_each_other(world: World, peers: tuple[str, str]) -> None:
    for one, other in (peers, peers[::-1]):
        world.at(world.now + world.chance(0, 400), world.lose, one, other, NODEDOWN)


def _find_each_other(world: World, peers: tuple[str, str]) -> None:
    for one, other in (peers, peers[::-1]):
        world.at(world.now + world.chance(500, 900), world.find, one, other)
