"""Cluster settings that were edited in the log and have differed between peers since then.

Peer addresses, the cluster's name and its configuration primary do not replicate: somebody enters
them on each peer. A setting that was edited on one peer and not on another is an unfinished change.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from logdiag.cluster.cluster import Cluster
from logdiag.cluster.facts import EPOCH, Fact, Facts, nothing_found
from logdiag.cluster.log_rows import EDIT, evidence_of, select
from logdiag.cluster.names import is_address
from logdiag.conditions import Log, compile_event
from logdiag.i18n import N_, gettext
from logdiag.records import instant

_EDITS = compile_event(
    EDIT,
    {
        "Detail|re": r"(?i)^\s*(?:xconfiguration\s+|configuration/)(?:alternates|cluster).* - changed from:",
        "not": {"Detail|contains": "tls_verify"},  # this one replicates
    },
)
ASKED = (_EDITS,)
"""The records that this module asks for."""

_EDIT = re.compile(
    r"\s*(?:xconfiguration\s+|configuration/)(?:alternates|cluster)\w*[ /](?P<setting>.{1,80}?)"
    r" - changed from:\s*(?P<old>.{0,300}?)\s*\bto:\s*(?P<new>.{0,300})",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = re.compile(r"peer[ _/]?(\d)[ _/]?address|(\d)[ /]peer[ _]?address")
_PRIMARY = re.compile(r"configuration[ _]?(?:master|primary)")
PRIMARY = N_("configuration primary")

_STILL_EDITING = timedelta(minutes=30)
"""After the last edit of an address its peer restarts, which can take this long, before the next edit."""


@dataclass(frozen=True)
class Edit:
    """One edit of a setting on one peer, from a record."""

    time: int
    peer: str
    setting: str
    """``peer 3 address``, `PRIMARY`, or the setting's own name."""
    place: int | None
    """Which place in the list of peers it is, from 1."""
    old: str
    new: str
    row: int
    text: str


@dataclass(frozen=True)
class _Before:
    """A peer's list of peers and its primary; ``exact`` if a dump shows the list, and not only a record."""

    entries: tuple[str, ...]
    exact: bool
    primary: str | None


def _before(peer: str, found: Facts) -> _Before:
    """Return the list and the primary from the other facts of a peer."""
    dumped, logged, primary = (
        found[name][peer].values if peer in found[name] else ()
        for name in ("peer_list", "logged_peer_list", "logged_primary")
    )
    return _Before(tuple(map(str.lower, dumped)) or logged, bool(dumped), next(iter(primary), None))


def find_edits(log: Log, cluster: Cluster) -> Iterator[Edit]:
    """Return the edits of cluster settings, in the order of time."""
    for record in select(log, _EDITS, "Detail"):
        [detail] = record.values
        if (edit := _EDIT.match(detail[:1000])) is None:
            continue
        setting = edit["setting"].lower()
        place = _PLACE.search(setting)
        number = int(place[1] or place[2]) if place else None
        if number is not None:
            setting = f"peer {number} address"
        elif _PRIMARY.search(setting):
            setting = PRIMARY
        old, new = (edit[name].strip().strip("'\"").strip().lower() for name in ("old", "new"))
        peer = cluster.peer_of(record.host)
        yield Edit(record.time, peer, setting, number, old, new, record.row, detail[:500])


@dataclass(frozen=True)
class _Value:
    """The value of a setting on one peer; ``exact`` if the evidence shows its full text."""

    text: str
    exact: bool = True


def find_edited_settings(log: Log, cluster: Cluster, found: Facts) -> Iterator[tuple[str, Fact]]:
    """Return for each peer that can be compared its values of edited settings that differ between peers.

    Peers that left the cluster, or whose log ends before an edit on another peer, are not compared.
    """
    of_setting: dict[str, list[Edit]] = {}
    for edit in find_edits(log, cluster):
        of_setting.setdefault(edit.setting, []).append(edit)
    if not of_setting:  # no edit on any peer: the fact is known to be empty for all of them
        yield from nothing_found(cluster).items()
        return
    before = {peer: _before(peer, found) for peer in cluster.observed}
    gone = _gone(of_setting, cluster)
    values: dict[str, list[str]] = {}
    unequal: list[Edit] = []
    for _, own in sorted(of_setting.items()):
        current = _current(own, of_setting, before, cluster)
        current = {peer: value for peer, value in current.items() if peer not in gone}
        for peer in current:
            values.setdefault(peer, [])
        newest = current.get(own[-1].peer)
        if newest is None or all(_is_same(value, newest, before, cluster) for value in current.values()):
            continue
        unequal += own
        for peer, value in current.items():
            values[peer].append(f"{_label(own[0])} {value.text or '-'}")
    shown = unequal or [edit for own in of_setting.values() for edit in own]
    time = instant(max(edit.time for edit in shown))
    for peer, texts in sorted(values.items()):
        evidence = (evidence_of(log, edit.row, edit.text) for edit in shown if edit.peer == peer)
        yield peer, Fact(tuple(texts), time, tuple(evidence))


PeerLists = dict[str, tuple[dict[int, str], Fact]]
"""For each peer the entries of its list of peers by place (from 1), and the fact that they are from."""


def newest_lists(log: Log, cluster: Cluster, dumped_lists: Mapping[str, Fact]) -> PeerLists:
    """Return the list of each peer as its dump and later edits show it, with the fact that this is from."""
    edits = [edit for edit in find_edits(log, cluster) if edit.place is not None]
    lists = {}
    for peer, dumped in dumped_lists.items():
        own = [edit for edit in edits if edit.peer == peer]
        entries = dict(enumerate(dumped.values, start=1))
        entries |= {edit.place: edit.new for edit in own if edit.place is not None}
        evidence = (*dumped.evidence, *(evidence_of(log, one.row, one.text) for one in own))
        known = replace(dumped, evidence=evidence)
        lists[peer] = entries, replace(known, time=instant(own[-1].time), dated=True) if own else known
    return lists


def find_new_peers(log: Log, cluster: Cluster) -> set[str]:
    """Return the peers whose first edit of a place in the list enters the first address: they had no list."""
    first: dict[str, Edit] = {}
    for edit in find_edits(log, cluster):
        if edit.place is not None:
            first.setdefault(edit.peer, edit)
    return {peer for peer, edit in first.items() if edit.place == 1 and edit.new and not edit.old}


def find_unverified_addresses(lists: PeerLists, found: Facts) -> Iterator[tuple[str, Fact]]:
    """Return the IP addresses in each peer's own list that no certificate can confirm under Enforcing.

    Only dumps and edits show what was entered: a replication record shows addresses in place of names too.
    """
    for peer, (entries, known) in lists.items():
        if (mode := found["tls_mode"].get(peer)) is None:
            continue
        is_enforcing = any(value.lower() == "enforcing" for value in mode.values)
        addresses = [entry for entry in entries.values() if is_enforcing and is_address(entry)]
        evidence = (*known.evidence, *mode.evidence)
        dated = mode if mode.dated else found["peer_list"][peer]
        yield peer, replace(dated, values=tuple(addresses), evidence=evidence)


def find_gaps(lists: PeerLists) -> Iterator[tuple[str, Fact]]:
    """Return the numbers of the empty places before the last address of each peer's list."""
    for peer, (own, known) in lists.items():
        last = max((place for place, entry in own.items() if entry), default=0)
        gaps = tuple(str(place) for place in range(1, last) if not own.get(place))
        yield peer, replace(known, values=gaps)


def find_mixed_lists(lists: PeerLists, cluster: Cluster) -> Iterator[tuple[str, Fact]]:
    """Return the lists of all peers if names and addresses are mixed in a list, or between lists.

    While somebody is still replacing the addresses, nothing is half done.
    """
    end = max((instant(seen.end) for seen in cluster.observed.values()), default=EPOCH)
    is_half_done = not any(known.dated and end - known.time < _STILL_EDITING for _, known in lists.values())
    entries = [(place, entry) for own, _ in lists.values() for place, entry in own.items() if entry]
    named = {(place, cluster.resolve(entry)) for place, entry in entries if not is_address(entry)}
    kinds = ({is_address(entry) for entry in own.values() if entry} for own, _ in lists.values())
    # A name and an address that are not of one peer are two different entries.
    is_mixed = any(len(both) > 1 for both in kinds) or any(
        is_address(entry) and (peer := cluster.resolve(entry)) and (place, peer) in named
        for place, entry in entries
    )
    for peer, (own, known) in lists.items():
        yield peer, replace(known, values=tuple(own.values()) if is_mixed and is_half_done else ())


def _label(edit: Edit) -> str:
    if edit.place is not None:
        return gettext("peer {number} address").format(number=edit.place)
    return gettext(PRIMARY) if edit.setting == PRIMARY else edit.setting


def _current(
    own: list[Edit], of_setting: Mapping[str, list[Edit]], before: Mapping[str, _Before], cluster: Cluster
) -> dict[str, _Value]:
    """Return the value of a setting on each peer for which it is known."""
    current = {edit.peer: _Value(edit.new) for edit in own}
    first, last = own[0], own[-1]
    joins = any(edit.peer == first.peer and not edit.old for edit in of_setting.get("peer 1 address", ()))
    for peer, seen in cluster.observed.items():
        if peer in current or seen.end < last.time:
            continue
        known = before[peer]
        # A peer that joins fills in what the others have had all along.
        new = joins or (not first.old and first.place is None)
        value: _Value | None = None if new else _Value(first.old)
        if first.place is not None and known.entries:
            entry = known.entries[first.place - 1] if first.place <= len(known.entries) else ""
            value = _Value(entry, exact=known.exact or not entry)
            if not known.exact and first.old and cluster.resolve(first.old) == cluster.resolve(entry):
                value = _Value(first.old)
        elif first.setting == PRIMARY and known.primary is not None:
            value = _Value(known.primary, exact=False)
        if value is not None:
            current[peer] = value
    return current


def _gone(of_setting: Mapping[str, list[Edit]], cluster: Cluster) -> set[str]:
    """Return the peers that were removed from the lists, and those that cleared their own list."""
    places = [own for own in of_setting.values() if own[0].place is not None]
    listed = {cluster.resolve(edit.new) for own in places for edit in own if edit.new}
    # A peer that deletes its own address from its own list is still in the lists of the others.
    old = [(edit.peer, cluster.resolve(edit.old)) for own in places for edit in own if edit.old]
    removed = {peer for editor, peer in old if peer != editor}
    newest = {edit.peer: edit for edit in of_setting.get("peer 1 address", ())}
    left = {peer for peer, edit in newest.items() if not edit.new}
    return {peer for peer in removed - listed if peer is not None} | left


def _is_same(one: _Value, other: _Value, before: Mapping[str, _Before], cluster: Cluster) -> bool:
    if one.text == other.text or (one.exact and other.exact):
        return one.text == other.text
    return _peer(one.text, before, cluster) == _peer(other.text, before, cluster)


def _peer(text: str, before: Mapping[str, _Before], cluster: Cluster) -> str:
    """Return the peer that a value means: an address, a name, or a number in the list of peers."""
    if text.isdecimal():
        place = int(text)
        lists = (known.entries for known in before.values())
        text = next((entries[place - 1] for entries in lists if 1 <= place <= len(entries)), text)
    return cluster.resolve(text) or text if text else ""
