"""Facts about one peer from the settings of its dumps, and the time of a dump."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from logdiag.dumps.lookup import Lookup, index_in
from logdiag.dumps.paths import PRODUCTS, TLS_MODES

# A LAN interface that is not in use shows an address of zeros.
_NO_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104
# `X14.2.6` in SystemUnit; a bare number is found in dumps of older products.
_VERSION = re.compile(r"\bX\d+(?:\.\d+)*|^\d+(?:\.\d+)+")
# The image for more encrypted sessions (assumed: no sample shows how it names itself).
_SELECT = re.compile(r"\bselect\b", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]*")
_LOWERED = {"lowered", "cleared", "clear", "inactive", "off"}
"""States of an alarm that is listed and not raised (assumed: no sample shows one)."""

# The clustering page shows a peer as "Active as NAME" or as "This system".
_ACTIVE_AS = re.compile(r"active as (?P<name>[^\s(]+)", re.IGNORECASE)
_THIS_SYSTEM = re.compile(r"this system\b", re.IGNORECASE)
_YES = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T _](\d\d)[:_-](\d\d)[:_-](\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class ListedAlarm:
    """An alarm in the list of xStatus or of a page, as written; a field that is not shown is empty."""

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
        """The Detail that a record of the alarm would have: the title, a colon, and the description.

        Older releases list it under Warnings, with both in one text that a dash divides.
        """
        if self.title and self.description:
            return f"{self.title}: {self.description}"
        # Only the first dash divides title and text; later dashes belong to the text.
        return (self.title or self.description).replace(" - ", ": ", 1)

    @property
    def is_raised(self) -> bool:
        """Whether the alarm is raised; a listed alarm is, unless its state says otherwise."""
        return self.status.lower() not in _LOWERED


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
    """Facts about the peer that dumps are from; None or empty if the dumps do not show a fact."""

    name: str | None = None
    """The system name."""
    hostname: str | None = None
    domain: str | None = None
    fqdn: str | None = None
    """Host name and domain; without a host name, that of the system if it may be one."""
    addresses: tuple[str, ...] = ()
    """Its own, by interface, IPv4 first."""
    lan_addresses: Mapping[int, str] = field(default_factory=dict)
    """Its own IPv4 addresses by interface (from 1); "" for an interface that is not in use."""
    external_interface: int | None = None
    """The interface that an Expressway-E uses for the outside, from 1."""
    nat_addresses: Mapping[int, str] = field(default_factory=dict)
    """Addresses of static NAT that is on, by interface (from 1)."""
    cluster_name: str | None = None
    primary: int | None = None
    """Which peer of the list is the primary, from 1."""
    peer_list: tuple[str, ...] | None = None
    """As configured, "" for a gap; empty if all are empty; None if the dumps have no list at all."""
    product: str | None = None
    """Expressway-C, Expressway-E, VCS Control or VCS Expressway, also with Select after it, or as written."""
    is_edge: bool | None = None
    """Whether it is an Expressway-E or a VCS Expressway."""
    version: str | None = None
    """Such as X14.2.5."""
    hardware: str | None = None
    """Such as "VMware, medium"."""
    serial: str | None = None
    time_zone: str | None = None
    time: str | None = None
    """The system time when the dump was made, as written."""
    this_system: str | None = None
    """The entry of the list that the page marks as this system."""
    tls_mode: str | None = None
    """Enforcing, Permissive, or as written."""
    h323_mode: str | None = None
    """On, Off, or as written."""
    ip_protocol: str | None = None
    """Such as IPv4 or Both."""
    option_keys: Mapping[str, str] = field(default_factory=dict)
    """Keys to their descriptions, which may be empty."""
    ntp_servers: tuple[str, ...] | None = None
    """As configured, without empty ones; None if the dumps say nothing of them."""
    dns_servers: tuple[str, ...] | None = None
    alarms: tuple[ListedAlarm, ...] | None = None
    """The list of raised alarms; None if no list was dumped, which is not an empty one."""
    alternates: tuple[ListedPeer, ...] = ()
    """The peers of the list with the states that this peer sees them in."""
    database: str | None = None
    """The state of the cluster database."""

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """Its own addresses, and those that static NAT gives it."""
        return (*self.addresses, *self.nat_addresses.values())

    @property
    def listed(self) -> tuple[str, ...]:
        """The entries of the list of peers, without gaps."""
        return tuple(filter(None, self.peer_list or ()))

    @property
    def listed_primary(self) -> str | None:
        """The entry of the list that is the primary's; None if the list has no such entry."""
        number, entries = self.primary or 0, self.peer_list or ()
        return entries[number - 1] or None if 1 <= number <= len(entries) else None


def collect_facts(settings: Iterable[tuple[str, str]]) -> Facts:
    """Return the facts about one peer from the paths and values of all its dumps.

    Give those of xConfiguration first: if dumps contradict each other, the first one counts.
    """
    found = Lookup(settings)
    hostname, name, domain = map(found.first, ("hostname", "name", "domain"))
    tls_mode, h323_mode = map(found.first, ("tls_mode", "h323_mode"))
    product, product_is_edge = _product(found.first("product"))
    options: dict[str, str] = {}
    for row in found.rows("option"):
        if key := row["key"]:
            options[key] = row["description"] or options.get(key, "")
    is_edge = _is_edge(found)
    alarms = _alarms(found)
    shown = [row for row in found.rows("alternate") if row["status"] or row["certificate"]]
    alternates = tuple(dict.fromkeys(ListedPeer(**row) for row in shown if row["address"]))
    return Facts(
        name=name,
        hostname=hostname,
        domain=domain,
        fqdn=_fqdn(hostname, name, domain),
        addresses=_addresses(found),
        lan_addresses=_lan_addresses(found),
        external_interface=index_in((found.first("external_interface") or "").upper().removeprefix("LAN")),
        nat_addresses=_nat_addresses(found),
        cluster_name=found.first("cluster_name"),
        primary=index_in(found.first("primary")),
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


def _fqdn(hostname: str | None, name: str | None, domain: str | None) -> str | None:
    if hostname and "." in hostname:
        return hostname
    if hostname is None and name and _LABEL.fullmatch(name):
        hostname = name
    return f"{hostname}.{domain}" if hostname and domain else None


def _addresses(found: Lookup) -> tuple[str, ...]:
    by_interface = sorted(
        (interface, family, address)
        for family in ("address_v4", "address_v6")
        for interface, address in found.by_index(family).items()
        if address not in _NO_ADDRESS
    )
    return tuple(dict.fromkeys(address for *_, address in by_interface))


def _lan_addresses(found: Lookup) -> dict[int, str]:
    addresses = found.by_index("address_v4").items()
    return {n: "" if address in _NO_ADDRESS else address for n, address in addresses}


def _nat_addresses(found: Lookup) -> dict[int, str]:
    modes = found.by_index("nat_mode")
    return {
        interface: address
        for interface, address in found.by_index("nat_address").items()
        if _YES.get(modes.get(interface, "").casefold()) and address not in _NO_ADDRESS
    }


def _peer_list(peers: Mapping[int, str]) -> tuple[str, ...] | None:
    if not peers:
        return None
    last = max((index for index, address in peers.items() if address), default=0)
    return tuple(peers.get(index, "") for index in range(1, last + 1))


def _product(written: str | None) -> tuple[str | None, bool | None]:
    for pattern, name, is_edge in PRODUCTS:
        if written and pattern.search(written.casefold()):
            select = " Select" if _SELECT.search(written) else ""
            return f"{name}{select}", is_edge
    return written, None


def _filled(values: Mapping[int, str]) -> tuple[str, ...] | None:
    return tuple(filter(None, values.values())) if values else None


def _is_edge(found: Lookup) -> bool | None:
    flag = _YES.get((found.first("edge") or "").casefold())
    if flag is not None:
        return flag
    types = {value.replace(" ", "").casefold() for value in found.all("zone_type")}
    has_key = any("traversal server" in row["description"].casefold() for row in found.rows("option"))
    if has_key or "traversalserver" in types:
        return True
    return False if "traversalclient" in types else None


def _version(written: str | None) -> str | None:
    version = _VERSION.search(written or "")
    return written if version is None else f"X{version[0].removeprefix('X')}"


def _this_system(alternates: Iterable[ListedPeer], alarms: Iterable[ListedAlarm] | None) -> str | None:
    """Return the peer that a page marks as its own, else the peer of all its alarms."""
    marked = next((one.address for one in alternates if _THIS_SYSTEM.match(one.status)), None)
    peers = {alarm.peer for alarm in alarms or ()}
    return marked or (peers.pop() or None if len(peers) == 1 else None)


def _alarms(found: Lookup) -> tuple[ListedAlarm, ...] | None:
    """Return the listed alarms; only an empty alarm section proves that no alarm is raised."""
    rows = found.rows("alarm")
    if not rows and not found.is_empty("alarm"):
        return None
    return tuple(dict.fromkeys(ListedAlarm(**row) for row in rows if any(row.values())))


# ── times ───────────────────────────────────────────────────────────────────────────────────


def time_of(source: str, facts: Facts) -> datetime | None:
    """Return when a dump was made: its system time, else the time in its file's name, else None.

    A name with a date alone has no time.
    """
    return time_in(facts.time or "") or time_in(PurePosixPath(source.rpartition("!/")[2]).name)


def time_in(text: str) -> datetime | None:
    """Return the first time in a text; without an offset it is UTC, which xStatus writes."""
    found = _TIME.search(text)
    if found is None:
        return None
    *numbers, offset = found.groups()
    written = "{}-{}-{}T{}:{}:{}".format(*numbers) + (offset or "Z")
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
