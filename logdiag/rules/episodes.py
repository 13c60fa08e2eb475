"""The kinds of match: from events to episodes, each with its state and why it is that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from logdiag.cluster import BETWEEN_MEMBERS, Cluster
from logdiag.model import State
from logdiag.records import instant
from logdiag.rules import matchers
from logdiag.rules.events import Collected, Key, find_chains, signal_events
from logdiag.rules.matchers import Event
from logdiag.rules.schema import Absence, Count, Match, Pattern, Rule, Sequence, StateMatch
from logdiag.wording import moment, stretch

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


Answers = Iterable[tuple[Key, Episode]]


def answers(rule: Rule, collected: Collected, signals: list[Match]) -> Answers:
    """Every key that a rule answers for, with each of its episodes.

    ``signals`` are the matches of ``over_by``: they prove that something is over.
    """
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
        return _states(match.state, rule, collected, signals)
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


def _records(patterns: list[Pattern], rule: Rule, collected: Collected) -> Answers:
    for key, events in sorted(collected.grouped(patterns, rule.match).items()):
        for part in matchers.episodes(events, rule.settling // _MICROSECOND):
            yield key, _seen_episode(part)


def _counts(count: Count, rule: Rule, collected: Collected) -> Answers:
    within = count.within // _MICROSECOND
    for key, events in sorted(collected.grouped(count.of, rule.match).items()):
        enough = matchers.dense(events, count.at_least, within, count.distinct)
        for part in matchers.episodes(enough, within):
            yield key, Episode(tuple(part), "seen", part[0].time, part[-1].time, len(part))


def _sequences(sequence: Sequence, rule: Rule, collected: Collected) -> Answers:
    groups: dict[Key, list[list[Event]]] = {}
    for chain in find_chains(sequence, rule.match.by, collected):
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


def _absences(absence: Absence, rule: Rule, collected: Collected) -> Answers:
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


def _states(state: StateMatch, rule: Rule, collected: Collected, signals: list[Match]) -> Answers:
    raised = collected.grouped(state.raised, rule.match)
    lowered = collected.grouped(state.lower or [], rule.match)
    acknowledged = collected.grouped(state.acknowledge or [], rule.match)
    proofs = [event for signal in signals for event in signal_events(signal, collected)] if raised else []
    for key in sorted({*raised, *lowered}):
        values = dict(key)
        own = [
            proof
            for proof in proofs
            if all(proof.values.get(name) == values[name] for name in rule.match.by)
            and _hidden(raised.get(key, []), proof, collected.case.cluster)
        ]
        folded = matchers.intervals(raised.get(key, []), lowered.get(key, []), acknowledged.get(key, []), own)
        if state.unraised == "nothing":
            folded = [interval for interval in folded if interval.raised]
        episodes = [_interval_episode(interval, rule, collected.case.cluster) for interval in folded]
        yield from ((key, episode) for episode in _flapping(episodes, rule.settling // _MICROSECOND))


def _hidden(raised: list[Event], proof: Event, cluster: Cluster) -> bool:
    """Whether the end could not have been seen between the last raise before a proof and the proof.

    A log that goes on without a gap and does not show the end says more than a proof from elsewhere.
    """
    before = [event for event in raised if event < proof]
    if not before or before[-1].peer not in cluster.seen:
        return False
    seen = cluster.seen[before[-1].peer]
    stopped = proof.time - seen.end > BETWEEN_MEMBERS // _MICROSECOND
    return stopped or seen.gap_within(before[-1].time, proof.time) is not None


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
    runs: list[list[Episode]] = []
    for episode in episodes:
        if runs and runs[-1][-1].state == "closed" and episode.first - runs[-1][-1].last <= apart:
            runs[-1].append(episode)
        else:
            runs.append([episode])
    return [_one_of(run) for run in runs]


def _one_of(run: list[Episode]) -> Episode:
    first, last = run[0], run[-1]
    if first is last:
        return first
    count = sum(episode.count for episode in run)
    length = stretch(instant(last.last) - instant(first.first))
    note = (
        f"It came and went, {count} times in {length}; the last time {last.note[:1].lower()}{last.note[1:]}"
    )
    events = tuple(event for episode in run for event in episode.events)
    return Episode(events, last.state, first.first, last.last, count, note)
