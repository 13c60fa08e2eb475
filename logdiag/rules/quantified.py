"""Records under a quantifier over the cluster's members: all, any, none, differ, one-sided."""

import bisect
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed
from logdiag.model import State
from logdiag.rules.audits import Told
from logdiag.rules.episodes import Episode
from logdiag.rules.events import CaseData, Collected
from logdiag.rules.match_schema import Match, Peers
from logdiag.rules.time_logic import Event, episodes

_MICROSECOND = timedelta(microseconds=1)


def answers(peers: Peers, match: Match, collected: Collected) -> tuple[list[Told], list[str]]:
    """What holds over the peers, and why the rest cannot be told. Windows are ``[t, t + within)``."""
    events = collected.events(peers.of, match.by)
    within = peers.within // _MICROSECOND
    case = collected.case
    match peers.quantifier:
        case "any":
            return [_told(tuple(part), case) for part in episodes(events, within)], []
        case "all":
            return _all(events, within, case)
        case "none":
            return _none(events, within, case)
        case "differ":
            return _differ(events, peers.value or "", case)
    return _one_sided(events, peers.value or "", within, case)


def _unwatched(case: CaseData) -> list[str]:
    return [peer.name for peer in case.cluster.peers if peer.name not in case.cluster.observed]


def _all(events: list[Event], within: int, case: CaseData) -> tuple[list[Told], list[str]]:
    if unwatched := _unwatched(case):
        return [], [gettext("no log of {peers} was given").format(peers=listed(unwatched))]
    everyone = case.cluster.names
    missing = set(everyone)
    found: list[Told] = []
    logged: Counter[str] = Counter()  # in the window from start to end
    start = end = 0
    while start < len(events):
        while end < len(events) and events[end].time < events[start].time + within:
            logged[events[end].peer] += 1
            missing.discard(events[end].peer)
            end += 1
        if not missing:
            found.append(_told(tuple(events[start:end]), case))
            start = end
            logged.clear()
            missing = set(everyone)
        else:
            logged[events[start].peer] -= 1
            if not logged[events[start].peer]:
                missing |= everyone & {events[start].peer}
            start += 1
    return found, []


def _none(events: list[Event], within: int, case: CaseData) -> tuple[list[Told], list[str]]:
    if events:
        return [], []
    missing = _unwatched(case)
    short = [
        peer
        for peer, seen in case.cluster.observed.items()
        if not any(end - start >= within for start, end in seen.spans)
    ]
    if missing or short:
        unwatched = listed(sorted({*missing, *short}))
        return [], [gettext("the logs of {peers} do not watch long enough").format(peers=unwatched)]
    start = min(seen.start for seen in case.cluster.observed.values())
    end = max(seen.end for seen in case.cluster.observed.values())
    hosts = tuple(sorted(case.cluster.observed))
    return [Told((), Episode((), "open", start, end, 1), hosts, (), (), gettext("none on any peer"))], []


def _differ(events: list[Event], value: str, case: CaseData) -> tuple[list[Told], list[str]]:
    newest = {event.peer: event for event in events if value in event.values}
    if len({event.values[value] for event in newest.values()}) < 2:
        missing = _unwatched(case)
        unseen = gettext("no log of {peers} was given").format(peers=listed(missing))
        return [], [unseen] if missing else []
    groups: dict[str, list[str]] = {}
    for peer, event in sorted(newest.items()):
        groups.setdefault(event.values[value], []).append(peer)
    found = "; ".join(
        gettext("{what} on {peers}").format(what=said, peers=listed(on)) for said, on in groups.items()
    )
    chosen = tuple(sorted(newest.values()))
    return [_told(chosen, case, found, state="open")], []


def _one_sided(events: list[Event], value: str, within: int, case: CaseData) -> tuple[list[Told], list[str]]:
    told: list[Told] = []
    reasons: list[str] = []
    pairs: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if value in event.values:
            pairs.setdefault((event.peer, event.values[value]), []).append(event)
    for (peer, other), said in sorted(pairs.items()):
        back = pairs.get((other, peer), [])
        times = [event.time for event in back]
        alone = [event for event in said if not _is_near(event.time, times, within)]
        seen = case.cluster.observed.get(other)
        for event in alone:
            if seen is not None and seen.covers_all(event.time - within, event.time + within):
                told.append(_told((event,), case))
            else:
                silent = gettext("the log of {peer} does not show whether it noticed it too")
                reasons.append(silent.format(peer=other))
    return told, list(dict.fromkeys(reasons))


def _is_near(time: int, times: Sequence[int], within: int) -> bool:
    """Whether one of some ascending times is less than ``within`` away."""
    place = bisect.bisect_right(times, time - within)
    return place < len(times) and times[place] < time + within


def _told(events: tuple[Event, ...], case: CaseData, found: str = "", *, state: State = "seen") -> Told:
    hosts = tuple(sorted({event.peer for event in events}))
    said = {value for event in events for value in event.values.values()}
    peers = (said & case.cluster.names) - set(hosts)
    text = found or gettext("on {peers}").format(peers=listed(hosts))
    episode = Episode(events, state, events[0].time, events[-1].time, len(events))
    return Told((), episode, hosts, tuple(sorted(peers)), (), text)
