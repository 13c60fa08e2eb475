"""Records under a quantifier over the cluster's members: all, any, none, differ, one-sided."""

import bisect
from collections import Counter
from collections.abc import Sequence

from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed
from logdiag.model import State
from logdiag.rules.audits import ClusterAnswer, values_on_peers
from logdiag.rules.episodes import Episode
from logdiag.rules.events import CaseData, Collected
from logdiag.rules.match_schema import Match, Peers
from logdiag.rules.time_logic import Event, episodes, microseconds

_Answers = tuple[list[ClusterAnswer], list[str]]


def answers(peers: Peers, match: Match, collected: Collected) -> _Answers:
    """What holds over the peers, and why the rest is not known. Windows are ``[t, t + within)``."""
    events = collected.events(peers.of, match.by)
    within = microseconds(peers.within)
    case = collected.case
    match peers.quantifier:
        case "any":
            return [_answer(part, case) for part in episodes(events, within)], []
        case "all":
            return _all(events, within, case)
        case "none":
            return _none(events, within, case)
        case "differ":
            return _differ(events, peers.value or "", case)
    return _one_sided(events, peers.value or "", within, case)


def _without_log(case: CaseData) -> list[str]:
    return [peer.name for peer in case.cluster.peers if peer.name not in case.cluster.observed]


def _all(events: list[Event], within: int, case: CaseData) -> _Answers:
    if missing := _without_log(case):
        return [], [gettext("no log of {peers} was given").format(peers=listed(missing))]
    everyone = case.cluster.names
    found: list[ClusterAnswer] = []
    logged: Counter[str] = Counter()  # by the members in the window from start to end
    start = end = 0
    while start < len(events):
        while end < len(events) and events[end].time < events[start].time + within:
            logged.update(everyone & {events[end].peer})
            end += 1
        if len(+logged) == len(everyone):
            found.append(_answer(events[start:end], case))
            start = end
            logged.clear()
        else:
            logged.subtract(everyone & {events[start].peer})
            start += 1
    return found, []


def _none(events: list[Event], within: int, case: CaseData) -> _Answers:
    if events:
        return [], []
    observed = case.cluster.observed
    short = [
        peer for peer, seen in observed.items() if not any(end - start >= within for start, end in seen.spans)
    ]
    if unwatched := sorted({*_without_log(case), *short}):
        reason = gettext("the logs of {peers} do not watch long enough").format(peers=listed(unwatched))
        return [], [reason]
    start, end = min(seen.start for seen in observed.values()), max(seen.end for seen in observed.values())
    episode = Episode((), "open", start, end, 1)
    return [ClusterAnswer((), episode, tuple(sorted(observed)), (), (), gettext("none on any peer"))], []


def _differ(events: list[Event], value: str, case: CaseData) -> _Answers:
    newest = {event.peer: event for event in events if value in event.values}
    said = {peer: event.values[value] for peer, event in sorted(newest.items())}
    if len(set(said.values())) > 1:
        return [_answer(sorted(newest.values()), case, values_on_peers(said), state="open")], []
    missing = _without_log(case)
    return [], [gettext("no log of {peers} was given").format(peers=listed(missing))] if missing else []


def _one_sided(events: list[Event], value: str, within: int, case: CaseData) -> _Answers:
    found: list[ClusterAnswer] = []
    reasons: list[str] = []
    pairs: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if value in event.values:
            pairs.setdefault((event.peer, event.values[value]), []).append(event)
    for (peer, other), said in sorted(pairs.items()):
        times = [event.time for event in pairs.get((other, peer), [])]
        seen = case.cluster.observed.get(other)
        for event in said:
            if _is_near(event.time, times, within):
                continue
            if seen is not None and seen.covers_all(event.time - within, event.time + within):
                found.append(_answer([event], case))
            else:
                silent = gettext("the log of {peer} does not show whether it noticed it too")
                reasons.append(silent.format(peer=other))
    return found, list(dict.fromkeys(reasons))


def _is_near(time: int, times: Sequence[int], within: int) -> bool:
    """Whether one of some ascending times is less than ``within`` away."""
    place = bisect.bisect_right(times, time - within)
    return place < len(times) and times[place] < time + within


def _answer(
    events: Sequence[Event], case: CaseData, found: str = "", *, state: State = "seen"
) -> ClusterAnswer:
    hosts = tuple(sorted({event.peer for event in events}))
    said = {value for event in events for value in event.values.values()}
    peers = tuple(sorted((said & case.cluster.names) - set(hosts)))
    text = found or gettext("on {peers}").format(peers=listed(hosts))
    return ClusterAnswer((), Episode.of(events, state, len(events)), hosts, peers, (), text)
