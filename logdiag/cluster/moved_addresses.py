"""Peers whose own address was changed while the lists of peers have the old one.

The address identifies a peer. After such a change the others look for the peer at an address that no peer
has, and the peer does not find itself in any list, although the lists are equal.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.edited_settings import find_edits
from logdiag.cluster.facts import Fact, Facts, logged_fact
from logdiag.cluster.log_rows import EDIT, select
from logdiag.cluster.names import is_address, peer_lists, plain_name
from logdiag.conditions import Log, compile_event
from logdiag.i18n import gettext

_EDITS = compile_event(
    EDIT, {"Detail|re": r"(?i)^\s*(?:xconfiguration\s+|configuration/)ethernet.*\baddress - changed from:"}
)
ASKED = (_EDITS,)
"""The records that this module asks for."""

_EDIT = re.compile(r"changed from:\s*'?(?P<old>[0-9A-Fa-f:.]+)'?\s+to:\s*'?(?P<new>[0-9A-Fa-f:.]+)")


def find_moved_addresses(log: Log, cluster: Cluster, found: Facts) -> Iterator[tuple[str, Fact]]:
    """Return for each peer its new address and the one in the lists, if the lists have another."""
    logged = {said.host: [address for address, _ in said.pairs] for said in peer_lists(log)}
    edits = [edit for edit in find_edits(log, cluster) if edit.place is not None]
    edited = {plain_name(edit.new) for edit in edits}
    removed = {plain_name(edit.old) for edit in edits} - edited
    dumped = {peer: fact.values for peer, fact in found["peer_list"].items()}
    # Records show addresses also of entries that are names, so a dump counts more.
    lists = dumped or logged
    everywhere = {plain_name(entry) for entries in lists.values() for entry in entries} - removed | edited
    for peer in cluster.peers:
        entries = {plain_name(entry) for entry in dumped.get(peer.name, ())} - removed
        not_listed = found["not_in_own_list"].get(peer.name)
        if not_listed is not None and not_listed.values:
            new = next(filter(is_address, not_listed.values), None)
            free = [one for one in entries if is_address(one) and _is_free(one, peer.name, cluster)]
            if new is not None and len(free) == 1 and plain_name(new) not in everywhere:
                yield peer.name, _moved(not_listed, new, free[0])
    moved: dict[tuple[str, str], str] = {}
    for record in select(log, _EDITS, "Detail"):
        [detail] = record.values
        if (edit := _EDIT.search(detail[:500])) is None:
            continue
        peer_name, old, new = cluster.peer_of(record.host), plain_name(edit["old"]), plain_name(edit["new"])
        # Of several edits the first is from the address in the lists.
        old = moved.pop((peer_name, old), old)
        if new in everywhere:
            yield peer_name, logged_fact(log, record.row, (), detail[:500])
        elif old in everywhere:
            moved[peer_name, new] = old
            yield peer_name, _moved(logged_fact(log, record.row, (), detail[:500]), new, old)


def _is_free(entry: str, peer: str, cluster: Cluster) -> bool:
    """Return whether an entry is not known to be that of another peer.

    An entry of which nothing else is known is a peer whose name is its address.
    """
    owner = cluster.resolve(entry)
    return owner is None or owner == peer or is_address(owner)


def _moved(fact: Fact, new: str, old: str) -> Fact:
    """Return a fact with both addresses, as titles show them."""
    text = gettext("{new}, but the lists have {old}").format(new=new, old=old)
    return replace(fact, values=(text,))
