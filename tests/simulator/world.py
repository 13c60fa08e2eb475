"""The discrete-event world: peers that run, lose each other, raise alarms, and log."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal, NamedTuple

from . import records
from .alarms import ALARMS
from .cluster import MINUTE, SECOND, Cluster, Peer, Settings
from .noise import NOISE

CYCLE = 2 * MINUTE
KEEPALIVE = 4 * MINUTE


class Entry(NamedTuple):
    """A logged record: its true time, its peer, and how much earlier its UTCTime is."""

    time: int
    peer: str
    record: str
    early: int


@dataclass
class Node:
    """The state of a peer. ``lost`` are the peers to which its database has no connection."""

    peer: Peer
    settings: Settings
    up: bool = True
    boots: int = 0
    cycles: Literal["on", "off", "failing"] = "on"
    noisy: bool = True
    lost: set[str] = field(default_factory=set)
    alarms: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Raised alarms: time and Detail, by id."""
    started: list[int] = field(default_factory=list)
    """Times of its starts during the simulation."""
    ras: int = 0

    @property
    def is_primary(self) -> bool:
        listed = self.settings.peer_list
        return len(listed) >= self.settings.primary and listed[self.settings.primary - 1] == self.peer.entry


class World:
    """All peers, the connections between them, and their records in the order of time."""

    def __init__(self, cluster: Cluster, rng: Random) -> None:
        self.cluster = cluster
        self.rng = rng
        self.now = 0
        self.entries: list[Entry] = []
        self.nodes = {
            peer.name: Node(peer, cluster.settings, ras=rng.randrange(60_000)) for peer in cluster.peers
        }
        self.cuts: set[frozenset[str]] = set()
        self.blocks: set[frozenset[str]] = set()
        self._events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        for name in self.nodes:
            self._begin(name)

    # ── time ────────────────────────────────────────────────────────────────────────────────

    def at(self, time: float, action: Callable[..., None], *given: Any) -> None:
        """Schedule an action. A time in the past becomes now."""
        heapq.heappush(self._events, (max(int(time), self.now), self._count, action, given))
        self._count += 1

    def run(self, until: int) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, action, given = heapq.heappop(self._events)
            action(*given)
        self.now = until

    def chance(self, low: float, high: float) -> int:
        return self.rng.randint(int(low), int(high))

    # ── records ─────────────────────────────────────────────────────────────────────────────

    def say(self, name: str, record: str, delay: float = 0) -> None:
        """Log a record after a delay, unless the peer is down then or has restarted since."""
        boots = self.nodes[name].boots

        def log() -> None:
            node = self.nodes[name]
            if node.up and node.boots == boots:
                self.entries.append(Entry(self.now, name, record, 1 if self.rng.random() < 0.2 else 0))

        self.at(self.now + delay, log)

    def sequence(self, name: str, *steps: tuple[int, str]) -> None:
        """Log records in this order at fixed delays, each up to 2 ms late."""
        late = 0
        for delay, record in steps:
            late = max(late, delay + self.rng.choice((0, 0, 1, 2)))
            self.say(name, record, late)

    def raise_alarm(self, name: str, alarm: str, detail: str | None = None, *, managed: bool = False) -> None:
        """Raise an alarm now, unless it is already raised."""
        node = self.nodes[name]
        if not node.up or alarm in node.alarms:
            return
        node.alarms[alarm] = (self.now, detail or ALARMS[alarm].detail)
        if managed:
            self.say(name, records.raising(ALARMS[alarm]))
        self.say(name, records.alarm(ALARMS[alarm], "Alarm Raised", detail), 3 if managed else 0)

    def lower_alarm(self, name: str, alarm: str) -> None:
        node = self.nodes[name]
        if node.up and alarm in node.alarms:
            _, detail = node.alarms.pop(alarm)
            self.say(name, records.alarm(ALARMS[alarm], "Alarm Lowered", detail))

    # ── connections ─────────────────────────────────────────────────────────────────────────

    def reaches(self, a: str, b: str) -> bool:
        """Return whether packets, such as H.323 on UDP 1719, pass from one peer to another."""
        return self.nodes[a].up and self.nodes[b].up and frozenset((a, b)) not in self.cuts

    def answers(self, a: str, b: str) -> bool:
        """Return whether the other peer answers H.323 on UDP 1719."""
        return self.reaches(a, b) and self.nodes[b].settings.h323_mode == "On"

    def connected(self, a: str, b: str) -> bool:
        """Return whether the two databases can connect on TCP 4371 and 4372."""
        return self.reaches(a, b) and frozenset((a, b)) not in self.blocks

    def members(self, name: str) -> tuple[str, ...]:
        """Return the other peers in the list of a peer."""
        listed = self.nodes[name].settings.peer_list
        return tuple(p.name for p in self.cluster.peers if p.entry in listed and p.name != name)

    def others(self, name: str) -> tuple[str, ...]:
        return tuple(other for other in self.nodes if other != name)

    def primary_of(self, name: str) -> str | None:
        settings = self.nodes[name].settings
        listed = settings.peer_list
        entry = listed[settings.primary - 1] if len(listed) >= settings.primary else None
        return next((peer.name for peer in self.cluster.peers if peer.entry == entry), None)

    def configure(self, name: str, **settings: Any) -> None:
        node = self.nodes[name]
        node.settings = replace(node.settings, **settings)

    # ── losing and finding a peer ───────────────────────────────────────────────────────────

    def lose(self, name: str, lost: str, reason: str) -> None:
        """The database of a peer loses another: records in the order and at the intervals of the technical note."""
        node = self.nodes[name]
        if not node.up or lost in node.lost or lost not in self.members(name):
            return
        node.lost.add(lost)
        me, other = node.peer.fqdn, self.nodes[lost].peer.fqdn
        pid = f"{self.chance(9000, 19000)}.{self.chance(1, 500)}"
        d = records.database
        down = "Processed mnesia_down event from accessible node"
        context = "from mnesia system - mnesia down"
        partitioned = "Connecting database on mnesia running_partitioned_network event"
        self.sequence(
            name,
            (0, d(down, me, other)),
            (1, d("Inconsistent Database", me, other, level="ERROR", context=context)),
            (1, d(partitioned, me, other)),
            (1, d("Ready to perform node connection transaction", me, other, pid=pid)),
            (1, d("Running node connection transaction", me, other, pid=pid)),
            (1, d("Failed connecting to node", me, other, level="WARN", module="synchronise", pid=pid, reason=reason)),
        )  # fmt: skip
        self.at(self.now + self.chance(165, 180), self._alarm_of_loss, name, "20006")
        self.at(self.now + self.chance(400, 430), self._alarm_of_loss, name, "20004")
        self.at(self.now + self.chance(10_500, 10_540), self.unanswered, name, lost)
        again = "Triggering forced peer update of peers which failed DNS and queueing next run"
        self.say(name, d(again, me, module="peernameresolver", pid="145.0", queue="300000"), 16_248)

    def _alarm_of_loss(self, name: str, alarm: str) -> None:
        if self.nodes[name].lost:
            self.raise_alarm(name, alarm)

    def unanswered(self, name: str, lost: str) -> None:
        """Repeat H.323 to a peer that does not answer, then give up."""
        node = self.nodes[name]
        if self.answers(name, lost) or not node.up:
            return
        address, first = self.nodes[lost].peer.address, node.ras
        node.ras += 2
        sent = records.ras_sent
        for delay, record in (
            (0, sent(address, "SCI", first, "Retransmit")),
            (1000, sent(address, "LRQ", first + 1, "Retransmit")),
            (3000, sent(address, "LRQ", first + 1, "Retransmit")),
            (4000, sent(address, "SCI", first, "Retransmit")),
            (5000, records.gatekeeper_timed_out(address)),
            (5000, sent(address, "LRQ", first + 1, "Timeout")),
            (8000, sent(address, "SCI", first, "Timeout")),
        ):
            self.at(self.now + delay, self._unless_answered, name, lost, record)

    def _unless_answered(self, name: str, lost: str, record: str) -> None:
        if not self.answers(name, lost):
            self.say(name, record)

    def find(self, name: str, found: str) -> None:
        """The database of a peer connects to another again."""
        node = self.nodes[name]
        if not self.connected(name, found):
            return
        up = "Processed mnesia_up event from accessible node"
        self.say(name, records.database(up, node.peer.fqdn, self.nodes[found].peer.fqdn))
        node.lost.discard(found)
        self.at(self.now + 2100, self._all_found, name, "20006")
        self.at(self.now + 2300, self._all_found, name, "20004")
        self.at(self.now + 3000 + self.chance(0, 400), self._keepalive, name, found)

    def _all_found(self, name: str, alarm: str) -> None:
        if not self.nodes[name].lost:
            self.lower_alarm(name, alarm)

    # ── stopping and starting ───────────────────────────────────────────────────────────────

    def stop(self, name: str, reason: str, notice: tuple[int, int]) -> None:
        """Stop a peer now. The others notice after a random time between two bounds."""
        self.nodes[name].up = False
        for other in self.others(name):
            self.at(self.now + self.chance(*notice), self._notice, other, name, reason)

    def _notice(self, name: str, stopped: str, reason: str) -> None:
        if not self.nodes[stopped].up:
            self.lose(name, stopped, reason)

    def start(self, name: str, *, clears: tuple[str, ...] = ("20007", "20020")) -> None:
        """Start a peer. It logs its version, and connects to the others."""
        node = self.nodes[name]
        node.up, node.boots = True, node.boots + 1
        node.lost = set()
        node.started.append(self.now)
        for alarm in ("20004", "20006", "20016"):
            node.alarms.pop(alarm, None)
        self.say(name, records.event("System Start"))
        self.say(name, records.event("Application Start", f"Software version {node.settings.version}"), 3000)
        for alarm in clears:
            self.at(self.now + 9000, self.lower_alarm, name, alarm)
        for other in self.members(name):
            for one, two in ((name, other), (other, name)):
                if self.connected(one, two):
                    self.at(self.now + 14_000 + self.chance(0, 30), self.find, one, two)
        self.at(self.now + 15_000, self.check_versions)
        self.at(self.now + 20_000, self._miss, name)
        self._begin(name)

    def _miss(self, name: str) -> None:
        """A peer that started without another reports it as missing, without a lost connection."""
        node = self.nodes[name]
        node.lost |= {other for other in self.members(name) if not self.connected(name, other)}
        for alarm in ("20006", "20004"):
            self._alarm_of_loss(name, alarm)

    def check_versions(self) -> None:
        """Switch replication off on every peer while versions differ (alarm 20008)."""
        running = [name for name, node in self.nodes.items() if node.up and len(node.settings.peer_list) > 1]
        differ = len({self.nodes[name].settings.version for name in self.nodes if name in running}) > 1
        for name in running:
            self.at(
                self.now + self.chance(100, 3000),
                self.raise_alarm if differ else self.lower_alarm,
                name,
                "20008",
            )

    # ── periodic events ─────────────────────────────────────────────────────────────────────

    def _begin(self, name: str) -> None:
        soon = 0 if self.now == 0 else 20 * SECOND
        boots = self.nodes[name].boots
        self._often(name, boots, soon + self.chance(0, CYCLE), CYCLE, self.cycle)
        for other in self.others(name):
            self._often(name, boots, soon + self.chance(0, KEEPALIVE), KEEPALIVE, self._keepalive, other)
        for period, make in NOISE:
            self._often(name, boots, soon + self.chance(0, period), period, self._murmur, make)

    def _often(
        self, name: str, boots: int, first: int, period: int, action: Callable[..., None], *given: Any
    ) -> None:
        def again() -> None:
            node = self.nodes[name]
            if node.boots != boots:
                return
            if node.up:
                action(name, *given)
            self.at(self.now + period + self.chance(-300, 300), again)

        self.at(self.now + first, again)

    def _murmur(self, name: str, make: Callable[[Random, Node], str]) -> None:
        node = self.nodes[name]
        if node.noisy:
            self.say(name, make(self.rng, node))

    def cycle(self, name: str) -> None:
        """Log a replication cycle. A cycle that cannot reach the primary starts and does not complete."""
        node = self.nodes[name]
        listed = [p for entry in node.settings.peer_list for p in self.cluster.peers if p.entry == entry]
        if node.cycles == "off" or len(listed) < 2:
            return
        primary = self.primary_of(name)
        local = next((i for i, peer in enumerate(listed) if peer.name == name), 0)
        pairs = [(peer.address, peer.name) for peer in listed]
        begin = (
            (0, records.cycle_starts()),
            (9, records.cycle_lists(pairs, node.settings.primary - 1, local)),
        )
        reached = node.is_primary or (primary is not None and self.connected(name, primary))
        if reached:
            self.lower_alarm(name, "20016")
        else:
            self.at(self.now + 2000, self.raise_alarm, name, "20016")
        if not reached or node.cycles == "failing":
            self.sequence(name, *begin)
            return
        took = self.chance(46, 120)
        end = ((took, records.cycle_role(node.is_primary)), (took + 4, records.cycle_ends()))
        self.sequence(name, *begin, *end)

    def _keepalive(self, name: str, other: str) -> None:
        node = self.nodes[name]
        if other not in self.members(name) or node.settings.h323_mode != "On":
            return
        if not self.answers(name, other):
            self.at(self.now + 4000, self.unanswered, name, other)
            return
        node.ras += 1
        self.say(name, records.ras_sent(self.nodes[other].peer.address, "SCI", node.ras))
        self.say(other, records.ras_received(node.peer.address, "SCI", node.ras), self.chance(1, 4))
