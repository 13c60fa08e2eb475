"""Which peer each dump is of: from its content, from the files next to it, or from its file name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import PurePosixPath

from logdiag.reading.tables import Dump

Beside = Mapping[tuple[str, str | None], Mapping[str, str]]
"""The hosts of the logs in each folder of a snapshot, and (None) in all of it, by lower-case name."""

_MOST_PARTS = 12  # of the name of a file
_NAMED = re.compile(r"x(?:conf|stat)[a-z]*_(?:dump_)?(?P<host>[a-z0-9][a-z0-9-]*)(?:_[0-9_-]+)?(?:\.[a-z]+)*")
"""Dumps of a diagnostic log are called ``xconf_dump_<host>_<time>.txt``."""


def with_owners(dumps: Sequence[Dump], beside: Beside) -> tuple[Dump, ...]:
    """The dumps with the names of their peers; None if nothing shows the owner of one.

    The signs, the surest first: the names in it, the address or serial number of another dump, a known
    name in the file's name, the one host whose log lies next to it, an address that a list of peers has,
    the one host whose dumps lie next to it, the file name alone.
    """
    hosts: list[str | None] = [None] * len(dumps)
    for sign in _SIGNS:
        of_dump = sign(dumps, hosts, beside)
        hosts = [host or of_dump(number) for number, host in enumerate(hosts)]
    return tuple(replace(dump, host=host) for dump, host in zip(dumps, hosts, strict=True))


_Hosts = Sequence[str | None]
_Sign = Callable[[int], str | None]


def _names(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    def sign(number: int) -> str | None:
        dump = dumps[number]
        facts = dump.facts
        said = [facts.fqdn.partition(".")[0]] if facts.fqdn else []
        said += [name for name in (facts.hostname, facts.name, facts.this_system) if name]
        logged = _logged(dump, beside)
        return next((logged[name.lower()] for name in said if name.lower() in logged), next(iter(said), None))

    return sign


def _addresses(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    owned = [(dump, host) for dump, host in zip(dumps, hosts, strict=True) if host]
    known = {address: host for dump, host in owned for address in dump.facts.addresses}
    return lambda number: next((known[one] for one in dumps[number].facts.addresses if one in known), None)


def _serials(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    owned = [(dump, host) for dump, host in zip(dumps, hosts, strict=True) if host]
    known = {dump.facts.serial: host for dump, host in owned if dump.facts.serial}
    return lambda number: known.get(dumps[number].facts.serial or "")


def _listed(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    """An address of its own that a list of peers has is as good as a name."""
    listed = {entry for dump in dumps for entry in dump.facts.peer_list or ()}
    return lambda number: next((one for one in dumps[number].facts.addresses if one in listed), None)


def _labels(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    everywhere = {name: host for of_folder in beside.values() for name, host in of_folder.items()}
    everywhere |= {host.lower(): host for host in hosts if host}

    def sign(number: int) -> str | None:
        known = {**everywhere, **_logged(dumps[number], beside)}
        return next((known[label] for label in _parts(dumps[number]) if label in known), None)

    return sign


def _logs_beside(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    def sign(number: int) -> str | None:
        logged = _logged(dumps[number], beside)
        return next(iter(logged.values())) if len(logged) == 1 else None

    return sign


def _order_in_file(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    """In a file with as many dumps of one kind as of another, the n-th ones are of one peer."""
    files: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number, dump in enumerate(dumps):
        files.setdefault((dump.snapshot, dump.source), {}).setdefault(dump.kind, []).append(number)

    def sign(number: int) -> str | None:
        kinds = files[dumps[number].snapshot, dumps[number].source]
        own = kinds[dumps[number].kind]
        pairs = [other[own.index(number)] for other in kinds.values() if len(other) == len(own)]
        return next((host for pair in pairs if (host := hosts[pair])), None)

    return sign


def _dumps_beside(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    owners: dict[tuple[str, str | None], set[str | None]] = {}
    for dump, host in zip(dumps, hosts, strict=True):
        for folder in (_folder(dump), None):
            owners.setdefault((dump.snapshot, folder), set()).update({host} if host else ())

    def sign(number: int) -> str | None:
        dump = dumps[number]
        found = owners[dump.snapshot, _folder(dump)] or owners[dump.snapshot, None]
        return next(iter(found)) if len(found) == 1 else None

    return sign


def _file(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    def sign(number: int) -> str | None:
        found = _NAMED.fullmatch(_name(dumps[number]))
        return found["host"] if found and not found["host"].isdecimal() else None

    return sign


def _active(dumps: Sequence[Dump], hosts: _Hosts, beside: Beside) -> _Sign:
    """A pasted page that marks no peer as this system is a page of one that is active."""

    def sign(number: int) -> str | None:
        shown = dumps[number].facts.alternates if dumps[number].kind == "page" else ()
        active = (one for one in shown if one.status.casefold().startswith("active"))
        return next((one.called or one.address for one in active), None)

    return sign


def _logged(dump: Dump, beside: Beside) -> Mapping[str, str]:
    """The hosts of the logs next to a dump; a bundle may keep logs and dumps in folders of their own."""
    return beside.get((dump.snapshot, _folder(dump))) or beside.get((dump.snapshot, None), {})


def _folder(dump: Dump) -> str:
    return dump.source.rpartition("/")[0]


def _name(dump: Dump) -> str:
    return PurePosixPath(dump.source.rpartition("!/")[2]).name.lower()


def _parts(dump: Dump) -> Iterator[str]:
    """The parts between underscores in a file name: each part, and parts that follow each other."""
    parts = re.split(r"[_.]", _name(dump))[:_MOST_PARTS]
    for start, end in combinations(range(1, len(parts) + 1), 2):
        yield "_".join(parts[start:end])


_SIGNS = (
    *(_names, _addresses, _serials, _labels, _logs_beside),
    *(_listed, _order_in_file, _dumps_beside, _file, _active),
)
