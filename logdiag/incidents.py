"""From findings to incidents: what caused what, and what is one problem.

A rule's ``explains`` names its effects. A finding that is an effect folds under its cause; causes
that a composite rule (``rules/incident``) names become one incident with the composite's name, and
what is left is an incident by the name of its own rule. ``info`` findings that nothing explains
form none.
"""

import bisect
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.model import SEVERITIES, STATES, Finding, Incident, Step
from logdiag.rules.library import Library
from logdiag.rules.matches import IncidentMatch
from logdiag.rules.remedies import remedy
from logdiag.rules.roles import Situation
from logdiag.rules.schema import Explains, Requested, Rule
from logdiag.rules.texts import fill, placeholders, unbound, worded

LOSS = "database/peer-down"
"""The rule whose findings say that a peer is lost."""

TOGETHER = timedelta(minutes=5)
"""Findings of one rule without a composite that start within this are one incident."""


@dataclass(frozen=True)
class Told:
    """Findings with their causes filled in, and the incidents that they make, worst first."""

    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]


def tell(findings: Sequence[Finding], library: Library, cluster: Cluster) -> Told:
    """Fold findings into incidents."""
    known = {finding.id: finding for finding in _with_requests(_with_causes(findings, library), library)}
    context = _Context(
        library,
        cluster,
        _reporters(known.values()),
        going_on=frozenset(f.rule for f in known.values() if f.state in ("open", "open_at_end")),
        everywhere=frozenset(f.rule for f in known.values()),
        away=frozenset(
            peer
            for finding in known.values()
            if finding.rule == LOSS and finding.state in ("open", "open_at_end")
            for peer in finding.peers
        ),
    )
    known = {id_: replace(finding, remedy=_own_remedy(finding, context)) for id_, finding in known.items()}
    effects: dict[str, list[str]] = {}
    for finding in known.values():
        for cause in finding.caused_by:
            effects.setdefault(cause, []).append(finding.id)
    left = [finding for finding in known.values() if not finding.caused_by]
    incidents = []
    for name, rule, match in library.incidents():
        groups = _joined([f for f in left if _is_cause(f, match)], match.by, match.within)
        for causes in _with_mirrors(groups, match.within) if match.mutual else groups:
            required = _required(causes, match, left)
            if match.requires and not required:
                continue
            causes = [*causes, *(finding for finding in required if finding not in causes)]
            members = _members(causes, effects, known)
            incidents.append(_incident(name, rule, causes, members, context))
            taken = {finding.id for finding in causes}
            left = [finding for finding in left if finding.id not in taken]
    by_rule: dict[str, list[Finding]] = {}
    for finding in left:
        if finding.severity != "info":
            by_rule.setdefault(finding.rule, []).append(finding)
    for name, same in sorted(by_rule.items()):
        for causes in (
            group for kind in _kinds(same, library.rules[name]) for group in _joined(kind, (), TOGETHER)
        ):
            members = _members(causes, effects, known)
            incidents.append(_incident(name, library.rules[name], causes, members, context))
    incidents.sort(key=_rank)
    ordered = sorted(known.values(), key=_rank)
    return Told(tuple(ordered), tuple(incidents))


def together(parts: Sequence[Told]) -> Told:
    """What is told of several clusters, as one."""
    findings = sorted((finding for part in parts for finding in part.findings), key=_rank)
    incidents = sorted((incident for part in parts for incident in part.incidents), key=_rank)
    return Told(tuple(findings), tuple(incidents))


def _rank(item: Finding | Incident) -> tuple[int, int, str, str]:
    """The order of the contract: severity, then state, then when it began."""
    return (
        -SEVERITIES.index(item.severity),
        STATES.index(item.state),
        item.first.isoformat(),
        item.id,
    )


# ── causes ──────────────────────────────────────────────────────────────────────────────────


def _with_causes(findings: Sequence[Finding], library: Library) -> list[Finding]:
    """Each finding with its cause, if it has one: the one that started last before it."""
    explained: dict[str, list[tuple[str, Explains]]] = {}
    for name, rule in library.rules.items():
        for explains in rule.explains:
            explained.setdefault(explains.rule, []).append((name, explains))
    logged: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (finding.first, finding.id)):
        for side, names in (("host", finding.hosts), ("peer", finding.peers), ("any", ("",))):
            for name in names:
                logged.setdefault((finding.rule, side, name), []).append(finding)
    told = []
    for effect in findings:
        places = {
            "hosts": [("host", host) for host in effect.hosts],
            "peers": [("host", peer) for peer in effect.peers],
            "about": [("peer", host) for host in effect.hosts],
            "cluster": [("any", "")],
        }
        causes = [
            cause
            for rule, explains in explained.get(effect.rule, ())
            for side, name in places[explains.on]
            if (cause := _cause(effect, logged.get((rule, side, name), ()), explains, logged)) is not None
        ]
        # Processes write side by side: one that is logged a moment later can still be the cause.
        causes.sort(key=lambda cause: (cause.first <= effect.first, cause.first, cause.id))
        told.append(replace(effect, caused_by=tuple(cause.id for cause in causes[-1:])))
    return _without_circles(told)


def _without_circles(findings: list[Finding]) -> list[Finding]:
    """Findings of one moment may explain each other: the first in a circle has no cause."""
    known = {finding.id: finding for finding in findings}
    for finding in sorted(findings, key=lambda finding: (finding.first, finding.id)):
        seen = [finding.id]
        while known[seen[-1]].caused_by and known[seen[-1]].caused_by[0] not in seen:
            seen.append(known[seen[-1]].caused_by[0])
        if finding.id in known[seen[-1]].caused_by:
            known[finding.id] = replace(known[finding.id], caused_by=())
    return [known[finding.id] for finding in findings]


_Logged = dict[tuple[str, str, str], list[Finding]]


def _cause(
    effect: Finding, candidates: Sequence[Finding], explains: Explains, logged: _Logged
) -> Finding | None:
    """The last of some findings, in the order of time, that can be the cause of another."""
    end = bisect.bisect_right(candidates, effect.first, key=lambda cause: cause.first)
    late = bisect.bisect_right(candidates, effect.first + explains.early, key=lambda cause: cause.first)
    start = bisect.bisect_right(candidates, effect.first - explains.within, key=lambda cause: cause.first)
    for cause in (*reversed(candidates[start:end]), *candidates[end:late]):
        over = cause.state == "closed" and effect.first > cause.last
        if cause.id == effect.id or over:
            continue
        if explains.on == "hosts" and not _share_peers(cause, effect):
            continue
        if not _speaks_against(cause, explains, logged):
            return cause
    return None


def _speaks_against(cause: Finding, explains: Explains, logged: _Logged) -> bool:
    return any(
        abs(other.first - cause.first) <= explains.within
        for rule in explains.unless or ()
        for host in cause.hosts
        for other in logged.get((rule, "host", host), ())
    )


def _share_peers(cause: Finding, effect: Finding) -> bool:
    """Whether the same peer logged both, about the same other peers where both say which."""
    if not set(cause.hosts) & set(effect.hosts):
        return False
    return not cause.peers or not effect.peers or bool(set(cause.peers) & set(effect.peers))


def _with_requests(findings: list[Finding], library: Library) -> list[Finding]:
    """Findings with what requested work explains marked as such, at info.

    Work that followed an alarm is an attempted repair and folds under it; work whose effects are not
    over in time explains nothing.
    """
    known = {finding.id: finding for finding in findings}
    effects: dict[str, list[str]] = {}
    for finding in findings:
        for cause in finding.caused_by:
            effects.setdefault(cause, []).append(finding.id)
    works = [finding for finding in findings if library.rules[finding.rule].requested is not None]
    for work in sorted(works, key=lambda finding: (finding.first, finding.id)):
        asked = library.rules[work.rule].requested
        if asked is None or known[work.id].requested:
            continue
        members = [one for one in _members([work], effects, known) if one.id != work.id]
        earlier = [
            one
            for one in findings
            if one.rule in asked.unless
            and not _is_noise(one, known, library)
            and one.first < work.first
            and (one.state != "closed" or one.last >= work.first)
        ]
        if earlier:
            known[work.id] = replace(known[work.id], caused_by=(max(earlier, key=lambda f: f.first).id,))
        elif all(_is_over(member, _last_work(member, work, works), asked) for member in members):
            for one in (work, *members):
                known[one.id] = replace(known[one.id], requested=True, severity="info")
        elif not asked.keeps:
            for id_ in effects.get(work.id, ()):
                known[id_] = replace(known[id_], caused_by=())
    return [known[finding.id] for finding in findings]


def _is_noise(finding: Finding, known: dict[str, Finding], library: Library) -> bool:
    """Whether requested work stands behind a finding, however many causes back."""
    seen: set[str] = set()
    waiting = list(finding.caused_by)
    while waiting:
        id_ = waiting.pop()
        if id_ not in seen:
            seen.add(id_)
            if library.rules[known[id_].rule].requested is not None:
                return True
            waiting += known[id_].caused_by
    return False


def _last_work(effect: Finding, work: Finding, works: list[Finding]) -> Finding:
    """The last work that began before an effect was over: alarms that come and go are one finding."""
    return max(
        (one for one in works if work.first <= one.first <= effect.last),
        key=lambda one: one.last,
        default=work,
    )


def _is_over(effect: Finding, work: Finding, asked: Requested) -> bool:
    """Whether an effect of requested work ended as it should, as far as the log goes."""
    if effect.state == "seen":
        return True
    if asked.over_within is None:
        return effect.state == "closed"
    return effect.state == "open_at_end" or (
        effect.state == "closed" and effect.last <= work.last + asked.over_within
    )


def _members(
    causes: Iterable[Finding], effects: dict[str, list[str]], known: dict[str, Finding]
) -> list[Finding]:
    """The causes and everything under them: causes first, then as it happened."""
    members = {cause.id: cause for cause in causes}
    waiting = list(members)
    while waiting:
        for effect in effects.get(waiting.pop(), ()):
            if effect not in members:
                members[effect] = known[effect]
                waiting.append(effect)
    return sorted(members.values(), key=_as_it_happened)


def _as_it_happened(finding: Finding) -> tuple[bool, object, str, str, int]:
    place = [(one.snapshot, one.source, one.line) for one in finding.evidence[:1]] or [("", "", 0)]
    return (bool(finding.caused_by), finding.first, *place[0])


# ── incidents ───────────────────────────────────────────────────────────────────────────────


def _is_cause(finding: Finding, match: IncidentMatch) -> bool:
    bound = finding.values
    if match.requested and not finding.requested:
        return False
    return finding.rule in match.causes and all(bound.get(k) == v for k, v in match.values.items())


def _required(causes: list[Finding], match: IncidentMatch, left: list[Finding]) -> list[Finding]:
    """The findings that must stand beside the causes: near them in time, or still going on."""
    first, last = min(cause.first for cause in causes), max(cause.last for cause in causes)
    about = set().union(*(_subject(cause) for cause in causes))
    return [
        finding
        for finding in left
        if finding.rule in match.requires
        and ("subject" not in match.by or _subject(finding) & about)
        and finding.first <= last + match.within
        and (finding.last >= first - match.within or finding.state in ("open", "open_at_end", "unknown"))
    ]


def _joined(findings: Iterable[Finding], by: Sequence[str], within: timedelta) -> list[list[Finding]]:
    """Findings that agree in ``by`` and start within a span of the one before."""
    groups: dict[tuple[object, ...], list[list[Finding]]] = {}
    for finding in sorted(findings, key=lambda finding: (finding.first, finding.id)):
        parts = groups.setdefault(tuple(_shared(finding, name) for name in by), [])
        if parts and finding.first - parts[-1][-1].first <= within:
            parts[-1].append(finding)
        else:
            parts.append([finding])
    return [part for parts in groups.values() for part in parts]


def _kinds(findings: list[Finding], rule: Rule) -> list[list[Finding]]:
    """Findings of one rule by the values that it tells them apart by, but for peers."""
    names = [name for match in rule.match for name in match.by]
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        said = tuple(value for name in names if (value := finding.values.get(name, "")) not in finding.peers)
        groups.setdefault(said, []).append(finding)
    return list(groups.values())


def _subject(finding: Finding) -> set[str]:
    """What a finding is about: the peers that it names, else those that logged it."""
    return set(finding.peers or finding.hosts)


def _shared(finding: Finding, name: str) -> tuple[str, ...]:
    if name == "subject":
        return finding.peers or finding.hosts
    return finding.peers if name == "peers" else finding.hosts


def _mirror(one: Finding, other: Finding) -> bool:
    """Whether two findings are the two sides of one thing: each reports it of the other's host."""
    return bool(set(one.hosts) & set(other.peers) and set(one.peers) & set(other.hosts))


def _with_mirrors(groups: list[list[Finding]], within: timedelta) -> list[list[Finding]]:
    """Groups, those that hold the two sides of one thing joined."""
    joined: list[list[Finding]] = []
    for group in sorted(groups, key=lambda group: (group[0].first, group[0].id)):
        sides = [
            other
            for other in joined
            if any(_mirror(a, b) and abs(a.first - b.first) <= within for a in group for b in other)
        ]
        joined = [other for other in joined if other not in sides]
        joined.append([*(finding for side in sides for finding in side), *group])
    return joined


def _reporters(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """For each rule the peers that it still holds for: whose newest finding of any key is not over."""
    newest: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=lambda finding: (finding.first, finding.id)):
        for host in finding.hosts:
            newest[finding.fingerprint, host] = finding
    holding: dict[str, set[str]] = {}
    for (_, host), finding in newest.items():
        if finding.state != "closed":
            holding.setdefault(finding.rule, set()).add(host)
    return {rule: tuple(sorted(hosts)) for rule, hosts in holding.items()}


@dataclass(frozen=True)
class _Context:
    """What every remedy is resolved against."""

    library: Library
    cluster: Cluster
    reporters: dict[str, tuple[str, ...]]
    going_on: frozenset[str]
    everywhere: frozenset[str]
    away: frozenset[str]

    def situation(self, rule: str, hosts: Iterable[str], peers: Iterable[str], state: str) -> Situation:
        return Situation(
            self.cluster,
            rule,
            tuple(hosts),
            tuple(peers),
            state,
            reporters=self.reporters,
            going_on=self.going_on,
            everywhere=self.everywhere,
            away=self.away,
        )


def _own_remedy(finding: Finding, context: _Context) -> tuple[Step, ...]:
    situation = replace(
        context.situation(finding.rule, finding.hosts, finding.peers, finding.state),
        fired=((finding.rule, finding.values),),
        values=finding.values,
    )
    return remedy(context.library.rules[finding.rule].remedy, context.library, situation)


def _incident(
    name: str, rule: Rule, causes: list[Finding], members: list[Finding], context: _Context
) -> Incident:
    match = rule.incident
    deciding = [f for f in members if match is not None and f.rule in match.state_of] or causes
    decider = min(deciding, key=lambda finding: STATES.index(finding.state))
    still_open = [
        finding
        for finding in members
        if finding.state in ("open", "open_at_end") and (finding not in causes or finding in deciding)
    ]
    if decider.state == "closed" and still_open:
        # What is over is not the whole of it while something that it caused goes on.
        deciding = [*deciding, *still_open]
        decider = min(still_open, key=lambda finding: STATES.index(finding.state))
    first = min(finding.first for finding in causes)
    last = max(f.last for f in (deciding if decider.state == "closed" else members))
    # Where it is over for some and goes on for others, it is told of the others.
    lasting = [finding for finding in causes if finding.state != "closed"] or causes
    hosts = tuple(sorted({host for finding in lasting for host in finding.hosts}))
    peers = tuple(sorted({peer for finding in lasting for peer in finding.peers}))
    if all(match.audit for cause in causes for match in context.library.rules[cause.rule].match):
        peers = ()  # those that an audit compares with are the ones that are right
    mutual = any(_mirror(one, other) for one in lasting for other in lasting)
    title, why = rule.title, rule.why
    hosts = tuple(host for host in hosts if host not in peers) or hosts
    if mutual and match is not None and match.mutual is not None:
        title, why = match.mutual.title, match.mutual.why
        everyone = {*hosts, *peers}
        shared = everyone.intersection(*({*finding.hosts, *finding.peers} for finding in lasting))
        peers = tuple(sorted(shared or everyone)[:1])
        hosts = tuple(sorted(everyone - set(peers)))
    count = sum(finding.count for finding in causes)
    absent = {k: v for cause in causes for k, v in unbound(context.library.rules[cause.rule].match).items()}
    values = {key: value for finding in reversed(causes) for key, value in finding.values.items()}
    texts = {**absent, **placeholders(values, hosts, peers or hosts, count, first, last)}
    says = {k: v for cause in causes for k, v in context.library.says.get(cause.rule, {}).items()}
    texts = worded(texts, says)
    # Those who report it now; of one that is over everywhere, those who did.
    still = [finding for finding in deciding if finding.state != "closed"] or deciding
    reporting = tuple(sorted({host for finding in still for host in finding.hosts}))
    fired = tuple((finding.rule, finding.values) for finding in members)
    situation = replace(
        context.situation(decider.rule, reporting, peers, decider.state),
        fired=fired,
        mutual=mutual,
        values=values,
    )
    fingerprint = hashlib.sha256("\0".join([name, *sorted(f.fingerprint for f in causes)]).encode())
    return Incident(
        id=f"{fingerprint.hexdigest()[:16]}@{first:%Y%m%dT%H%M%S}.{first.microsecond // 1000:03d}Z",
        rule=name,
        title=fill(title, texts),
        # What somebody asked for and ended well is no fault.
        severity="info" if all(cause.requested for cause in causes) else rule.severity,
        state=decider.state,
        first=first,
        last=last,
        peers=tuple(sorted({*hosts, *peers})) if mutual else peers or hosts,
        findings=tuple(finding.id for finding in members),
        summary=" ".join(part for part in (fill(why, texts), decider.outcome) if part),
        remedy=remedy(rule.remedy, context.library, situation),
    )
