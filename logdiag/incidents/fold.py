"""Folds all findings of a cluster into incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.cluster.facts import Facts
from logdiag.incidents.causes import effects_of, find_causes, superseded, tree_of
from logdiag.incidents.clocks import Clocks
from logdiag.incidents.context import Context
from logdiag.incidents.groups import Required, groups_of, is_cause, works_of
from logdiag.incidents.incident import incident_of, with_remedy
from logdiag.incidents.requests import judge_requests
from logdiag.model import Change, Finding, Incident
from logdiag.rules.findings import sort_key
from logdiag.rules.library import Library

_WITHIN = timedelta(minutes=5)
"""Findings of one rule without a composite that start within this are one incident."""


@dataclass(frozen=True)
class Folded:
    """Findings with their causes, and the incidents that they form, worst first."""

    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]


def fold(
    findings: Sequence[Finding],
    library: Library,
    cluster: Cluster,
    changes: tuple[Change, ...] = (),
    facts: Facts | None = None,
) -> Folded:
    """Fold all findings of a cluster into incidents; ``changes`` are in the order of time."""
    clocks = Clocks.of(cluster)
    causes_of = find_causes(
        [clocks.corrected(one) for one in findings], library, cluster.primary, facts or {}
    )
    corrected = judge_requests(causes_of, library, cluster)
    folded = [clocks.as_logged(one) for one in corrected]
    context = Context.of(folded, causes_of.possible, changes, library, cluster)
    without_steps = superseded(folded, library)
    known = {one.id: one if one.id in without_steps else with_remedy(one, context) for one in folded}
    effects = effects_of(folded)
    left = {finding.id: finding for finding in corrected if not finding.caused_by}
    incidents = []

    def add(name: str, causes: Sequence[Finding], works: Sequence[Finding] = ()) -> None:
        members = tree_of([known[one.id] for one in (*causes, *works)], effects, known)
        roots = [known[one.id] for one in causes]
        incidents.append(incident_of(name, library.rules[name], roots, members, context))

    # Work that is part of a fault belongs to its incident, so incidents without a fault come last.
    for name, _, match in sorted(library.incidents(), key=lambda one: one[2].requested is True):
        required = Required(match, corrected)
        causes_left = [one for one in left.values() if is_cause(one, match)]
        for causes in groups_of(causes_left, match.by, match.within):
            near = required.near(causes)
            if match.requires and not near:
                continue
            causes = list({one.id: one for one in (*causes, *near) if one.id in left}.values())
            works = works_of(match, causes, left.values())
            add(name, causes, works)
            for finding in (*causes, *works):
                left.pop(finding.id, None)
    by_kind: dict[tuple[str, ...], list[Finding]] = {}
    for finding in left.values():
        if finding.severity != "info":
            by_kind.setdefault(_kind(finding, library), []).append(finding)
    for (name, *_), same in sorted(by_kind.items()):
        for causes in groups_of(same, (), _WITHIN):
            add(name, causes)
    incidents.sort(key=sort_key)
    return Folded(tuple(sorted(known.values(), key=sort_key)), tuple(incidents))


def _kind(finding: Finding, library: Library) -> tuple[str, ...]:
    """Return the rule of a finding with what the rule distinguishes, except peers and numbers of alarms."""
    names = [name for match in library.rules[finding.rule].match for name in match.by if name != "alarm"]
    values = (finding.values.get(name, "") for name in names)
    return finding.rule, *(value for value in values if value not in (*finding.hosts, *finding.peers))


def combine(parts: Sequence[Folded]) -> Folded:
    """Return the findings and incidents of several clusters, worst first."""
    findings = sorted((finding for part in parts for finding in part.findings), key=sort_key)
    incidents = sorted((incident for part in parts for incident in part.incidents), key=sort_key)
    return Folded(tuple(findings), tuple(incidents))
