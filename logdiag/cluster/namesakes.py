"""Peers that share one host name: their addresses distinguish them and serve as their names."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from logdiag.cluster.names import SnapshotHost, is_address, peer_lists, plain_name
from logdiag.conditions import Log
from logdiag.reading import Tables


def separate_namesakes(tables: Tables) -> Tables:
    """The tables, with the address in place of the host where two peers of one list have one host name."""
    renamed = _renamed(tables)
    if not renamed:
        return tables
    return replace(
        tables,
        records=_with_hosts(tables.records, renamed),
        config=_with_hosts(tables.config, renamed),
        status=_with_hosts(tables.status, renamed),
        dumps=tuple(
            replace(dump, host=renamed.get((dump.snapshot, dump.host or ""), dump.host))
            for dump in tables.dumps
        ),
        spans={
            place: tuple(
                span._replace(host=renamed.get((place[0], span.host), span.host)) for span in of_member
            )
            for place, of_member in tables.spans.items()
        },
    )


def _renamed(tables: Tables) -> dict[SnapshotHost, str]:
    """The address of each host whose name another host of the same list of peers has, too."""
    own: dict[SnapshotHost, str] = {}
    lists: set[frozenset[str]] = set()
    for dump in tables.dumps:
        entries = frozenset(plain_name(entry) for entry in dump.facts.peer_list or () if entry)
        addresses = [plain_name(address) for address in dump.facts.addresses]
        listed = [address for address in addresses if address in entries]
        if dump.host is not None and listed:
            lists.add(entries)
            own[dump.snapshot, dump.host] = listed[0]
    for said in peer_lists(Log(tables.records)):
        lists.add(frozenset(plain_name(address) for address, _ in said.pairs))
        if said.own is not None:
            own[said.snapshot, said.host] = plain_name(said.own)
    by_name: dict[str, dict[SnapshotHost, str]] = {}
    for (snapshot, host), address in own.items():
        if not is_address(host):
            by_name.setdefault(host.lower(), {})[snapshot, host] = address
    return {
        place: address
        for places in by_name.values()
        for place, address in places.items()
        if any(address in entries and len(entries & set(places.values())) > 1 for entries in lists)
    }


def _with_hosts(table: pa.Table, renamed: Mapping[SnapshotHost, str]) -> pa.Table:
    columns = {name: table.column(name).to_pylist() for name in ("snapshot", "host")}
    pairs = zip(columns["snapshot"], columns["host"], strict=True)
    hosts = pa.array([renamed.get((snapshot, host), host) for snapshot, host in pairs], pa.string())
    index = table.column_names.index("host")
    return table.set_column(index, table.schema.field(index), hosts.cast(table.schema.field(index).type))
