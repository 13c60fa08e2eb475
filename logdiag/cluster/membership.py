"""Facts about membership of the cluster, for audits.

A peer that was removed from the cluster and returns with its old list is dangerous: its old configuration may
replace that of the cluster. A peer whose list differs for another reason is not such a peer.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_rows import MAX_EVIDENCE
from logdiag.cluster.edited_settings import find_edits
from logdiag.cluster.facts import Fact, Facts, logged_fact, nothing_found
from logdiag.cluster.log_rows import EDIT, evidence_of, select
from logdiag.cluster.names import NODES, is_address, node_name, peer_lists, short_name, started_versions
from logdiag.cluster.observed import BOOT, MINUTE
from logdiag.conditions import Log, Reference, compile_event
from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed, second
from logdiag.model import Evidence, Stranger
from logdiag.records import instant

_TAKEN_OUT = compile_event(
    EDIT,
    {"Detail|re": r"(?i)(?:alternates|cluster).*Address - changed from:\s*'?[^'\s]+'?\s+to:\s*(?:'')?\s*$"},
)
_LIST_EDITED = compile_event(EDIT, {"Detail|re": "(?i)alternates"})
ASKED = (_TAKEN_OUT, _LIST_EDITED)
"""The records that this module asks for."""

_STILL_LEAVING = timedelta(minutes=10)
"""A peer that is taken out lists the others until its own list is cleared: that soon it has not come back."""

_MAX_PEERS = 50
"""Peers with lists of their own; a cluster has six."""

_LONG_SILENCE = 30 * MINUTE
"""A requested restart may take this long; a peer that was silent for longer was away."""


def find_membership_facts(found: Facts, log: Log, cluster: Cluster) -> Facts:
    """Return the facts about membership, which follow from the facts of all peers."""
    lists = {**found["peer_list"], **found["logged_peer_list"]}  # what each peer said last
    nothing = {peer: replace(fact, values=()) for peer, fact in lists.items()}
    everyone = nothing_found(cluster)
    logged = {peer: everyone[peer] for peer in cluster.observed}
    return {
        "returned": nothing | dict(_returned(lists, log, cluster)),
        "still_listed": logged | dict(_still_listed(found["logged_peer_list"], log, cluster)),
        "node_count": nothing | dict(_node_counts(lists, cluster)),
        "strangers": logged | dict(_strangers(log, cluster)),
        "namesakes": nothing | dict(_namesakes(log, cluster)),
        "name_elsewhere": everyone | dict(_names_elsewhere(found, cluster)),
    }


def list_strangers(found: Facts) -> list[Stranger]:
    """Return the nodes that are in no list of peers, each with the peers that report it."""
    seen: dict[str, list[str]] = {}
    for peer, fact in sorted(found["strangers"].items()):
        for node in fact.values:
            seen.setdefault(node, []).append(peer)
    return [Stranger(node_name(node), tuple(peers)) for node, peers in sorted(seen.items())]


def _still_listed(logged: dict[str, Fact], log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the peers that cleared their own list, with the peers that still list them long after."""
    newest = {edit.peer: edit for edit in find_edits(log, cluster) if edit.place == 1}
    for peer, edit in sorted(newest.items()):
        left = instant(edit.time)
        lists = {
            other: fact
            for other, fact in sorted(logged.items())
            if other != peer and peer in fact.values and fact.time > left + _STILL_LEAVING
        }
        if lists and not edit.new:
            fact = logged_fact(log, edit.row, tuple(lists), edit.text)
            theirs = (one for fact in lists.values() for one in fact.evidence)
            yield peer, replace(fact, evidence=(*fact.evidence, *theirs)[:MAX_EVIDENCE])


# ── peers that were taken out and are back ──────────────────────────────────────────────────

_Reason = tuple[str, tuple[Evidence, ...]]  # a text, and what it rests on


def _returned(lists: dict[str, Fact], log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the peers that list others but are not listed by them, with signs of an earlier removal."""
    if len(lists) > _MAX_PEERS:
        return  # no cluster, and each peer would be compared with all others
    members = {peer: _members(fact, cluster) for peer, fact in lists.items()}
    for peer, fact in sorted(lists.items()):
        others = {other for other in members[peer] if other != peer and members.get(other)}
        if peer not in members[peer] or not others or any(peer in members[other] for other in others):
            continue
        reasons = [
            *_claims(peer, others, cluster),
            *_edits(peer, others, fact, log, cluster),
            *_starts(peer, others, log, cluster),
        ]
        if reasons:
            shown = [one for _, evidence in reasons for one in evidence]
            theirs = (one for other in sorted(others) for one in lists[other].evidence)
            yield (
                peer,
                replace(
                    fact,
                    values=("; ".join(text for text, _ in reasons),),
                    time=min((one.time for one in shown if one.time is not None), default=fact.time),
                    evidence=(*fact.evidence, *theirs, *shown)[:MAX_EVIDENCE],
                ),
            )


def _claims(peer: str, others: set[str], cluster: Cluster) -> Iterator[_Reason]:
    """Yield a sign: the peer claims to be the primary, and the others follow another primary."""
    named = {claim.peer: claim.primary for claim in cluster.claims if claim.primary is not None}
    theirs = {named[other] for other in others if other in named}
    if named.get(peer) == peer and theirs and peer not in theirs:
        text = gettext("it claims to be the configuration primary, but {others} follow {primary}")
        yield text.format(others=listed(sorted(others)), primary=listed(sorted(theirs))), ()


def _edits(peer: str, others: set[str], fact: Fact, log: Log, cluster: Cluster) -> Iterator[_Reason]:
    """Yield a sign: another peer deleted the address well before this peer listed that peer again."""
    for record in select(log, _TAKEN_OUT, "Detail"):
        [detail] = record.values
        address = detail.partition("changed from:")[2].split(" to:")[0].strip(" '")
        host, at = cluster.resolve(record.host), instant(record.time)
        if host in others and cluster.resolve(address) == peer and fact.time - at >= _STILL_LEAVING:
            text = gettext("its address was deleted on {host} at {time}")
            yield text.format(host=host, time=second(at)), (evidence_of(log, record.row, detail[:500]),)
            return


def _starts(peer: str, others: set[str], log: Log, cluster: Cluster) -> Iterator[_Reason]:
    """Yield a sign: the peer started after a silence, when the others already ran without it."""
    ran = min((said.time for said in peer_lists(log) if cluster.resolve(said.host) in others), default=None)
    # A peer whose own list was edited on it is being added, and has not come back.
    edits = select(log, _LIST_EDITED)
    edited = [edit.time for edit in edits if cluster.resolve(edit.host) == peer]
    for record, version in started_versions(log):
        at = record.time
        if cluster.resolve(record.host) != peer or ran is None or ran >= at:
            continue
        if _was_silent(peer, at, cluster) and not any(abs(at - edit) < 60 * MINUTE for edit in edited):
            text = gettext("it started at {time} after a silence, while {others} ran without it")
            start = evidence_of(log, record.row, f"Application Start: Software version {version}")
            yield text.format(time=second(instant(at)), others=listed(sorted(others))), (start,)
            return


def _was_silent(peer: str, at: int, cluster: Cluster) -> bool:
    """Return whether a peer logged nothing for a long time before a moment."""
    if peer not in cluster.observed:
        return False
    seen = cluster.observed[peer]
    return seen.start >= at or any(
        end <= at <= end + BOOT and end - start >= _LONG_SILENCE for start, end in (*seen.gaps(), *seen.down)
    )


# ── nodes, names and domains ────────────────────────────────────────────────────────────────


def _node_counts(lists: dict[str, Fact], cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the number of nodes in all lists, for the peers whose list is not the most common one."""
    members = {peer: _members(fact, cluster) for peer, fact in lists.items()}
    common = Counter(members.values()).most_common(1)
    count = str(len(frozenset().union(*members.values())))
    for peer, fact in lists.items():
        if members[peer] != common[0][0]:
            yield peer, replace(fact, values=(count,))


def _members(fact: Fact, cluster: Cluster) -> frozenset[str]:
    return frozenset(cluster.peer_of(entry) for entry in fact.values if entry)


def _strangers(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the database nodes that each peer reports and that are in no list of peers."""
    seen: dict[str, dict[str, Fact]] = {}
    for record in select(log, NODES, Reference("Node", 2)):
        [node] = record.values
        nodes = seen.setdefault(cluster.peer_of(record.host), {})
        if node in cluster.strangers and node not in nodes:
            nodes[node] = logged_fact(log, record.row, (node,), f'Node="{node}"')
    for peer, nodes in seen.items():
        if nodes:
            evidence = tuple(one for fact in nodes.values() for one in fact.evidence)
            yield peer, Fact(tuple(nodes), min(fact.time for fact in nodes.values()), evidence)


def _namesakes(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the host names that occur twice in the list of a peer."""
    for said in peer_lists(log):
        if said.namesakes:
            text = f'AlternateIPAddresses="{said.text}"'
            yield cluster.peer_of(said.host), logged_fact(log, said.row, said.namesakes, text)


def _names_elsewhere(found: Facts, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the short names of peers that a peer of another cluster has as well."""
    for name, peer in sorted(cluster.aliases.items()):
        said = [facts[peer] for facts in found.values() if peer in facts and facts[peer].evidence]
        if said:
            yield peer, replace(said[0], values=(name,))


def find_domains(log: Log, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the DNS domain of each peer, by the name of its own database node."""
    for record in select(log, NODES, "Node"):
        node = record.values[0] or ""
        name = node_name(node)
        _, _, domain = name.partition(".")
        if domain and not is_address(name) and short_name(name) == short_name(record.host):
            text = f'Node="{node}"'
            yield cluster.peer_of(record.host), logged_fact(log, record.row, (domain.lower(),), text)
