"""Folds all findings of a cluster into incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.incidents.causes import effects_of, find_causes, superseded, tree_of
from logdiag.incidents.groups import Required, group, group_by_values, is_cause, join_mirrors, works_of
from logdiag.incidents.incident import Context, incident_of, with_remedy
from logdiag.incidents.requests import judge_requests
from logdiag.model import Finding, Incident
from logdiag.rules.findings import rank
from logdiag.rules.library import Library

_WITHIN = timedelta(minutes=5)
"""Findings of one rule without a composite that start within this are one incident."""


@dataclass(frozen=True)
class Folded:
    """Findings with their causes, and the incidents that they form, worst first."""

    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]


def fold(findings: Sequence[Finding], library: Library, cluster: Cluster) -> Folded:
    """Fold findings into incidents."""
    causes_of = find_causes(findings, library)
    folded = judge_requests(causes_of, library, cluster)
    context = Context.of(folded, library, cluster)
    without_steps = superseded(folded, library)
    known = {one.id: one if one.id in without_steps else with_remedy(one, context) for one in folded}
    effects = effects_of(known.values())
    left = {finding.id: finding for finding in known.values() if not finding.caused_by}
    incidents = []
    # Work that is part of a fault belongs to its incident, so incidents without a fault come last.
    for name, rule, match in sorted(library.incidents(), key=lambda one: one[2].requested is True):
        required = Required(match, left.values())
        groups = group([f for f in left.values() if is_cause(f, match)], match.by, match.within)
        for causes in join_mirrors(groups, match.within) if match.mutual else groups:
            near = required.near(causes, left)
            if match.requires and not near:
                continue
            causes = list({finding.id: finding for finding in (*causes, *near)}.values())
            works = works_of(match, causes, left.values())
            members = tree_of([*causes, *works], effects, known)
            incidents.append(incident_of(name, rule, causes, members, context))
            for finding in (*causes, *works):
                left.pop(finding.id, None)
    by_rule: dict[str, list[Finding]] = {}
    for finding in left.values():
        if finding.severity != "info":
            by_rule.setdefault(finding.rule, []).append(finding)
    for name, same in sorted(by_rule.items()):
        rule = library.rules[name]
        for causes in (part for alike in group_by_values(same, rule) for part in group(alike, (), _WITHIN)):
            incidents.append(incident_of(name, rule, causes, tree_of(causes, effects, known), context))
    incidents.sort(key=rank)
    return Folded(tuple(sorted(known.values(), key=rank)), tuple(incidents))


def combine(parts: Sequence[Folded]) -> Folded:
    """Return the findings and incidents of several clusters, worst first."""
    findings = sorted((finding for part in parts for finding in part.findings), key=rank)
    incidents = sorted((incident for part in parts for incident in part.incidents), key=rank)
    return Folded(tuple(findings), tuple(incidents))
