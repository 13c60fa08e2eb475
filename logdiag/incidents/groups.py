"""Groups findings that are one problem: those that share peers and time, and the two sides of a fault."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from logdiag.incidents.causes import by_time
from logdiag.model import Finding
from logdiag.rules.match_schema import IncidentMatch

SAME_TIME = timedelta(minutes=1)
"""Peers notice the loss of another one within some seconds, and their clocks differ by some more."""

_SOON = timedelta(minutes=30)
"""A problem that returns this soon is the same problem."""

_SAME_SECONDS = timedelta(seconds=2)
"""Peers that are lost this close to each other have one cause: their host, a switch, a site."""

_DAY = timedelta(days=1)
_SAME_TIME_OF_DAY = timedelta(minutes=5)
"""What a job does each night begins within some minutes."""


def hosts_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the peers that report findings, sorted."""
    return tuple(sorted({host for finding in findings for host in finding.hosts}))


def peers_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the peers that findings are about, sorted."""
    return tuple(sorted({peer for finding in findings for peer in finding.peers}))


def without_peers(hosts: tuple[str, ...], peers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that report others; if they only report themselves, all of them."""
    return tuple(sorted({*hosts} - {*peers})) or hosts


def is_cause(finding: Finding, match: IncidentMatch) -> bool:
    """Return whether a finding is one of the causes that a composite rule names."""
    if match.requested is not None and match.requested != finding.requested:
        return False
    values = match.values.items()
    return finding.rule in match.causes and all(finding.values.get(name) == value for name, value in values)


def groups_of(findings: Iterable[Finding], by: Sequence[str], within: timedelta) -> list[list[Finding]]:
    """Group findings that are one problem.

    They agree in ``by`` and start within a span of the one before, are the two sides of one fault, start in
    the same seconds on different peers, or return at the same time of day.
    """
    groups = join_mirrors(_group(findings, by, within), within)
    if by:
        groups = _join(groups, lambda one, other: other - one <= _SAME_SECONDS)
    return _join_repeats(groups)


def _group(findings: Iterable[Finding], by: Sequence[str], within: timedelta) -> list[list[Finding]]:
    groups: dict[tuple[str, ...], list[list[Finding]]] = {}
    for finding in sorted(findings, key=by_time):
        parts = groups.setdefault((finding.peers or finding.hosts) if by else (), [])
        if parts and finding.began - parts[-1][-1].began <= within:
            parts[-1].append(finding)
        else:
            parts.append([finding])
    return [part for parts in groups.values() for part in parts]


def _join(
    groups: Iterable[list[Finding]], is_same: Callable[[datetime, datetime], bool]
) -> list[list[Finding]]:
    """Join each group with the one before it if they began at times that belong together."""
    joined: list[list[Finding]] = []
    for part in sorted(groups, key=_first):
        if joined and is_same(joined[-1][-1].began, part[0].began):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _join_repeats(groups: Iterable[list[Finding]]) -> list[list[Finding]]:
    """Join groups about the same peers that began soon after each other or at the same time of day."""
    alike: dict[tuple[str, ...], list[list[Finding]]] = {}
    for part in groups:
        peers = sorted({peer for one in part for peer in (*one.hosts, *one.peers)})
        alike.setdefault(tuple(peers), []).append(part)
    return [
        joined
        for same in alike.values()
        for joined in _join(same, lambda one, other: other - one <= _SOON or is_same_time_of_day(one, other))
    ]


def is_same_time_of_day(one: datetime, other: datetime) -> bool:
    """Return whether two times are a whole number of days apart, to some minutes."""
    rest = abs(one - other) % _DAY
    return min(rest, _DAY - rest) <= _SAME_TIME_OF_DAY


def _first(group: Sequence[Finding]) -> tuple[datetime, str]:
    return by_time(group[0])


def works_of(match: IncidentMatch, causes: Sequence[Finding], left: Iterable[Finding]) -> list[Finding]:
    """Return the work that an incident includes: it began from ``within`` before its causes to their end."""
    start, end = min(one.began for one in causes) - match.within, max(one.ended for one in causes)
    return [one for one in left if one.rule in match.draws and start <= one.began <= end]


class Required:
    """The findings that must accompany the causes of a composite, by what they are about."""

    def __init__(self, match: IncidentMatch, findings: Iterable[Finding]) -> None:
        self._match = match
        self._about: dict[str, list[tuple[int, Finding]]] = {}
        for number, finding in enumerate(findings):
            if finding.rule in match.requires:
                for name in self._subject([finding]):
                    self._about.setdefault(name, []).append((number, finding))

    def near(self, causes: Sequence[Finding]) -> list[Finding]:
        """Return the required findings that are near some causes or not over yet."""
        first, last = min(cause.began for cause in causes), max(cause.ended for cause in causes)
        within = self._match.within
        found = {
            number: finding
            for name in self._subject(causes)
            for number, finding in self._about.get(name, ())
            if finding.began <= last + within
            and (finding.ended >= first - within or finding.state in ("open", "open_at_end", "unknown"))
        }
        return [found[number] for number in sorted(found)]

    def _subject(self, findings: Iterable[Finding]) -> set[str]:
        """Return the peers that findings name, else those that logged them."""
        if "subject" not in self._match.by:
            return {""}
        return {name for finding in findings for name in finding.peers or finding.hosts}


# ── the two sides of one fault ──────────────────────────────────────────────────────────────


class _Sides:
    """Findings, each with a number, by the peers that they name."""

    def __init__(self) -> None:
        self._naming: dict[str, list[tuple[Finding, int]]] = {}

    def add(self, finding: Finding, number: int = 0) -> None:
        for peer in finding.peers:
            self._naming.setdefault(peer, []).append((finding, number))

    def mirrors(self, one: Finding) -> Iterable[tuple[Finding, int]]:
        """Return the other sides of a finding: each side reports the host of the other."""
        peers = frozenset(one.peers)
        for host in one.hosts:
            for other, number in self._naming.get(host, ()):
                if not peers.isdisjoint(other.hosts):
                    yield other, number


def is_mirror(one: Finding, other: Finding) -> bool:
    """Return whether two findings of a rule are the two sides of one fault, logged at the same time."""
    return (
        one.rule == other.rule
        and not set(one.hosts).isdisjoint(other.peers)
        and not set(other.hosts).isdisjoint(one.peers)
        and abs(one.began - other.began) <= SAME_TIME
    )


def sides_of(findings: Iterable[Finding], primary: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the two sides of a cluster whose peers lost each other: the larger, without the primary, first.

    If there are no two sides, because all lost each other, everyone is on the first.
    """
    apart: dict[str, set[str]] = {}
    for finding in findings:
        for host in finding.hosts:
            for peer in finding.peers:
                apart.setdefault(host, set()).add(peer)
                apart.setdefault(peer, set()).add(host)
    side: dict[str, bool] = {}
    for start in sorted(apart):
        waiting = [] if start in side else [start]
        side.setdefault(start, True)
        while waiting:
            one = waiting.pop()
            waiting += [other for other in apart[one] if other not in side]
            side |= {other: not side[one] for other in apart[one] if other not in side}
    if any(side[one] == side[other] for one in apart for other in apart[one]):
        return tuple(sorted(apart)), ()
    first, second = (tuple(sorted(name for name in side if side[name] is of)) for of in (True, False))
    order = sorted((first, second), key=lambda of: (-len(of), primary in of, of))
    return order[0], order[1]


def is_mutual(findings: Sequence[Finding]) -> bool:
    """Return whether two of some findings are the two sides of one fault."""
    sides = _Sides()
    for finding in findings:
        sides.add(finding)
    return any(True for finding in findings for _ in sides.mirrors(finding))


def join_mirrors(groups: Iterable[list[Finding]], within: timedelta) -> list[list[Finding]]:
    """Join groups that have the two sides of one fault, at most a span apart."""
    whole: dict[int, list[Finding]] = {}
    joined_to: dict[int, int] = {}
    sides = _Sides()

    def home(number: int) -> int:
        while number in joined_to:
            joined_to[number] = number = joined_to.get(joined_to[number], joined_to[number])
        return number

    for number, part in enumerate(sorted(groups, key=_first)):
        found = {
            home(place)
            for finding in part
            for other, place in sides.mirrors(finding)
            if abs(finding.began - other.began) <= within
        }
        joined_to.update(dict.fromkeys(found, number))
        whole[number] = [*(one for side in sorted(found) for one in whole.pop(side)), *part]
        for finding in part:
            sides.add(finding, number)
    return list(whole.values())
