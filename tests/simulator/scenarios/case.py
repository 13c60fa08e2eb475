"""A case of a scenario: a random cluster, the evidence of each peer, and the registry of scenarios."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..bundles import Bundle, Kept, bundle, take_dumps
from ..cluster import MINUTE, SECOND, Cluster, make_cluster
from ..faults import Fault
from ..truth import Dangers, Truth, dangers
from ..world import World

Scenario = Callable[["Case"], Truth]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Register a scenario under its name with hyphens."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


class Case:
    """A case during its setup. Logs begin after 3 to 6 minutes and end at ``end``, both at random."""

    def __init__(self, name: str, seed: int) -> None:
        self.rng = random.Random(f"{name} {seed}")
        self.end = 27 * MINUTE + self.rng.randrange(2 * MINUTE)
        self.world: World
        self.kept: dict[str, Kept] = {}

    @property
    def cluster(self) -> Cluster:
        return self.world.cluster

    def make(self, least: int, most: int, *, edge: bool | None = None, named: bool | None = None) -> World:
        """Return a world with a cluster of a random size between two bounds. Small sizes are more frequent."""
        size = min(self.rng.randint(least, most), self.rng.randint(least, most))
        self.world = World(make_cluster(self.rng, size, edge=edge, named=named), self.rng)
        for name in self.cluster.names:
            start = 3 * MINUTE + self.rng.randrange(3 * MINUTE)
            self.kept[name] = Kept([(start, self.end + self.rng.randrange(20 * SECOND))])
            # Clocks with NTP differ by milliseconds.
            self.kept[name].ahead = self.rng.randint(-40, 40)
        return self.world

    def when(self, low: float = 10, high: float = 14) -> int:
        """Return a random time between two bounds in minutes."""
        return self.rng.randint(int(low * MINUTE), int(high * MINUTE))

    def one(self, names: Iterable[str]) -> str:
        return self.rng.choice(sorted(names))

    def some(self, names: Iterable[str], count: int) -> tuple[str, ...]:
        return tuple(self.rng.sample(sorted(names), count))

    def inject(self, *faults: Fault) -> None:
        for fault in faults:
            fault.inject(self.world)

    def others(self, *names: str) -> tuple[str, ...]:
        return tuple(name for name in self.cluster.names if name not in names)

    def lost(self, *names: str) -> None:
        """Drop the snapshots of these peers."""
        for name in names:
            self.kept[name].given = False

    def ends(self, end: int, *names: str) -> None:
        """End the logs of some peers, or of all, at a time."""
        for name in names or self.cluster.names:
            kept = self.kept[name]
            kept.windows = [(start, min(stop, end)) for start, stop in kept.windows if start < end]
        if not names:
            self.end = end

    def keeps(self, name: str, *windows: tuple[int, int]) -> None:
        self.kept[name].windows = list(windows)


@dataclass(frozen=True)
class Played:
    """A finished case: the snapshots for logdiag, and the truth."""

    name: str
    seed: int
    cluster: Cluster
    world: World
    kept: dict[str, Kept]
    bundles: tuple[Bundle, ...]
    truth: Truth
    dangers: Dangers


def play(name: str, seed: int) -> Played:
    """Set up a scenario, run it to its end, and collect the snapshots."""
    case = Case(name, seed)
    truth = SCENARIOS[name](case)
    world = case.world
    for peer, kept in case.kept.items():
        world.at(kept.windows[0][0], take_dumps, world, peer, kept)
    world.run(max(stop for kept in case.kept.values() for _, stop in kept.windows))
    bundles = tuple(bundle(world, peer, kept) for peer, kept in case.kept.items() if kept.given)
    return Played(name, seed, case.cluster, world, case.kept, bundles, truth, dangers(world, truth))
