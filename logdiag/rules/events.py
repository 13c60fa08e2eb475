"""From patterns to events: which records a rule means, and what it takes from them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pyarrow.compute as pc

from logdiag.cluster import Cluster
from logdiag.cluster.dump_tables import Source
from logdiag.cluster.facts import Facts
from logdiag.conditions import Log, Reference, Rows
from logdiag.rules.chains import Budget, Candidates, sequences
from logdiag.rules.match_schema import Match, Sequence
from logdiag.rules.patterns import Binding, Pattern
from logdiag.rules.time_logic import Event
from logdiag.rules.versions import is_older

_MICROSECOND = timedelta(microseconds=1)


Spans = tuple[tuple[int, int], ...]
"""Beginnings and ends, in microseconds since 1970."""


@dataclass(frozen=True)
class CaseData:
    """The evidence that rules are judged on."""

    sources: dict[str, Source]
    cluster: Cluster
    facts: Facts
    work: Spans = ()
    """When requested work went on whose noise is no fault, in order and without overlaps."""

    def entry_at(self, host: str, place: int) -> str | None:
        """The entry at a place, from 1, of the newest list of peers of a host; None if it is not known."""
        for fact in ("logged_peer_list", "peer_list"):
            if host in self.facts[fact]:
                entries = self.facts[fact][host].values
                return entries[place - 1] or None if place <= len(entries) else None
        return None

    def text(self, event: Event) -> str:
        """What an event's row says, as it was logged or dumped."""
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
        """What the patterns match; events without a value of ``by`` are left out.

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

    def grouped(
        self, patterns: Iterable[Pattern], match: Match, *, hosts: bool = True
    ) -> dict[Key, list[Event]]:
        """Events by key: the peer that logged them, and the values of ``by``."""
        groups: dict[Key, list[Event]] = {}
        for event in self.events(patterns, match.by):
            groups.setdefault(key_of(event, match, hosts=hosts), []).append(event)
        return groups

    def _events(self, pattern: Pattern, number: int) -> list[Event]:
        source, cluster = self.case.sources[pattern.table], self.case.cluster
        log = source.log
        rows = log.rows(pattern.condition)
        if not len(rows):
            return []
        if len(rows) > MAX_RECORDS:
            self.capped = True
            rows = rows[:MAX_RECORDS]
        places = log.records.select(["snapshot", "source", "line"]).take(rows)
        columns = [places.column(name).to_pylist() for name in places.column_names]
        times, hosts = log.times(rows), log.hosts(rows)
        bound = {name: _bind(binding, log, rows) for name, binding in pattern.bind.items()}
        events = []
        for index, row in enumerate(rows):
            host = cluster.resolve(hosts[index]) or hosts[index]
            values: dict[str, str] = {}
            keep = pattern.role is None or (cluster.role_at(host, times[index]) or "unknown") in pattern.role
            for name, binding in pattern.bind.items():
                value = bound[name][index]
                if value is not None and binding.kind == "peer":
                    peer = cluster.resolve(value)
                    own = peer == host and binding.source != "host"
                    known = peer is not None or cluster.could_be_peer(value, host)
                    keep = keep and (binding.optional or (known and not own))
                    value = (peer or value) if known else None
                if value is not None and binding.kind == "stranger":
                    keep = keep and not cluster.could_be_peer(value, host)
                if value is not None and binding.kind == "peers":
                    value = SEPARATOR.join(
                        dict.fromkeys(cluster.resolve(one) or one for one in _listed(value))
                    )
                if value is not None and binding.kind == "place":
                    entry = self.case.entry_at(host, int(value)) if _is_place(value) else value
                    value = None if entry is None else cluster.resolve(entry)
                if value is not None and binding.kind == "primary":
                    value = cluster.primary_of(cluster.resolve(value) or value, times[index])
                if value is not None:
                    values[name] = value
            older = (is_older(values.get(one), values.get(other)) for one, other in pattern.older.items())
            if keep and all(older):
                place_of = (columns[0][index], columns[1][index], columns[2][index])
                event = Event(times[index], host, *place_of, int(row), number, values, pattern.table)
                if source.dumped is not None:
                    dated = source.dumped(int(row))
                    event = replace(event, dated=dated.stated, as_of=dated.as_of)
                events.append(event)
        return events


SEPARATOR = ", "
"""The separator between the peers of a bound list."""

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+(?:and\s+)?")


def _is_place(text: str) -> bool:
    """Whether a text is the number of a place in a list of peers, which has six."""
    return len(text) == 1 and text in "123456"


def _listed(text: str) -> list[str]:
    return [part for part in _BETWEEN.split(text.strip()[:2000]) if part and part != "and"]


def _bind(binding: Binding, log: Log, rows: Rows) -> list[str | None]:
    """What a binding takes from each of some rows."""
    if binding.source is None:
        return [binding.value] * len(rows)
    values = log.values(Reference.parse(binding.source), rows)
    if binding.re is not None:
        # RE2, not Python's re: linear for any log text and any rule.
        values = pc.struct_field(pc.extract_regex(values, binding.re), "value")
    say = {said.casefold(): word for said, word in binding.say.items()}
    return [value if value is None else say.get(value.casefold(), value) for value in values.to_pylist()]


def key_of(event: Event, match: Match, *, hosts: bool = True) -> Key:
    """What findings of a match are told apart by."""
    host: Key = (("host", event.peer),) if hosts and match.across == "peer" else ()
    return (*host, *((name, event.values.get(name, "")) for name in match.by))


def find_chains(sequence: Sequence, by: Iterable[str], collected: Collected) -> list[list[Event]]:
    """The chains of a sequence's steps, those of one value of ``by`` apart from those of another."""
    by = list(by)
    # Steps that bind a name of `by` are joined on it; the others go with every value.
    bound = [[name for name in by if name in step.bind] for step in sequence.steps]
    steps = [
        _by_key(collected.events([step], names), names)
        for step, names in zip(sequence.steps, bound, strict=True)
    ]
    within, at_least = sequence.within // _MICROSECOND, sequence.at_least // _MICROSECOND
    contrary = _contrary(sequence, by, collected)
    found = []
    budget = Budget()
    for key in sorted(_keys(steps, bound)):
        values = dict(key)
        of_key = [step[_part(values, names)] for step, names in zip(steps, bound, strict=True)]
        to_last, to_end = contrary(values, whole=False), contrary(values, whole=True)
        if sequence.unless and sequence.steps[-1].peer == "same":
            # An opening that was taken back before any end must not take the end of the next one.
            firsts = [
                one for one in of_key[0].events if not _is_between(to_last, one, of_key[-1].next_of_peer(one))
            ]
            of_key[0] = Candidates(firsts)
        chains = sequences(
            of_key,
            within,
            skew=sequence.skew // _MICROSECOND,
            ties=sequence.ties == "allow",
            peers=[step.peer for step in sequence.steps],
            budget=budget,
        )
        for chain in chains:
            against = to_end.next_of_peer(chain[0])
            if (
                (not at_least or chain[-1].time - chain[0].time >= at_least)
                and not _is_between(to_last, chain[0], chain[-1])
                and (against is None or against.time - chain[0].time >= within)
            ):
                found.append(chain)
    collected.capped |= budget.spent
    return found


def _contrary(sequence: Sequence, by: list[str], collected: Collected) -> Callable[..., Candidates]:
    """What speaks against a sequence, by the values of ``by``: up to its last step, or for the whole span."""
    groups = [
        (one.until == "end", names, _by_key(collected.events([one], names), names))
        for one in sequence.unless
        for names in [[name for name in by if name in one.bind]]
    ]

    def of(values: Mapping[str, str], *, whole: bool) -> Candidates:
        return Candidates(
            event
            for of_whole, names, events in groups
            if of_whole == whole and (part := _part(values, names)) in events
            for event in events[part].events
        )

    return of


def _is_between(candidates: Candidates, event: Event, end: Event | None) -> bool:
    """Whether a candidate follows an event on its peer, before another event if there is one."""
    found = candidates.next_of_peer(event)
    return found is not None and (end is None or found < end)


def _by_key(events: Iterable[Event], names: list[str]) -> dict[Key, Candidates]:
    groups: dict[Key, list[Event]] = {}
    for event in events:
        groups.setdefault(_part(event.values, names), []).append(event)
    return {key: Candidates(of_key) for key, of_key in groups.items()}


def _part(values: Mapping[str, str], names: Iterable[str]) -> Key:
    return tuple((name, values.get(name, "")) for name in names)


def _keys(steps: list[dict[Key, Candidates]], bound: list[list[str]]) -> set[Key]:
    """The values of ``by`` for which every step has events: a join on the names that steps share."""
    keys: set[Key] = {()}
    known: list[str] = []
    for step, names in zip(steps, bound, strict=True):
        shared = [name for name in names if name in known]
        index: dict[Key, list[Key]] = {}
        for part in step:
            index.setdefault(_part(dict(part), shared), []).append(part)
        keys = {
            tuple(sorted({**dict(key), **dict(part)}.items()))
            for key in keys
            for part in index.get(_part(dict(key), shared), ())
        }
        known += [name for name in names if name not in known]
    return keys
