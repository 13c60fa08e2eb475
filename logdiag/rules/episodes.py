"""The kinds of match: from events to episodes, each with its state and why it is that."""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.cluster.observed import Observed
from logdiag.i18n import gettext
from logdiag.i18n.sentences import RAISED_BEFORE, moment, stretch
from logdiag.model import State
from logdiag.records import instant
from logdiag.rules import time_logic
from logdiag.rules.events import Collected, Key, Spans, find_chains
from logdiag.rules.match_schema import Absence, Count, Match, Sequence, StateMatch
from logdiag.rules.patterns import Pattern
from logdiag.rules.proofs import Proofs, by_values, signal_proofs
from logdiag.rules.time_logic import Event

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
    proofs: frozenset[Event] = frozenset()
    """Events that prove an end: they are evidence, and their peers do not report the problem."""


Answers = Iterable[tuple[Key, Episode]]


def answers(match: Match, settling: timedelta, collected: Collected, signals: dict[str, Match]) -> Answers:
    """Every key that a match answers for, with each of its episodes.

    ``signals`` are the matches of ``over_by`` and ``gone_by``, by their names.
    """
    settled = settling // _MICROSECOND
    if match.record is not None:
        return _records(match.record, match, settled, collected)
    if match.count is not None:
        return _counts(match.count, match, collected)
    if match.sequence is not None:
        return _sequences(match.sequence, match, settled, collected)
    if match.absence is not None:
        return _absences(match.absence, match, settled, collected)
    if match.state is not None:
        return _states(match.state, match, settled, collected, signals)
    if match.alarm is not None:
        return _states(match.alarm.as_state, match, settled, collected, signals)
    return ()


def occurrences(events: Iterable[Event]) -> int:
    """How often something happened that several processes and peers logged.

    As often as the one that logged it most often did.
    """
    logged: dict[tuple[str, int], int] = {}
    for event in events:
        logged[event.peer, event.pattern] = logged.get((event.peer, event.pattern), 0) + 1
    return max(logged.values())


def _seen_episode(events: list[Event]) -> Episode:
    return Episode(tuple(events), "seen", events[0].time, events[-1].time, occurrences(events))


def _records(patterns: list[Pattern], match: Match, settled: int, collected: Collected) -> Answers:
    for key, events in sorted(collected.grouped(patterns, match).items()):
        for part in time_logic.episodes(events, settled):
            yield key, _seen_episode(part)


def _counts(count: Count, match: Match, collected: Collected) -> Answers:
    within = count.within // _MICROSECOND
    for key, events in sorted(collected.grouped(count.of, match).items()):
        enough = time_logic.dense(events, count.at_least, within, count.distinct)
        for part in time_logic.episodes(enough, within):
            yield key, Episode(tuple(part), "seen", part[0].time, part[-1].time, len(part))


def _sequences(sequence: Sequence, match: Match, settled: int, collected: Collected) -> Answers:
    for key, chains in sorted(chains_by_key(sequence, match, collected).items()):
        ends = {chain[-1]: chain for chain in chains}
        for part in time_logic.episodes(ends, settled):
            events = sorted({event for end in part for event in _happened(sequence, ends[end])})
            took = part[-1].time - ends[part[-1]][0].time
            yield key, Episode(tuple(events), "seen", events[0].time, events[-1].time, len(part), took=took)


def chains_by_key(sequence: Sequence, match: Match, collected: Collected) -> dict[Key, list[list[Event]]]:
    """The chains of a sequence by the key of its findings."""
    groups: dict[Key, list[list[Event]]] = {}
    for chain in find_chains(sequence, match.by, collected):
        values = {name: value for event in chain for name, value in event.values.items()}
        host: Key = (("host", chain[0].peer),) if match.across == "peer" else ()
        key = (*host, *((name, values.get(name, "")) for name in match.by))
        groups.setdefault(key, []).append(chain)
    return groups


def _happened(sequence: Sequence, chain: list[Event]) -> list[Event]:
    """The events of a chain but for those that only say what was known before."""
    return [event for step, event in zip(sequence.steps, chain, strict=True) if not step.known]


def _absences(absence: Absence, match: Match, settled: int, collected: Collected) -> Answers:
    own_log = absence.logged_by == "host"
    closing = collected.grouped(absence.closing, match, hosts=own_log)
    within = absence.within // _MICROSECOND
    for key, openings in sorted(collected.grouped(absence.opening, match).items()):
        wanted = key if own_log else tuple(part for part in key if part[0] != "host")
        closings = closing.get(wanted, [])
        watched: dict[str, list[Event]] = {}
        for event in openings:
            peer = event.peer if own_log else event.values.get(absence.logged_by, "")
            watched.setdefault(peer, []).append(event)
        episodes: dict[tuple[str, time_logic.Answer, Event | None], list[Event]] = {}
        for peer, events in watched.items():
            seen = collected.case.cluster.observed.get(peer)
            if absence.before:
                answered = time_logic.unannounced(events, closings, within, seen)
            else:
                answered = time_logic.absences(events, closings, within, seen, up=absence.up)
            for opening, answer in answered:
                if answer in absence.report:
                    after = len(closings) if absence.before else bisect.bisect_right(closings, opening)
                    later = closings[after] if after < len(closings) else None
                    episodes.setdefault((peer, answer, later), []).append(opening)
        for (peer, answer, later), events in episodes.items():
            if absence.before:
                episode = _unannounced(events, answer, stretch(absence.within))
                if match.lasts is None:
                    yield key, episode
                    continue
                ends = [one for one in collected.events(match.lasts.until, match.by) if one.peer == peer]
                seen = collected.case.cluster.observed.get(peer)
                yield from ((key, part) for part in _parts(episode, sorted(ends), peer, settled, seen))
                continue
            state: State = "open" if answer == "absent" else answer
            note = _absence_note(
                answer, peer or gettext("the peer that would say so"), stretch(absence.within)
            )
            if answer == "absent" and later is not None:
                came = gettext("It came at last at {time}.")
                state, note = "closed", came.format(time=moment(instant(later.time)))
            last = later.time if later is not None else events[-1].time
            yield key, Episode(tuple(events), state, events[0].time, last, len(events), note)


def _unannounced(events: list[Event], answer: str, span: str) -> Episode:
    """Something that nothing announced: it is over when it is logged."""
    first, last, count = events[0].time, events[-1].time, len(events)
    if answer == "absent":
        note = gettext("Nothing in the {span} before it asked for it.")
    else:
        note = gettext(
            "The log does not cover the {span} before it, so whether somebody asked for it cannot be told."
        )
    return Episode(tuple(events), "closed", first, last, count, note.format(span=span))


def _parts(
    episode: Episode, ends: list[Event], peer: str, settled: int, seen: Observed | None
) -> Iterable[Episode]:
    """What nothing announced, as one episode for each time that it ended, and one that did not end."""
    parts: dict[Event | None, list[Event]] = {}
    for event in episode.events:
        place = bisect.bisect_right(ends, event)
        parts.setdefault(ends[place] if place < len(ends) else None, []).append(event)
    for end, events in parts.items():
        last = end.time if end is not None else events[-1].time
        state: State = "closed"
        note = gettext("It was over by {time} at the latest, as another record proves.")
        note = note.format(time=moment(instant(last)))
        if end is None and seen is not None:
            gap = seen.gap_within(last, seen.end)
            after = stretch(max(instant(seen.end) - instant(last), timedelta(0)))
            if gap is not None:
                state, note = "unknown", hidden_by(gap, peer, last)
            elif seen.end - last >= settled:
                note = gettext("It is not over: it was last logged {span} before the log of {peer} ends.")
                state, note = "open", note.format(span=after, peer=peer)
            elif seen.end > last:
                note = gettext("It was not seen to end: the log of {peer} stops {span} after it.")
                state, note = "open_at_end", note.format(peer=peer, span=after)
            else:
                note = gettext("It was not seen to end: the log of {peer} stops with it.")
                state, note = "open_at_end", note.format(peer=peer)
        whole = (*events, end) if end is not None else tuple(events)
        yield Episode(whole, state, events[0].time, last, len(events), f"{episode.note} {note}")


def _absence_note(answer: str, peer: str, span: str) -> str:
    notes = {
        "absent": gettext("The log of {peer} was watched for {span} and does not hold it."),
        "open_at_end": gettext("The log of {peer} stops before {span} are over."),
        "unknown": gettext(
            "The log of {peer} does not cover the {span} after it: it may have happened unseen."
        ),
    }
    return notes[answer].format(peer=peer, span=span)


def _states(
    state: StateMatch, match: Match, settled: int, collected: Collected, signals: dict[str, Match]
) -> Answers:
    raised = collected.grouped(state.raised, match)
    lowered = collected.grouped(state.lower or [], match)
    acknowledged = collected.grouped(state.acknowledge or [], match)
    said = {name: signal_proofs(signals[name], collected) for name in signals} if raised else {}
    proofs = Proofs((one for name in state.over_by for one in said.get(name, ())), match.by)
    gone = [by_values((one.event for one in said.get(name, ())), match.by) for name in state.gone_by]
    about = _by_peers(raised) if match.by == ["peer"] else {}
    for key in sorted({*raised, *lowered}):
        bound = dict(key)
        values = tuple(bound[name] for name in match.by)
        lost = about.get(bound.get("host", ""), {})
        own = proofs.ends(raised.get(key, []), values, lost, collected.case.cluster)
        folded = time_logic.intervals(
            raised.get(key, []), lowered.get(key, []), acknowledged.get(key, []), own
        )
        if state.unraised == "nothing":
            folded = [interval for interval in folded if interval.raised]
        episodes = [_interval_episode(interval, settled, collected.case.cluster) for interval in folded]
        left = [of_signal.get(values, []) for of_signal in gone]
        flaps = flapping(episodes, settled, collected.case.work)
        yield from ((key, _taken_away(one, left)) for one in flaps)


def _by_peers(raised: dict[Key, list[Event]]) -> dict[str, dict[str, list[Event]]]:
    """What each host raised, by the peer that it is about."""
    found: dict[str, dict[str, list[Event]]] = {}
    for key, events in raised.items():
        bound = dict(key)
        found.setdefault(bound.get("host", ""), {})[bound["peer"]] = events
    return found


_AROUND = 3_600_000_000


def _taken_away(episode: Episode, gone: Iterable[list[Event]]) -> Episode:
    """An episode that is no fault: what it is about was taken away on purpose, shortly before or after.

    ``gone`` are the events of each signal that says so, in order.
    """
    if episode.state == "closed":
        return episode
    for events in gone:
        near = bisect.bisect_left(events, episode.first - _AROUND, key=lambda event: event.time)
        if near < len(events) and events[near].time <= episode.first + _AROUND:
            note = gettext("It was taken away on purpose, at {time}.")
            last = max(episode.last, events[near].time)
            note = note.format(time=moment(instant(events[near].time)))
            whole = tuple(sorted({*episode.events, events[near]}))
            return replace(episode, events=whole, state="closed", last=last, note=note)
    return episode


def _interval_episode(interval: time_logic.Interval, settled: int, cluster: Cluster) -> Episode:
    events = interval.events
    first, last, count = events[0].time, events[-1].time, max(1, len(interval.raised))
    if interval.lowered is not None:
        length = stretch(instant(last) - instant(first))
        note = gettext("It ended after {span}.").format(span=length)
        if not interval.raised or not events[0].dated:
            note = gettext(RAISED_BEFORE)
        return Episode(events, "closed", first, last, count, note)
    if interval.proof is not None:
        note = gettext("It was over by {time} at the latest, as another record proves.")
        note = note.format(time=moment(instant(last)))
        return Episode(events, "closed", first, last, count, note, proofs=frozenset({interval.proof}))
    peer = interval.raised[-1].peer
    seen = cluster.observed.get(peer)
    if seen is None:
        note = gettext("A dump of {peer} shows it; no log of it was given that would show an end.")
        return Episode(events, "open", first, last, count, note.format(peer=peer))
    dumped = interval.raised[-1].table != "records"
    since = max(interval.raised[-1].time, seen.start) if dumped else interval.raised[-1].time
    gap = seen.gap_within(since, seen.end)
    if gap is not None:
        return Episode(events, "unknown", first, last, count, hidden_by(gap, peer, since))
    if dumped:
        note = gettext("A dump of {peer} shows it, and the log does not show an end.")
        return Episode(events, "open", first, last, count, note.format(peer=peer))
    if seen.end - since < settled:
        after = stretch(instant(seen.end) - instant(since))
        if seen.end > since:
            note = gettext("It was not seen to end: the log of {peer} stops {span} after it.")
        else:
            note = gettext("It was not seen to end: the log of {peer} stops with it.")
        return Episode(events, "open_at_end", first, last, count, note.format(peer=peer, span=after))
    after = stretch(instant(seen.end) - instant(since))
    note = gettext("It is not over: the log of {peer} goes on for {span}.").format(peer=peer, span=after)
    return Episode(events, "open", first, last, count, note)


def hidden_by(gap: tuple[int, int], peer: str, since: int) -> str:
    """That a gap in the log of a peer hides how something went on, as a sentence."""
    return gettext("How it went on is hidden by a gap in the log of {peer}, {start} to {end}.").format(
        peer=peer, start=moment(instant(max(gap[0], since))), end=moment(instant(gap[1]))
    )


def flapping(episodes: Iterable[Episode], apart: int, work: Spans) -> list[Episode]:
    """Intervals of one key that follow each other closely are one episode with a count.

    The noise of requested work and what goes on after the time for that noise are two.
    """
    runs: list[list[Episode]] = []
    for episode in episodes:
        before = runs[-1][-1] if runs else None
        if (
            before is not None
            and before.state == "closed"
            and episode.first - before.last <= apart
            and not _is_work_between(before.first, episode.last if episode.state == "closed" else None, work)
        ):
            runs[-1].append(episode)
        else:
            runs.append([episode])
    return [_one_of(run) for run in runs]


def _is_work_between(before: int, end: int | None, work: Spans) -> bool:
    """Whether a time lies in a span of requested work, and an end (None: not seen) does not."""
    index = bisect.bisect_right(work, before, key=lambda span: span[0]) - 1
    return index >= 0 and before <= work[index][1] and (end is None or work[index][1] < end)


def _one_of(run: list[Episode]) -> Episode:
    first, last = run[0], run[-1]
    if first is last:
        return first
    count = sum(episode.count for episode in run)
    length = stretch(instant(last.last) - instant(first.first))
    note = gettext("It came and went, {count} times in {span}; the last time {sentence}").format(
        count=count, span=length, sentence=f"{last.note[:1].lower()}{last.note[1:]}"
    )
    events = tuple(event for episode in run for event in episode.events)
    proofs = frozenset().union(*(episode.proofs for episode in run))
    return Episode(events, last.state, first.first, last.last, count, note, proofs=proofs)
