"""Computes the difference of an older and a newer diagnosis of one cluster: the outcome of each finding."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from logdiag.compare.baseline import Earlier, is_worse
from logdiag.model import SEVERITIES, Diagnosis, Finding, Incident, Severity
from logdiag.report.actions import Action, find_actions, find_prohibitions

Outcome = Literal["opened", "worse", "closed", "went_on", "gone", "same"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Comparison:
    """A finding, and the same finding in the older diagnosis; a finding that is gone has both the same."""

    finding: Finding
    was: Finding | None


@dataclass(frozen=True)
class Group:
    """Findings of one outcome that belong to the same incident, or a finding without an incident.

    ``number`` is the number of the incident in its diagnosis. The incident is of the older diagnosis if its
    findings are gone.
    """

    found: tuple[Comparison, ...]
    incident: Incident | None = None
    number: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all findings of the incident have this outcome: a new incident has only new findings."""
        return self.incident is not None and len(self.found) == len(self.incident.findings)

    @property
    def heading(self) -> Incident | None:
        """The incident if it has several findings: one with a single finding needs no line of its own."""
        return self.incident if self.incident and len(self.incident.findings) > 1 else None

    @property
    def severity(self) -> Severity:
        """The worst severity of the findings."""
        return max((one.finding.severity for one in self.found), key=SEVERITIES.index)


@dataclass(frozen=True)
class Difference:
    """The findings by outcome, in the order of the diagnosis that contains them."""

    older: Diagnosis
    newer: Diagnosis
    outcomes: Mapping[Outcome, tuple[Comparison, ...]]

    @property
    def same_cluster(self) -> bool:
        """Whether the diagnoses have a peer in common."""
        old_peers, new_peers = ({peer.name for peer in one.cluster.peers} for one in (self.older, self.newer))
        # Without any peer in one of them, nothing contradicts that both are of the same cluster.
        return not (old_peers and new_peers) or not old_peers.isdisjoint(new_peers)

    def groups(self, outcome: Outcome) -> tuple[Group, ...]:
        """Return the findings of an outcome by their incidents, the worst first."""
        incidents = (self.older if outcome == "gone" else self.newer).incidents
        number_of = {id_: number for number, one in enumerate(incidents, start=1) for id_ in one.findings}
        found: dict[int, list[Comparison]] = {}
        alone: list[Group] = []
        for one in self.outcomes[outcome]:
            if number := number_of.get(one.finding.id):
                found.setdefault(number, []).append(one)
            else:
                alone.append(Group((one,)))
        groups = [Group(tuple(of), incidents[number - 1], number) for number, of in sorted(found.items())]
        return tuple(sorted([*groups, *alone], key=lambda one: -SEVERITIES.index(one.severity)))

    def actions(self) -> tuple[Action, ...]:
        """Return the first steps of the incidents with new or worse findings, numbered as in ``newer``."""
        number_of = {one.id: number for number, one in enumerate(self.newer.incidents, start=1)}
        changed = self._changed()
        # A reader has the report of the newer diagnosis next to the difference: the numbers are those there.
        numbers = [number_of[one.id] for one in changed.incidents]
        return tuple(
            replace(action, incidents=tuple(numbers[place - 1] for place in action.incidents))
            for action in find_actions(changed)
        )

    def prohibitions(self) -> tuple[str, ...]:
        """Return what must not be done, by the steps for what is new or worse."""
        return find_prohibitions(self._changed())

    def _changed(self) -> Diagnosis:
        """The newer diagnosis with only the new and worse findings, and their incidents."""
        findings = [one.finding for one in (*self.outcomes["opened"], *self.outcomes["worse"])]
        ids = {one.id for one in findings}
        incidents = tuple(one for one in self.newer.incidents if not ids.isdisjoint(one.findings))
        return replace(self.newer, findings=tuple(findings), incidents=incidents)

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
    return Difference(older, newer, {outcome: tuple(found) for outcome, found in outcomes.items()})


def _outcome(finding: Finding, was: Finding | None) -> Outcome:
    if was is None:
        return "opened"
    if is_worse(finding, was):
        return "worse"
    if finding.state == "closed":
        return "same" if was.state == "closed" else "closed"
    return "same" if finding.state == "seen" else "went_on"
