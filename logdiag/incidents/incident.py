"""Builds one incident: its title, its state, its peers, and its remedy."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.incidents.groups import is_mutual
from logdiag.model import SEVERITIES, STATES, Finding, Incident, Severity, State
from logdiag.rules.findings import stamp
from logdiag.rules.library import Library
from logdiag.rules.placeholders import fill, placeholders, unbound, worded
from logdiag.rules.remedies import resolve_remedy
from logdiag.rules.roles import Overall, Situation
from logdiag.rules.schema import Rule

LOSS = "database/peer-down"
"""The rule whose findings say that a peer is lost."""

UNWATCHED = "system/started-unwatched"
"""The rule whose findings are starts that may have been requested before the logs begin."""

_LASTING = ("open", "open_at_end")
_NOT_OVER = (*_LASTING, "unknown")


@dataclass(frozen=True)
class Context:
    """Facts about the whole cluster that every remedy needs."""

    library: Library
    overall: Overall

    @classmethod
    def of(cls, findings: Iterable[Finding], library: Library, cluster: Cluster) -> "Context":
        """Return the context from all findings of a cluster."""
        findings = list(findings)
        lost = [one for one in findings if one.rule == LOSS and one.state in _LASTING]
        overall = Overall(
            cluster,
            reporters=_reporters(findings),
            going_on=frozenset(one.rule for one in findings if one.state in _NOT_OVER),
            everywhere=frozenset(one.rule for one in findings),
            away=frozenset(peer for finding in lost for peer in finding.peers),
            way_is_broken=any(
                one.state != "closed" and library.rules[one.rule].breaks_the_way for one in findings
            ),
            before_outages=tuple(
                (name, procedure)
                for name in sorted({one.rule for one in findings if one.state in _NOT_OVER})
                if (procedure := library.rules[name].before_outages) is not None
            ),
        )
        return cls(library, overall)


def _reporters(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Return, by rule, the peers whose newest finding of any key is not over."""
    newest: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=lambda finding: (finding.began, finding.id)):
        for host in finding.hosts:
            newest[finding.fingerprint, host] = finding
    holding: dict[str, set[str]] = {}
    for (_, host), finding in newest.items():
        if finding.state != "closed":
            holding.setdefault(finding.rule, set()).add(host)
    return {rule: tuple(sorted(hosts)) for rule, hosts in holding.items()}


def with_remedy(finding: Finding, context: Context) -> Finding:
    """Return a finding with its own remedy."""
    situation = Situation(
        context.overall,
        finding.rule,
        finding.hosts,
        finding.peers,
        finding.state,
        fired=((finding.rule, finding.values),),
        values=finding.values,
    )
    steps = resolve_remedy(context.library.rules[finding.rule].remedy, context.library, situation)
    return replace(finding, remedy=steps)


def incident_of(
    name: str, rule: Rule, causes: list[Finding], members: list[Finding], context: Context
) -> Incident:
    """Return the incident of some causes and everything below them (``members``)."""
    match = rule.incident
    deciding, decider = _deciding(rule, causes, members)
    # If only a dump shows the cause, it began at the latest with what it caused.
    begun = [one.first for one in causes if one.first] or [one.first for one in members if one.first]
    first = min(begun, default=None)
    ending = deciding if decider.state == "closed" else members
    last = max((finding.last for finding in ending if finding.last), default=None)
    as_of = max((finding.as_of for finding in causes if finding.as_of), default=None)
    # The findings that make it this incident say whom it is about, not those that may have led to it. If they
    # are over for some peers and not for others, the others count.
    required = [finding for finding in causes if match is not None and finding.rule in match.requires]
    decisive = required or causes
    lasting = [finding for finding in decisive if finding.state != "closed"] or decisive
    rules = [context.library.rules[cause] for cause in dict.fromkeys(cause.rule for cause in causes)]
    hosts, peers = _hosts(lasting), _peers(lasting)
    if all(match.audit for rule in rules for match in rule.match):
        peers = ()  # an audit compares with peers that are right
    since = min((finding.first for finding in decisive if finding.first), default=None)
    mutual = is_mutual(lasting)
    is_primary = peers == (context.overall.cluster.primary,)
    title, why = _wording(rule, peers, decider.state, is_mutual=mutual, is_primary=is_primary)
    hosts = _without(hosts, peers)
    if mutual and match is not None and match.mutual is not None:
        everyone = {*hosts, *peers}
        shared = everyone.intersection(*({*finding.hosts, *finding.peers} for finding in lasting))
        peers = tuple(sorted(shared or everyone)[:1])
        hosts = tuple(sorted(everyone - set(peers)))
    count = sum(finding.count for finding in causes)
    absent = {name: text for rule in rules for name, text in unbound(rule.match).items()}
    values = {key: value for finding in reversed(causes) for key, value in finding.values.items()}
    values["primary"] = context.overall.cluster.primary or gettext("the configuration primary")
    says = {k: v for cause in causes for k, v in context.library.says.get(cause.rule, {}).items()}
    texts = worded({**absent, **placeholders(values, hosts, peers or hosts, count, since, last)}, says)
    reporters = _hosts([one for one in deciding if one.state != "closed"] or deciding)
    situation = Situation(
        context.overall,
        decider.rule,
        # Those who report it now, or did if it is over everywhere.
        reporters if mutual else _without(reporters, peers),
        peers,
        decider.state,
        fired=tuple((finding.rule, finding.values) for finding in members),
        mutual=mutual,
        values=values,
    )
    fingerprint = hashlib.sha256("\0".join([name, *sorted(f.fingerprint for f in causes)]).encode())
    return Incident(
        id=f"{fingerprint.hexdigest()[:16]}@{stamp(first)}",
        rule=name,
        title=fill(title, texts),
        severity=_severity(rule, causes, members),
        state=decider.state,
        first=first,
        last=last,
        peers=tuple(sorted({*hosts, *peers})) if mutual else peers or hosts,
        findings=tuple(finding.id for finding in members),
        summary=" ".join(part for part in (fill(why, texts), decider.outcome) if part),
        remedy=resolve_remedy(rule.remedy, context.library, situation),
        as_of=as_of,
    )


def _wording(
    rule: Rule, peers: tuple[str, ...], state: State, *, is_mutual: bool, is_primary: bool
) -> tuple[str, str]:
    """Return title and explanation.

    They differ for a fault with two sides, a peer alone, a past incident and a lost primary.
    """
    if (match := rule.incident) is not None:
        if is_mutual and match.mutual is not None:
            return match.mutual.title, match.mutual.why
        if not peers and match.alone is not None:
            return match.alone.title, match.alone.why
        if state == "closed" and match.over is not None:
            return match.over.title, match.over.why
        if is_primary and match.primary is not None:
            return match.primary.title, match.primary.why
    return rule.title, rule.why


def _severity(rule: Rule, causes: list[Finding], members: list[Finding]) -> Severity:
    """Return the worst severity of the findings and the rule; requested work that ended well is ``info``."""
    if all(cause.requested for cause in causes):
        return "info"
    return max((rule.severity, *(one.severity for one in members)), key=SEVERITIES.index)


def _deciding(rule: Rule, causes: list[Finding], members: list[Finding]) -> tuple[list[Finding], Finding]:
    """Return the findings that decide whether an incident is over, and the one whose state it takes."""
    match = rule.incident
    deciding = [one for one in members if match is not None and one.rule in match.state_of] or causes
    not_asked = {one.id for one in causes} - {one.id for one in deciding}
    effects = [one for one in members if one.caused_by and one.id not in not_asked]
    # An incident is not over while an effect of its causes is still open. A cause without an end of its own,
    # such as one record, is over with its effects.
    lasting = [one for one in effects if one.state in _LASTING]
    without_end = effects and all(one.state == "seen" for one in deciding)
    deciding = [*(() if without_end else deciding), *(lasting or (effects if without_end else ()))]
    return deciding, min(deciding, key=_standing)


def _standing(finding: Finding) -> int:
    return STATES.index(finding.state)


def _hosts(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({host for finding in findings for host in finding.hosts}))


def _without(hosts: tuple[str, ...], peers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that report others; if they only report themselves, all of them."""
    return tuple(sorted({*hosts} - {*peers})) or hosts


def _peers(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({peer for finding in findings for peer in finding.peers}))
