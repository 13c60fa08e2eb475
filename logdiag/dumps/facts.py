"""What the settings of one peer say about it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from logdiag.dumps.lookup import Found
from logdiag.dumps.paths import ALARM, ALTERNATE, PRODUCTS, TLS_MODES

_NO_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104
_VERSION = re.compile(r"\bX\d+(?:\.\d+)*|^\d+(?:\.\d+)+")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*")
LOWERED = {"lowered", "cleared", "clear", "inactive", "off"}
"""States of an alarm that is listed and not raised (assumed: no sample shows one)."""

_ACTIVE_AS = re.compile(r"active as (?P<name>[^\s(]+)", re.IGNORECASE)
_THIS_SYSTEM = re.compile(r"this system\b", re.IGNORECASE)
_YES = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


@dataclass(frozen=True)
class ListedAlarm:
    """An alarm as xStatus lists it, all as written; a field is empty if the page does not show it."""

    id: str = ""
    title: str = ""
    severity: str = ""
    status: str = ""
    first_raised: str = ""
    last_raised: str = ""
    description: str = ""
    peer: str = ""

    @property
    def detail(self) -> str:
        """What a record of the alarm has as its Detail: the title, a colon, and the description.

        Older releases list it under Warnings, with both in one text that a dash divides.
        """
        if self.title and self.description:
            return f"{self.title}: {self.description}"
        return (self.title or self.description).replace(" - ", ": ", 1)

    @property
    def is_raised(self) -> bool:
        """Whether it is raised; one that is listed is, unless its state says otherwise."""
        return self.status.lower() not in LOWERED


@dataclass(frozen=True)
class ListedPeer:
    """A peer as xStatus or the Clustering page shows it; a field that is not shown is empty."""

    address: str
    status: str = ""
    certificate: str = ""

    @property
    def called(self) -> str | None:
        """The host name of an active peer, as the Clustering page shows it after the state."""
        found = _ACTIVE_AS.match(self.status)
        return found["name"] if found is not None else None


@dataclass(frozen=True)
class Facts:
    """What dumps say about the peer that they are from; None or empty where they do not say.

    Attributes:
        name: the system name.
        hostname: the DNS host name.
        domain: the DNS domain.
        fqdn: host name and domain; without a host name, that of the system if it may be one.
        addresses: its own, by interface, IPv4 first.
        nat_addresses: addresses of static NAT that is on, by interface (from 1).
        cluster_name: the cluster's FQDN.
        primary: which peer of the list is the primary, from 1.
        peer_list: as configured and in that order, "" for a gap; empty where all are empty; None
            where the dumps have no peer list at all.
        product: Expressway-C, Expressway-E, VCS Control, VCS Expressway, or as written.
        is_edge: whether it is an Expressway-E or a VCS Expressway.
        version: such as X14.2.5.
        hardware: such as "VMware, medium".
        serial: the hardware's serial number.
        time_zone: the time zone's name.
        time: the system time when the dump was made, as written.
        this_system: the entry of the list that the page marks as this system.
        tls_mode: Enforcing, Permissive, or as written.
        h323_mode: On, Off, or as written.
        ip_protocol: such as IPv4 or Both.
        option_keys: keys to their descriptions, "" where there is none.
        ntp_servers: as configured, without empty ones; None where the dumps say nothing of them.
        dns_servers: the same.
        alarms: the list of raised alarms; None where no list was dumped, which is not an empty one.
        alternates: the peers of the list with the states that this peer sees them in.
        database: the state of the cluster database.

    """

    name: str | None = None
    hostname: str | None = None
    domain: str | None = None
    fqdn: str | None = None
    addresses: tuple[str, ...] = ()
    nat_addresses: Mapping[int, str] = field(default_factory=dict)
    cluster_name: str | None = None
    primary: int | None = None
    peer_list: tuple[str, ...] | None = None
    product: str | None = None
    is_edge: bool | None = None
    version: str | None = None
    hardware: str | None = None
    serial: str | None = None
    time_zone: str | None = None
    time: str | None = None
    this_system: str | None = None
    tls_mode: str | None = None
    h323_mode: str | None = None
    ip_protocol: str | None = None
    option_keys: Mapping[str, str] = field(default_factory=dict)
    ntp_servers: tuple[str, ...] | None = None
    dns_servers: tuple[str, ...] | None = None
    alarms: tuple[ListedAlarm, ...] | None = None
    alternates: tuple[ListedPeer, ...] = ()
    database: str | None = None


def facts(settings: Iterable[tuple[str, str]]) -> Facts:
    """What paths with their values, of all dumps of one peer, say about it.

    Give those of xConfiguration first: where dumps tell a thing differently, the first one counts.
    """
    found = Found(settings)
    name, domain = found.first("name"), found.first("domain")
    product, product_is_edge = _product(found.first("product"))
    options = {row["key"]: "" for row in found.rows("option") if row.get("key")}
    options |= {
        row["key"]: row["description"] for row in found.rows("option") if _has(row, "key", "description")
    }
    tls_mode = found.first("tls_mode")
    h323_mode = found.first("h323_mode")
    is_edge = _is_edge(found)
    alarms = _alarms(found)
    shown = [row for row in _rows(found, "alternate", ALTERNATE) if row["status"] or row["certificate"]]
    alternates = tuple(dict.fromkeys(ListedPeer(**row) for row in shown if row["address"]))
    return Facts(
        name=name,
        hostname=found.first("hostname"),
        domain=domain,
        fqdn=_fqdn(found.first("hostname"), name, domain),
        addresses=_addresses(found),
        nat_addresses=_nat_addresses(found),
        cluster_name=found.first("cluster_name"),
        primary=_index(found.first("primary")),
        peer_list=_peer_list(found.by_index("peer")),
        product=product,
        is_edge=product_is_edge if is_edge is None else is_edge,
        version=_version(found.first("version")),
        hardware=found.first("hardware"),
        serial=found.first("serial"),
        time_zone=found.first("time_zone"),
        time=found.first("time"),
        tls_mode=tls_mode and TLS_MODES.get(tls_mode.casefold(), tls_mode),
        h323_mode=h323_mode.capitalize() if h323_mode and h323_mode.casefold() in _YES else h323_mode,
        ip_protocol=found.first("ip_protocol"),
        option_keys=options,
        ntp_servers=_filled(found.by_index("ntp_server")),
        dns_servers=_filled(found.by_index("dns_server")),
        alarms=alarms,
        alternates=alternates,
        database=found.first("database"),
        this_system=_this_system(alternates, alarms),
    )


def _has(row: Mapping[str, str], *names: str) -> bool:
    return all(row.get(name) for name in names)


def _fqdn(hostname: str | None, name: str | None, domain: str | None) -> str | None:
    if hostname and "." in hostname:
        return hostname
    if hostname is None and name and _LABEL.fullmatch(name):
        hostname = name
    return f"{hostname}.{domain}" if hostname and domain else None


def _addresses(found: Found) -> tuple[str, ...]:
    told = [
        (interface, family, address)
        for family in ("address_v4", "address_v6")
        for interface, address in found.by_index(family).items()
        if address not in _NO_ADDRESS
    ]
    return tuple(dict.fromkeys(address for *_, address in sorted(told)))


def _nat_addresses(found: Found) -> dict[int, str]:
    modes = found.by_index("nat_mode")
    return {
        interface: address
        for interface, address in found.by_index("nat_address").items()
        if _YES.get(modes.get(interface, "").casefold()) and address not in _NO_ADDRESS
    }


def _index(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 4 else None


def _peer_list(peers: Mapping[int, str]) -> tuple[str, ...] | None:
    if not peers:
        return None
    last = max((index for index, address in peers.items() if address), default=0)
    return tuple(peers.get(index, "") for index in range(1, last + 1))


def _product(written: str | None) -> tuple[str | None, bool | None]:
    for pattern, name, is_edge in PRODUCTS:
        if written and pattern.search(written.casefold()):
            return name, is_edge
    return written, None


def _filled(values: Mapping[int, str]) -> tuple[str, ...] | None:
    return tuple(filter(None, values.values())) if values else None


def _is_edge(found: Found) -> bool | None:
    flag = _YES.get((found.first("edge") or "").casefold())
    if flag is not None:
        return flag
    if any("traversal server" in row.get("description", "").casefold() for row in found.rows("option")):
        return True
    types = {value.replace(" ", "").casefold() for value in found.all("zone_type")}
    if "traversalserver" in types:
        return True
    return False if "traversalclient" in types else None


def _version(written: str | None) -> str | None:
    version = _VERSION.search(written or "")
    if version is None:
        return written
    return version[0] if version[0].startswith("X") else f"X{version[0]}"


def _this_system(alternates: Iterable[ListedPeer], alarms: Iterable[ListedAlarm] | None) -> str | None:
    """The peer whose page it is, as it marks itself, else the one that all of its alarms are of."""
    marked = next((one.address for one in alternates if _THIS_SYSTEM.match(one.status)), None)
    peers = {alarm.peer for alarm in alarms or ()}
    return marked or (peers.pop() or None if len(peers) == 1 else None)


def _rows(found: Found, family: str, names_of: Mapping[str, tuple[str, ...]]) -> list[dict[str, str]]:
    """The members of a family with what is known of each, by our names."""
    return [
        {
            part: next(filter(None, (row.get(name.casefold()) for name in names)), "")
            for part, names in names_of.items()
        }
        for row in found.rows(family)
        if any(name.casefold() in row for names in names_of.values() for name in names)
    ]


def _alarms(found: Found) -> tuple[ListedAlarm, ...] | None:
    """An alarm section that is there and empty is the only proof that no alarm is raised."""
    rows = _rows(found, "alarm", ALARM)
    if not rows and not found.is_empty("alarm"):
        return None
    return tuple(dict.fromkeys(ListedAlarm(**row) for row in rows if any(row.values())))
