"""The kinds of match: from events to episodes, each with its state and why it is that."""

import bisect
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence as Sequenced
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.cluster.observed import Observed
from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import RAISED_BEFORE, moment, stretch
from logdiag.model import State
from logdiag.records import instant
from logdiag.rules import time_logic
from logdiag.rules.events import Collected, Key, Spans, drop_known, find_chains, key_of
from logdiag.rules.match_schema import Absence, Match, StateMatch
from logdiag.rules.proofs import Proofs, find_proofs, values_of
from logdiag.rules.time_logic import Event, first_after, group_events, to_microseconds


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

    @classmethod
    def of(cls, events: Sequenced[Event], state: State, count: int, note: str = "") -> "Episode":
        """Return an episode from its first event to its last."""
        return cls(tuple(events), state, events[0].time, events[-1].time, count, note)


Answers = Iterable[tuple[Key, Episode]]


def answer_match(
    match: Match, settling: timedelta, collected: Collected, signals: dict[str, Match]
) -> Answers:
    """Return every key that a match answers for, with each of its episodes.

    ``signals`` are the matches of ``over_by`` and ``gone_by``, by their names.
    """
    settled = to_microseconds(settling)
    if match.record is not None or match.count is not None or match.sequence is not None:
        return _seen(match, settled, collected)
    if match.absence is not None:
        return _absences(match.absence, match, settled, collected)
    if match.as_state is not None:
        return _states(match.as_state, match, settled, collected, signals)
    return ()


def count_occurrences(events: Iterable[Event]) -> int:
    """Return how often something happened that several processes and peers logged.

    As often as the one that logged it most often did.
    """
    return max(Counter((event.peer, event.pattern) for event in events).values())


def _seen(match: Match, settled: int, collected: Collected) -> Answers:
    """Yield the episodes of what is logged and has no end: what is logged again soon is one episode."""
    apart = settled if match.count is None else to_microseconds(match.count.within)
    for key, chains in sorted(group_occurrences(match, collected).items()):
        ends = {chain[-1]: chain for chain in chains}
        for part in time_logic.split_episodes(ends, apart):
            events = sorted({event for end in part for event in drop_known(match.sequence, ends[end])})
            count = len(part) if match.record is None else count_occurrences(part)
            took = None if match.sequence is None else part[-1].time - ends[part[-1]][0].time
            yield key, replace(Episode.of(events, "seen", count), took=took)


def group_occurrences(match: Match, collected: Collected) -> dict[Key, list[list[Event]]]:
    """Return what a record, a count or a sequence found, by the key of its findings.

    Each is a list of events: one, or the steps of a sequence.
    """
    groups: dict[Key, list[list[Event]]] = {}
    if match.sequence is not None:
        for chain in find_chains(match.sequence, match.by, collected):
            values = {name: value for event in chain for name, value in event.values.items()}
            groups.setdefault(key_of(replace(chain[0], values=values), match), []).append(chain)
        return groups
    count = match.count
    single = collected.grouped(match.record or [] if count is None else count.of, match)
    for key, events in single.items():
        if count is not None:
            within = to_microseconds(count.within)
            events = time_logic.find_dense(events, count.at_least, within, count.distinct)
        if events:
            groups[key] = [[event] for event in events]
    return groups


def _absences(absence: Absence, match: Match, settled: int, collected: Collected) -> Answers:
    observed = collected.case.cluster.observed
    within = to_microseconds(absence.within)
    closing = collected.grouped(absence.closing, match)
    ends = collected.events(match.lasts.until, match.by) if match.lasts is not None else []
    for key, openings in sorted(collected.grouped(absence.opening, match).items()):
        closings = closing.get(key, [])
        for peer, of_peer in group_events(openings, lambda event: event.peer).items():
            seen = observed.get(peer)
            if absence.before:
                answered = time_logic.find_unannounced(of_peer, closings, within, seen)
                later = [end for end in ends if end.peer == peer]
            else:
                answered = time_logic.find_absences(of_peer, closings, within, seen, up=absence.up)
                later = closings
            found: dict[tuple[time_logic.AbsenceState, Event | None], list[Event]] = {}
            for opening, answer in answered:
                if answer in absence.report:
                    found.setdefault((answer, first_after(later, opening)), []).append(opening)
            for (answer, end), events in found.items():
                if not absence.before:
                    yield key, _since_due(_absent(events, answer, end, peer, absence), absence, seen)
                    continue
                episode = _unannounced(events, answer, absence)
                yield key, episode if match.lasts is None else _until(episode, end, settled, peer, seen)


_ABSENT = {
    "absent": N_("The log of {peer} was watched for {span} and does not hold it."),
    "open_at_end": N_("The log of {peer} stops before {span} are over."),
    "unknown": N_("The log of {peer} does not cover the {span} after it: it may have happened unseen."),
}
_UNANNOUNCED = {
    "absent": N_("Nothing in the {span} before it asked for it."),
    "unknown": N_(
        "The log does not cover the {span} before it, so the log does not show whether somebody asked for it."
    ),
}


def _absent(
    events: list[Event], answer: time_logic.AbsenceState, later: Event | None, peer: str, absence: Absence
) -> Episode:
    if answer == "absent" and later is not None:
        note = gettext("It came at last at {time}.").format(time=moment(instant(later.time)))
        return replace(Episode.of(events, "closed", len(events), note), last=later.time)
    note = gettext(_ABSENT[answer]).format(peer=peer, span=stretch(absence.within))
    episode = Episode.of(events, "open" if answer == "absent" else answer, len(events), note)
    return episode if later is None else replace(episode, last=later.time)


def _since_due(episode: Episode, absence: Absence, seen: Observed | None) -> Episode:
    """Return the episode from the time at which the closing record was due after the first opening."""
    due = to_microseconds(absence.due)
    first = seen.up_for(episode.first, due) if absence.up and seen is not None else episode.first + due
    return replace(episode, first=first, last=max(first, episode.last))


def _unannounced(events: list[Event], answer: str, absence: Absence) -> Episode:
    """Something that nothing announced: it is over when it is logged."""
    note = gettext(_UNANNOUNCED[answer]).format(span=stretch(absence.within))
    return Episode.of(events, "closed", len(events), note)


def _until(episode: Episode, end: Event | None, settled: int, peer: str, seen: Observed | None) -> Episode:
    """Return an episode that lasts until an event, or was not seen to end."""
    events, last, state = episode.events, episode.last, episode.state
    if end is not None:
        events, last = (*events, end), end.time
    note = over_by(last)
    if end is None and seen is not None:
        state, note = judge_unended(seen, peer, last, last, settled, repeats=True)
    return replace(episode, events=events, last=last, state=state, note=f"{episode.note} {note}")


def over_by(time: int) -> str:
    """Return that something was over by a time, as a sentence."""
    note = gettext("It was over by {time} at the latest, as another record proves.")
    return note.format(time=moment(instant(time)))


def judge_unended(
    seen: Observed, peer: str, since: int, begun: int, settled: int, *, repeats: bool = False
) -> tuple[State, str]:
    """Return the state of what has no seen end, and a sentence about it.

    ``since`` is when it was last logged. It is open if the log continues for ``settled`` after ``begun``.
    """
    gap = seen.gap_within(since, seen.end)
    if gap is not None:
        note = gettext("A gap in the log of {peer} hides how it continued, {start} to {end}.")
        start, end = (moment(instant(time)) for time in (max(gap[0], since), gap[1]))
        return "unknown", note.format(peer=peer, start=start, end=end)
    state: State = "open_at_end"
    if seen.end - begun >= settled and repeats:
        state = "open"
        note = gettext("It is not over: it was last logged {span} before the log of {peer} ends.")
    elif seen.end - begun >= settled:
        state = "open"
        note = gettext("It did not end: the log of {peer} continues for {span}.")
    elif seen.end > since:
        note = gettext("It was not seen to end: the log of {peer} stops {span} after it.")
    else:
        note = gettext("It was not seen to end: the log of {peer} stops with it.")
    return state, note.format(peer=peer, span=span_after(seen, since))


def span_after(seen: Observed, since: int) -> str:
    """Return how long a log continues after a time, as text."""
    return stretch(max(instant(seen.end) - instant(since), timedelta(0)))


def _states(
    state: StateMatch, match: Match, settled: int, collected: Collected, signals: dict[str, Match]
) -> Answers:
    cluster = collected.case.cluster
    raised = collected.grouped(state.raised, match)
    lowered = collected.grouped(state.lower, match)
    acknowledged = collected.grouped(state.acknowledge, match)
    said = {name: find_proofs(signals[name], collected) for name in signals} if raised else {}
    proofs = Proofs((one for name in state.over_by for one in said.get(name, ())), match.by)
    gone = [
        group_events(
            sorted(one.event for one in said.get(name, ())), lambda event: values_of(event.values, match.by)
        )
        for name in state.gone_by
    ]
    about = _by_peers(raised) if match.by == ["peer"] else {}
    for key in sorted({*raised, *lowered}):
        bound = dict(key)
        values = tuple(bound[name] for name in match.by)
        events = raised.get(key, [])
        proven = proofs.ends(events, values, about.get(bound.get("host", ""), {}), cluster)
        episodes = [
            _interval_episode(interval, settled, cluster)
            for interval in time_logic.fold_intervals(
                events, lowered.get(key, []), acknowledged.get(key, []), proven
            )
            if interval.raised or state.unraised == "closed"
        ]
        of_key = [of_signal.get(values, []) for of_signal in gone]
        flaps = join_flapping(episodes, collected.case.work)
        yield from ((key, _taken_away(one, of_key)) for one in flaps)


def _by_peers(raised: dict[Key, list[Event]]) -> dict[str, dict[str, list[Event]]]:
    """Return what each host raised, by the peer that it is about."""
    found: dict[str, dict[str, list[Event]]] = {}
    for key, events in raised.items():
        bound = dict(key)
        found.setdefault(bound.get("host", ""), {})[bound["peer"]] = events
    return found


_HOUR = to_microseconds(timedelta(hours=1))


def _taken_away(episode: Episode, gone: Iterable[list[Event]]) -> Episode:
    """An episode that is no fault: what it is about was taken away on purpose, shortly before or after.

    ``gone`` are the events of each signal that says so, in order.
    """
    for events in gone if episode.state != "closed" else ():
        near = bisect.bisect_left(events, episode.first - _HOUR, key=lambda event: event.time)
        if near < len(events) and events[near].time <= episode.first + _HOUR:
            time = events[near].time
            note = gettext("It was taken away on purpose, at {time}.").format(time=moment(instant(time)))
            whole = tuple(sorted({*episode.events, events[near]}))
            return replace(episode, events=whole, state="closed", last=max(episode.last, time), note=note)
    return episode


def _interval_episode(interval: time_logic.Interval, settled: int, cluster: Cluster) -> Episode:
    events, count = interval.events, max(1, len(interval.raised))
    if interval.lowered is not None:
        length = stretch(instant(events[-1].time) - instant(events[0].time))
        note = gettext("It ended after {span}.").format(span=length)
        if not interval.raised or not events[0].dated:
            note = gettext(RAISED_BEFORE)
        return Episode.of(events, "closed", count, note)
    if interval.proof is not None:
        episode = Episode.of(events, "closed", count, over_by(events[-1].time))
        return replace(episode, proofs=frozenset({interval.proof}))
    last = interval.raised[-1]
    seen = cluster.observed.get(last.peer)
    is_dumped = last.table != "records"
    state: State = "open"
    if seen is None:
        note = gettext("A dump of {peer} shows it; no log of it was given that would show an end.")
        note = note.format(peer=last.peer)
    else:
        since = max(last.time, seen.start) if is_dumped else last.time
        state, note = judge_unended(seen, last.peer, since, since, settled)
        if is_dumped and state != "unknown":
            note = gettext("A dump of {peer} shows it, and the log does not show an end.")
            state, note = "open", note.format(peer=last.peer)
    return Episode.of(events, state, count, note)


_FLAPPING = to_microseconds(timedelta(minutes=30))
"""A problem that returns this soon after its end is the same problem."""


def join_flapping(episodes: Iterable[Episode], work: Spans) -> list[Episode]:
    """Intervals of one key that follow each other closely are one episode with a count.

    The noise of requested work and what lasts longer than that noise may are two episodes.
    """
    runs: list[list[Episode]] = []
    for episode in episodes:
        before = runs[-1][-1] if runs else None
        if (
            before is not None
            and before.state == "closed"
            and episode.first - before.last <= _FLAPPING
            and not _is_work_between(before.first, episode.last if episode.state == "closed" else None, work)
        ):
            runs[-1].append(episode)
        else:
            runs.append([episode])
    return [_one_of(run) for run in runs]


def _is_work_between(before: int, end: int | None, work: Spans) -> bool:
    """Return whether a time is in a span of requested work, and an end (None: not seen) does not."""
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
