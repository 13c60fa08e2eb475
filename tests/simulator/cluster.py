"""The simulated cluster: its peers and their settings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

SECOND = 1000
MINUTE = 60 * SECOND
"""Times of the simulation are milliseconds since its start."""

ZONES = {"Europe/Berlin": 60, "America/Chicago": -300, "Asia/Kolkata": 330, "Etc/UTC": 0, "Asia/Seoul": 540}
VERSIONS = ("X14.0.4", "X14.2.5", "X14.3.1", "X15.0.2", "X15.2.1")
OPTIONS = (
    ("116341E00-1-SYNTH001", "Expressway Series"),
    ("116341X50-1-SYNTH002", "100 Rich Media Sessions"),
    ("116341L00-1-SYNTH004", "Advanced Account Security"),
)
TRAVERSAL = ("116341T00-1-SYNTH003", "Traversal Server")


@dataclass(frozen=True)
class Peer:
    """A peer; ``index`` is its place in the list of peers, from 1, and ``entry`` its text in the list."""

    name: str
    fqdn: str
    address: str
    index: int
    entry: str


@dataclass(frozen=True)
class Settings:
    """The settings of a peer, as its dumps show them. ``primary`` is an index from 1."""

    cluster_name: str
    peer_list: tuple[str, ...]
    primary: int
    version: str
    edge: bool
    time_zone: str
    tls_mode: str = "Permissive"
    ip_protocol: str = "IPv4"
    h323_mode: str = "On"
    hardware: str = "VMware, medium"
    options: tuple[tuple[str, str], ...] = OPTIONS
    ntp: tuple[str, ...] = ("ntp1.example.com",)
    ntp_flash: str = "0000"
    dns: tuple[str, ...] = ("10.9.0.2",)
    behind_nat: str = ""
    """The address of the interface, if static NAT gives the peer its public address."""


@dataclass(frozen=True)
class Cluster:
    """The peers in the order of their list, their common settings, and the start of the simulation."""

    peers: tuple[Peer, ...]
    settings: Settings
    start: datetime
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(peer.name for peer in self.peers))

    @property
    def primary(self) -> str:
        return self.peers[self.settings.primary - 1].name

    @property
    def subordinates(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name != self.primary)


def make_cluster(rng: Random, size: int, *, edge: bool | None = None, named: bool | None = None) -> Cluster:
    """Make a random cluster of a size. ``named``: the list contains FQDNs or addresses."""
    edge = rng.random() < 0.4 if edge is None else edge
    stem = rng.choice(("exwye", "vcse", "edge", "dmz-exp") if edge else ("expc", "core", "vcsc", "hq-exp"))
    domain = rng.choice(("example.com", "corp.example.net", "video.example.org"))
    net = f"10.{rng.randrange(10, 90)}.{rng.randrange(1, 200)}"
    first = rng.randrange(10, 200)
    numbers = list(range(1, size + 1))
    rng.shuffle(numbers)
    by_name = rng.random() < 0.7 if named is None else named
    peers = []
    for place, number in enumerate(numbers, start=1):
        name, address = f"{stem}{number:02d}", f"{net}.{first + place}"
        fqdn = f"{name}.{domain}"
        peers.append(Peer(name, fqdn, address, place, fqdn if by_name else address))
    settings = Settings(
        cluster_name=f"{stem}-cluster.{domain}",
        peer_list=tuple(peer.entry for peer in peers) if size > 1 else (),
        primary=rng.randrange(1, size + 1),
        version=rng.choice(VERSIONS),
        edge=edge,
        time_zone=rng.choice(sorted(ZONES)),
        options=(*OPTIONS, TRAVERSAL) if edge else OPTIONS,
    )
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(
        days=rng.randrange(0, 360), milliseconds=rng.randrange(0, 86_400_000)
    )
    return Cluster(tuple(peers), settings, start)
