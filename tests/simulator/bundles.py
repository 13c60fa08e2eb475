"""Make the snapshot of each peer: the kept parts of its log, and its dumps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logdiag.snapshots import Member, Meter

from .cluster import ZONES
from .dumps import xconfiguration, xstatus
from .records import stamped
from .world import Node, World


@dataclass(frozen=True)
class Bundle:
    """A snapshot in memory. logdiag reads it like a snapshot on disk."""

    name: str
    files: Mapping[str, bytes]

    def members(self, meter: Meter) -> Iterator[Member]:
        for source, content in sorted(self.files.items()):
            yield Member(source, iter([content]))


@dataclass
class Kept:
    """The parts of a peer's evidence that are kept.

    ``windows`` are the half-open spans of its log files in true time. Two windows are a log with a gap. ``ahead`` is
    the number of milliseconds by which its clock is ahead. Dumps are taken when the first window starts. A peer that
    restarts while it is logging has no dumps (administrator guide X15.5).
    """

    windows: list[tuple[int, int]]
    ahead: int = 0
    given: bool = True
    dumps: bool = True
    certificate: bytes | None = None
    dumped: dict[str, bytes] = field(default_factory=dict)


def take_dumps(world: World, name: str, kept: Kept) -> None:
    """Store the dumps of a peer in its current state."""
    node = world.nodes[name]
    if not node.up:
        return
    alarms = {
        alarm: (at(world, kept, raised).replace(tzinfo=None), detail)
        for alarm, (raised, detail) in node.alarms.items()
    }
    alternates = {}
    for entry in node.settings.peer_list:
        other = next((peer.name for peer in world.cluster.peers if peer.entry == entry), None)
        alive = other == name or (other is not None and world.connected(name, other))
        alternates[entry] = "Active" if alive else "Failed"
    kept.dumped = {
        "xconf": xconfiguration(node.peer, node.settings).encode(),
        "xstat": xstatus(node.peer, node.settings, alarms, alternates).encode(),
    }


def at(world: World, kept: Kept, time: int) -> datetime:
    """Return the time of a peer's clock at a true time, in UTC."""
    return world.cluster.start + timedelta(milliseconds=time + kept.ahead)


def bundle(world: World, name: str, kept: Kept) -> Bundle:
    """Return the diagnostic log of a peer."""
    node = world.nodes[name]
    files: dict[str, bytes] = {}
    date = f"{at(world, kept, kept.windows[0][0]):%Y-%m-%d}"
    for number, window in enumerate(kept.windows, start=1):
        part = f"_{number}" if len(kept.windows) > 1 else ""
        files[f"loggingsnapshot_{name}_{date}{part}.txt"] = "".join(
            _lines(world, node, kept, window)
        ).encode()
    first, last = kept.windows[0][0], kept.windows[-1][1]
    if kept.dumps and not any(first < time < last for time in node.started):
        for kind, content in kept.dumped.items():
            files[f"{kind}_dump_{name}_{date}.txt"] = content
    if kept.certificate is not None:
        files[f"server_{name}_{date}.pem"] = kept.certificate
    return Bundle(f"diagnostic_log_{name}", files)


def _lines(world: World, node: Node, kept: Kept, window: tuple[int, int]) -> Iterator[str]:
    zone = ZONES[node.settings.time_zone]
    for entry in world.entries:
        if entry.peer == node.peer.name and window[0] <= entry.time < window[1]:
            yield stamped(entry.record, entry.peer, at(world, kept, entry.time), zone, entry.early)
