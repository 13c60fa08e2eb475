"""Facts that records state about each peer, and facts that follow from missing records in a complete log."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from logdiag.cluster import edited_settings, moved_addresses, starts
from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_facts import find_repeated
from logdiag.cluster.facts import EPOCH, Fact, logged_fact
from logdiag.cluster.find import ROLE_CLAIMS
from logdiag.cluster.log_rows import EDIT, evidence_of, select
from logdiag.cluster.names import peer_lists, started_versions
from logdiag.cluster.observed import MINUTE, STARTS
from logdiag.cluster.starts import find_starts_together, rows_by_peer
from logdiag.conditions import Log, Reference, compile_condition, compile_event
from logdiag.model import Evidence
from logdiag.records import instant

_TLS_MODE = re.compile(r"changed from:\s*'?(?P<old>[A-Za-z]+)'?\s+to:\s*'?(?P<new>[A-Za-z]+)")
_ARRIVAL = 10 * MINUTE
"""A change of the TLS mode replicates in about 2 minutes, up to 5; after this it has not arrived."""

_CYCLE = 2 * MINUTE
"""How long after a start, or after one cycle, the next cycle is due."""

_FIVE_CYCLES = 10 * MINUTE
"""How long a claim to be the primary, or a cycle, has to be missing, in microseconds. One is due every two
minutes; after a start it may take five."""


_TLS_EDITS = compile_event(EDIT, {"Detail|re": r"(?i)cluster\w*[ /]tls_verify - changed from:"})
_UPGRADES = compile_event("Upgrade")
_UPGRADED_FROM = re.compile(r"(?<=from )X\d+(\.\d+)*")
_CYCLES = compile_condition({"Module": "developer.replication", "Detail": "Starting synchronisation"})
ASKED = (_TLS_EDITS, _UPGRADES, _CYCLES, *starts.ASKED, *edited_settings.ASKED, *moved_addresses.ASKED)
"""The records that this module asks for."""


def find_record_facts(log: Log, cluster: Cluster) -> Iterator[tuple[str, str, Fact]]:
    """Return the facts that records state, by name and peer, the newest last."""
    for start, version in started_versions(log):
        text = f"Application Start: Software version {version}"
        yield "version", cluster.peer_of(start.host), logged_fact(log, start.row, (version,), text)
    for peer, row, _, new, text in _tls_edits(log, cluster):
        yield "tls_mode", peer, logged_fact(log, row, (new,), text)
    unlisted: dict[str, datetime] = {}
    shown: dict[tuple[str, str], Fact] = {}

    def newest(name: str, peer: str, fact: Fact) -> tuple[str, str, Fact]:
        before = shown.get((name, peer))
        if before is not None and before.values == fact.values:
            fact = replace(fact, since=before.began)
        shown[name, peer] = fact
        return name, peer, fact

    for said in peer_lists(log):
        peer = cluster.peer_of(said.host)
        names = tuple(cluster.peer_of(name) for _, name in said.pairs)
        fact = logged_fact(log, said.row, names, f'AlternateIPAddresses="{said.text}"')
        if said.pairs:
            yield newest("logged_peer_list", peer, fact)
            if repeated := find_repeated(address for address, _ in said.pairs):
                # A record may leave out what the list has twice, and then takes nothing back.
                yield "twice_in_list", peer, replace(fact, values=repeated)
            if said.unlisted is not None:
                # The fact is as old as the first of the records in a row that have no primary.
                began = unlisted.setdefault(peer, fact.time)
                text = f"{said.text}, number of the primary: {said.unlisted}"
                beyond = logged_fact(log, said.row, (str(said.unlisted),), text)
                yield "primary_not_listed", peer, replace(beyond, time=began)
            elif said.primary is not None:
                unlisted.pop(peer, None)
                yield "primary_not_listed", peer, replace(fact, values=())
        if said.primary is not None:
            yield newest("logged_primary", peer, replace(fact, values=(cluster.peer_of(said.primary),)))


def find_versions_before_upgrades(
    log: Log, cluster: Cluster, versions: Mapping[str, Fact]
) -> Iterator[tuple[str, Fact]]:
    """Return the versions of peers of which neither a start nor a dump says one.

    Peers replicate only with peers of their version. So a peer that finished a cycle ran the version from
    which another one was upgraded after that. It still runs it if it finished none since the start of that
    one, and if its log continues without a gap, a start and an upgrade of its own.
    """
    upgrades = [
        (record, found[0])
        for record in select(log, _UPGRADES, "Detail")
        if (found := _UPGRADED_FROM.search(record.values[0][:500]))
    ]
    if not upgrades:
        return
    upgrade, version = upgrades[0]
    upgraded = {cluster.peer_of(record.host) for record, _ in upgrades}
    cycles, started = (rows_by_peer(log, cluster, condition) for condition in (starts.COMPLETED, STARTS))
    back = min(
        (at for peer in upgraded for at, _ in started.get(peer, ()) if at > upgrade.time), default=None
    )
    for peer, seen in cluster.observed.items():
        own = cycles.get(peer)
        if back is None or not own or peer in versions or peer in upgraded:
            continue
        at, row = own[-1]
        is_whole = seen.spans[-1][0] <= at and not any(start > at for start, _ in started.get(peer, ()))
        if own[0][0] < upgrade.time and at < back and is_whole:
            yield peer, Fact((version,), instant(at), (_logged(log, row), _logged(log, upgrade.row)))


def _tls_edits(log: Log, cluster: Cluster) -> list[tuple[str, int, str, str, str]]:
    """Return the changes of the TLS mode in the order of time: peer, row, old and new mode, text."""
    return [
        (cluster.peer_of(record.host), record.row, mode["old"], mode["new"], text)
        for record in select(log, _TLS_EDITS, "Detail")
        for text in (record.values[0][:500],)
        if (mode := _TLS_MODE.search(text))
    ]


def find_late_tls_modes(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the old TLS mode of peers that never logged the newest change, though they were up meanwhile."""
    edits = _tls_edits(log, cluster)
    if not edits:
        return
    _, row, old, _, text = edits[-1]
    time = log.time_at(row)
    reached = {edit[0] for edit in edits}
    for peer, seen in cluster.observed.items():
        was_up = seen.covers_all(time, time + _ARRIVAL) and seen.up_for(time, _ARRIVAL) == time + _ARRIVAL
        if peer not in reached and was_up:
            yield peer, logged_fact(log, row, (old,), text)


def find_missing_primary(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return each peer as a value if all have said for some time that they are not the primary."""
    claimed = max(log.times(log.rows(ROLE_CLAIMS[True])), default=0)
    denials = {
        peer: [one for one in said if one[0] > claimed]
        for peer, said in rows_by_peer(log, cluster, ROLE_CLAIMS[False]).items()
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
            yield name, Fact((), EPOCH)


def find_missing_cycles(log: Log, cluster: Cluster, single: Collection[str]) -> Iterator[tuple[str, Fact]]:
    """Return for each peer whether it began no cycle up to the end of its log, although cycles are logged.

    The fact begins when a cycle was due after the peer's last start, the beginning of its log, or the last
    gap. A log without any cycles shows nothing unless this peer logged a cycle before, or another peer logs
    cycles meanwhile. A late first cycle without a start before it ends a fact that began with the log. The
    ``single`` peers had no list of peers when their logs began: they have no cycles before they start.
    """
    if cluster.topology != "cluster":
        return
    cycles, started_at = (rows_by_peer(log, cluster, condition) for condition in (_CYCLES, STARTS))
    for peer, seen in cluster.observed.items():
        begin, end = seen.spans[-1]
        started = [(at, row) for at, row in started_at.get(peer, ()) if begin <= at <= end][-1:]
        begin = started[0][0] if started else begin
        if end - begin < _FIVE_CYCLES or (peer in single and not started):
            continue
        own = cycles.get(peer, [])
        if own and own[-1][0] >= begin:
            first, until = seen.spans[0]
            late = min(started_at.get(peer, []) + own)
            # A start before it has its own time to finish; other rules report what delayed it.
            if late == own[0] and first + _FIVE_CYCLES <= late[0] <= until:
                ended = (_logged(log, late[1]),)
                times = (instant(first + _CYCLE), instant(late[0]))
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
            yield peer, Fact((peer,), instant(begin + _CYCLE), tuple(_logged(log, row) for _, row in known))


def _logged(log: Log, row: int) -> Evidence:
    """Return a record as evidence, with its Detail or its Event."""
    texts = (log.values(Reference(key), np.array([row])).to_pylist()[0] for key in ("Detail", "Event"))
    return evidence_of(log, row, next(filter(None, texts), "")[:500])


def find_common_starts(log: Log, cluster: Cluster) -> dict[str, Fact]:
    """Return the peers that started together without a request, and whether each has come back."""
    return {
        start.peer: Fact(
            (start.peer,),
            instant(start.time),
            (_logged(log, start.row),),
            state=start.state,
            until=None if start.back is None else instant(start.back),
        )
        for start in (find_starts_together(log, cluster) if cluster.topology == "cluster" else ())
    }
