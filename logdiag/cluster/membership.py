"""Who belongs to the cluster and who does not: facts about membership, for audits.

A peer that was taken out of the cluster and comes back with its old list is dangerous: its old
configuration may replace that of the cluster. A peer whose list merely differs is not taken for one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from logdiag.cluster import Cluster
from logdiag.cluster.edited_settings import find_edits
from logdiag.cluster.facts import Fact, Facts
from logdiag.cluster.names import NODES, is_address, node_name, peer_lists, short_name, started_versions
from logdiag.cluster.observed import BOOT
from logdiag.conditions import Log, Reference, compile_condition
from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed, second
from logdiag.model import Evidence, Stranger
from logdiag.records import instant

_TAKEN_OUT = compile_condition(
    {
        "Event": "System Configuration Changed",
        "Module|exists": False,
        "Detail|re": r"(?i)(?:alternates|cluster).*Address - changed from:\s*'?[^'\s]+'?\s+to:\s*(?:'')?\s*$",
    }
)
_LIST_EDITED = compile_condition(
    {"Event": "System Configuration Changed", "Module|exists": False, "Detail|re": "(?i)alternates"}
)
ASKED = (_TAKEN_OUT, _LIST_EDITED)
"""The records that this module asks for."""

_STILL_LEAVING = timedelta(minutes=10)
"""A peer that is taken out lists the others until its own list is cleared: that soon it has not come back."""

_MANY = 50
"""Peers with lists of their own; a cluster has six."""

_LONG_SILENCE = timedelta(minutes=30)
"""A requested restart may take this long; a peer that was silent for longer was away."""


def add_membership(found: Facts, log: Log, cluster: Cluster) -> Facts:
    """The facts with those about membership, which follow from the facts of all peers.

    A fact without values says that it was looked for and not found.
    """
    listed = {peer: replace(fact, values=()) for peer, fact in _newest(found, "peer_list").items()}
    logged = {peer: Fact((), instant(seen.start)) for peer, seen in cluster.observed.items()}
    # The inputs are all that is looked at for names elsewhere.
    everyone = {peer.name: Fact((), peer.seen_from or instant(0)) for peer in cluster.peers}
    return {
        **found,
        "returned": {**listed, **dict(_returned(found, log, cluster))},
        "still_listed": {**logged, **dict(_still_listed(found, log, cluster))},
        "node_count": {**listed, **dict(_node_counts(found, cluster))},
        "strangers": {**logged, **dict(_strangers(log, cluster))},
        "namesakes": {**listed, **dict(_namesakes(log, cluster))},
        "name_elsewhere": {**everyone, **dict(_names_elsewhere(found, cluster))},
        "domain": {**dict(_domains(log, cluster)), **found["domain"]},
    }


def strangers(found: Facts) -> list[Stranger]:
    """The nodes that are in no list of peers, each with the peers that report it."""
    seen: dict[str, list[str]] = {}
    for peer, fact in sorted(found["strangers"].items()):
        for node in fact.values:
            seen.setdefault(node, []).append(peer)
    return [Stranger(node_name(node), tuple(peers)) for node, peers in sorted(seen.items())]


# ── peers that left ─────────────────────────────────────────────────────────────────────────


def _still_listed(found: Facts, log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The peers that cleared their own list, with those that replicate with them in theirs long after."""
    newest = {edit.peer: edit for edit in find_edits(log, cluster) if edit.place == 1}
    for peer, edit in sorted(newest.items()):
        if edit.new:
            continue
        left = instant(edit.time)
        lists = {
            other: fact
            for other, fact in sorted(found["logged_peer_list"].items())
            if other != peer and peer in fact.values and fact.time > left + _STILL_LEAVING
        }
        if lists:
            theirs = (one for fact in lists.values() for one in fact.evidence)
            evidence = (Evidence(*log.place(edit.row), left, edit.text), *theirs)
            yield peer, Fact(tuple(lists), left, evidence[:20])


# ── peers that were taken out and are back ──────────────────────────────────────────────────


def _returned(found: Facts, log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The peers that list others which do not list them, with the reasons why they were taken out before."""
    lists = {peer: _resolved(fact, cluster) for peer, fact in _newest(found, "peer_list").items()}
    if len(lists) > _MANY:
        return  # no cluster, and each peer would be compared with all others
    for peer, fact in sorted(_newest(found, "peer_list").items()):
        others = {other for other in lists if other != peer and other in lists[peer] and lists[other]}
        if peer not in lists[peer] or not others or any(peer in lists[other] for other in others):
            continue
        reasons = [
            *_claims(peer, others, found, cluster),
            *_edits(peer, others, fact, log, cluster),
            *_starts(peer, others, log, cluster),
        ]
        if reasons:
            told = "; ".join(text for text, _, _ in reasons)
            evidence = tuple(one for _, _, records in reasons for one in records)
            time = min((time for _, time, _ in reasons if time is not None), default=fact.time)
            theirs = (one for other in sorted(others) for one in _newest(found, "peer_list")[other].evidence)
            shown = (*fact.evidence, *theirs, *evidence)[:20]
            yield peer, replace(fact, values=(told,), time=time, evidence=shown)


_Reason = tuple[str, datetime | None, tuple[Evidence, ...]]


def _claims(peer: str, others: set[str], found: Facts, cluster: Cluster) -> Iterator[_Reason]:
    """That the peer takes itself for the primary, and the others have another."""
    named = {**_dumped_primaries(found, cluster), **_logged_primaries(found)}
    theirs = {named[other] for other in others if other in named}
    if named.get(peer) == peer and theirs and peer not in theirs:
        text = gettext("it takes itself for the configuration primary, and {others} follow {primary}")
        text = text.format(others=listed(sorted(others)), primary=listed(sorted(theirs)))
        yield text, None, ()


def _edits(peer: str, others: set[str], fact: Fact, log: Log, cluster: Cluster) -> Iterator[_Reason]:
    """That its address was deleted from the list of another peer, well before it listed that one again."""
    rows = log.rows(_TAKEN_OUT)
    details = log.values(Reference("Detail"), rows).to_pylist()
    for time, row, host, detail in sorted(
        zip(log.times(rows), rows.tolist(), log.hosts(rows), details, strict=True)
    ):
        address = detail.partition("changed from:")[2].split(" to:")[0].strip(" '")
        at = instant(time)
        if (
            cluster.resolve(host) in others
            and cluster.resolve(address) == peer
            and fact.time - at >= _STILL_LEAVING
        ):
            text = gettext("its address was deleted on {host} at {time}")
            text = text.format(host=cluster.resolve(host), time=second(at))
            yield text, at, (Evidence(*log.place(row), at, detail[:500]),)
            return


def _starts(peer: str, others: set[str], log: Log, cluster: Cluster) -> Iterator[_Reason]:
    """That it started after a silence, when the others already ran without it."""
    ran = min((said.time for said in peer_lists(log) if cluster.resolve(said.host) in others), default=None)
    edited = [instant(time) for time in _edits_on(peer, log, cluster)]
    for row, host, version in started_versions(log):
        at = instant(log.time_at(row))
        if cluster.resolve(host) != peer or ran is None or instant(ran) >= at:
            continue
        if not _was_silent(peer, at, cluster) or any(abs(at - edit) < timedelta(hours=1) for edit in edited):
            continue
        text = gettext("it started at {time} after a silence, while {others} ran without it")
        text = text.format(time=second(at), others=listed(sorted(others)))
        yield text, at, (Evidence(*log.place(row), at, f"Application Start: Software version {version}"),)
        return


def _edits_on(peer: str, log: Log, cluster: Cluster) -> Iterator[int]:
    """When the list of a peer was edited on that peer itself: it is being added, and has not come back."""
    rows = log.rows(_LIST_EDITED)
    for time, host in zip(log.times(rows), log.hosts(rows), strict=True):
        if cluster.resolve(host) == peer:
            yield time


def _was_silent(peer: str, at: datetime, cluster: Cluster) -> bool:
    """Whether nothing of a peer was logged for long before a moment, or nothing at all."""
    if peer not in cluster.observed:
        return False
    seen = cluster.observed[peer]
    return instant(seen.start) >= at or any(
        instant(end) <= at <= instant(end) + BOOT and instant(end) - instant(start) >= _LONG_SILENCE
        for start, end in (*seen.gaps(), *seen.down)
    )


# ── nodes, names and domains ────────────────────────────────────────────────────────────────


def _node_counts(found: Facts, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """How many nodes all lists name together, told of the peers whose list is not the most common one."""
    newest = _newest(found, "peer_list")
    lists = {peer: frozenset(_resolved(fact, cluster)) for peer, fact in newest.items()}
    common = Counter(lists.values()).most_common(1)
    count = str(len(frozenset().union(*lists.values())))
    for peer, fact in newest.items():
        if lists[peer] != common[0][0]:
            yield peer, replace(fact, values=(count,))


def _strangers(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The database nodes that each peer reports and that are in no list of peers."""
    rows = log.rows(NODES)
    others = log.values(Reference("Node", 2), rows).to_pylist()
    seen: dict[str, dict[str, tuple[datetime, Evidence]]] = {}
    for time, row, host, other in sorted(
        zip(log.times(rows), rows.tolist(), log.hosts(rows), others, strict=True), key=lambda one: one[:2]
    ):
        if other in cluster.strangers:
            at = instant(time)
            shown = (at, Evidence(*log.place(row), at, f'Node="{other}"'))
            seen.setdefault(cluster.resolve(host) or host, {}).setdefault(other, shown)
    for peer, nodes in seen.items():
        first = min(at for at, _ in nodes.values())
        yield peer, Fact(tuple(nodes), first, tuple(evidence for _, evidence in nodes.values()))


def _namesakes(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The host names that the list of a peer has twice."""
    for said in peer_lists(log):
        if said.namesakes:
            text = ", ".join(f"({address} {name})" for address, name in said.pairs)
            evidence = Evidence(*log.place(said.row), instant(said.time), f'AlternateIPAddresses="{text}"')
            fact = Fact(said.namesakes, instant(said.time), (evidence,))
            yield cluster.resolve(said.host) or said.host, fact


def _names_elsewhere(found: Facts, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The names of peers that a peer of another cluster has, too: they go by other names here."""
    for name, peer in sorted(cluster.aliases.items()):
        said = [facts[peer] for facts in found.values() if peer in facts and facts[peer].evidence]
        if said:
            yield peer, replace(said[0], values=(name,))


def _domains(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """The DNS domain of each peer, by the name of its own database node."""
    rows = log.rows(NODES)
    nodes = log.values(Reference("Node"), rows).to_pylist()
    for time, row, host, node in zip(log.times(rows), rows.tolist(), log.hosts(rows), nodes, strict=True):
        name = node_name(node or "")
        _, _, domain = name.partition(".")
        if domain and not is_address(name) and short_name(name) == short_name(host):
            evidence = Evidence(*log.place(row), instant(time), f'Node="{node}"')
            yield cluster.resolve(host) or host, Fact((domain.lower(),), instant(time), (evidence,))


# ── what peers list and name ────────────────────────────────────────────────────────────────


def _newest(found: Facts, what: str) -> dict[str, Fact]:
    """What each peer said last: in a record, else in a dump."""
    return {**found[what], **found[f"logged_{what}"]}


def _resolved(fact: Fact, cluster: Cluster) -> set[str]:
    return {cluster.resolve(entry) or entry for entry in fact.values if entry}


def _logged_primaries(found: Facts) -> Mapping[str, str]:
    return {peer: fact.values[0] for peer, fact in found["logged_primary"].items()}


def _dumped_primaries(found: Facts, cluster: Cluster) -> Mapping[str, str]:
    named = {}
    for peer, fact in found["primary"].items():
        entries = found["peer_list"][peer].values if peer in found["peer_list"] else ()
        number = int(fact.values[0])
        if 1 <= number <= len(entries) and entries[number - 1]:
            named[peer] = cluster.resolve(entries[number - 1]) or entries[number - 1]
    return named
