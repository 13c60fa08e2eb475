"""Locates a finding in the inputs, and finds its cluster and its peer."""

from collections.abc import Iterable
from typing import NamedTuple

from logdiag.model import Diagnosis, Evidence, Finding, Incident


class LineLocation(NamedTuple):
    """A line of a member."""

    snapshot: str
    source: str
    line: int

    @property
    def path(self) -> str:
        """The snapshot and the member in it, a relative path that never leads upwards."""
        parts = f"{self.snapshot}/{self.source}".split("/")
        return "/".join(f"_{part}" if part in (".", "..") else part for part in parts if part) or "_"


def location_of(record: Evidence) -> LineLocation:
    """Return the line at which a record begins."""
    # SARIF counts lines from 1.
    return LineLocation(record.snapshot, record.source, max(record.line, 1))


class Origins:
    """The members and the peers of a diagnosis, looked up by name."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        peers = diagnosis.cluster.peers
        self._snapshots = {
            peer.name: peer.snapshots or tuple(filter(None, (peer.snapshot,))) for peer in peers
        }
        self._cluster_of = {peer.name: peer.cluster for peer in peers}
        self.clusters: dict[str | None, list[str]] = {}
        """The clusters in the order of their peers, with the names of these; None if there is only one."""
        for peer in peers:
            self.clusters.setdefault(peer.cluster, []).append(peer.name)
        self.clusters = self.clusters or {None: []}
        # Of each snapshot the first log, else the first dump, else the first of all members.
        ranked = sorted(diagnosis.coverage.members, key=lambda one: (one.kind != "log", one.kind == "other"))
        self._first: dict[str, LineLocation] = {}
        for member in ranked:
            self._first.setdefault(member.snapshot, LineLocation(member.snapshot, member.source, 1))

    def location(self, finding: Finding) -> LineLocation:
        """Return the first record of a finding, else the beginning of its peer's log."""
        if finding.evidence:
            return location_of(finding.evidence[0])
        snapshots = (of for name in _names(finding) for of in self._snapshots.get(name, ()))
        candidates = (self._first[name] for name in (*snapshots, *self._first) if name in self._first)
        return next(candidates, LineLocation("", finding.rule, 1))

    def peer(self, record: Evidence) -> str:
        """Return the peer that gave the snapshot of a record; of several the one that the record names."""
        names = [name for name, snapshots in self._snapshots.items() if record.snapshot in snapshots]
        if len(names) == 1:
            return names[0]
        # The host is among the first words of a record, after the time.
        words = record.text[:200].split()[:3]
        return next((name for name in names if name in words), f"{record.snapshot}/{record.source}")

    def cluster(self, of: Finding | Incident) -> str | None:
        """Return the cluster of a finding or an incident."""
        known = (self._cluster_of[name] for name in _names(of) if name in self._cluster_of)
        return next(known, next(iter(self.clusters)))


def _names(of: Finding | Incident) -> Iterable[str]:
    return (*of.hosts, *of.peers) if isinstance(of, Finding) else of.peers
