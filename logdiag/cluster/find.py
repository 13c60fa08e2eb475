"""The peers of one cluster.

Peers are known from the host of a record, from the ``Node`` values of database records (the first
is the reporting node, the second the other), from the address lists of replication records, whose
indexes count from 0, and from dumps, whose indexes count from 1.
"""

import bisect
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from logdiag.cluster.names import (
    NODES,
    Drafts,
    PeerList,
    is_address,
    node_name,
    peer_lists,
    plain_name,
    short_name,
    started_versions,
)
from logdiag.cluster.observed import Observed, find_observed
from logdiag.cluster.skew import skews
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.model import AlarmState, Gap, Peer, Role
from logdiag.reading import PASTED, Dump, Tables
from logdiag.records import Span, instant


class Claim(NamedTuple):
    """What a peer says of the configuration primary, at a time in microseconds since 1970.

    ``primary`` is None if the peer only says that it is not the primary itself.
    """

    time: int
    peer: str
    primary: str | None


@dataclass(frozen=True)
class Cluster:
    """The peers in the order of their names, and when each of their logs was watching."""

    peers: tuple[Peer, ...]
    observed: dict[str, Observed]
    listed: bool
    """Whether a list of peers was seen, so that the number of peers is known."""
    dumps: dict[str, tuple[Dump, ...]]
    """The dumps of each peer that has any."""
    aliases: dict[str, str]
    """Further names that peers go by, as `plain_name` writes them."""
    skews: dict[tuple[str, str], float]
    """Seconds by which the second peer's clock is ahead of the first's, where it could be measured."""
    claims: tuple[Claim, ...] = ()
    """What peers say of the primary, in the order of time."""
    strangers: tuple[str, ...] = ()
    """Nodes of the cluster database that are in no list of peers, as records write them."""

    def resolve(self, text: str) -> str | None:
        """The peer that goes by a name, an FQDN, a node name or an address; None if there is none."""
        name = plain_name(text)
        # A name in a domain that was not seen is still the peer of its first part, as when it was found.
        return self._names.get(name) or self._names.get(short_name(name))

    def could_be_peer(self, address: str, host: str) -> bool:
        """Whether an address that a host names is a peer's, or may be another's whose are not known."""
        return self.resolve(address) is not None or len(self._without_addresses) > (
            host in self._without_addresses
        )

    @cached_property
    def _without_addresses(self) -> frozenset[str]:
        return frozenset(peer.name for peer in self.peers if not peer.addresses)

    @cached_property
    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for peer in self.peers:
            for alias in (peer.name, peer.fqdn, *peer.addresses):
                if alias is not None:
                    names.setdefault(plain_name(alias), peer.name)
                    if not is_address(alias):
                        names.setdefault(plain_name(alias).partition(".")[0], peer.name)
        for alias, name in self.aliases.items():
            names.setdefault(alias, name)
        return names

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all peers."""
        return frozenset(peer.name for peer in self.peers)

    @cached_property
    def versions(self) -> dict[str, str | None]:
        """Each peer's software version, None where it is not known."""
        return {peer.name: peer.version for peer in self.peers}

    @cached_property
    def primary(self) -> str | None:
        """The configuration primary's name, None where it is not known."""
        return next((peer.name for peer in self.peers if peer.role == "primary"), None)

    def role_at(self, peer: str, time: int) -> Role | None:
        """Return a peer's role at a time; None if nothing that was given says it.

        A peer's own word counts more than that of others, and what was said before the time more than
        what was said after it.
        """
        own, _, others = self._claims_of(peer)
        until = [bisect.bisect_right(said, time, key=lambda claim: claim.time) for said in (own, others)]
        before = [said[end - 1] for said, end in zip((own, others), until, strict=True) if end]
        for claim in (*before, *(said[0] for said in (own, others) if said)):
            return "primary" if claim.primary == peer else "subordinate"
        return None

    def primary_of(self, peer: str, time: int) -> str | None:
        """Return the configuration primary that a peer followed at a time; None if it is not known.

        Args:
            peer: the name of a peer.
            time: in microseconds since 1970.

        """
        naming = self._claims_of(peer)[1]
        place = bisect.bisect_right(naming, time, key=lambda claim: claim.time)
        return naming[place - 1].primary if place else self.primary

    def _claims_of(self, peer: str) -> tuple[list[Claim], list[Claim], list[Claim]]:
        """A peer's own claims, those of them that name the primary, and those of others that do."""
        if peer not in self._claims_on:
            own = [claim for claim in self.claims if claim.peer == peer]
            naming = [claim for claim in self.claims if claim.primary is not None]
            self._claims_on[peer] = (
                own,
                [claim for claim in naming if claim.peer == peer],
                [claim for claim in naming if claim.peer != peer],
            )
        return self._claims_on[peer]

    @cached_property
    def _claims_on(self) -> dict[str, tuple[list[Claim], list[Claim], list[Claim]]]:
        """What `_claims_of` has found for the peers that were asked for."""
        return {}

    @property
    def topology(self) -> str:
        """``cluster``, ``single``, or ``unknown`` where one peer was seen and no list of peers."""
        if len(self.peers) > 1:
            return "cluster"
        return "single" if self.listed else "unknown"

    def gaps(self) -> tuple[Gap, ...]:
        """What the logs of each peer leave out between their spans."""
        return self._gaps

    @cached_property
    def _gaps(self) -> tuple[Gap, ...]:
        return tuple(
            Gap(peer, instant(start), instant(end))
            for peer in sorted(self.observed)
            for start, end in self.observed[peer].gaps()
        )


def find_cluster(tables: Tables, name: str | None = None) -> Cluster:
    """The peers that the records and dumps of one cluster name.

    Alarms are left to `logdiag.cluster.alarms`, which needs the cluster first.

    Args:
        tables: the records and dumps of this cluster and no other.
        name: what the cluster is called, where there are several.

    """
    log = Log(tables.records)
    drafts = Drafts()
    for span in itertools.chain.from_iterable(tables.spans.values()):
        drafts.named(span.host)
    lists = list(peer_lists(log))
    for pairs in dict.fromkeys(one.pairs for one in lists):
        for address, host in pairs:
            drafts.named(host).addresses.add(address)
    dumps = [dump for dump in tables.dumps if dump.host is not None]
    _add_dumps(dumps, drafts)
    drafts.merge_addresses()
    listed = any(one.pairs for one in lists) or any(dump.facts.peer_list is not None for dump in dumps)
    namesakes = {name.lower() for one in lists for name in one.namesakes}
    strangers = _add_nodes(log, drafts, namesakes, listed=listed)
    drafts.merge_addresses()

    def peer_of(host: str) -> str:
        return drafts.named(host).name

    words = sorted(_words(log, drafts, lists, dumps), key=lambda word: word[0])
    roles = _roles(words, drafts)
    excerpts = {(one.snapshot, one.source) for one in tables.members if one.repair == PASTED}
    observed = find_observed(tables.spans, peer_of, log, excerpts)
    offsets = _offsets(tables.spans, peer_of)
    versions = _versions(log, drafts)
    by_peer: dict[str, list[Dump]] = {}
    for dump in dumps:
        by_peer.setdefault(peer_of(str(dump.host)), []).append(dump)
    snapshots = _snapshots(tables, drafts, by_peer)
    peers = tuple(
        Peer(
            name=draft.name,
            fqdn=draft.fqdn,
            addresses=tuple(sorted(draft.addresses)),
            snapshot=next(iter(snapshots.get(draft.name, ())), None),
            snapshots=tuple(snapshots.get(draft.name, ())),
            role=roles.get(draft.name),
            product=_product(by_peer.get(draft.name, [])),
            version=versions.get(draft.name) or _said(by_peer.get(draft.name, []), "version"),
            cluster=name,
            dumps_from=_from(by_peer.get(draft.name, [])),
            seen_from=instant(observed[draft.name].start) if draft.name in observed else None,
            seen_to=instant(observed[draft.name].end) if draft.name in observed else None,
            utc_offset=offsets.get(draft.name),
        )
        for draft in drafts.all()
    )
    told = {peer: tuple(of_peer) for peer, of_peer in sorted(by_peer.items())}
    words = sorted(_words(log, drafts, lists, dumps), key=lambda word: word[0])
    cluster = Cluster(
        peers,
        observed,
        listed,
        told,
        aliases={},
        skews={},
        claims=tuple(Claim(time, peer, named) for time, peer, named, _ in words),
        strangers=strangers,
    )
    return _with_skews(cluster, skews(log, cluster.resolve))


_DATABASE = "clusterdb"


def _add_nodes(log: Log, drafts: Drafts, namesakes: Collection[str], *, listed: bool) -> tuple[str, ...]:
    """Add the nodes that database records name; those that are certainly in no list are strangers.

    The first node of a record is the reporting one. Without any list every node is a peer's. A node's
    address may be that of a listed peer whose addresses are not known: it is then neither.
    """
    rows = log.rows(NODES)
    nodes = [log.values(Reference("Node", number), rows).to_pylist() for number in (1, 2)]
    strangers: set[str] = set()
    for own, other in sorted(set(zip(*nodes, strict=True)), key=str):
        if own and short_name(node_name(own)) not in namesakes:
            (drafts.known if listed else drafts.named)(node_name(own))
        if not other or short_name(name := node_name(other)) in namesakes:
            continue
        if not listed:
            drafts.named(name)
        elif drafts.known(name) is not None:
            continue
        elif other.partition("@")[0].lower() != _DATABASE or drafts.leaves_out(name):
            strangers.add(other)
        elif not is_address(name):
            drafts.named(name)
    return tuple(sorted(strangers))


def _offsets(
    spans: Mapping[tuple[str, str], Iterable[Span]], peer_of: Callable[[str], str]
) -> dict[str, int]:
    """The offset of each peer's local time in its last record."""
    last = sorted((span.last, peer_of(span.host), span.utc_offset) for own in spans.values() for span in own)
    return {peer: offset for _, peer, offset in last}


def _with_skews(cluster: Cluster, found: dict[tuple[str, str], float]) -> Cluster:
    """The cluster, each clock compared with that of the first peer whose messages tell."""
    known = {name for pair in found for name in pair}
    first = next((peer.name for peer in cluster.peers if peer.name in known), None)

    def skew(name: str) -> float | None:
        if first is None or name == first:
            return 0.0 if name == first else None
        ahead = found.get((first, name))
        behind = found.get((name, first))
        return ahead if ahead is not None else None if behind is None else -behind

    peers = tuple(replace(peer, clock_skew=skew(peer.name)) for peer in cluster.peers)
    return replace(cluster, peers=peers, skews=found)


def _add_dumps(dumps: list[Dump], drafts: Drafts) -> None:
    for dump in dumps:
        own = drafts.named(str(dump.host))
        if dump.facts.fqdn is not None and own.fqdn is None:
            own.fqdn = dump.facts.fqdn
        own.addresses.update((*dump.facts.addresses, *dump.facts.nat_addresses.values()))
    for dump in dumps:
        for shown in dump.facts.alternates:
            if shown.called is not None and is_address(shown.address):
                drafts.named(shown.called).addresses.add(shown.address)
        for entry in dump.facts.peer_list or ():
            if entry:
                drafts.named(entry)


def _said(dumps: list[Dump], fact: str) -> str | None:
    """The first dump's word on something."""
    said: list[str] = [value for dump in dumps if (value := getattr(dump.facts, fact)) is not None]
    return said[0] if said else None


def _product(dumps: list[Dump]) -> str | None:
    """Which of the products it is; the word for all of them says less than whether it is an edge."""
    product = _said(dumps, "product")
    edges = [dump.facts.is_edge for dump in dumps if dump.facts.is_edge is not None]
    if edges and (product is None or product.lower() in ("cisco expressway", "expressway")):
        return "Expressway-E" if edges[0] else "Expressway-C"
    return product


def _from(dumps: list[Dump]) -> datetime | None:
    return min((dump.taken for dump in dumps if dump.taken is not None), default=None)


# ── roles ───────────────────────────────────────────────────────────────────────────────────


_Word = tuple[int, str, str | None, bool]


def _roles(words: Iterable[_Word], drafts: Drafts) -> dict[str, Role]:
    """Each peer's role, from its newest word on it; none where two peers name different primaries."""
    newest: dict[str, tuple[str | None, bool]] = {}
    for _, peer, named, is_primary in words:
        # "Not the primary" does not say who is: it takes nothing back but a claim to be it.
        if named is not None or newest.get(peer, (None, True))[1]:
            newest[peer] = (named, is_primary)
    primaries = {named for named, _ in newest.values() if named is not None}
    if len(primaries) > 1:
        return {}
    roles: dict[str, Role] = {}
    for peer, (_, is_primary) in newest.items():
        roles[peer] = "primary" if is_primary else "subordinate"
    if primaries:
        name = primaries.pop()
        roles = {draft.name: "primary" if draft.name == name else "subordinate" for draft in drafts.all()}
    return roles


_BEFORE_ALL = -(1 << 62)

ROLE_WORDS = {
    is_primary: compile_condition(
        {"Module": "developer.replication", "Detail|re": f"(?i)peer {words} (master|primary)"}
    )
    for words, is_primary in (("is the cluster", True), ("is not the cluster", False))
}
"""The records in which a peer says that it is the primary, or that it is not."""
ASKED = tuple(ROLE_WORDS.values())
"""The records that this module asks for."""


def _words(log: Log, drafts: Drafts, lists: list[PeerList], dumps: list[Dump]) -> Iterator[_Word]:
    """What peers say of their roles: when, who, whom they name primary, and whether it is themselves."""
    for dump in dumps:
        index, peers = dump.facts.primary, dump.facts.peer_list
        if index is not None and peers and 1 <= index <= len(peers) and peers[index - 1]:
            # Dumps are older than the log beside them.
            peer, primary = drafts.named(str(dump.host)).name, drafts.named(peers[index - 1]).name
            yield _BEFORE_ALL, peer, primary, peer == primary
    for one in lists:
        if one.primary is not None:
            peer, primary = drafts.named(one.host).name, drafts.named(one.primary).name
            yield one.time, peer, primary, peer == primary
    for is_primary, condition in ROLE_WORDS.items():
        rows = log.rows(condition)
        for time, host in zip(log.times(rows), log.hosts(rows), strict=True):
            peer = drafts.named(host).name
            yield time, peer, peer if is_primary else None, is_primary


# ── versions and snapshots ──────────────────────────────────────────────────────────────────


def _versions(log: Log, drafts: Drafts) -> dict[str, str]:
    return {drafts.named(host).name: version for _, host, version in started_versions(log)}


def _snapshots(tables: Tables, drafts: Drafts, dumps: dict[str, list[Dump]]) -> dict[str, list[str]]:
    """The snapshots that hold records or dumps of each peer, by the time of the first record."""
    firsts = sorted(
        (span.first, snapshot, span.host) for (snapshot, _), spans in tables.spans.items() for span in spans
    )
    found = [(drafts.named(host).name, snapshot) for _, snapshot, host in firsts]
    found += [(peer, dump.snapshot) for peer, of_peer in dumps.items() for dump in of_peer]
    snapshots: dict[str, list[str]] = {}
    for peer, snapshot in dict.fromkeys(found):
        snapshots.setdefault(peer, []).append(snapshot)
    return snapshots


def with_alarms(
    cluster: Cluster, alarms: dict[str, dict[str, AlarmState]], listed: Collection[str] = ()
) -> Cluster:
    """The same cluster, with what is known of alarms; ``listed`` are the peers that gave whole lists."""
    peers = tuple(
        replace(peer, alarms=alarms.get(peer.name, {}), alarms_listed=peer.name in listed)
        for peer in cluster.peers
    )
    return replace(cluster, peers=peers)
