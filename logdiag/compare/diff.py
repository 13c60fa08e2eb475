"""Computes the difference of an older and a newer diagnosis of one cluster: the outcome of each finding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from logdiag.compare.baseline import Earlier, is_worse
from logdiag.model import SEVERITIES, Diagnosis, Finding, Severity

Outcome = Literal["opened", "worse", "closed", "went_on", "gone", "same"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Comparison:
    """A finding, and the same finding in the older diagnosis; a finding that is gone has both the same."""

    finding: Finding
    was: Finding | None


@dataclass(frozen=True)
class Difference:
    """The findings by outcome, in the order of the diagnosis that contains them."""

    outcomes: Mapping[Outcome, tuple[Comparison, ...]]
    same_cluster: bool
    """Whether the diagnoses have a peer in common."""

    def failing(self, level: Severity) -> int:
        """Return how many are new or worse at ``level`` or above, and not explained by requested work."""
        least = SEVERITIES.index(level)
        found = (one.finding for one in (*self.outcomes["opened"], *self.outcomes["worse"]))
        return sum(SEVERITIES.index(one.severity) >= least and not one.requested for one in found)


def compare(older: Diagnosis, newer: Diagnosis) -> Difference:
    """Compare two diagnoses, finding by finding."""
    before = Earlier(older.findings)
    after: set[str] = set()
    outcomes: dict[Outcome, list[Comparison]] = {outcome: [] for outcome in OUTCOMES}
    for finding in newer.findings:
        was = before.same_as(finding)
        after.add(finding.id if was is None else was.id)
        outcomes[_outcome(finding, was)].append(Comparison(finding, was))
    # A finding that was over and is missing now is no news: logs rotate.
    gone = [one for one in older.findings if one.id not in after and one.state not in ("closed", "seen")]
    outcomes["gone"] = [Comparison(one, one) for one in gone]
    old_peers, new_peers = ({peer.name for peer in one.cluster.peers} for one in (older, newer))
    return Difference(
        {outcome: tuple(found) for outcome, found in outcomes.items()},
        # Without any peer in one of them, nothing contradicts that both are of the same cluster.
        same_cluster=not (old_peers and new_peers) or not old_peers.isdisjoint(new_peers),
    )


def _outcome(finding: Finding, was: Finding | None) -> Outcome:
    if was is None:
        return "opened"
    if is_worse(finding, was):
        return "worse"
    if finding.state == "closed":
        return "same" if was.state == "closed" else "closed"
    return "same" if finding.state == "seen" else "went_on"
