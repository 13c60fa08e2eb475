"""The names that a peer goes by: host name, FQDN, node name, addresses. They are one peer's."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from logdiag.conditions import Log, Reference, compile_condition

_NODE = re.compile(r"(?:[^@]*@)?(?P<name>[^@\s]+)")
_PAIR = re.compile(r"\((?P<address>[^\s()]+) (?P<name>[^\s()]+)\)")
_ADDRESS = re.compile(r"\d+(\.\d+){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    return _ADDRESS.fullmatch(name) is not None


def plain_name(text: str) -> str:
    """A name as names are compared: without ``clusterdb@``, without case or a last dot."""
    return node_name(text).lower().rstrip(".")


def node_name(text: str) -> str:
    """The host in a node's name, ``clusterdb@host.example``."""
    found = _NODE.fullmatch(text.strip())
    return found["name"] if found else text.strip()


def short_name(name: str) -> str:
    """The key that a host name shares with its FQDN; an address is its own."""
    return name.lower() if is_address(name) else name.lower().partition(".")[0]


class PeerList(NamedTuple):
    """The peers that a replication record lists, as pairs of address and name, and who logged it.

    A name that the list has twice does not tell its peers apart: their addresses replace it, and the
    name is one of ``namesakes``. ``own`` is the address at the place that the peer itself has in the list.
    ``unlisted`` is the number of the primary, from 1, if the list has no entry with this number.
    """

    row: int
    time: int
    snapshot: str
    host: str
    pairs: tuple[tuple[str, str], ...]
    primary: str | None
    own: str | None = None
    namesakes: tuple[str, ...] = ()
    unlisted: int | None = None


_PEER_LISTS = compile_condition({"AlternateIPAddresses|exists": True})
_STARTED = compile_condition(
    {"Event": "Application Start", "Module|exists": False, "Detail|contains": "Software version"}
)
NODES = compile_condition({"Node|exists": True})
"""Records of the database; what is asked of them is whom they name."""

ASKED = (_PEER_LISTS, _STARTED)
"""The records that this module asks for."""


def peer_lists(log: Log) -> Iterator[PeerList]:
    """The lists of peers that replication records hold; their indexes count from 0."""
    rows = log.rows(_PEER_LISTS)
    keys = ("AlternateIPAddresses", "ConfigurationMasterIndex", "ConfigurationPrimaryIndex", "LocalPeerIndex")
    columns = [log.values(Reference(key), rows).to_pylist() for key in keys]
    places = (log.hosts(rows), log.snapshots(rows), log.times(rows))
    for row, addresses, master, primary, local, host, snapshot, time in zip(
        rows, *columns, *places, strict=True
    ):
        found = [(one["address"], one["name"]) for one in _PAIR.finditer(addresses)]
        count = Counter(name.lower() for _, name in found)
        pairs = tuple((address, name if count[name.lower()] == 1 else address) for address, name in found)
        twice = dict.fromkeys(name for _, name in found if count[name.lower()] > 1)
        index = master if master is not None else primary
        first, own = _at(pairs, index), _at(pairs, local)
        yield PeerList(
            int(row),
            time,
            snapshot,
            host,
            pairs,
            first[1] if first else None,
            own[0] if own else None,
            tuple(twice),
            int(index) + 1 if index is not None and _is_index(index) and first is None else None,
        )


def _at(pairs: Sequence[tuple[str, str]], index: str | None) -> tuple[str, str] | None:
    """The pair at an index of the list; None if the list has no such index."""
    if index is None or not _is_index(index) or int(index) >= len(pairs):
        return None
    return pairs[int(index)]


def _is_index(text: str | None) -> bool:
    """Whether a text is a whole number that a place in a list can have."""
    return text is not None and text.isdecimal() and text.isascii() and len(text) <= _DIGITS


_DIGITS = 4
"""Digits of an index at most: a list has six places, and a number of thousands of digits cannot be read."""

_VERSION = re.compile(r"\bX\d+(\.\d+)*")


def started_versions(log: Log) -> Iterator[tuple[int, str, str]]:
    """Row, host and version of each record that says which software started, in the order of time."""
    rows = log.rows(_STARTED)
    details = log.values(Reference("Detail"), rows).to_pylist()
    for _, row, host, detail in sorted(
        zip(log.times(rows), rows.tolist(), log.hosts(rows), details, strict=True)
    ):
        if found := _VERSION.search(detail[:500]):
            yield row, host, found[0]


@dataclass
class Draft:
    """A peer while it is being found."""

    name: str
    fqdn: str | None = None
    addresses: set[str] = field(default_factory=set)


class Drafts:
    """Peers while they are being found, by every name that they go by."""

    def __init__(self) -> None:
        self._by_name: dict[str, Draft] = {}

    def named(self, name: str) -> Draft:
        """The peer of a host name, FQDN or address, made where it is new."""
        key = short_name(name)
        draft = self._by_name.get(key)
        if draft is None:
            draft = self._by_name[key] = Draft(name if is_address(name) else name.partition(".")[0])
        if is_address(name):
            draft.addresses.add(name)
        elif "." in name and draft.fqdn is None:
            draft.fqdn = name
        return draft

    def known(self, name: str) -> Draft | None:
        """The peer of a host name, FQDN or address, if there is one already; it takes the FQDN."""
        if is_address(name):
            return next((draft for draft in self.all() if name in draft.addresses), None)
        return self.named(name) if short_name(name) in self._by_name else None

    def leaves_out(self, name: str) -> bool:
        """Whether no peer can go by a new name: all have names already, or addresses if it is one."""
        if is_address(name):
            return all(draft.addresses for draft in self.all())
        return not any(is_address(draft.name) for draft in self.all())

    def merge_addresses(self) -> None:
        """Let a peer that is known by an address alone be the named peer that has this address."""
        having: dict[str, dict[int, Draft]] = {}  # by address, those that have it
        keys: dict[int, list[str]] = {}
        for key, draft in self._by_name.items():
            keys.setdefault(id(draft), []).append(key)
        for draft in self.all():
            for address in draft.addresses:
                having.setdefault(address, {})[id(draft)] = draft
        for nameless in [draft for draft in self.all() if is_address(draft.name)]:
            owners = [one for one in having.get(nameless.name, {}).values() if one is not nameless]
            if owners:
                # Of several that have one address it is that of the one that has no other.
                owner = min(owners, key=lambda one: (len(one.addresses), one.name.lower()))
                owner.addresses |= nameless.addresses
                for address in nameless.addresses:
                    del having[address][id(nameless)]
                    having[address][id(owner)] = owner
                moved = keys.pop(id(nameless))
                keys[id(owner)] += moved
                self._by_name.update(dict.fromkeys(moved, owner))

    def all(self) -> list[Draft]:
        """Each peer once, in the order of their names."""
        unique = {id(draft): draft for draft in self._by_name.values()}
        return sorted(unique.values(), key=lambda draft: draft.name.lower())
