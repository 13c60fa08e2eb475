"""The names of a peer (host name, FQDN, node name, addresses), and the lists of peers with them."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from logdiag.cluster.log_rows import LogRow, select
from logdiag.conditions import Log, compile_condition, compile_event
from logdiag.dumps.lookup import index_in

_NODE = re.compile(r"(?:[^@]*@)?(?P<name>[^@\s]+)")
_PAIR = re.compile(r"\((?P<address>[^\s()]+) (?P<name>[^\s()]+)\)")
_ADDRESS = re.compile(r"\d+(\.\d+){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")
_VERSION = re.compile(r"\bX\d+(\.\d+)*")

_PEER_LISTS = compile_condition({"AlternateIPAddresses|exists": True})
_STARTED = compile_event("Application Start", {"Detail|contains": "Software version"})
NODES = compile_condition({"Node|exists": True})
"""Records of the database; only the nodes that they name count."""

ASKED = (_PEER_LISTS, _STARTED)
"""The records that this module asks for."""

SnapshotHost = tuple[str, str]
"""A snapshot, and a host that logged or dumped in it."""


def is_address(name: str) -> bool:
    """Return whether a name is an IP address."""
    return _ADDRESS.fullmatch(name) is not None


def plain_name(text: str) -> str:
    """Return a name in the form for comparisons: lower case, without ``clusterdb@`` and a last dot."""
    return node_name(text).lower().rstrip(".")


def node_name(text: str) -> str:
    """Return the host in a node's name, ``clusterdb@host.example``."""
    found = _NODE.fullmatch(text.strip())
    return found["name"] if found else text.strip()


def short_name(name: str) -> str:
    """Return the first label of a host name or FQDN; an address stays whole."""
    return name.lower() if is_address(name) else name.lower().partition(".")[0]


class PeerList(NamedTuple):
    """The peers that a replication record lists, as pairs of address and name, and who logged it.

    A name that the list has twice does not distinguish its peers: their addresses replace it, and the
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

    @property
    def text(self) -> str:
        """The list as evidence shows it."""
        return ", ".join(f"({address} {name})" for address, name in self.pairs)


def peer_lists(log: Log) -> Iterator[PeerList]:
    """Return the lists of peers that replication records contain, in the order of time."""
    keys = ("AlternateIPAddresses", "ConfigurationMasterIndex", "ConfigurationPrimaryIndex", "LocalPeerIndex")
    return map(_peer_list, select(log, _PEER_LISTS, *keys))


def _peer_list(record: LogRow) -> PeerList:
    addresses, master, primary, local = record.values
    found = [(pair["address"], pair["name"]) for pair in _PAIR.finditer(addresses)]
    count = Counter(name.lower() for _, name in found)
    pairs = tuple((address, name if count[name.lower()] == 1 else address) for address, name in found)
    # Indexes of records count from 0.
    index, own = index_in(primary if master is None else master), index_in(local)
    return PeerList(
        record.row,
        record.time,
        record.snapshot,
        record.host,
        pairs,
        primary=pairs[index][1] if index is not None and index < len(pairs) else None,
        own=pairs[own][0] if own is not None and own < len(pairs) else None,
        namesakes=tuple(dict.fromkeys(name for _, name in found if count[name.lower()] > 1)),
        unlisted=index + 1 if index is not None and index >= len(pairs) else None,
    )


def started_versions(log: Log) -> Iterator[tuple[LogRow, str]]:
    """Return each record that says which software started, with its version, in the order of time."""
    for record in select(log, _STARTED, "Detail"):
        if found := _VERSION.search(record.values[0][:500]):
            yield record, found[0]
