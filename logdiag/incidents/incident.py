"""Builds one incident: its title, its state, its peers, and its remedy."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed
from logdiag.incidents.context import LASTING, Context
from logdiag.incidents.groups import hosts_of, is_mutual, peers_of, sides_of, without_peers
from logdiag.incidents.story import Story, counted, main_effects
from logdiag.model import SEVERITIES, STATES, Finding, Incident, Severity, State
from logdiag.rules.findings import stamp
from logdiag.rules.match_schema import list_peer_names
from logdiag.rules.placeholders import fill, fill_title, list_placeholders, unbound, worded
from logdiag.rules.remedies import holds, resolve_remedy
from logdiag.rules.roles import Situation
from logdiag.rules.schema import Rule


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
    steps = resolve_remedy([(context.library.rules[finding.rule].remedy, situation)], context.library)
    return replace(finding, remedy=steps)


def incident_of(
    name: str, rule: Rule, causes: list[Finding], members: list[Finding], context: Context
) -> Incident:
    """Return the incident of some causes and everything below them (``members``)."""
    match = rule.incident
    deciding, state, outcome = _state(rule, causes, members)
    effects = main_effects(members, context)
    # A cause may be logged after what it caused. If only a dump shows it, it began at the latest with that.
    begun = [one.first for one in causes if one.first] or [one.first for one in members if one.first]
    companions = [one for one in members if match is not None and one.rule in match.requires]
    first = min(
        [*begun, *(one.first for one in (*effects, *companions) if one.first and begun)], default=None
    )
    ending = (*deciding, *effects) if state == "closed" else members
    last = max((one.last for one in ending if one.last), default=None)
    # The findings that make it this incident say whom it is about, not those that may have led to it. If they
    # are over for some peers and not for others, the others count.
    required = [finding for finding in causes if match is not None and finding.rule in match.requires]
    decisive = required or causes
    lasting = [finding for finding in decisive if finding.state != "closed"] or decisive
    rules = [context.library.rules[cause] for cause in dict.fromkeys(cause.rule for cause in causes)]
    hosts, peers = hosts_of(lasting), peers_of(lasting)
    if all(match.audit for rule in rules for match in rule.match):
        peers = ()  # an audit compares with peers that are right
    mutual = is_mutual(lasting)
    # A composite is about the peers that its findings name; another rule also about those that report it.
    named = tuple(sorted({*hosts, *peers})) if mutual or match is None else peers or hosts
    reporters = hosts_of([one for one in deciding if one.state != "closed"] or deciding)
    values = _values(causes, rules)
    values["primary"] = context.overall.cluster.primary or gettext("the configuration primary")
    situation = Situation(
        context.overall,
        min(deciding, key=_standing).rule,
        # Those who report it now, or did if it is over everywhere.
        reporters if mutual else without_peers(reporters, peers),
        peers,
        state,
        fired=tuple((finding.rule, finding.values) for finding in members),
        mutual=mutual,
        values=values,
    )
    hosts, peers = (
        sides_of(lasting, context.overall.cluster.primary) if mutual else (without_peers(hosts, peers), peers)
    )
    count = sum(finding.count for finding in causes)
    since = min((finding.first for finding in decisive if finding.first), default=None)
    absent = {key: text for rule in rules for key, text in unbound(rule.match).items()}
    says = {k: v for cause in causes for k, v in context.library.says.get(cause.rule, {}).items()}
    # What a rule says of its own time is about its findings, and not about what they caused.
    until = last if match is not None else max((one.last for one in causes if one.last), default=last)
    texts = worded({**absent, **list_placeholders(values, hosts, peers or hosts, count, since, until)}, says)
    sides = replace(situation, hosts=hosts, peers=peers)
    wording = next((one for one in rule.wordings if holds(one.when, sides)), rule)
    counts = {"hosts": counted(hosts), "peers": counted(peers or hosts)}
    title = fill_title(wording.title, texts | counts, hosts, peers or hosts, context.overall.everyone)
    story = Story.of(rule, title, named, causes, members, effects, context)
    fingerprint = hashlib.sha256("\0".join([name, *sorted(f.fingerprint for f in causes)]).encode())
    return Incident(
        id=f"{fingerprint.hexdigest()[:16]}@{stamp(first)}",
        rule=name,
        title=story.title,
        severity=_severity(rule, causes, members),
        state=state,
        first=first,
        last=last,
        peers=named,
        findings=tuple(finding.id for finding in members),
        summary=" ".join(part for part in (fill(wording.why, texts), outcome, *story.sentences) if part),
        remedy=resolve_remedy([(rule.remedy, situation), *story.remedies], context.library),
        as_of=max((finding.as_of for finding in causes if finding.as_of), default=None),
    )


def _values(causes: Sequence[Finding], rules: Iterable[Rule]) -> dict[str, str]:
    """Return what the causes bound; of several alarms and peers all are named, of other values the first."""
    values = {key: value for finding in reversed(causes) for key, value in finding.values.items()}
    for key in {"alarm", *(name for rule in rules for name in list_peer_names(rule.match))} & values.keys():
        values[key] = listed([*dict.fromkeys(one.values[key] for one in causes if key in one.values)])
    return values


def _severity(rule: Rule, causes: list[Finding], members: list[Finding]) -> Severity:
    """Return the worst severity of the findings and the rule; requested work that ended well is ``info``."""
    if all(cause.requested for cause in causes):
        return "info"
    return max((rule.severity, *(one.severity for one in members)), key=SEVERITIES.index)


def _state(rule: Rule, causes: list[Finding], members: list[Finding]) -> tuple[list[Finding], State, str]:
    """Return the findings that decide whether an incident is over, its state, and a sentence about that.

    An incident is not over while an effect of its causes is still open. A cause without an end of its own,
    such as one record, is over with its effects.
    """
    match = rule.incident
    deciding = [one for one in members if match is not None and one.rule in match.state_of] or causes
    not_asked = {one.id for one in causes} - {one.id for one in deciding}
    effects = [one for one in members if one.caused_by and one.id not in not_asked]
    if all(one.requested for one in causes):
        effects = []  # the effects of work that ended well or is running decide nothing
    lasting = [one for one in effects if one.state in LASTING]
    without_end = effects and all(one.state == "seen" for one in deciding)
    decider = min([*(() if without_end else deciding), *(effects if without_end else lasting)], key=_standing)
    # How an effect ended says nothing of the cause.
    return deciding, decider.state, decider.outcome if decider in deciding else ""


def _standing(finding: Finding) -> int:
    return STATES.index(finding.state)
