"""How replication goes on each peer, as far as findings tell."""

from dataclasses import dataclass
from datetime import datetime

from logdiag.model import Diagnosis, Finding

HEALTHY = "replication/healthy"
"""The rule that tells of cycles that succeed."""

_FAMILY = "replication/"


@dataclass(frozen=True)
class Replication:
    """The successes that a peer logged, and the findings that say that it does not replicate now."""

    count: int
    last: datetime | None
    failing: tuple[Finding, ...]


def replicated(diagnosis: Diagnosis) -> dict[str, Replication]:
    """For each peer that is named in a finding on replication how it goes there."""
    found: dict[str, Replication] = {}
    for peer in diagnosis.cluster.peers:
        own = [
            finding
            for finding in diagnosis.findings
            if finding.rule.startswith(_FAMILY) and peer.name in (*finding.hosts, *finding.peers)
        ]
        good = [finding for finding in own if finding.rule == HEALTHY and peer.name in finding.hosts]
        failing = [finding for finding in own if finding.rule != HEALTHY and finding.state != "closed"]
        if good or failing:
            last = max((finding.ended for finding in good), default=None)
            found[peer.name] = Replication(sum(finding.count for finding in good), last, tuple(failing))
    return found
