"""Finds the peers of one cluster.

Peers are known from the host of a record, from the ``Node`` values of database records (the first
is the reporting node, the second the other), from the address lists of replication records, whose
indexes count from 0, and from dumps, whose indexes count from 1.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from logdiag.cluster.cluster import Claim, Cluster
from logdiag.cluster.drafts import Drafts
from logdiag.cluster.log_rows import select
from logdiag.cluster.names import (
    NODES,
    PeerList,
    is_address,
    node_name,
    peer_lists,
    short_name,
    started_versions,
)
from logdiag.cluster.observed import find_observed
from logdiag.cluster.skew import Jump, measure_skews
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import Peer, Role
from logdiag.reading import PASTED, Dump, Tables
from logdiag.records import instant

_DATABASE = "clusterdb"
_BEFORE_ALL = -(1 << 62)

ROLE_CLAIMS = {
    is_primary: compile_condition(
        {"Module": "developer.replication", "Detail|re": f"(?i)peer {words} (master|primary)"}
    )
    for words, is_primary in (("is the cluster", True), ("is not the cluster", False))
}
"""The records in which a peer says that it is the primary, or that it is not."""
ASKED = tuple(ROLE_CLAIMS.values())
"""The records that this module asks for."""


def find_cluster(tables: Tables, name: str | None = None) -> Cluster:
    """Find the peers that the records and dumps of one cluster name.

    `logdiag.cluster.alarms` adds alarms afterwards, because it needs the cluster. ``name`` is the name of
    the cluster, if there are several.
    """
    log = Log(tables.records)
    lists = list(peer_lists(log))
    dumps = [dump for dump in tables.dumps if dump.host is not None]
    listed = any(one.pairs for one in lists) or any(dump.facts.peer_list is not None for dump in dumps)
    drafts = Drafts()
    for host in dict.fromkeys(span.host for span in itertools.chain.from_iterable(tables.spans.values())):
        drafts.add(host)
    for pairs in dict.fromkeys(one.pairs for one in lists):
        for address, host in pairs:
            drafts.add(host).addresses.add(address)
    _add_dumps(dumps, drafts)
    drafts.merge_addresses()
    namesakes = {name.lower() for one in lists for name in one.namesakes}
    strangers = _add_nodes(log, drafts, namesakes, listed=listed)
    drafts.merge_addresses()
    claims = tuple(sorted(_claims(log, drafts, lists, dumps), key=lambda claim: claim.time))

    def peer_of(host: str) -> str:
        return drafts.add(host).name

    excerpts = {(one.snapshot, one.source) for one in tables.members if one.repair == PASTED}
    observed = find_observed(tables.spans, peer_of, log, excerpts)
    of_peers: dict[str, list[Dump]] = {}
    for dump in dumps:
        of_peers.setdefault(peer_of(str(dump.host)), []).append(dump)
    offsets, snapshots = _offsets_and_snapshots(tables, of_peers, peer_of)
    roles = _roles(claims, drafts)
    versions = {peer_of(start.host): version for start, version in started_versions(log)}
    peers = []
    for draft in drafts.all():
        own, seen = of_peers.get(draft.name, []), observed.get(draft.name)
        peers.append(
            Peer(
                name=draft.name,
                fqdn=draft.fqdn,
                addresses=tuple(sorted(draft.addresses)),
                snapshot=next(iter(snapshots.get(draft.name, ())), None),
                snapshots=tuple(snapshots.get(draft.name, ())),
                role=roles.get(draft.name),
                product=_product(own),
                version=versions.get(draft.name) or _first_fact(own, "version"),
                cluster=name,
                dumps_from=min((dump.taken for dump in own if dump.taken is not None), default=None),
                seen_from=instant(seen.start) if seen is not None else None,
                seen_to=instant(seen.end) if seen is not None else None,
                utc_offset=offsets.get(draft.name),
            )
        )
    cluster = Cluster(
        tuple(peers),
        observed,
        listed,
        dumps={peer: tuple(own) for peer, own in sorted(of_peers.items())},
        aliases={},
        skews={},
        claims=claims,
        strangers=strangers,
    )
    return _with_skews(cluster, *measure_skews(log, cluster.resolve))


def _offsets_and_snapshots(
    tables: Tables, dumps: Mapping[str, Iterable[Dump]], peer_of: Callable[[str], str]
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Return, by peer, the UTC offset of its last record, and the snapshots that contain it."""
    spans = [(snapshot, span) for (snapshot, _), own in tables.spans.items() for span in own]
    peers = {host: peer_of(host) for host in dict.fromkeys(span.host for _, span in spans)}
    last = sorted((span.last, peers[span.host], span.utc_offset) for _, span in spans)
    offsets = {peer: offset for _, peer, offset in last}
    first = sorted((span.first, snapshot, span.host) for snapshot, span in spans)
    found = [(peers[host], snapshot) for _, snapshot, host in first]
    found += [(peer, dump.snapshot) for peer, own in dumps.items() for dump in own]
    snapshots: dict[str, list[str]] = {}
    for peer, snapshot in dict.fromkeys(found):
        snapshots.setdefault(peer, []).append(snapshot)
    return offsets, snapshots


def _add_nodes(log: Log, drafts: Drafts, namesakes: Collection[str], *, listed: bool) -> tuple[str, ...]:
    """Add the nodes that database records name; those that are certainly in no list are strangers.

    The first node of a record is the reporting one. Without any list every node is a peer's. A node's
    address may be that of a listed peer whose addresses are not known: it is then neither.
    """
    records = select(log, NODES, "Node", Reference("Node", 2))
    strangers: set[str] = set()
    for own, other in sorted({record.values for record in records}, key=str):
        if own and short_name(node_name(own)) not in namesakes:
            (drafts.find if listed else drafts.add)(node_name(own))
        if not other or short_name(name := node_name(other)) in namesakes:
            continue
        if not listed:
            drafts.add(name)
        elif drafts.find(name) is not None:
            continue
        elif other.partition("@")[0].lower() != _DATABASE or drafts.leaves_out(name):
            strangers.add(other)
        elif not is_address(name):
            drafts.add(name)
    return tuple(sorted(strangers))


def _with_skews(cluster: Cluster, found: dict[tuple[str, str], float], jumps: list[Jump]) -> Cluster:
    """Return the cluster with clock skews, relative to the first peer whose messages allow a comparison."""
    measured = {name for pair in found for name in pair}
    first = next((peer.name for peer in cluster.peers if peer.name in measured), "")
    ahead = {first: 0.0}
    ahead |= {other: -skew for (other, one), skew in found.items() if one == first}
    ahead |= {other: skew for (one, other), skew in found.items() if one == first}
    peers = tuple(replace(peer, clock_skew=ahead.get(peer.name)) for peer in cluster.peers)
    observed = dict(cluster.observed)
    for jump in jumps:
        if jump.peer in observed and jump.seconds > 0:
            seen = observed[jump.peer]
            observed[jump.peer] = replace(seen, down=tuple(sorted((*seen.down, jump.skipped))))
    return replace(cluster, peers=peers, observed=observed, skews=found, jumps=tuple(jumps))


def _add_dumps(dumps: list[Dump], drafts: Drafts) -> None:
    for dump in dumps:
        own = drafts.add(str(dump.host))
        if dump.facts.fqdn is not None and own.fqdn is None:
            own.fqdn = dump.facts.fqdn
        own.addresses.update(dump.facts.own_addresses)
    for dump in dumps:
        for shown in dump.facts.alternates:
            if shown.called is not None and is_address(shown.address):
                drafts.add(shown.called).addresses.add(shown.address)
        for entry in dump.facts.listed:
            drafts.add(entry)


def _first_fact(dumps: Iterable[Dump], fact: str) -> str | None:
    values: Iterator[str | None] = (getattr(dump.facts, fact) for dump in dumps)
    return next((value for value in values if value is not None), None)


def _product(dumps: list[Dump]) -> str | None:
    """Return the product. Whether the peer is an edge says more than the name of the product family."""
    product = _first_fact(dumps, "product")
    edges = [dump.facts.is_edge for dump in dumps if dump.facts.is_edge is not None]
    if edges and (product is None or product.lower() in ("cisco expressway", "expressway")):
        return "Expressway-E" if edges[0] else "Expressway-C"
    return product


# ── roles ───────────────────────────────────────────────────────────────────────────────────


def _claims(log: Log, drafts: Drafts, lists: list[PeerList], dumps: list[Dump]) -> Iterator[Claim]:
    for dump in dumps:
        if (primary := dump.facts.listed_primary) is not None:
            # Dumps are older than the log of the same snapshot.
            yield Claim(_BEFORE_ALL, drafts.add(str(dump.host)).name, drafts.add(primary).name)
    for one in lists:
        if one.primary is not None:
            yield Claim(one.time, drafts.add(one.host).name, drafts.add(one.primary).name)
    for is_primary, condition in ROLE_CLAIMS.items():
        for record in select(log, condition):
            peer = drafts.add(record.host).name
            yield Claim(record.time, peer, peer if is_primary else None)


def _roles(claims: Iterable[Claim], drafts: Drafts) -> dict[str, Role]:
    """Return each peer's role by its newest claim; no roles if two peers name different primaries."""
    newest: dict[str, str | None] = {}
    for claim in claims:
        # "Not the primary" does not say who is: it takes nothing back but a claim to be it.
        if claim.primary is not None or newest.get(claim.peer, claim.peer) == claim.peer:
            newest[claim.peer] = claim.primary
    primaries = {primary for primary in newest.values() if primary is not None}
    if len(primaries) > 1:
        return {}
    named = {draft.name for draft in drafts.all()} if primaries else newest.keys()
    return {peer: "primary" if peer in primaries else "subordinate" for peer in named}
