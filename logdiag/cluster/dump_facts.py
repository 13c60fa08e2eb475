"""Facts that dumps state of each peer, with the lines that state them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_rows import DumpRows, anchor_of, evidence_in
from logdiag.cluster.facts import Fact
from logdiag.cluster.names import is_address, plain_name
from logdiag.dumps import Facts as DumpFacts
from logdiag.dumps import Setting
from logdiag.model import Evidence
from logdiag.reading import Dump
from logdiag.records import instant

_NOT_IN_USE = {"", "192.168.0.100"}
"""Both interfaces have this address until somebody changes it."""

_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.")
"""Addresses that no host outside can reach."""

_RESOLVED = re.compile(r"\bResolved '([^'\s]{1,255})' as '([^'\s]{1,60})'", re.IGNORECASE)
"""What the Clustering page shows after the state of a peer that is listed by name."""

Values = tuple[str, ...] | None
"""The values of a fact; None if it is not known."""


def find_dump_facts(rows: DumpRows, cluster: Cluster) -> Iterator[tuple[str, str, Fact]]:
    """Return the facts that dumps state, by name and peer; of two dumps with one fact the first counts."""
    certified_names = _listed_names(cluster)
    # Without short names: two clusters can have the same in different domains.
    called = {plain_name(name) for one in cluster.peers for name in (one.fqdn, *one.addresses) if name}
    called |= {plain_name(entry) for names in certified_names.values() for entry in names}

    def fact(peer: str, dump: Dump, values: tuple[str, ...], evidence: tuple[Evidence, ...]) -> Fact:
        time = instant(anchor_of(dump, peer, cluster))
        return Fact(values, time, evidence, dated=False, as_of=dump.taken)

    for peer, dumps in cluster.dumps.items():
        for name, dump, values in (*_of_one_dump(dumps), *_not_in_own_list(dumps), *_on_interfaces(dumps)):
            yield name, peer, fact(peer, dump, values, rows.evidence(dump, _STATED_BY[name]))
        for dump in reversed([dump for dump in dumps if dump.kind == "certificate"]):
            for name, values, evidence in _certificate(dump, rows.of(dump), certified_names.get(peer, {})):
                yield name, peer, fact(peer, dump, values, evidence)
        for dump in [dump for dump in dumps if dump.kind == "xconfiguration"][:1]:
            zones = [row for row in rows.with_fact(dump, "zone_peer") if plain_name(row.value) in called]
            values = tuple(dict.fromkeys(row.value for row in zones))
            lines = tuple(evidence_in(dump, row) for row in zones)
            yield "peers_in_zones", peer, fact(peer, dump, values, lines)
    for find in (_resolved_outside, _shared_addresses):
        for name, peer, dump, values in find(cluster):
            lines = rows.evidence(dump, _STATED_BY[name]) if values else ()
            yield name, peer, fact(peer, dump, values, lines)


# ── one dump ────────────────────────────────────────────────────────────────────────────────

_TEXTS = (
    *("version", "hardware", "h323_mode", "ip_protocol", "tls_mode"),
    *("cluster_name", "domain", "primary"),
)
"""The facts with one value that `logdiag.dumps.Facts` has under the same name."""

_STATED_BY = {
    **{name: name for name in _TEXTS},
    "kind": "edge",
    "image": "product",
    "option_keys": "option",
    "primary_not_listed": "primary",
    "peer_list": "peer",
    "twice_in_list": "peer",
    "peer_count": "peer",
    "ntp_servers": "ntp_server",
    "dns_servers": "dns_server",
    "nat_in_list": "nat_address",
    "not_in_own_list": "peer",
    "external_in_list": "address_v4",
    "private_in_list": "address_v4",
    "resolved_outside": "alternate",
    "shared_address": "address_v4",
}
"""Facts, and the name of the paths in `logdiag.dumps.paths` that state them."""


def _of_one_dump(dumps: Iterable[Dump]) -> Iterator[tuple[str, Dump, tuple[str, ...]]]:
    """Return the facts that one dump alone shows, each from the first dump that shows it."""
    shown: set[str] = set()
    for dump in dumps:
        for name, values in _values(dump).items():
            if values is not None and name not in shown:
                shown.add(name)
                yield name, dump, values


def _values(dump: Dump) -> dict[str, Values]:
    """Return the values of the facts that one dump alone can show."""
    facts = dump.facts
    texts = {name: getattr(facts, name) for name in _TEXTS}
    # Keys are made for one box: only what they are for can be compared.
    options = tuple(sorted(filter(None, facts.option_keys.values())))
    image = "Expressway Select" if "select" in (facts.product or "").lower().split() else "Expressway"
    is_configuration = dump.kind == "xconfiguration"  # the only dump that shows the configured servers
    return {
        **{name: None if text is None else (str(text),) for name, text in texts.items()},
        "kind": None if facts.is_edge is None else ("E" if facts.is_edge else "C",),
        "image": None if facts.product is None else (image,),
        "option_keys": options or None,
        "primary_not_listed": _primary_not_listed(facts),
        "peer_list": facts.peer_list,
        "twice_in_list": find_repeated(facts.listed),
        "peer_count": None if facts.peer_list is None else (str(len(facts.listed)),),
        "ntp_servers": facts.ntp_servers if is_configuration else None,
        "dns_servers": facts.dns_servers if is_configuration else None,
        "nat_in_list": _nat_in_list(facts),
    }


def _primary_not_listed(facts: DumpFacts) -> Values:
    """Return the number of the primary if the list lacks this entry; None if list or number is missing."""
    if facts.primary is None or not facts.listed:
        return None
    return (str(facts.primary),) if facts.listed_primary is None else ()


def find_repeated(entries: Iterable[str]) -> Values:
    """Return the entries of a list that it has more than once; None if it has no entries."""
    count = Counter(plain_name(entry) for entry in entries)
    return tuple(entry for entry, number in count.items() if number > 1) if count else None


def _nat_in_list(facts: DumpFacts) -> Values:
    """Return NAT addresses in the list of peers; None without a list, or if it contains names."""
    if not facts.listed or not all(map(is_address, facts.listed)):
        return None
    mapped = {plain_name(address) for address in facts.nat_addresses.values()}
    return tuple(entry for entry in facts.listed if plain_name(entry) in mapped)


# ── several dumps ───────────────────────────────────────────────────────────────────────────


def _not_in_own_list(dumps: tuple[Dump, ...]) -> Iterator[tuple[str, Dump, tuple[str, ...]]]:
    """Return the addresses and names of a peer if its own list of peers has none of them.

    Not known if the list has addresses and the peer's are not known, or names and its name is not.
    """
    addresses = [address for dump in dumps for address in dump.facts.own_addresses]
    names = [name for dump in dumps for name in (dump.facts.fqdn, dump.facts.hostname) if name]
    known = {plain_name(name) for name in (*addresses, *names)}
    for dump in dumps:
        entries = set(map(plain_name, dump.facts.listed))
        # A list of addresses can only be compared with addresses, a list of names also with names. In a list
        # that mixes them, the entry of this peer may be an address that is not known.
        if all(map(is_address, entries)):
            own = addresses
        elif any(map(is_address, entries)) and not addresses:
            own = []
        else:
            own = [*addresses, *names] if names else []
        if entries and own:
            yield "not_in_own_list", dump, () if known & entries else tuple(dict.fromkeys(own))
            return


def _on_interfaces(dumps: tuple[Dump, ...]) -> Iterator[tuple[str, Dump, tuple[str, ...]]]:
    """Return the addresses in the list that are on the wrong interface of an Expressway-E, by fact.

    Not known if the list contains names, or if the dumps do not show whether a second interface is in use.
    """
    is_edge = next((dump.facts.is_edge for dump in dumps if dump.facts.is_edge is not None), None)
    for dump in dumps:
        entries = [plain_name(entry) for entry in dump.facts.listed]
        own = {n: address for n, address in dump.facts.lan_addresses.items() if address not in _NOT_IN_USE}
        if (
            is_edge is None
            or not {1, 2} <= dump.facts.lan_addresses.keys()
            or not all(map(is_address, entries))
        ):
            continue
        # The setting is LAN1 until somebody changes it, so that only LAN2 shows a choice.
        external = {*dump.facts.nat_addresses, 2 if dump.facts.external_interface == 2 else 0}
        listed = {n: address for n, address in own.items() if is_edge and address in entries}
        yield "external_in_list", dump, tuple(listed[n] for n in listed if len(own) > 1 and n in external)
        private = (listed[n] for n in listed if len(own) == 1 and _PRIVATE.match(listed[n]))
        yield "private_in_list", dump, tuple(private)
        return


def _resolved_outside(cluster: Cluster) -> Iterator[tuple[str, str, Dump, tuple[str, ...]]]:
    """Return the names that a peer resolves to an address of static NAT or of an external interface."""
    dumps = [dump for _, dump in cluster.dumps_by_peer]
    outside = {plain_name(address) for dump in dumps for address in dump.facts.nat_addresses.values()}
    external = (dump for dump in dumps if dump.facts.external_interface == 2)
    outside |= {plain_name(address) for dump in external if (address := dump.facts.lan_addresses.get(2))}
    for peer, dump in cluster.dumps_by_peer:
        resolved = [
            found.groups() for one in dump.facts.alternates if (found := _RESOLVED.search(one.status))
        ]
        if resolved:
            wrong = (f"{name} ({address})" for name, address in resolved if plain_name(address) in outside)
            yield "resolved_outside", peer, dump, tuple(wrong)


def _shared_addresses(cluster: Cluster) -> Iterator[tuple[str, str, Dump, tuple[str, ...]]]:
    """Return the LAN addresses that another peer has as well, for each peer whose dump shows addresses.

    Only addresses that a list of peers has, and the first of a peer, count: an unused interface keeps its
    factory address. Behind static NAT two sites can use the same addresses.
    """
    listed = {plain_name(entry) for _, dump in cluster.dumps_by_peer for entry in dump.facts.listed}
    serials: dict[str, set[str]] = {}
    own: dict[str, set[str]] = {}
    first: dict[str, Dump] = {}
    for peer, dumps in cluster.dumps.items():
        serials[peer] = {dump.facts.serial for dump in dumps if dump.facts.serial}
        if any(dump.facts.nat_addresses for dump in dumps):
            continue
        for dump in dumps:
            if addresses := [plain_name(address) for address in dump.facts.addresses]:
                first.setdefault(peer, dump)
                own.setdefault(peer, set()).update({addresses[0], *listed.intersection(addresses)})
    for peer, addresses_of_peer in own.items():
        # One machine whose host name was changed is not two peers.
        others = (own[other] for other in own if other != peer and serials[other].isdisjoint(serials[peer]))
        shared = tuple(sorted(addresses_of_peer.intersection(set().union(*others))))
        yield "shared_address", peer, first[peer], shared


# ── certificates ────────────────────────────────────────────────────────────────────────────


def _listed_names(cluster: Cluster) -> dict[str | None, dict[str, None]]:
    """Return the name of each peer in the lists of peers: its certificate must contain this name.

    A peer that was started while logging ran gives no dump. If there is no list, its name is the one that
    its database goes by.
    """
    entries = dict.fromkeys(entry for _, dump in cluster.dumps_by_peer for entry in dump.facts.listed)
    names: dict[str | None, dict[str, None]] = {}
    for entry in entries:
        names.setdefault(None if is_address(entry) else cluster.resolve(entry), {})[entry] = None
    return names or {peer.name: {peer.fqdn: None} for peer in cluster.peers if peer.fqdn}


def _certificate(
    dump: Dump, rows: list[Setting], listed: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...], tuple[Evidence, ...]]]:
    """Return the end, wrong usage and missing names of a server certificate: the first of its file."""
    said = {
        path: row._replace(path=path)
        for row in rows
        if (path := row.path.removeprefix("Certificate 1 ")) != row.path
    }

    def evidence(*paths: str) -> tuple[Evidence, ...]:
        return tuple(evidence_in(dump, said[path]) for path in paths if path in said)

    if "NotAfter" in said:
        yield "certificate_until", (said["NotAfter"].value,), evidence("NotAfter", "Subject")
    if usage := said.get("ExtendedKeyUsage"):
        # Without this extension a certificate is for any use.
        is_for_clients = not {"client auth", "any"}.isdisjoint(usage.value.split(", "))
        yield "certificate_usage", () if is_for_clients else (usage.value,), evidence("ExtendedKeyUsage")
    names = {
        plain_name(row.value.partition(":")[2] or row.value)
        for path, row in said.items()
        if path.startswith("SubjectAlternativeName")
    }
    subject = said["Subject"].value.split(",") if "Subject" in said else []
    names |= {plain_name(part[3:]) for part in subject if part.startswith("CN=")}
    if names and listed:
        # A wildcard covers exactly one label, as TLS clients read it.
        missing = (entry for entry in listed if not _is_covered(plain_name(entry), names))
        yield "certificate_missing", tuple(missing), evidence("Subject", "SubjectAlternativeName 1")


def _is_covered(name: str, names: set[str]) -> bool:
    return name in names or f"*.{name.partition('.')[2]}" in names
