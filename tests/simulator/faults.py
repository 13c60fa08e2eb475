"""What goes wrong, as objects to inject into a world. Times are milliseconds of the simulation."""

from dataclasses import dataclass
from typing import Protocol

from . import records
from .alarms import ALARMS
from .cluster import SECOND
from .records import NODEDOWN, NOPROC
from .world import World


class Fault(Protocol):
    """Anything that can be injected before the world runs."""

    def inject(self, world: World) -> None: ...


@dataclass(frozen=True)
class PowerLoss:
    """A peer is off without a word; the others notice when its node does not answer any more."""

    at: int
    peer: str
    back: int | None = None

    def inject(self, world: World) -> None:
        world.at(self.at, world.stop, self.peer, NODEDOWN, (2000, 9000))
        if self.back is not None:
            world.at(self.back, world.start, self.peer)


@dataclass(frozen=True)
class Crash:
    """An application of a peer fails (15019) and takes the peer with it."""

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
    """The hypervisor holds a peer, as for a snapshot of the machine: it goes on where it was.

    When it goes on, its database finds that the others' connections went away, and connects again.
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
    """No packet gets from one peer to another or back: both sides log that they lost the other."""

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
    """A firewall drops TCP 4371 and 4372 between two peers; UDP 1719 gets through.

    ``reports`` are the peers that raise 20021: one of them where only its way out is blocked.
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
    """An alarm of a peer, with or without an end."""

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
    """The replication cycles of a peer stop (``off``) or start and do not end (``failing``)."""

    at: int
    peer: str
    become: str

    def inject(self, world: World) -> None:
        world.at(self.at, setattr, world.nodes[self.peer], "cycles", self.become)


@dataclass(frozen=True)
class Edit:
    """An administrator changes a cluster setting on one peer; nothing replicates it.

    ``settings`` are fields of `Settings`, ``words`` what the web interface logs.
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
            said = f"alternatesConfiguration {name} - {change}"
            world.say(self.peer, records.database_edit(said, node.peer.fqdn), 20 * number + 2)
        world.say(self.peer, records.management("Cluster configuration change detected", 312), 120)
        if self.asks_for_restart:
            world.at(self.at + 300, lambda: world.raise_alarm(self.peer, "20007", managed=True))


def _lose_each_other(world: World, peers: tuple[str, str]) -> None:
    for one, other in (peers, peers[::-1]):
        world.at(world.now + world.chance(0, 400), world.lose, one, other, NODEDOWN)


def _find_each_other(world: World, peers: tuple[str, str]) -> None:
    for one, other in (peers, peers[::-1]):
        world.at(world.now + world.chance(500, 900), world.find, one, other)
