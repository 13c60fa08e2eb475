"""IP and MAC addresses in a text, and the numbers that stand for them."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from logdiag.redaction.found import Found, masked

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
# The software is called X8.11.4 and v14.0.1.2: that is no address.
_V4 = re.compile(rf"(?<![0-9])(?<!\b[XxVv]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])")
_V6 = re.compile(r"(?<![0-9A-Fa-f:])[0-9A-Fa-f:]{2,}+(?:\.[0-9]{1,3}){0,3}")
_LONGEST_V6 = 60
_MAC = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"
    r"(?![0-9A-Za-z:]|[.-][0-9A-Fa-f])"
)
_NO_MAC = {"0" * 12, "f" * 12}
_LINK_LOCAL = 0xFE80

# Loopback, "this network", netmasks and broadcast, multicast, and what is set aside for documents.
_COMMON_V4 = [
    *(IPv4Network("127.0.0.0/8"), IPv4Network("0.0.0.0/8"), IPv4Network("255.0.0.0/8")),
    *(IPv4Network("224.0.0.0/4"), IPv4Network("192.0.2.0/24"), IPv4Network("198.51.100.0/24")),
    IPv4Network("203.0.113.0/24"),
]
_COMMON_V6 = [IPv6Network("::/127"), IPv6Network("ff00::/8"), IPv6Network("2001:db8::/32")]
# What follows these is an IPv4 address, which is replaced as such.
_CARRIERS = [IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96")]


def find_addresses(text: str) -> Iterator[Found]:
    """The IP addresses of a text that say something of a customer, in their order."""
    found = list(_find_v6(text))
    for match in _V4.finditer(masked(text, found)):
        if not any(address_of(match[0]) in network for network in _COMMON_V4):
            found.append(Found(match.start(), match.end(), "ipv4"))
    return iter(sorted(found))


def _find_v6(text: str) -> Iterator[Found]:
    for match in _V6.finditer(text):
        run = match[0]
        if len(run) > _LONGEST_V6 or run.count(":") < 2:
            continue
        start = match.start()
        # A colon before or behind it belongs to the sentence.
        if run[0] == ":" != run[1]:
            run, start = run[1:], start + 1
        if run[-1] == ":" != run[-2]:
            run = run[:-1]
        address = _parsed(run)
        if not isinstance(address, IPv6Address) or not any(char.isdigit() for char in run):
            continue
        if "." in run and any(address in network for network in _CARRIERS):
            continue
        if not any(address in network for network in _COMMON_V6):
            yield Found(start, start + len(run), "ipv6")


def find_macs(text: str) -> Iterator[Found]:
    """The MAC addresses of a text. With dashes and without a letter it may be a time, and is none."""
    for match in _MAC.finditer(text):
        if plain_mac(match[0]) not in _NO_MAC and (
            ":" in match[0] or re.search("[A-Fa-f]", match[0]) is not None
        ):
            yield Found(match.start(), match.end(), "mac")


def plain_mac(text: str) -> str:
    """A MAC address as its twelve digits."""
    return re.sub("[:.-]", "", text).lower()


def address_of(text: str) -> IPv4Address | IPv6Address:
    """The address that `find_addresses` found; leading zeros say nothing."""
    parsed = _parsed(text)
    return parsed if parsed is not None else IPv4Address(bytes(map(int, text.split("."))))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether a text is an IP address and nothing else."""
    return _parsed(text) is not None


class AddressTokens:
    """Numbers addresses octet by octet (of IPv6 group by group), each below what stands before it.

    Two addresses share as many numbers as they share octets, from the left.
    """

    def __init__(self) -> None:
        self._below: dict[tuple[int, ...], dict[int, int]] = {}

    def token(self, address: IPv4Address | IPv6Address) -> str:
        """``ipv4-1.2.1.3``, ``ipv6-1:1:2:1:1:1:1:1``; a link-local one keeps its ``fe80``."""
        if isinstance(address, IPv4Address):
            return "ipv4-" + ".".join(self._numbers((4,), list(address.packed)))
        packed = address.packed
        groups = [packed[i] << 8 | packed[i + 1] for i in range(0, 16, 2)]
        numbers = self._numbers((6,), groups)
        if groups[0] == _LINK_LOCAL:
            numbers[0] = "fe80"
        return "ipv6-" + ":".join(numbers)

    def _numbers(self, place: tuple[int, ...], parts: list[int]) -> list[str]:
        numbers = []
        for part in parts:
            siblings = self._below.setdefault(place, {})
            numbers.append(str(siblings.setdefault(part, len(siblings) + 1)))
            place = (*place, part)
        return numbers
