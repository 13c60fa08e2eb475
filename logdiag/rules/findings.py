"""From a rule and a log to findings: matches by key and episode, their state, their evidence."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow.compute as pc

from logdiag.cluster import Cluster
from logdiag.conditions import Log, Reference, Rows, compile_condition
from logdiag.model import Evidence, Finding, NotChecked, State
from logdiag.records import instant
from logdiag.rules import matchers
from logdiag.rules.library import Library, patterns
from logdiag.rules.matchers import Event
from logdiag.rules.schema import Absence, Binding, Count, Match, Pattern, Rule, Sequence, StateMatch
from logdiag.rules.texts import fill, placeholders, unbound
from logdiag.wording import moment, stretch

EVIDENCE = 100
"""Records that a finding shows at most; ``count`` counts them all."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Episode:
    """One answer of a rule for one key."""

    events: tuple[Event, ...]
    state: State
    first: int
    last: int
    count: int
    note: str = ""
    """How it ended or why that is not known, as a sentence."""
    took: int | None = None
    """How long the last chain of a sequence took, in microseconds."""


@dataclass
class Judged:
    """What came of judging rules: findings, and what could not be judged."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """The evidence that rules are judged on. ``text`` gives a row's record as it was logged."""

    log: Log
    cluster: Cluster
    text: Callable[[int], str]


def judge(library: Library, case: Case) -> Judged:
    """Every rule's findings but those of incidents, in the order of the contract."""
    judged = Judged()
    for name, rule in sorted(library.rules.items()):
        if rule.match.incident is None:
            _judge_rule(name, rule, library, case, judged)
    return judged


def _judge_rule(name: str, rule: Rule, library: Library, case: Case, judged: Judged) -> None:
    collected = _Collected(case)
    proofs = [
        event
        for signal in (rule.match.state.over_by if rule.match.state else [])
        for event in _signal_events(library.signals[signal].match, collected)
    ]
    for key, episode in _answers(rule, collected, proofs):
        judged.findings.append(_finding(name, rule, key, episode, case))
    if collected.left_out:
        reason = (
            f"{collected.left_out} matching records do not say which peer they are about and are left out"
        )
        judged.not_checked.append(NotChecked(name, reason))


# ── from patterns to events ─────────────────────────────────────────────────────────────────

Key = tuple[tuple[str, str], ...]


class _Collected:
    """The events of a rule's patterns; counts the records that have no key."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.left_out = 0

    def events(self, patterns: Iterable[Pattern], by: Iterable[str] = ()) -> list[Event]:
        """What the patterns match; events without a value of ``by`` are left out."""
        found: dict[int, Event] = {}
        for number, pattern in enumerate(patterns):
            for event in self._events(pattern, number):
                if all(name in event.values for name in by):
                    # A record that two patterns match is one event, by the first.
                    found.setdefault(event.row, event)
                else:
                    self.left_out += 1
        return sorted(found.values())

    def grouped(
        self, patterns: Iterable[Pattern], match: Match, *, hosts: bool = True
    ) -> dict[Key, list[Event]]:
        """Events by key: the peer that logged them, and the values of ``by``."""
        groups: dict[Key, list[Event]] = {}
        for event in self.events(patterns, match.by):
            groups.setdefault(key_of(event, match, hosts=hosts), []).append(event)
        return groups

    def _events(self, pattern: Pattern, number: int) -> list[Event]:
        log, cluster = self.case.log, self.case.cluster
        rows = log.rows(compile_condition(pattern.where))
        if not len(rows):
            return []
        places = log.records.select(["snapshot", "source", "line"]).take(rows)
        columns = [places.column(name).to_pylist() for name in places.column_names]
        times, hosts = log.times(rows), log.hosts(rows)
        bound = {name: _bind(binding, log, rows) for name, binding in pattern.bind.items()}
        events = []
        for index, row in enumerate(rows):
            host = cluster.resolve(hosts[index]) or hosts[index]
            values: dict[str, str] = {}
            keep = True
            for name, binding in pattern.bind.items():
                value = bound[name][index]
                if value is not None and binding.kind == "peer":
                    peer = cluster.resolve(value)
                    own = peer == host and binding.source != "host"
                    keep = keep and not own and (peer is not None or cluster.could_be_peer(value))
                    value = peer or value
                if value is not None:
                    values[name] = value
            if keep:
                place_of = (columns[0][index], columns[1][index], columns[2][index])
                events.append(Event(times[index], host, *place_of, int(row), number, values))
        return events


def _bind(binding: Binding, log: Log, rows: Rows) -> list[str | None]:
    """What a binding takes from each of some rows."""
    if binding.source is None:
        return [binding.value] * len(rows)
    values = log.values(Reference.parse(binding.source), rows)
    if binding.re is not None:
        # RE2, not Python's re: linear for any log text and any rule.
        values = pc.struct_field(pc.extract_regex(values, binding.re), "value")
    return [value if value is None else binding.say.get(value, value) for value in values.to_pylist()]


def key_of(event: Event, match: Match, *, hosts: bool = True) -> Key:
    """What findings of a match are told apart by."""
    host: Key = (("host", event.peer),) if hosts and match.across == "peer" else ()
    return (*host, *((name, event.values[name]) for name in match.by))


def _signal_events(match: Match, collected: _Collected) -> list[Event]:
    """The events of a signal: those of a sequence are its last, with what all steps bound."""
    if match.sequence is None:
        return collected.events(match.record or [], match.by)
    return [
        Event(
            chain[-1].time,
            chain[-1].peer,
            chain[-1].snapshot,
            chain[-1].source,
            chain[-1].line,
            chain[-1].row,
            chain[-1].pattern,
            {name: value for event in chain for name, value in event.values.items()},
        )
        for chain in _chains(match.sequence, match.by, collected)
    ]


def _chains(sequence: Sequence, by: Iterable[str], collected: _Collected) -> list[list[Event]]:
    by = list(by)
    steps = [collected.events([step], [name for name in by if name in step.bind]) for step in sequence.steps]
    # Steps that bind a name of `by` are joined on it; the others go with every value.
    keys = sorted({_by(event, by) for step in steps for event in step if _by(event, by)})
    chains = []
    for key in keys or [()]:
        joined = [[e for e in step if all(e.values.get(n, v) == v for n, v in key)] for step in steps]
        chains += matchers.sequences(
            joined,
            sequence.within // _MICROSECOND,
            skew=sequence.skew // _MICROSECOND,
            ties=sequence.ties == "allow",
            peers=[step.peer for step in sequence.steps],
        )
    return chains


def _by(event: Event, by: Iterable[str]) -> Key:
    return tuple((name, event.values[name]) for name in by if name in event.values)


# ── the kinds of match ──────────────────────────────────────────────────────────────────────

Answers = Iterable[tuple[Key, Episode]]


def _answers(rule: Rule, collected: _Collected, proofs: list[Event]) -> Answers:
    match = rule.match
    if match.record is not None:
        return _records(match.record, rule, collected)
    if match.count is not None:
        return _counts(match.count, rule, collected)
    if match.sequence is not None:
        return _sequences(match.sequence, rule, collected)
    if match.absence is not None:
        return _absences(match.absence, rule, collected)
    if match.state is not None:
        return _states(match.state, rule, collected, proofs)
    return ()


def _occurrences(events: Iterable[Event]) -> int:
    """How often something happened that several processes and peers logged.

    As often as the one that logged it most often did.
    """
    logged: dict[tuple[str, int], int] = {}
    for event in events:
        logged[event.peer, event.pattern] = logged.get((event.peer, event.pattern), 0) + 1
    return max(logged.values())


def _seen_episode(events: list[Event]) -> Episode:
    return Episode(tuple(events), "seen", events[0].time, events[-1].time, _occurrences(events))


def _records(patterns: list[Pattern], rule: Rule, collected: _Collected) -> Answers:
    for key, events in sorted(collected.grouped(patterns, rule.match).items()):
        for part in matchers.episodes(events, rule.settling // _MICROSECOND):
            yield key, _seen_episode(part)


def _counts(count: Count, rule: Rule, collected: _Collected) -> Answers:
    within = count.within // _MICROSECOND
    for key, events in sorted(collected.grouped(count.of, rule.match).items()):
        enough = matchers.dense(events, count.at_least, within, count.distinct)
        for part in matchers.episodes(enough, within):
            yield key, Episode(tuple(part), "seen", part[0].time, part[-1].time, len(part))


def _sequences(sequence: Sequence, rule: Rule, collected: _Collected) -> Answers:
    groups: dict[Key, list[list[Event]]] = {}
    for chain in _chains(sequence, rule.match.by, collected):
        values = {name: value for event in chain for name, value in event.values.items()}
        host: Key = (("host", chain[0].peer),) if rule.match.across == "peer" else ()
        key = (*host, *((name, values.get(name, "")) for name in rule.match.by))
        groups.setdefault(key, []).append(chain)
    for key, chains in sorted(groups.items()):
        ends = {chain[-1]: chain for chain in chains}
        for part in matchers.episodes(ends, rule.settling // _MICROSECOND):
            events = sorted({event for end in part for event in ends[end]})
            took = part[-1].time - ends[part[-1]][0].time
            yield key, Episode(tuple(events), "seen", events[0].time, events[-1].time, len(part), took=took)


def _absences(absence: Absence, rule: Rule, collected: _Collected) -> Answers:
    own_log = absence.logged_by == "host"
    closing = collected.grouped(absence.closing, rule.match, hosts=own_log)
    within = absence.within // _MICROSECOND
    for key, openings in sorted(collected.grouped(absence.opening, rule.match).items()):
        wanted = key if own_log else tuple(part for part in key if part[0] != "host")
        closings = closing.get(wanted, [])
        watched: dict[str, list[Event]] = {}
        for event in openings:
            peer = event.peer if own_log else event.values.get(absence.logged_by, "")
            watched.setdefault(peer, []).append(event)
        episodes: dict[tuple[str, matchers.Answer, Event | None], list[Event]] = {}
        for peer, events in watched.items():
            seen = collected.case.cluster.seen.get(peer)
            for opening, answer in matchers.absences(events, closings, within, seen):
                if answer in absence.report:
                    later = next((event for event in closings if event > opening), None)
                    episodes.setdefault((peer, answer, later), []).append(opening)
        for (peer, answer, later), events in episodes.items():
            state: State = "open" if answer == "absent" else answer
            note = _absence_note(answer, peer or "the peer that would say so", stretch(absence.within))
            if answer == "absent" and later is not None:
                state, note = "closed", f"It came at last at {moment(instant(later.time))}."
            last = later.time if later is not None else events[-1].time
            yield key, Episode(tuple(events), state, events[0].time, last, len(events), note)


def _absence_note(answer: str, peer: str, span: str) -> str:
    return {
        "absent": f"The log of {peer} was watched for {span} and does not hold it.",
        "open_at_end": f"The log of {peer} stops before {span} are over.",
        "unknown": f"The log of {peer} does not cover the {span} after it: it may have happened unseen.",
    }[answer]


def _states(state: StateMatch, rule: Rule, collected: _Collected, proofs: list[Event]) -> Answers:
    raised = collected.grouped(state.raised, rule.match)
    lowered = collected.grouped(state.lower or [], rule.match)
    acknowledged = collected.grouped(state.acknowledge or [], rule.match)
    for key in sorted({*raised, *lowered}):
        values = dict(key)
        own = [p for p in proofs if all(p.values.get(name) == values[name] for name in rule.match.by)]
        folded = matchers.intervals(raised.get(key, []), lowered.get(key, []), acknowledged.get(key, []), own)
        if state.unraised == "nothing":
            folded = [interval for interval in folded if interval.raised]
        episodes = [_interval_episode(interval, rule, collected.case.cluster) for interval in folded]
        yield from ((key, episode) for episode in _flapping(episodes, rule.settling // _MICROSECOND))


def _interval_episode(interval: matchers.Interval, rule: Rule, cluster: Cluster) -> Episode:
    events = interval.events
    first, last, count = events[0].time, events[-1].time, max(1, len(interval.raised))
    if interval.lowered is not None:
        length = stretch(instant(last) - instant(first))
        note = f"It ended after {length}." if interval.raised else "It was raised before the log begins."
        return Episode(events, "closed", first, last, count, note)
    if interval.proof is not None:
        note = f"It was over by {moment(instant(last))} at the latest, as another record proves."
        return Episode(events, "closed", first, last, count, note)
    peer = interval.raised[-1].peer
    seen = cluster.seen[peer]
    since = interval.raised[-1].time
    gap = seen.gap_within(since, seen.end)
    if gap is not None:
        hidden = f"{moment(instant(max(gap[0], since)))} to {moment(instant(gap[1]))}"
        return Episode(
            events,
            "unknown",
            first,
            last,
            count,
            f"How it went on is hidden by a gap in the log of {peer}, {hidden}.",
        )
    if seen.end - since < rule.settling // _MICROSECOND:
        after = stretch(instant(seen.end) - instant(since))
        stops = f"stops {after} after it" if seen.end > since else "stops with it"
        note = f"It was not seen to end: the log of {peer} {stops}."
        return Episode(events, "open_at_end", first, last, count, note)
    after = stretch(instant(seen.end) - instant(since))
    return Episode(
        events, "open", first, last, count, f"It is not over: the log of {peer} goes on for {after}."
    )


def _flapping(episodes: Iterable[Episode], apart: int) -> list[Episode]:
    """Intervals of one key that follow each other closely are one episode with a count."""
    joined: list[Episode] = []
    for episode in episodes:
        if joined and joined[-1].state == "closed" and episode.first - joined[-1].last <= apart:
            before = joined.pop()
            episode = Episode(
                (*before.events, *episode.events),
                episode.state,
                before.first,
                episode.last,
                before.count + episode.count,
                episode.note,
            )
        joined.append(episode)
    return joined


# ── from episodes to findings ───────────────────────────────────────────────────────────────


def _finding(name: str, rule: Rule, key: Key, episode: Episode, case: Case) -> Finding:
    values: dict[str, str] = {}
    for event in episode.events:
        for bound, value in event.values.items():
            values.setdefault(bound, value)
    values.update({part: value for part, value in key if part != "host"})
    about = _peer_names(rule.match)
    names = {peer.name for peer in case.cluster.peers}
    # The record that proves an end may be the lost peer's own: it is evidence, not a report.
    hosts = tuple(sorted({event.peer for event in episode.events if _reports(event, key)}))
    named = {value for event in episode.events for bound, value in event.values.items() if bound in about}
    peers = tuple(sorted(named & names - set(hosts)))
    fingerprint = hashlib.sha256("\0".join([name, *(f"{k}={v}" for k, v in key)]).encode()).hexdigest()[:16]
    first, last = instant(episode.first), instant(episode.last)
    absent = unbound(rule.match)
    if episode.took is not None:
        values["took"] = stretch(episode.took * _MICROSECOND)
    texts = {**absent, **placeholders(values, hosts, peers, episode.count, first, last)}
    return Finding(
        fingerprint=fingerprint,
        id=f"{fingerprint}@{first:%Y%m%dT%H%M%S}.{first.microsecond // 1000:03d}Z",
        rule=name,
        title=fill(rule.title, texts),
        severity=rule.severity,
        state=episode.state,
        hosts=hosts,
        peers=peers,
        first=first,
        last=last,
        count=episode.count,
        evidence=tuple(_evidence(event, case) for event in _shown(episode.events)),
        explanation=" ".join(part for part in (fill(rule.why, texts), episode.note) if part),
        basis=rule.basis,
        remedy=(),
        references=tuple(rule.references),
        outcome=episode.note,
        values=dict(sorted({**_said(absent), **values}.items())),
    )


def _said(absent: dict[str, str]) -> dict[str, str]:
    """Of what is unbound, that which its rule has words for."""
    return {name: text for name, text in absent.items() if text != f"(no {name})"}


def _reports(event: Event, key: Key) -> bool:
    return dict(key).get("host", event.peer) == event.peer


def _peer_names(match: Match) -> set[str]:
    """The bound names that are peers."""
    return {
        name
        for _, pattern in patterns(match)
        for name, binding in pattern.bind.items()
        if binding.kind == "peer"
    }


def _shown(events: tuple[Event, ...]) -> Iterable[Event]:
    if len(events) <= EVIDENCE:
        return events
    return [*events[: EVIDENCE - EVIDENCE // 4], *events[-(EVIDENCE // 4) :]]


def _evidence(event: Event, case: Case) -> Evidence:
    return Evidence(event.snapshot, event.source, event.line, instant(event.time), case.text(event.row))
