"""Find the peer of each dump: from its content, from the files next to it, or from its file name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import PurePosixPath

from logdiag.reading.tables import Dump

NearbyHosts = Mapping[tuple[str, str | None], Mapping[str, str]]
"""The hosts of the logs in each folder of a snapshot, and (None) in all of it, by lower-case name."""

_MAX_NAME_PARTS = 12
_NAMED = re.compile(r"x(?:conf|stat)[a-z]*_(?:dump_)?(?P<host>[a-z0-9][a-z0-9-]*)(?:_[0-9_-]+)?(?:\.[a-z]+)*")
"""Dumps of a diagnostic log are called ``xconf_dump_<host>_<time>.txt``."""


def with_owners(dumps: Sequence[Dump], nearby: NearbyHosts) -> tuple[Dump, ...]:
    """Return the dumps with the names of their peers; None if nothing shows the owner of a dump.

    The signs, the surest first: the names in it, the address or serial number of another dump, a known
    name in the file's name, the one host whose log is in the same folder, an address that a list of peers
    has, the one host whose dumps are in the same folder, the file name alone.
    """
    hosts: list[str | None] = [None] * len(dumps)
    for sign in _SIGNS:
        found = sign(_Dumps(dumps, hosts, nearby))
        hosts = [host or one for host, one in zip(hosts, found, strict=True)]
    return tuple(replace(dump, host=host) for dump, host in zip(dumps, hosts, strict=True))


@dataclass(frozen=True)
class _Dumps:
    """The dumps, and the hosts that are known so far."""

    dumps: Sequence[Dump]
    hosts: Sequence[str | None]
    nearby: NearbyHosts

    def owned(self) -> Iterator[tuple[Dump, str]]:
        return ((dump, host) for dump, host in zip(self.dumps, self.hosts, strict=True) if host)

    def logged(self, dump: Dump) -> Mapping[str, str]:
        """The hosts of the logs next to a dump; a bundle may have logs and dumps in folders of their own."""
        return self.nearby.get((dump.snapshot, _folder(dump))) or self.nearby.get((dump.snapshot, None), {})


_Sign = Callable[[_Dumps], Iterator[str | None]]
"""Yields the host of each dump, if the sign shows it."""


def _names(known: _Dumps) -> Iterator[str | None]:
    for dump in known.dumps:
        facts = dump.facts
        said = [facts.fqdn.partition(".")[0]] if facts.fqdn else []
        said += [name for name in (facts.hostname, facts.name, facts.this_system) if name]
        logged = known.logged(dump)
        yield next((logged[name.lower()] for name in said if name.lower() in logged), next(iter(said), None))


def _addresses(known: _Dumps) -> Iterator[str | None]:
    hosts = {address: host for dump, host in known.owned() for address in dump.facts.addresses}
    for dump in known.dumps:
        yield next((hosts[one] for one in dump.facts.addresses if one in hosts), None)


def _serials(known: _Dumps) -> Iterator[str | None]:
    hosts = {dump.facts.serial: host for dump, host in known.owned() if dump.facts.serial}
    for dump in known.dumps:
        yield hosts.get(dump.facts.serial or "")


def _labels(known: _Dumps) -> Iterator[str | None]:
    everywhere = {name: host for of_folder in known.nearby.values() for name, host in of_folder.items()}
    everywhere |= {host.lower(): host for host in known.hosts if host}
    for dump in known.dumps:
        hosts = {**everywhere, **known.logged(dump)}
        yield next((hosts[label] for label in _name_parts(dump) if label in hosts), None)


def _logs_nearby(known: _Dumps) -> Iterator[str | None]:
    for dump in known.dumps:
        logged = known.logged(dump)
        yield next(iter(logged.values())) if len(logged) == 1 else None


def _listed(known: _Dumps) -> Iterator[str | None]:
    """An own address that a list of peers contains counts as a name."""
    listed = {entry for dump in known.dumps for entry in dump.facts.peer_list or ()}
    for dump in known.dumps:
        yield next((one for one in dump.facts.addresses if one in listed), None)


def _order_in_file(known: _Dumps) -> Iterator[str | None]:
    """In a file with as many dumps of one kind as of another, the n-th ones are of one peer."""
    files: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number, dump in enumerate(known.dumps):
        files.setdefault((dump.snapshot, dump.source), {}).setdefault(dump.kind, []).append(number)
    for number, dump in enumerate(known.dumps):
        kinds = files[dump.snapshot, dump.source]
        own = kinds[dump.kind]
        pairs = [other[own.index(number)] for other in kinds.values() if len(other) == len(own)]
        yield next((host for pair in pairs if (host := known.hosts[pair])), None)


def _dumps_nearby(known: _Dumps) -> Iterator[str | None]:
    owners: dict[tuple[str, str | None], set[str]] = {}
    for dump, host in known.owned():
        for folder in (_folder(dump), None):
            owners.setdefault((dump.snapshot, folder), set()).add(host)
    for dump in known.dumps:
        found = owners.get((dump.snapshot, _folder(dump))) or owners.get((dump.snapshot, None), set())
        yield next(iter(found)) if len(found) == 1 else None


def _file_name(known: _Dumps) -> Iterator[str | None]:
    for dump in known.dumps:
        found = _NAMED.fullmatch(_name(dump))
        yield found["host"] if found and not found["host"].isdecimal() else None


def _active(known: _Dumps) -> Iterator[str | None]:
    """A pasted page that marks no peer as this system is a page of one that is active."""
    for dump in known.dumps:
        shown = dump.facts.alternates if dump.kind == "page" else ()
        active = (one for one in shown if one.status.casefold().startswith("active"))
        yield next((one.called or one.address for one in active), None)


def _folder(dump: Dump) -> str:
    return dump.source.rpartition("/")[0]


def _name(dump: Dump) -> str:
    return PurePosixPath(dump.source.rpartition("!/")[2]).name.lower()


def _name_parts(dump: Dump) -> Iterator[str]:
    """The parts between underscores in a file name: each part, and parts that follow each other."""
    parts = re.split(r"[_.]", _name(dump))[:_MAX_NAME_PARTS]
    for start, end in combinations(range(1, len(parts) + 1), 2):
        yield "_".join(parts[start:end])


_SIGNS: tuple[_Sign, ...] = (
    *(_names, _addresses, _serials, _labels, _logs_nearby),
    *(_listed, _order_in_file, _dumps_nearby, _file_name, _active),
)
