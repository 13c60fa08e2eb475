"""Finds the causes of each finding, by the effects that rules explain."""

import bisect
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from logdiag.cluster.facts import Facts
from logdiag.model import Finding
from logdiag.rules.library import Library
from logdiag.rules.match_schema import OnlyIf
from logdiag.rules.schema import Effect, Explains

_MAX_PEERS = 50
"""Peers that a finding names: a cluster has six, and more would cost time that grows with their square."""

_MAX_ON_PATH = 12
"""Peers of a finding between which paths are looked at: twice as many as a cluster has."""

_MAX_CANDIDATES = 100
"""Findings of one rule that are looked at as the cause of another; the nearest in time come first."""

_LATE = timedelta(minutes=1)
"""How long after the end of a cause an effect can be logged: alarms are checked from time to time."""

_NEAR = timedelta(minutes=10)
"""Of two possible causes, one that acted within this time before the effect is more likely."""


@dataclass(frozen=True)
class Causes:
    """Findings with their causes, and all possible causes of each effect by its id, the most likely first."""

    findings: list[Finding]
    possible: Mapping[str, tuple[str, ...]]


def find_causes(findings: Sequence[Finding], library: Library, primary: str | None, facts: Facts) -> Causes:
    """Return each finding with its most likely cause, if it has one, and all causes that are possible."""
    index = _Index(findings, library.requested_work, facts)
    possible: dict[str, tuple[str, ...]] = {}
    for finding in findings:
        causes: dict[str, tuple[bool, Finding]] = {}
        for rule, effect, explains in library.causes_of.get(finding.rule, ()):
            for key in _keys_of_causes(finding, effect, primary):
                if (cause := _cause(finding, (rule, *key), explains, index)) is not None:
                    is_direct = explains.direct or (cause.id in causes and causes[cause.id][0])
                    causes[cause.id] = is_direct, cause
        if causes:
            ordered = sorted(
                causes.values(), key=lambda one: (one[0], likelihood(one[1], finding)), reverse=True
            )
            possible[finding.id] = tuple(cause.id for _, cause in ordered)
    caused = [replace(one, caused_by=possible.get(one.id, ())[:1]) for one in findings]
    return Causes(_without_circles(caused), possible)


def likelihood(cause: Finding, effect: Finding) -> tuple[bool, bool, bool, int, timedelta, str]:
    """Return how likely a cause is, to compare it with other causes of the same effect.

    It began earlier; it acted near in time; it is on the same peers; it acted in the same minute; it began
    before the others of that minute.
    """
    # Processes write side by side: what is logged a moment later can still be the cause.
    times = [cause.began, *(record.time for record in cause.evidence if record.time is not None)]
    distance = min(abs(time - effect.began) for time in times)
    same_peers = not {*cause.hosts, *cause.peers}.isdisjoint({*effect.hosts, *effect.peers})
    is_earlier, minutes = cause.began <= effect.began, distance // timedelta(minutes=1)
    return is_earlier, distance <= _NEAR, same_peers, -minutes, effect.began - cause.began, cause.id


def by_time(finding: Finding) -> tuple[datetime, str]:
    """Return the key that sorts findings by when they began."""
    return finding.began, finding.id


# ── trees of findings ───────────────────────────────────────────────────────────────────────


def effects_of(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return for each finding that is a cause, by its id, the ids of what it caused."""
    return inverted({finding.id: finding.caused_by for finding in findings})


def inverted(causes: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the effects of each cause from the causes of each effect."""
    effects: dict[str, list[str]] = {}
    for effect, causes_of_effect in causes.items():
        for cause in causes_of_effect:
            effects.setdefault(cause, []).append(effect)
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


def root_of(finding: Finding, known: Mapping[str, Finding]) -> Finding:
    """Return the first cause in the chain of causes of a finding; the finding if it has no cause."""
    while finding.caused_by:
        finding = known[finding.caused_by[0]]
    return finding


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
            if (known[cause].rule, way[-1].rule) in library.harmful_steps:
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
            first = min((known[id_] for id_ in circle), key=by_time)
            known[first.id] = replace(first, caused_by=())
        done.update(way)
    return [known[finding.id] for finding in findings]


# ── possible causes ─────────────────────────────────────────────────────────────────────────

_began = operator.attrgetter("began")
_Key = tuple[str, ...]
"""The name of a relation, and the peers that it relates, such as ``("host about", "expc01", "expc02")``."""


@dataclass(frozen=True)
class _Group:
    """Findings of one rule and key, in the order of time."""

    lasting: list[Finding] = field(default_factory=list)
    """Findings that are not over: their effects can begin at any later time."""
    past: list[Finding] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    """For each of ``past``, when its time as a cause ends."""
    last_ends: list[datetime] = field(default_factory=list)
    """For each of ``past``, the last end of it and of all before it."""
    undated: list[Finding] = field(default_factory=list)
    """Findings that have no time; they are in one of the other lists, too."""

    @cached_property
    def everything(self) -> list[Finding]:
        return sorted((*self.lasting, *self.past), key=_began)


class _Index(dict[_Key, _Group]):
    """Findings by rule and key. The time of requested work counts from its beginning, whatever its state."""

    def __init__(self, findings: Iterable[Finding], work: frozenset[str], facts: Facts) -> None:
        super().__init__()
        self._facts = facts
        for finding in sorted(findings, key=by_time):
            for key in _keys(finding):
                group = self.setdefault((finding.rule, *key), _Group())
                if finding.state not in ("closed", "seen") and finding.rule not in work:
                    group.lasting.append(finding)
                else:
                    end = finding.began if finding.rule in work else finding.ended
                    group.past.append(finding)
                    group.ends.append(end)
                    group.last_ends.append(max([end, *group.last_ends[-1:]]))
                if finding.first is None:
                    group.undated.append(finding)

    def fact(self, of: OnlyIf, peers: Iterable[str]) -> bool:
        """Return whether one of some peers is known to have a value of a fact."""
        known = self._facts.get(of.of, {})
        values = {value.casefold() for peer in peers if peer in known for value in known[peer].values}
        return not values.isdisjoint(value.casefold() for value in of.among)

    def on(self, rule: str, host: str) -> list[Finding]:
        """Return all findings of a rule that a host logged, in the order of time."""
        group = self.get((rule, "host", host))
        return [] if group is None else group.everything


def _keys(finding: Finding) -> Iterator[_Key]:
    """Return all keys by which a finding can be found as a cause."""
    yield ("any",)
    yield from (("peer", peer) for peer in finding.peers)
    for host in finding.hosts:
        yield "host", host
        yield from (("host about", host, peer) for peer in _about(finding) or ("",))
    named = {*finding.hosts, *_about(finding)}
    for peer in named if len(named) <= _MAX_ON_PATH else ():
        yield "names", peer
        yield from (("path", peer, other) for other in named - {peer})


def _keys_of_causes(effect: Finding, relation: Effect, primary: str | None) -> list[_Key]:
    """Return the keys of the findings that can be the cause of an effect."""
    about = _about(effect)
    match relation.on:
        case "cluster":
            return [("any",)]
        case "peers":
            return [("host", peer) for peer in effect.peers]
        case "replication" if primary is None or primary in effect.hosts:
            return [("any",)]
        case "replication":
            return [("host", host) for host in (*effect.hosts, *([primary] if primary else ()))]
        case "about":
            return [("peer", host) for host in effect.hosts]
        case "path" if about:
            return [("path", host, peer) for host in effect.hosts for peer in about if host != peer]
        case "path":
            return [("names", host) for host in effect.hosts]
    # The same peer logged both, about the same other peers if both say which.
    if not about:
        return [("host", host) for host in effect.hosts]
    return [("host about", host, peer) for host in effect.hosts for peer in (*about, "")]


def _about(finding: Finding) -> tuple[str, ...]:
    """Return the peers that a finding names; none if it names more than a cluster can have."""
    return finding.peers if len(finding.peers) <= _MAX_PEERS else ()


def _cause(effect: Finding, key: _Key, explains: Explains, index: _Index) -> Finding | None:
    """Return the nearest finding of a rule and key that can be the cause of another.

    A finding that only a dump shows may have begun at any time before it: it can be the cause of what was
    earlier, and the effect of what was later.
    """
    if (group := index.get(key)) is None:
        return None

    def is_cause(cause: Finding) -> bool:
        if cause.id == effect.id or _speaks_against(cause, explains, index):
            return False
        if explains.only_if is not None and not index.fact(explains.only_if, cause.hosts):
            return False
        if explains.not_if is not None and index.fact(explains.not_if, cause.hosts):
            return False
        if any(
            other.ended > effect.began + _LATE
            for rule in explains.not_before or ()
            for peer in effect.peers or effect.hosts
            for other in index.on(rule, peer)
        ):
            return False
        if any(
            one.values.get(name) != value
            for one, wanted in ((cause, explains.values), (effect, explains.effect_values))
            for name, value in wanted.items()
        ):
            return False
        return explains.only_with is None or _speaks_for(cause, effect, explains.only_with, index)

    if effect.first is None and effect.as_of is None:
        # The beginning of a setting is unknown: each finding that is not over can be its cause.
        not_over = (one for one in reversed(group.everything) if one.state != "closed" and is_cause(one))
        if (cause := next(not_over, None)) is not None:
            return cause
    found = [
        cause
        for candidates in _candidates(effect, explains, group)
        if (cause := next(filter(is_cause, candidates), None)) is not None
    ]
    if found:
        return max(found, key=lambda cause: likelihood(cause, effect))
    start = effect.began - explains.within
    for old in group.undated[bisect.bisect_right(group.undated, start, key=_began) :]:
        if "closed" not in (effect.state, old.state) and is_cause(old):
            return old
    return None


def _candidates(effect: Finding, explains: Explains, group: _Group) -> Iterator[Iterable[Finding]]:
    """Yield the findings that fit by time, the nearest first: those that last, and those that are over."""
    earliest = effect.began - explains.within
    for findings, ends in ((group.lasting, None), (group.past, group.ends)):
        end = bisect.bisect_right(findings, effect.began, key=_began)
        begin = max(end - _MAX_CANDIDATES, 0)
        near = bisect.bisect_left(findings, earliest, key=_began)
        if not explains.lasting:
            places = [*range(max(begin, near), end)]
        elif ends is None:
            places = [*range(begin, end)]
        else:
            begin = max(begin, min(near, bisect.bisect_left(group.last_ends, effect.began)))
            places = [place for place in range(begin, end) if place >= near or ends[place] >= effect.began]
        yield (one for place in reversed(places) if not _is_over(one := findings[place], effect))
        yield findings[end : bisect.bisect_right(findings, effect.began + explains.early, key=_began)]


def _is_over(cause: Finding, effect: Finding) -> bool:
    """Return whether a cause had ended before an effect began."""
    return cause.state == "closed" and effect.began > cause.ended + _LATE


def _speaks_against(cause: Finding, explains: Explains, index: _Index) -> bool:
    """Return whether a rule in ``unless`` fired on the same peers, about the same peers, within the span."""
    for rule in explains.unless or ():
        for host in cause.hosts:
            others = index.on(rule, host)
            start = bisect.bisect_left(others, cause.began - explains.within, key=_began)
            end = bisect.bisect_right(others, cause.began + explains.within, key=_began)
            # A third peer can be heard while the lost one is silent.
            if any(_is_about_same(cause, one) for one in others[start:end]):
                return True
    return False


def _is_about_same(cause: Finding, other: Finding) -> bool:
    """Return whether two findings are about a common peer, if both name peers."""
    return not cause.peers or not other.peers or not {*cause.peers}.isdisjoint(other.peers)


def _speaks_for(cause: Finding, effect: Finding, rules: Iterable[str], index: _Index) -> bool:
    """Return whether one of some rules fired during the cause, on the same peers and about the same peers."""
    return any(
        other.id != effect.id
        and cause.began <= other.ended
        and (cause.state != "closed" or other.ended <= cause.ended)
        and (not cause.peers or set(cause.peers) & set(other.peers))
        for rule in rules
        for host in cause.hosts
        for other in index.on(rule, host)
    )
