"""Facts that dumps state of each peer, with the lines that state them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from logdiag.cluster import Cluster
from logdiag.cluster.dump_tables import anchor_of
from logdiag.cluster.facts import Fact
from logdiag.cluster.names import is_address, plain_name
from logdiag.dumps import lines_of
from logdiag.model import Evidence
from logdiag.reading import Dump, Tables
from logdiag.records import instant

_EPOCH = instant(0)


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
    "twice_in_list": ("peer", lambda d: twice(d.facts.peer_list)),
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


def of_dumps(
    peer: str, dumps: tuple[Dump, ...], dumped: "Dumped", cluster: Cluster
) -> Iterator[tuple[str, Fact]]:
    """The facts that the dumps of a peer state, by name; of two dumps with one fact the first counts."""
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


def twice(entries: Iterable[str] | None) -> tuple[str, ...] | None:
    """The entries of a list that it has more than once; None if there is no list."""
    count = Counter(plain_name(entry) for entry in entries or () if entry)
    return tuple(entry for entry, number in count.items() if number > 1) if count else None


def shared_addresses(cluster: Cluster, dumped: "Dumped") -> Iterator[tuple[str, Fact]]:
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


class Dumped:
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


def _lines(dump: Dump, called: str, dumped: Dumped) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(dump.snapshot, dump.source, line, None, f"{path}: {value}")
        for path, value, line in lines_of(called, dumped.rows(dump))
    )[:20]


# ── certificates ────────────────────────────────────────────────────────────────────────────


def _certificates(
    peer: str, dumps: tuple[Dump, ...], dumped: Dumped, cluster: Cluster
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
