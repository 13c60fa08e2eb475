"""What caused what: each finding's cause, by what rules say that they explain."""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from logdiag.model import Finding
from logdiag.rules.library import Library
from logdiag.rules.schema import Explains

_MANY = 50


def with_causes(findings: Sequence[Finding], library: Library) -> list[Finding]:
    """Each finding with its cause, if it has one: the one that started last before it."""
    explained: dict[str, list[tuple[str, Explains]]] = {}
    for name, rule in library.rules.items():
        for explains in _merged(rule.explains):
            explained.setdefault(explains.rule, []).append((name, explains))
    logged = _logged(findings)
    told = []
    for effect in findings:
        causes = [
            cause
            for rule, explains in explained.get(effect.rule, ())
            for place in _places(effect, explains)
            if (cause := _cause(effect, (rule, *place), explains, logged)) is not None
        ]
        # Processes write side by side: one that is logged a moment later can still be the cause.
        causes.sort(
            key=lambda cause: (cause.began <= effect.began, -abs(cause.began - effect.began), cause.id)
        )
        told.append(replace(effect, caused_by=tuple(cause.id for cause in causes[-1:])))
    return _without_circles(told)


def _merged(explains: Iterable[Explains]) -> Iterable[Explains]:
    """What a rule explains, of several spans for one effect the widest: it finds what the others find."""
    widest: dict[tuple[object, ...], Explains] = {}
    for one in explains:
        # With `unless`, a narrow span may find what a wide one takes back.
        key = one.rule, one.on, one.unless and (*one.unless, one.within), *sorted(one.values.items())
        known = widest.get(key, one)
        spans = {"within": max(known.within, one.within), "early": max(known.early, one.early)}
        widest[key] = one.model_copy(update=spans)
    return widest.values()


def members_under(
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


def superseded(findings: Sequence[Finding], library: Library) -> set[str]:
    """The ids of findings whose own steps would do harm: only those of their cause are right."""
    known = {finding.id: finding for finding in findings}
    found: set[str] = set()
    for finding in findings:
        way = [finding]
        while (cause := next(iter(way[-1].caused_by), None)) is not None and cause not in found:
            rule = library.rules[known[cause].rule]
            if any(one.rule == way[-1].rule and one.steps == "cause" for one in rule.explains):
                break
            way.append(known[cause])
        if cause is not None:
            found.update(one.id for one in way)
    return found


def effects_of(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """For each finding that is a cause, by its id, the ids of what it caused."""
    effects: dict[str, list[str]] = {}
    for finding in findings:
        for cause in finding.caused_by:
            effects.setdefault(cause, []).append(finding.id)
    return effects


def _as_it_happened(finding: Finding) -> tuple[bool, datetime, str, str, int]:
    place = [(one.snapshot, one.source, one.line) for one in finding.evidence[:1]] or [("", "", 0)]
    return (bool(finding.caused_by), finding.began, *place[0])


# ── where a cause is looked for ─────────────────────────────────────────────────────────────

_Place = tuple[str, ...]  # a side, and the peers on it
_UNDATED = "undated"  # before a rule: its findings that have no time
_Logged = dict[_Place, list[Finding]]  # by rule and place, in the order of time


def _logged(findings: Iterable[Finding]) -> _Logged:
    logged: _Logged = {}
    for finding in sorted(findings, key=lambda finding: (finding.began, finding.id)):
        for place in _all_places(finding):
            logged.setdefault((finding.rule, *place), []).append(finding)
            if finding.first is None:
                logged.setdefault((_UNDATED, finding.rule, *place), []).append(finding)
    return logged


def _all_places(finding: Finding) -> Iterator[_Place]:
    yield ("any",)
    for peer in finding.peers:
        yield "peer", peer
    for host in finding.hosts:
        yield "host", host
        yield from (("host about", host, peer) for peer in _about(finding) or ("",))


def _places(effect: Finding, explains: Explains) -> list[_Place]:
    """Where the cause of an effect is logged."""
    match explains.on:
        case "cluster":
            return [("any",)]
        case "peers":
            return [("host", peer) for peer in effect.peers]
        case "about":
            return [("peer", host) for host in effect.hosts]
    # The same peer logged both, about the same other peers where both say which.
    if not (about := _about(effect)):
        return [("host", host) for host in effect.hosts]
    return [("host about", host, peer) for host in effect.hosts for peer in (*about, "")]


def _about(finding: Finding) -> tuple[str, ...]:
    """The other peers that a finding names; one that names more than a cluster has is about no one."""
    return finding.peers if len(finding.peers) <= _MANY else ()


def _cause(effect: Finding, place: _Place, explains: Explains, logged: _Logged) -> Finding | None:
    """The last finding of a rule and place, in the order of time, that can be the cause of another.

    One that only a dump shows may have begun at any time before it: it can be the cause of what was earlier,
    and the effect of what was later.
    """
    candidates: Sequence[Finding] = logged.get(place, ())

    def is_cause(cause: Finding) -> bool:
        if cause.id == effect.id or _speaks_against(cause, explains, logged):
            return False
        if any(cause.values.get(name) != value for name, value in explains.values.items()):
            return False
        return explains.only_with is None or _speaks_for(cause, explains.only_with, logged)

    if effect.first is None and effect.as_of is None:
        # A setting of which nobody knows since when: whatever still goes on can be the cause of it.
        lasting = (one for one in reversed(candidates) if one.state != "closed" and is_cause(one))
        if (cause := next(lasting, None)) is not None:
            return cause
    end = bisect.bisect_right(candidates, effect.began, key=_first)
    late = bisect.bisect_right(candidates, effect.began + explains.early, key=_first)
    start = bisect.bisect_right(candidates, effect.began - explains.within, key=_first)
    for near in (*reversed(candidates[start:end]), *candidates[end:late]):
        if not (near.state == "closed" and effect.began > near.ended) and is_cause(near):
            return near
    undated: Sequence[Finding] = logged.get((_UNDATED, *place), ())
    for old in undated[bisect.bisect_right(undated, effect.began - explains.within, key=_first) :]:
        if "closed" not in (effect.state, old.state) and is_cause(old):
            return old
    return None


def _first(finding: Finding) -> datetime:
    return finding.began


def _speaks_against(cause: Finding, explains: Explains, logged: _Logged) -> bool:
    for rule in explains.unless or ():
        for host in cause.hosts:
            others = logged.get((rule, "host", host), [])
            near = bisect.bisect_left(others, cause.began - explains.within, key=_first)
            if near < len(others) and others[near].began <= cause.began + explains.within:
                return True
    return False


def _speaks_for(cause: Finding, rules: Iterable[str], logged: _Logged) -> bool:
    """Whether one of some rules fired on the same peers, about the same ones, while the cause went on."""
    return any(
        cause.began <= other.ended
        and (cause.state != "closed" or other.ended <= cause.ended)
        and (not cause.peers or set(cause.peers) & set(other.peers))
        for rule in rules
        for host in cause.hosts
        for other in logged.get((rule, "host", host), ())
    )


def _without_circles(findings: list[Finding]) -> list[Finding]:
    """Findings of one moment may explain each other: the first in a circle has no cause."""
    known = {finding.id: finding for finding in findings}
    done: set[str] = set()
    for finding in findings:
        way: dict[str, None] = {}  # in order
        at = finding.id
        while at not in done and at not in way and known[at].caused_by:
            way[at] = None
            at = known[at].caused_by[0]
        if at in way:
            circle = list(way)[list(way).index(at) :]
            first = min((known[id_] for id_ in circle), key=lambda one: (one.began, one.id))
            known[first.id] = replace(first, caused_by=())
        done.update(way)
    return [known[finding.id] for finding in findings]
