"""Where in the inputs a finding stands, and of which cluster and peer it is."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from logdiag.model import Diagnosis, Evidence, Finding, Incident


class Place(NamedTuple):
    """A line of a member."""

    snapshot: str
    source: str
    line: int

    @property
    def path(self) -> str:
        """The snapshot and the member in it, a relative path that never leads upwards."""
        parts = f"{self.snapshot}/{self.source}".split("/")
        return "/".join(f"_{part}" if part in (".", "..") else part for part in parts if part) or "_"

    @property
    def uri(self) -> str:
        """The path as a relative URI."""
        return quote(self.path, safe="/", errors="replace")


class Places:
    """The members and peers of a diagnosis, looked up by name."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        peers = diagnosis.cluster.peers
        self._snapshots = {
            peer.name: peer.snapshots or tuple(filter(None, (peer.snapshot,))) for peer in peers
        }
        self._clusters = {peer.name: peer.cluster for peer in peers}
        self.clusters: dict[str | None, list[str]] = {}
        """The clusters in the order of their peers, and these; None where there is but one."""
        for peer in peers:
            self.clusters.setdefault(peer.cluster, []).append(peer.name)
        self.clusters = self.clusters or {None: []}
        self._given_by: dict[str, list[str]] = {}
        for name, snapshots in self._snapshots.items():
            for snapshot in snapshots:
                self._given_by.setdefault(snapshot, []).append(name)
        # Of each snapshot the first log, else the first dump, else whatever lies in it first.
        ranked = sorted(diagnosis.coverage.members, key=lambda one: (one.kind != "log", one.kind == "other"))
        self._first: dict[str, Place] = {}
        for member in ranked:
            self._first.setdefault(member.snapshot, Place(member.snapshot, member.source, 1))
        self._any = next(iter(self._first.values()), None)

    def of(self, finding: Finding) -> Place:
        """Where a finding is shown: its first record, else the beginning of its peer's log."""
        if finding.evidence:
            return place_of(finding.evidence[0])
        snapshots = (of for name in _names(finding) for of in self._snapshots.get(name, ()))
        found = next((self._first[name] for name in snapshots if name in self._first), self._any)
        return found or Place("", finding.rule, 1)

    def peer(self, record: Evidence) -> str:
        """Whose record it is: the peer that gave the snapshot; of several the one that the record names."""
        given_by = self._given_by.get(record.snapshot, [])
        if len(given_by) == 1:
            return given_by[0]
        words = record.text[:200].split()[:3]
        return next((name for name in given_by if name in words), f"{record.snapshot}/{record.source}")

    def cluster(self, of: Finding | Incident) -> str | None:
        """Of which cluster something is."""
        known = (self._clusters[name] for name in _names(of) if name in self._clusters)
        return next(known, next(iter(self.clusters)))


def place_of(record: Evidence) -> Place:
    """Where a record stands."""
    return Place(record.snapshot, record.source, max(record.line, 1))


def _names(of: Finding | Incident) -> Iterable[str]:
    return (*of.hosts, *of.peers) if isinstance(of, Finding) else of.peers
