"""Finds the cause of each finding, by the effects that rules explain."""

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from logdiag.model import Finding
from logdiag.rules.library import Library
from logdiag.rules.schema import Explains

_MAX_PEERS = 50
"""Peers that a finding names: a cluster has six, and more would cost time that grows with their square."""


def find_causes(findings: Sequence[Finding], library: Library) -> list[Finding]:
    """Return each finding with its cause, if it has one: the one that started last before it."""
    explained: dict[str, list[tuple[str, Explains]]] = {}
    for name, rule in library.rules.items():
        for explains in _merged(rule.explains):
            explained.setdefault(explains.rule, []).append((name, explains))
    index = _index(findings)
    caused = []
    for effect in findings:
        causes = [
            cause
            for rule, explains in explained.get(effect.rule, ())
            for key in _keys_of_causes(effect, explains)
            if (cause := _cause(effect, (rule, *key), explains, index)) is not None
        ]
        # Processes write side by side: one that is logged a moment later can still be the cause.
        cause = max(
            causes,
            key=lambda cause: (cause.began <= effect.began, -abs(cause.began - effect.began), cause.id),
            default=None,
        )
        caused.append(replace(effect, caused_by=() if cause is None else (cause.id,)))
    return _without_circles(caused)


def _merged(explains: Iterable[Explains]) -> Iterable[Explains]:
    """Return the effects that a rule explains, each with its widest span, which contains the others."""
    widest: dict[tuple[object, ...], Explains] = {}
    for one in explains:
        # With `unless`, a narrow span may find what a wide one takes back.
        key = one.rule, one.on, one.unless and (*one.unless, one.within), *sorted(one.values.items())
        known = widest.get(key, one)
        spans = {"within": max(known.within, one.within), "early": max(known.early, one.early)}
        widest[key] = one.model_copy(update=spans)
    return widest.values()


# ── trees of findings ───────────────────────────────────────────────────────────────────────


def effects_of(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return for each finding that is a cause, by its id, the ids of what it caused."""
    effects: dict[str, list[str]] = {}
    for finding in findings:
        for cause in finding.caused_by:
            effects.setdefault(cause, []).append(finding.id)
    return effects


def tree_of(
    causes: Iterable[Finding], effects: Mapping[str, list[str]], known: Mapping[str, Finding]
) -> list[Finding]:
    """Return causes and everything below them: causes first, then as it happened."""
    members = {cause.id: cause for cause in causes}
    waiting = list(members)
    while waiting:
        for effect in effects.get(waiting.pop(), ()):
            if effect not in members:
                members[effect] = known[effect]
                waiting.append(effect)
    return sorted(members.values(), key=_as_it_happened)


def _as_it_happened(finding: Finding) -> tuple[bool, datetime, tuple[str, str, int]]:
    place = next(((one.snapshot, one.source, one.line) for one in finding.evidence), ("", "", 0))
    return bool(finding.caused_by), finding.began, place


def superseded(findings: Sequence[Finding], library: Library) -> set[str]:
    """Return the ids of findings whose own steps would do harm: only those of their cause are right."""
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


def _without_circles(findings: list[Finding]) -> list[Finding]:
    """Break circles of findings that explain each other at the same moment: the first has no cause."""
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


# ── possible causes ─────────────────────────────────────────────────────────────────────────

_Key = tuple[str, ...]
"""The name of a relation, and the peers that it relates, such as ``("host about", "expc01", "expc02")``."""
_UNDATED = "undated"  # before a key: its findings that have no time
_Index = dict[_Key, list[Finding]]  # by rule and key, in the order of time


def _index(findings: Iterable[Finding]) -> _Index:
    index: _Index = {}
    for finding in sorted(findings, key=lambda finding: (finding.began, finding.id)):
        for key in _keys(finding):
            index.setdefault((finding.rule, *key), []).append(finding)
            if finding.first is None:
                index.setdefault((_UNDATED, finding.rule, *key), []).append(finding)
    return index


def _keys(finding: Finding) -> Iterator[_Key]:
    """Return all keys by which a finding can be found as a cause."""
    yield ("any",)
    yield from (("peer", peer) for peer in finding.peers)
    for host in finding.hosts:
        yield "host", host
        yield from (("host about", host, peer) for peer in _about(finding) or ("",))


def _keys_of_causes(effect: Finding, explains: Explains) -> list[_Key]:
    """Return the keys of the findings that can be the cause of an effect."""
    match explains.on:
        case "cluster":
            return [("any",)]
        case "peers":
            return [("host", peer) for peer in effect.peers]
        case "about":
            return [("peer", host) for host in effect.hosts]
    # The same peer logged both, about the same other peers if both say which.
    if not (about := _about(effect)):
        return [("host", host) for host in effect.hosts]
    return [("host about", host, peer) for host in effect.hosts for peer in (*about, "")]


def _about(finding: Finding) -> tuple[str, ...]:
    """Return the peers that a finding names; none if it names more than a cluster can have."""
    return finding.peers if len(finding.peers) <= _MAX_PEERS else ()


def _cause(effect: Finding, key: _Key, explains: Explains, index: _Index) -> Finding | None:
    """Return the last finding of a rule and key, in the order of time, that can be the cause of another.

    A finding that only a dump shows may have begun at any time before it: it can be the cause of what was
    earlier, and the effect of what was later.
    """
    candidates: Sequence[Finding] = index.get(key, ())

    def is_cause(cause: Finding) -> bool:
        if cause.id == effect.id or _speaks_against(cause, explains, index):
            return False
        if any(cause.values.get(name) != value for name, value in explains.values.items()):
            return False
        return explains.only_with is None or _speaks_for(cause, explains.only_with, index)

    if effect.first is None and effect.as_of is None:
        # The beginning of a setting is unknown: each finding that is not over can be its cause.
        lasting = (one for one in reversed(candidates) if one.state != "closed" and is_cause(one))
        if (cause := next(lasting, None)) is not None:
            return cause
    start = effect.began - explains.within
    end = bisect.bisect_right(candidates, effect.began, key=_began)
    late = bisect.bisect_right(candidates, effect.began + explains.early, key=_began)
    before = candidates[bisect.bisect_right(candidates, start, key=_began) : end]
    for near in (*reversed(before), *candidates[end:late]):
        if not (near.state == "closed" and effect.began > near.ended) and is_cause(near):
            return near
    undated: Sequence[Finding] = index.get((_UNDATED, *key), ())
    for old in undated[bisect.bisect_right(undated, start, key=_began) :]:
        if "closed" not in (effect.state, old.state) and is_cause(old):
            return old
    return None


def _began(finding: Finding) -> datetime:
    return finding.began


def _speaks_against(cause: Finding, explains: Explains, index: _Index) -> bool:
    """Return whether one of the rules in ``unless`` fired on the same peers within the span."""
    for rule in explains.unless or ():
        for host in cause.hosts:
            others = index.get((rule, "host", host), [])
            near = bisect.bisect_left(others, cause.began - explains.within, key=_began)
            if near < len(others) and others[near].began <= cause.began + explains.within:
                return True
    return False


def _speaks_for(cause: Finding, rules: Iterable[str], index: _Index) -> bool:
    """Return whether one of some rules fired during the cause, on the same peers and about the same peers."""
    return any(
        cause.began <= other.ended
        and (cause.state != "closed" or other.ended <= cause.ended)
        and (not cause.peers or set(cause.peers) & set(other.peers))
        for rule in rules
        for host in cause.hosts
        for other in index.get((rule, "host", host), ())
    )
