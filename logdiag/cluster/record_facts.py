"""Facts that records state of each peer, and facts that a complete log shows by what it lacks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from logdiag.cluster import Cluster, edited_settings, starts
from logdiag.cluster.dump_facts import twice
from logdiag.cluster.facts import Fact, Facts
from logdiag.cluster.find import ROLE_WORDS
from logdiag.cluster.names import peer_lists, started_versions
from logdiag.cluster.starts import STARTS, find_starts_together, rows_by_peer
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import Evidence
from logdiag.records import instant

_EPOCH = instant(0)
_TLS_MODE = re.compile(r"changed from:\s*'?(?P<old>[A-Za-z]+)'?\s+to:\s*'?(?P<new>[A-Za-z]+)")
_ARRIVAL = timedelta(minutes=10)
"""A change of the TLS mode replicates in about 2 minutes, up to 5; after this it has not arrived."""

_FIVE_CYCLES = timedelta(minutes=10) // timedelta(microseconds=1)
"""How long a claim to be the primary, or a cycle, has to be missing, in microseconds. One is due every two
minutes; after a start it may take five."""


_TLS_EDITS = compile_condition(
    {
        "Event": "System Configuration Changed",
        "Module|exists": False,
        "Detail|re": r"(?i)cluster\w*[ /]tls_verify - changed from:",
    }
)
_CYCLES = compile_condition({"Module": "developer.replication", "Detail": "Starting synchronisation"})
ASKED = (_TLS_EDITS, _CYCLES, *starts.ASKED, *edited_settings.ASKED)
"""The records that this module asks for."""


def of_records(log: Log, cluster: Cluster) -> Iterator[tuple[str, str, Fact]]:
    """What records say of each peer, the newest last."""
    for row, host, version in started_versions(log):
        time = instant(log.time_at(row))
        evidence = (Evidence(*log.place(row), time, f"Application Start: Software version {version}"),)
        yield "version", cluster.resolve(host) or host, Fact((version,), time, evidence)
    for edit in _tls_edits(log, cluster):
        yield "tls_mode", edit.peer, Fact((edit.new,), instant(edit.time), (edit.evidence,))
    unlisted: dict[str, datetime] = {}
    for said in sorted(peer_lists(log), key=lambda one: one.time):
        peer = cluster.resolve(said.host) or said.host
        time = instant(said.time)
        place = log.place(said.row)
        text = ", ".join(f"({address} {name})" for address, name in said.pairs)
        evidence = (Evidence(*place, time, f'AlternateIPAddresses="{text}"'),)
        if said.pairs:
            names = tuple(cluster.resolve(name) or name for _, name in said.pairs)
            yield "logged_peer_list", peer, Fact(names, time, evidence)
            if repeated := twice(address for address, _ in said.pairs):
                # A record may leave out what the list has twice, and then takes nothing back.
                yield "twice_in_list", peer, Fact(repeated, time, evidence)
            if said.unlisted is not None:
                # The fact is as old as the first of the records in a row that have no primary.
                began = unlisted.setdefault(peer, time)
                numbered = f"{text}, number of the primary: {said.unlisted}"
                beyond = Evidence(*place, time, numbered)
                yield "primary_not_listed", peer, Fact((str(said.unlisted),), began, (beyond,))
            elif said.primary is not None:
                unlisted.pop(peer, None)
                yield "primary_not_listed", peer, Fact((), time, evidence)
        if said.primary is not None:
            primary = cluster.resolve(said.primary) or said.primary
            yield "logged_primary", peer, Fact((primary,), time, evidence)


@dataclass(frozen=True)
class _TlsEdit:
    """A change of the TLS verification mode, as one peer logged it."""

    time: int
    peer: str
    old: str
    new: str
    evidence: Evidence


def _tls_edits(log: Log, cluster: Cluster) -> list[_TlsEdit]:
    """The changes of the TLS verification mode, in the order of time."""
    rows = log.rows(_TLS_EDITS)
    details = log.values(Reference("Detail"), rows).to_pylist()
    edits = []
    for at, row, host, detail in sorted(
        zip(log.times(rows), rows.tolist(), log.hosts(rows), details, strict=True)
    ):
        if mode := _TLS_MODE.search(detail[:500]):
            evidence = Evidence(*log.place(row), instant(at), detail[:500])
            edits.append(_TlsEdit(at, cluster.resolve(host) or host, mode["old"], mode["new"], evidence))
    return edits


def without_arrival(log: Log, cluster: Cluster) -> dict[str, Fact]:
    """The old TLS mode of each peer that never logged the newest change, though it was up and logged on."""
    edits = _tls_edits(log, cluster)
    if not edits:
        return {}
    newest = edits[-1]
    reached = {edit.peer for edit in edits}
    within = _ARRIVAL // timedelta(microseconds=1)
    return {
        peer: Fact((newest.old,), newest.evidence.time or instant(newest.time), (newest.evidence,))
        for peer, seen in cluster.observed.items()
        if peer not in reached
        and seen.covers_all(newest.time, newest.time + within)
        and seen.up_for(newest.time, within) == newest.time + within
    }


def without_primary(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """That every peer says that it is not the primary, and none has said the opposite for some time."""
    claimed = max(log.times(log.rows(ROLE_WORDS[True])), default=0)
    denials = {
        peer: [one for one in said if one[0] > claimed]
        for peer, said in rows_by_peer(log, cluster, ROLE_WORDS[False]).items()
    }
    if cluster.topology != "cluster" or not all(name in denials for name in cluster.names):
        return
    since = max((said[0][0] for said in denials.values() if said), default=0)
    until = min((said[-1][0] for said in denials.values() if said), default=0)
    is_without = all(denials[name] for name in cluster.names) and until - since >= _FIVE_CYCLES
    for name in cluster.names:
        if is_without:
            yield name, Fact((name,), instant(since), (_logged(log, denials[name][-1][1]),))
        else:
            yield name, Fact((), _EPOCH)


def without_cycle(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """For each peer whether it began no cycle up to the end of its log, although cycles are logged.

    The time is that of its last start, or when its log began or went on after a gap. A log of a kind that
    has no cycles says nothing: this peer has logged one before, or another peer logs them meanwhile. A
    first cycle that comes late, without a start before it, ends what began with the log.
    """
    if cluster.topology != "cluster":
        return
    cycles, started_at = (rows_by_peer(log, cluster, condition) for condition in (_CYCLES, STARTS))
    for peer, seen in cluster.observed.items():
        begin, end = seen.spans[-1]
        started = [(at, row) for at, row in started_at.get(peer, ()) if begin <= at <= end][-1:]
        begin = started[0][0] if started else begin
        if end - begin < _FIVE_CYCLES:
            continue
        own = cycles.get(peer, [])
        if own and own[-1][0] >= begin:
            first, until = seen.spans[0]
            late = min(started_at.get(peer, []) + own)
            # A start before it has its own time to finish; what delayed it is told by other rules.
            if late == own[0] and first + _FIVE_CYCLES <= late[0] <= until:
                ended = (_logged(log, late[1]),)
                times = (instant(first), instant(late[0]))
                yield peer, Fact((peer,), times[0], ended, state="closed", until=times[1])
            else:
                yield peer, Fact((), instant(own[-1][0]))
            continue
        known = [*started, *own[-1:]]
        known += [
            last
            for other, of_other in sorted(cycles.items())
            for last in of_other[-1:]
            if other != peer and last[0] >= begin
        ]
        if len(known) > len(started):
            yield peer, Fact((peer,), instant(begin), tuple(_logged(log, row) for _, row in known))


def _logged(log: Log, row: int) -> Evidence:
    """A record with its Detail, or its Event."""
    rows = np.array([row])
    texts = [log.values(Reference(key), rows).to_pylist()[0] for key in ("Detail", "Event")]
    return Evidence(*log.place(row), instant(log.time_at(row)), next(filter(None, texts), "")[:500])


def started_together(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The peers that started together without a request, and whether each has come back."""
    if cluster.topology != "cluster":
        return
    for start in find_starts_together(log, cluster):
        until = None if start.back is None else instant(start.back)
        evidence = (_logged(log, start.row),)
        yield start.peer, Fact((start.peer,), instant(start.time), evidence, state=start.state, until=until)


def of_edits(log: Log, cluster: Cluster, found: Facts) -> Iterator[tuple[str, Fact]]:
    """The settings that were edited on one peer and are something else on another."""
    before = {
        peer: edited_settings.Before(
            dumped=tuple(map(str.lower, found["peer_list"][peer].values))
            if peer in found["peer_list"]
            else (),
            entries=found["logged_peer_list"][peer].values if peer in found["logged_peer_list"] else (),
            primary=found["logged_primary"][peer].values[0] if peer in found["logged_primary"] else None,
        )
        for peer in cluster.observed
    }
    compared = edited_settings.compare(edited_settings.find_edits(log, cluster), before, cluster)
    if compared is None:  # there is nothing to compare, whoever gave a log
        yield from ((peer.name, Fact((), peer.seen_from or _EPOCH)) for peer in cluster.peers)
        return
    for peer, values in compared.values.items():
        evidence = tuple(
            Evidence(*log.place(edit.row), instant(edit.time), edit.text) for edit in compared.edits[peer]
        )
        yield peer, Fact(values, instant(compared.time), evidence)
