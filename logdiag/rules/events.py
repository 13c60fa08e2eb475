"""From patterns to events: which records a rule means, and what it takes from them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from logdiag.cluster import Cluster
from logdiag.cluster.dump_tables import Source
from logdiag.cluster.facts import Facts
from logdiag.conditions import Log, Reference, Rows
from logdiag.rules.chains import NO_CANDIDATES, Budget, Candidates, find_sequences
from logdiag.rules.match_schema import Match, Sequence
from logdiag.rules.patterns import Binding, Pattern
from logdiag.rules.time_logic import Event, group_events, to_microseconds
from logdiag.rules.versions import is_older
from logdiag.tables.arrays import arrow

Spans = tuple[tuple[int, int], ...]
"""Beginnings and ends, in microseconds since 1970."""


@dataclass(frozen=True)
class CaseData:
    """The evidence that rules are judged on."""

    sources: dict[str, Source]
    cluster: Cluster
    facts: Facts
    work: Spans = ()
    """The spans of requested work whose noise is no fault, in order and without overlaps."""

    def entry_at(self, host: str, place: int) -> str | None:
        """The entry at a place, from 1, of the newest list of peers of a host; None if it is not known."""
        for fact in ("logged_peer_list", "peer_list"):
            if host in self.facts[fact]:
                entries = self.facts[fact][host].values
                return entries[place - 1] or None if place <= len(entries) else None
        return None

    def text(self, event: Event) -> str:
        """Return what an event's row says, as it was logged or dumped."""
        return self.sources[event.table].text(event.row)


MAX_RECORDS = 200_000
"""Records that a pattern may match: what is beyond makes the finding and the run partial."""

Key = tuple[tuple[str, str], ...]


class Collected:
    """The events of a rule's patterns; counts the records that have no key."""

    def __init__(self, case: CaseData) -> None:
        self.case = case
        self.left_out = 0
        self.capped = False

    def events(self, patterns: Iterable[Pattern], by: Iterable[str] = ()) -> list[Event]:
        """Return what the patterns match; events without a value of ``by`` are left out.

        A name that has words for a value that is missing groups those events, too.
        """
        found: dict[tuple[str, int], Event] = {}
        for number, pattern in enumerate(patterns):
            needed = [name for name in by if name not in pattern.bind or pattern.bind[name].missing is None]
            for event in self._events(pattern, number):
                if all(name in event.values for name in needed):
                    # A record that two patterns match is one event, by the first.
                    found.setdefault((event.table, event.row), event)
                else:
                    self.left_out += 1
        return sorted(found.values())

    def grouped(self, patterns: Iterable[Pattern], match: Match) -> dict[Key, list[Event]]:
        """Return events by key: the peer that logged them, and the values of ``by``."""
        return group_events(self.events(patterns, match.by), lambda event: key_of(event, match))

    def _events(self, pattern: Pattern, number: int) -> list[Event]:
        source, cluster = self.case.sources[pattern.table], self.case.cluster
        log = source.log
        rows = log.rows(pattern.condition)
        if not len(rows):
            return []
        if len(rows) > MAX_RECORDS:
            self.capped = True
            rows = rows[:MAX_RECORDS]
        places = log.records.select(["snapshot", "source", "line"]).take(arrow(rows))
        snapshots, members, lines = (column.to_pylist() for column in places.columns)
        times, hosts = log.times(rows), log.hosts(rows)
        bound = {name: _bind(binding, log, rows) for name, binding in pattern.bind.items()}
        events = []
        for index, row in enumerate(rows):
            time, host = times[index], cluster.resolve(hosts[index]) or hosts[index]
            if pattern.role is not None and (cluster.role_at(host, time) or "unknown") not in pattern.role:
                continue
            values: dict[str, str] = {}
            for name, binding in pattern.bind.items():
                value = bound[name][index]
                value, keep = (None, True) if value is None else self._resolve(value, binding, host, time)
                if not keep:
                    break
                if value is not None:
                    values[name] = value
            else:
                if all(is_older(values.get(one), values.get(other)) for one, other in pattern.older.items()):
                    place = (snapshots[index], members[index], lines[index])
                    event = Event(time, host, *place, int(row), number, values, pattern.table)
                    if source.dumped is not None:
                        dumped = source.dumped[int(row)]
                        event = replace(event, dated=dumped.since is not None, as_of=dumped.dump.taken)
                    events.append(event)
        return events

    def _resolve(self, value: str, binding: Binding, host: str, time: int) -> tuple[str | None, bool]:
        """Return what a binding makes of a value, and whether the record matches then."""
        cluster = self.case.cluster
        match binding.kind:
            case "peer":
                peer = cluster.resolve(value)
                known = peer is not None or cluster.could_be_peer(value, host)
                is_own = peer == host and binding.source != "host"
                return (peer or value) if known else None, binding.optional or (known and not is_own)
            case "stranger":
                return value, not cluster.could_be_peer(value, host)
            case "peers":
                return SEPARATOR.join(
                    dict.fromkeys(cluster.resolve(one) or one for one in _listed(value))
                ), True
            case "place":
                # A list of peers has six places.
                entry = self.case.entry_at(host, int(value)) if value in tuple("123456") else value
                return None if entry is None else cluster.resolve(entry), True
            case "primary":
                return cluster.primary_of(cluster.resolve(value) or value, time), True
        return value, True


SEPARATOR = ", "
"""The separator between the peers of a bound list."""

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+(?:and\s+)?")


def _listed(text: str) -> list[str]:
    return [part for part in _BETWEEN.split(text.strip()[:2000]) if part and part != "and"]


def _bind(binding: Binding, log: Log, rows: Rows) -> list[str | None]:
    """Return what a binding takes from each of some rows."""
    if binding.source is None:
        return [binding.value] * len(rows)
    values = log.values(Reference.parse(binding.source), rows)
    if binding.re is not None:
        # RE2, not Python's re: linear for any log text and any rule.
        values = pc.struct_field(pc.extract_regex(values, binding.re), "value")
    say = {said.casefold(): word for said, word in binding.say.items()}
    return [value if value is None else say.get(value.casefold(), value) for value in values.to_pylist()]


def key_of(event: Event, match: Match) -> Key:
    """Return the values that distinguish findings of a match."""
    host: Key = (("host", event.peer),) if match.across == "peer" else ()
    return (*host, *((name, event.values.get(name, "")) for name in match.by))


def find_chains(sequence: Sequence, by: list[str], collected: Collected) -> list[list[Event]]:
    """Return the chains of a sequence's steps, those of one value of ``by`` apart from those of another."""
    steps = [_Joined(step, by, collected) for step in sequence.steps]
    contraries = [
        ("known" if one.after_known else one.until, _Joined(one, by, collected)) for one in sequence.unless
    ]
    within, at_least = to_microseconds(sequence.within), to_microseconds(sequence.at_least)
    found = []
    budget = Budget()
    for key in sorted(_keys(steps)):
        values = dict(key)
        of_key = [step.of(values) for step in steps]
        # What speaks against the sequence, by the part of it in which it counts.
        to_last, to_end, later = (
            Candidates(event for part, one in contraries if part == counts for event in one.of(values).events)
            for counts in ("last", "end", "known")
        )
        if sequence.unless and sequence.steps[-1].peer == "same":
            # An opening that was taken back before any end must not take the end of the next one.
            firsts = [
                one for one in of_key[0].events if not _is_between(to_last, one, of_key[-1].next_of_peer(one))
            ]
            of_key[0] = Candidates(firsts)
        peers = [step.peer for step in sequence.steps]
        for chain in find_sequences(of_key, within, peers=peers, budget=budget):
            against = to_end.next_of_peer(chain[0])
            if (
                chain[-1].time - chain[0].time >= at_least
                and not _is_between(to_last, chain[0], chain[-1])
                and not _is_between(later, drop_known(sequence, chain)[0], chain[-1])
                and (against is None or against.time - chain[0].time >= within)
            ):
                found.append(chain)
    collected.capped |= budget.left < 0
    return found


def drop_known(sequence: Sequence | None, chain: list[Event]) -> list[Event]:
    """Return the events of a chain without those of steps that only say what was known before."""
    if sequence is None:
        return chain
    return [event for step, event in zip(sequence.steps, chain, strict=True) if not step.known]


class _Joined:
    """The events of a pattern, by what it binds of ``by``; they go with every value of the other names."""

    def __init__(self, pattern: Pattern, by: Iterable[str], collected: Collected) -> None:
        self.names = [name for name in by if name in pattern.bind]
        groups = group_events(
            collected.events([pattern], self.names), lambda event: _part(event.values, self.names)
        )
        self.groups = {key: Candidates(events) for key, events in groups.items()}

    def of(self, values: Mapping[str, str]) -> Candidates:
        """Return the events that go with some values."""
        return self.groups.get(_part(values, self.names), NO_CANDIDATES)


def _is_between(candidates: Candidates, event: Event, end: Event | None) -> bool:
    """Return whether a candidate follows an event on its peer, before another event if there is one."""
    found = candidates.next_of_peer(event)
    return found is not None and (end is None or found < end)


def _part(values: Mapping[str, str], names: Iterable[str]) -> Key:
    return tuple((name, values.get(name, "")) for name in names)


def _keys(steps: Iterable[_Joined]) -> set[Key]:
    """Return the values of ``by`` for which every step has events: a join on the names that steps share."""
    keys: set[Key] = {()}
    known: set[str] = set()
    for step in steps:
        shared = [name for name in step.names if name in known]
        index: dict[Key, list[Key]] = {}
        for part in step.groups:
            index.setdefault(_part(dict(part), shared), []).append(part)
        keys = {
            tuple(sorted({**dict(key), **dict(part)}.items()))
            for key in keys
            for part in index.get(_part(dict(key), shared), ())
        }
        known.update(step.names)
    return keys
