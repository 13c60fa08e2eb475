"""Puts findings of peers whose clocks differ on one clock, to compare their times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.model import Finding

_MIN_SKEW = timedelta(seconds=60)
"""Smaller differences are within the tolerance of all rules, and the measurement has an error."""


@dataclass(frozen=True)
class Clocks:
    """By how much the clocks of peers are ahead of the first peer's, as far as that is known and matters."""

    ahead: Mapping[str, timedelta]

    @classmethod
    def of(cls, cluster: Cluster) -> "Clocks":
        """Return the clocks of a cluster."""
        skews = {peer.name: timedelta(seconds=peer.clock_skew or 0) for peer in cluster.peers}
        return cls({name: skew for name, skew in skews.items() if abs(skew) >= _MIN_SKEW})

    def corrected(self, finding: Finding) -> Finding:
        """Return a finding with the times of the first peer's clock."""
        return self._moved(finding, -1)

    def as_logged(self, finding: Finding) -> Finding:
        """Return a corrected finding with the times that its peer logged."""
        return self._moved(finding, 1)

    def _moved(self, finding: Finding, sign: int) -> Finding:
        ahead = {self.ahead.get(host, timedelta(0)) for host in finding.hosts}
        if len(ahead) != 1 or not (span := sign * ahead.pop()):
            return finding  # it is not known which peer logged which time
        evidence = tuple(
            replace(record, time=None if record.time is None else record.time + span)
            for record in finding.evidence
        )
        first, last, anchor = (
            None if time is None else time + span for time in (finding.first, finding.last, finding.anchor)
        )
        return replace(finding, first=first, last=last, anchor=anchor, evidence=evidence)
