"""What is known of each peer's configuration, fact by fact, with the evidence for it.

Audits compare facts across peers. Most are values of dumps, which are older than the log beside
them; some are said by records, such as the list of peers that a replication cycle logs.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from logdiag.cluster import Cluster, edited_settings, starts
from logdiag.cluster.dump_tables import anchor_of
from logdiag.cluster.find import ROLE_WORDS
from logdiag.cluster.names import is_address, peer_lists, plain_name, started_versions
from logdiag.cluster.starts import STARTS, find_starts_together, rows_by_peer
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.dumps import lines_of
from logdiag.model import Evidence, State
from logdiag.reading import Dump, Tables
from logdiag.records import instant

_EPOCH = instant(0)
_TLS_MODE = re.compile(r"changed from:\s*'?(?P<old>[A-Za-z]+)'?\s+to:\s*'?(?P<new>[A-Za-z]+)")
_ARRIVAL = timedelta(minutes=10)
"""A change of the TLS mode replicates in about 2 minutes, up to 5; after this it has not arrived."""

_FIVE_CYCLES = timedelta(minutes=10) // timedelta(microseconds=1)
"""How long a claim to be the primary, or a cycle, has to be missing, in microseconds. One is due every two
minutes; after a start it may take five."""


@dataclass(frozen=True)
class Fact:
    """One fact of one peer: its values in their order, when it was so, and what says so.

    The ``time`` of a value that a dump has, which is not ``dated``, only puts it among the records;
    ``as_of`` is when the dump was made, as far as that is known. A fact that is over has the ``state``
    closed, and was over at ``until``; without a state it goes on.
    """

    values: tuple[str, ...]
    time: datetime
    evidence: tuple[Evidence, ...] = ()
    dated: bool = True
    as_of: datetime | None = None
    state: State | None = None
    until: datetime | None = None


Facts = dict[str, dict[str, Fact]]
"""Facts by name, then by peer; a peer of which a fact is not known is not there."""

FACTS: dict[str, str] = {
    "kind": "Expressway-C or Expressway-E, from dumps",
    "product": "the product as a dump words it",
    "version": "the software version",
    "hardware": "the platform, such as 'VMware, medium'",
    "option_keys": "what the option keys are for, or the keys where that is not said",
    "h323_mode": "On or Off",
    "ip_protocol": "the IP version",
    "tls_mode": "Permissive or Enforcing",
    "cluster_name": "the cluster's name",
    "primary": "the number of the configuration primary, from 1",
    "primary_not_listed": "the number of the configuration primary, if the list of peers has no such entry",
    "no_primary": "this peer, if all peers have said for 10 minutes that they are not the primary",
    "peer_list": "the configured addresses of peers, in their order",
    "gaps_in_list": "places of the list of peers that are empty, though a later place is not",
    "twice_in_list": "addresses that the list of peers has twice",
    "shared_address": "LAN addresses of this peer that another peer has as well",
    "peer_count": "how many peers are configured",
    "ntp_servers": "the time servers",
    "dns_servers": "the name servers",
    "not_in_own_list": "this peer's own addresses and name, where its own list of peers has none of them",
    "nat_in_list": "addresses in the list of peers that are static NAT addresses of this peer",
    "certificate_until": "when the server certificate ends",
    "certificate_missing": "this peer's names in the list that its server certificate does not hold",
    "logged_peer_list": "the list of peers in its newest replication record, in its order",
    "logged_primary": "the primary that its newest replication record names",
    "without_cycle": "this peer, if it began no replication cycle since its log or the peer itself started",
    "all_started": "this peer, if all peers started within 5 minutes and none logged a request",
    "started_together": "this peer, if it and others, but not all, started within 5 minutes unrequested",
    "edited_settings": "cluster settings that were edited in the log and differ between peers since then",
    "clock_skew": "seconds by which its clock is ahead, where it could be measured",
    "domain": "the DNS domain",
    "namesakes": "host names that the list of peers has twice",
    "name_elsewhere": "its short name, where a peer of another cluster in these inputs has the same",
    "node_count": "how many nodes all lists of peers name together, where the lists differ",
    "strangers": "nodes of the cluster database that are in no list of peers",
    "returned": "why it is taken for a peer that was removed and has come back",
    "still_listed": "peers whose lists name it long after its own list was cleared",
}
"""The facts that an audit can name."""


def find_facts(tables: Tables, log: Log, cluster: Cluster) -> Facts:
    """Everything that is known of the peers of one cluster."""
    found: Facts = {name: {} for name in FACTS}
    evidence = _Dumped(tables, cluster)
    for peer, dumps in cluster.dumps.items():
        for name, fact in _of_dumps(peer, dumps, evidence, cluster):
            found[name].setdefault(peer, fact)
    found["shared_address"] = dict(_shared_addresses(cluster, evidence))
    for name, peer, fact in _of_records(log, cluster):
        found[name][peer] = fact
    found["tls_mode"] = {**_without_arrival(log, cluster), **found["tls_mode"]}
    together = dict(_started_together(log, cluster))
    everyone = together.keys() == cluster.names
    for name, of in (("all_started", everyone), ("started_together", not everyone)):
        none = {peer.name: Fact((), peer.seen_from or _EPOCH) for peer in cluster.peers}
        found[name] = none | (together if of else {})
    found["without_cycle"] = dict(_without_cycle(log, cluster))
    found["no_primary"] = dict(_without_primary(log, cluster))
    found["edited_settings"] = dict(_of_edits(log, cluster, found))
    measured = {name for pair in cluster.skews for name in pair}
    for peer_ in cluster.peers:
        if peer_.clock_skew is not None and peer_.name in measured:
            skew = f"{peer_.clock_skew:.3f}"
            found["clock_skew"][peer_.name] = Fact((skew,), peer_.seen_from or _EPOCH)
    return found


# ── dumps ───────────────────────────────────────────────────────────────────────────────────

_Read = Callable[[Dump], tuple[str, ...] | None]


def _one(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)


_DUMPED: dict[str, tuple[str, _Read]] = {
    "kind": ("edge", lambda d: None if d.facts.is_edge is None else (("C", "E")[d.facts.is_edge],)),
    "product": ("product", lambda d: _one(d.facts.product)),
    "version": ("version", lambda d: _one(d.facts.version)),
    "hardware": ("hardware", lambda d: _one(d.facts.hardware)),
    "option_keys": ("option", lambda d: _options(d)),
    "h323_mode": ("h323_mode", lambda d: _one(d.facts.h323_mode)),
    "ip_protocol": ("ip_protocol", lambda d: _one(d.facts.ip_protocol)),
    "tls_mode": ("tls_mode", lambda d: _one(d.facts.tls_mode)),
    "cluster_name": ("cluster_name", lambda d: _one(d.facts.cluster_name)),
    "domain": ("domain", lambda d: _one(d.facts.domain)),
    "primary": ("primary", lambda d: _one(None if d.facts.primary is None else str(d.facts.primary))),
    "primary_not_listed": ("primary", lambda d: _primary_not_listed(d)),
    "peer_list": ("peer", lambda d: d.facts.peer_list),
    "gaps_in_list": ("peer", lambda d: _gaps_in_list(d)),
    "twice_in_list": ("peer", lambda d: _twice(d.facts.peer_list)),
    "peer_count": ("peer", lambda d: _one(_count(d.facts.peer_list))),
    "ntp_servers": ("ntp_server", lambda d: d.facts.ntp_servers if d.kind == "xconfiguration" else None),
    "dns_servers": ("dns_server", lambda d: d.facts.dns_servers if d.kind == "xconfiguration" else None),
    "nat_in_list": ("nat_address", lambda d: _nat_in_list(d)),
}
"""Each fact of a dump: what its lines are called there, and how it is read."""


def _not_in_own_list(peer: str, dumps: tuple[Dump, ...], cluster: Cluster) -> Iterator[tuple[Dump, Fact]]:
    """What a peer is known by, where its own list of peers names it by none of that.

    Not known where the list has addresses and the peer's are not known, or names and its name is not.
    """
    for dump in dumps:
        entries = {plain_name(entry) for entry in dump.facts.peer_list or () if entry}
        facts = [one.facts for one in dumps]
        own = [address for of in facts for address in (*of.addresses, *of.nat_addresses.values())]
        names = [name for of in facts for name in (of.fqdn, of.hostname) if name]
        known = {plain_name(name) for name in (*own, *names)}
        of_addresses = all(is_address(entry) for entry in entries)
        told = own if of_addresses or not names else [*own, *names]
        told = told if of_addresses or names else []
        if not entries or not told:
            continue
        missing = () if known & entries else tuple(dict.fromkeys(told))
        yield dump, _of_dump(missing, dump, peer, cluster, ())
        return


def _of_dumps(
    peer: str, dumps: tuple[Dump, ...], dumped: "_Dumped", cluster: Cluster
) -> Iterator[tuple[str, Fact]]:
    for name, (called, read) in _DUMPED.items():
        # Of several dumps the one that says what the keys are for says more.
        said = sorted(
            dumps, key=lambda dump: name != "option_keys" or not any(dump.facts.option_keys.values())
        )
        for dump in said:
            values = read(dump)
            if values is not None:
                yield name, _of_dump(values, dump, peer, cluster, _lines(dump, called, dumped))
    for dump, fact in _not_in_own_list(peer, dumps, cluster):
        yield "not_in_own_list", replace(fact, evidence=_lines(dump, "peer", dumped))
    yield from _certificates(peer, dumps, dumped, cluster)


def _options(dump: Dump) -> tuple[str, ...] | None:
    # Keys are made for one box: only what they are for can be compared.
    said = tuple(sorted(said for said in dump.facts.option_keys.values() if said))
    return said or None


def _count(peers: tuple[str, ...] | None) -> str | None:
    return None if peers is None else str(sum(bool(peer) for peer in peers))


def _primary_not_listed(dump: Dump) -> tuple[str, ...] | None:
    """The number of the primary if the list has no entry there; None if the dump lacks list or number."""
    number, peers = dump.facts.primary, dump.facts.peer_list
    if number is None or not peers or not any(peers):
        return None
    return () if 1 <= number <= len(peers) and peers[number - 1] else (str(number),)


def _gaps_in_list(dump: Dump) -> tuple[str, ...] | None:
    """The numbers of the empty places before the last address; None if the dump has no list."""
    peers = dump.facts.peer_list
    if not peers or not any(peers):
        return None
    last = max(number for number, entry in enumerate(peers) if entry)
    return tuple(str(number + 1) for number in range(last) if not peers[number])


def _twice(entries: Iterable[str] | None) -> tuple[str, ...] | None:
    """The entries of a list that it has more than once; None if there is no list."""
    count = Counter(plain_name(entry) for entry in entries or () if entry)
    return tuple(entry for entry, number in count.items() if number > 1) if count else None


def _shared_addresses(cluster: Cluster, dumped: "_Dumped") -> Iterator[tuple[str, Fact]]:
    """For each peer whose LAN addresses dumps show those that another peer has, too.

    Only addresses that a list of peers has, and the first of a peer, count: an interface that is not used
    keeps the address that it was delivered with. Behind static NAT two sites can use the same addresses.
    """
    dumps = {
        peer: [dump for dump in of_peer if dump.facts.addresses]
        for peer, of_peer in cluster.dumps.items()
        if not any(dump.facts.nat_addresses for dump in of_peer)
    }
    listed = {
        plain_name(entry)
        for of_peer in cluster.dumps.values()
        for dump in of_peer
        for entry in dump.facts.peer_list or ()
    }
    serials = {
        peer: {dump.facts.serial for dump in of_peer if dump.facts.serial}
        for peer, of_peer in cluster.dumps.items()
    }
    own = {
        peer: {
            plain_name(address)
            for dump in of_peer
            for number, address in enumerate(dump.facts.addresses)
            if number == 0 or plain_name(address) in listed
        }
        for peer, of_peer in dumps.items()
        if of_peer
    }
    for peer, addresses in own.items():
        # One machine whose host name was changed is not two peers.
        others = {
            address
            for other, of in own.items()
            if other != peer and serials[other].isdisjoint(serials[peer])
            for address in of
        }
        shared = tuple(sorted(addresses & others))
        lines = _lines(dumps[peer][0], "address_v4", dumped) if shared else ()
        yield peer, _of_dump(shared, dumps[peer][0], peer, cluster, lines)


def _nat_in_list(dump: Dump) -> tuple[str, ...] | None:
    """None where it cannot be told: the list is not known, or holds names instead of addresses."""
    peers = [entry for entry in dump.facts.peer_list or () if entry]
    if not peers or not all(is_address(entry) for entry in peers):
        return None
    mapped = {plain_name(address) for address in dump.facts.nat_addresses.values()}
    return tuple(entry for entry in peers if plain_name(entry) in mapped)


def _of_dump(
    values: tuple[str, ...], dump: Dump, peer: str, cluster: Cluster, evidence: tuple[Evidence, ...]
) -> Fact:
    time = instant(anchor_of(dump, peer, cluster))
    return Fact(values, time, evidence, dated=False, as_of=dump.taken)


class _Dumped:
    """The values of all dumps, and the names in all lists of peers, by what they are asked for."""

    def __init__(self, tables: Tables, cluster: Cluster) -> None:
        self._rows: dict[tuple[bool, str, str], list[tuple[str, str, int]]] = {}
        for is_status, table in ((False, tables.config), (True, tables.status)):
            columns = [
                table.column(name).to_pylist() for name in ("snapshot", "source", "path", "value", "line")
            ]
            for snapshot, source, *row in zip(*columns, strict=True):
                path, value, line = row
                self._rows.setdefault((is_status, snapshot, source), []).append((path, value, line))
        listed = (
            entry
            for dumps in cluster.dumps.values()
            for dump in dumps
            for entry in dump.facts.peer_list or ()
            if entry
        )
        self._listed: dict[str | None, dict[str, None]] = {}  # in order
        for entry in dict.fromkeys(listed):
            peer = None if is_address(entry) else cluster.resolve(entry)
            self._listed.setdefault(peer, {})[entry] = None
        if not self._listed:
            self._listed = {one.name: {one.fqdn: None} for one in cluster.peers if one.fqdn}

    def rows(self, dump: Dump) -> list[tuple[str, str, int]]:
        """Path, value and line of what a dump says."""
        own = self._rows.get((dump.table == "status", dump.snapshot, dump.source), [])
        return [row for row in own if dump.has(dump.snapshot, dump.source, row[2])]

    def listed_as(self, peer: str) -> tuple[str, ...]:
        """The names that peers know another by, which its certificate must hold: those in their lists.

        One that was started while logging ran hands over no dump; where no list is there, it is the name
        that its database goes by.
        """
        return tuple(self._listed.get(peer, ()))


def _lines(dump: Dump, called: str, dumped: _Dumped) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(dump.snapshot, dump.source, line, None, f"{path}: {value}")
        for path, value, line in lines_of(called, dumped.rows(dump))
    )[:20]


# ── certificates ────────────────────────────────────────────────────────────────────────────


def _certificates(
    peer: str, dumps: tuple[Dump, ...], dumped: _Dumped, cluster: Cluster
) -> Iterator[tuple[str, Fact]]:
    """The end and the names of a peer's own server certificate: the first of its file."""
    for dump in dumps:
        if dump.kind != "certificate":
            continue
        rows = [row for row in dumped.rows(dump) if row[0].startswith("Certificate 1 ")]
        said = {path.removeprefix("Certificate 1 "): (value, line) for path, value, line in rows}
        evidence = partial(_certificate_evidence, dump, said)
        if "NotAfter" in said:
            until = (said["NotAfter"][0],)
            yield "certificate_until", _of_dump(until, dump, peer, cluster, evidence("NotAfter", "Subject"))
        names = {
            plain_name(value.partition(":")[2] or value)
            for name, (value, _) in said.items()
            if name.startswith("SubjectAlternativeName")
        }
        subject = said.get("Subject", ("", 0))[0]
        names |= {plain_name(part[3:]) for part in subject.split(",") if part.startswith("CN=")}
        own = dumped.listed_as(peer)
        if names and own:
            missing = tuple(dict.fromkeys(entry for entry in own if not _covered(plain_name(entry), names)))
            named = evidence("Subject", "SubjectAlternativeName 1")
            yield "certificate_missing", _of_dump(missing, dump, peer, cluster, named)


def _certificate_evidence(dump: Dump, said: dict[str, tuple[str, int]], *names: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(dump.snapshot, dump.source, said[name][1], None, f"{name}: {said[name][0]}")
        for name in names
        if name in said
    )


def _covered(name: str, names: set[str]) -> bool:
    return name in names or f"*.{name.partition('.')[2]}" in names


# ── records ─────────────────────────────────────────────────────────────────────────────────


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


def _of_records(log: Log, cluster: Cluster) -> Iterator[tuple[str, str, Fact]]:
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
            if twice := _twice(address for address, _ in said.pairs):
                # A record may leave out what the list has twice, and then takes nothing back.
                yield "twice_in_list", peer, Fact(twice, time, evidence)
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


def _without_arrival(log: Log, cluster: Cluster) -> dict[str, Fact]:
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


def _without_primary(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
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


def _without_cycle(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
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


def _started_together(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The peers that started together without a request, and whether each has come back."""
    if cluster.topology != "cluster":
        return
    for start in find_starts_together(log, cluster):
        until = None if start.back is None else instant(start.back)
        evidence = (_logged(log, start.row),)
        yield start.peer, Fact((start.peer,), instant(start.time), evidence, state=start.state, until=until)


def _of_edits(log: Log, cluster: Cluster, found: Facts) -> Iterator[tuple[str, Fact]]:
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


def after(fact: Fact, moment: datetime) -> timedelta | None:
    """How long after a moment a fact's first value, a time, is; None where it is none."""
    try:
        return datetime.fromisoformat(fact.values[0].replace("Z", "+00:00")) - moment
    except (IndexError, ValueError, TypeError):
        return None
