"""IP and MAC addresses in a text, and the numbers that stand for them."""

import re
from collections.abc import Container, Iterator
from ipaddress import IPv6Address, ip_address

from logdiag.redaction.literal_span import Address, LiteralSpan, mask
from logdiag.redaction.spellings import find_numbers, find_spelled, read_spelled

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
# The software is called X8.11.4 and v14.0.1.2: that is no address.
_V4 = re.compile(rf"(?<![0-9])(?<!\b[XxVv]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])")
_V6 = re.compile(r"(?<![0-9A-Fa-f:])[0-9A-Fa-f:]{2,}+(?:\.[0-9]{1,3}){0,3}")
_MAYBE_V6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_LONGEST_V6 = 60
_MAC = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"
    r"(?![0-9A-Za-z:]|[.-][0-9A-Fa-f])"
)
_NO_MAC = {"0" * 12, "f" * 12}
_LINK_LOCAL = 0xFE80
_OCTETS = 4


def is_common(address: Address) -> bool:
    """Whether an address is nobody's: loopback, netmask, broadcast, multicast, one for documents."""
    if len(address) == _OCTETS:
        return (
            address[0] in (0, 127, 255)
            or 224 <= address[0] < 240
            or address[:3] in ((192, 0, 2), (198, 51, 100), (203, 0, 113))
        )
    return (
        address[0] >> 8 == 0xFF or address[:2] == (0x2001, 0xDB8) or (not any(address[:7]) and address[7] < 2)
    )


def carries(address: Address) -> bool:
    """Whether the end of an IPv6 address is an IPv4 address, which is replaced as such."""
    return address[:6] in ((0, 0, 0, 0, 0, 0xFFFF), (0x64, 0xFF9B, 0, 0, 0, 0))


def find_addresses(text: str, known: Container[Address | str] = ()) -> Iterator[LiteralSpan]:
    """The IP addresses of a text that say something of a customer, in their order.

    Numbers and lists are an address if it is one of the ``known``.
    """
    spelled = sorted(find_spelled(text))
    spelled = sorted([*spelled, *find_numbers(mask(text, spelled) if spelled else text, known)])
    found = [one for one in spelled if not is_common(address_of(text[one.start : one.end]))]
    if spelled:
        text = mask(text, spelled)
    if text.count(":") > 1 and _MAYBE_V6.search(text):
        found += _find_v6(text)
        text = mask(text, sorted(found))
    if text.count(".") >= _OCTETS - 1:
        found += (
            LiteralSpan(match.start(), match.end(), "ipv4")
            for match in _V4.finditer(text)
            if not is_common(address_of(match[0]))
        )
    return iter(sorted(found))


def _find_v6(text: str) -> Iterator[LiteralSpan]:
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
        if not any(map(str.isdigit, run)) or not is_address(run):
            continue
        address = address_of(run)
        if not is_common(address) and not ("." in run and carries(address)):
            yield LiteralSpan(start, start + len(run), "ipv6")


def find_macs(text: str) -> Iterator[LiteralSpan]:
    """The MAC addresses of a text. With dashes and without a letter it may be a time, and is none."""
    if max(text.count(":"), text.count("-")) < 5 and text.count(".") < 2:
        return
    for match in _MAC.finditer(text):
        if plain_mac(match[0]) not in _NO_MAC and (
            ":" in match[0] or re.search("[A-Fa-f]", match[0]) is not None
        ):
            yield LiteralSpan(match.start(), match.end(), "mac")


def plain_mac(text: str) -> str:
    """A MAC address as its twelve digits."""
    return re.sub("[:.-]", "", text).lower()


def address_of(text: str) -> Address:
    """The address that was found, in whatever spelling; leading zeros say nothing."""
    if ":" not in text:
        spelled = read_spelled(text)
        return spelled if spelled is not None else tuple(map(int, text.split(".")))
    packed = IPv6Address(text).packed
    return tuple(packed[i] << 8 | packed[i + 1] for i in range(0, 16, 2))


def is_address(text: str) -> bool:
    """Whether a text is an IP address and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class AddressTokens:
    """Numbers addresses octet by octet (of IPv6 group by group), each below what stands before it.

    Two addresses share as many numbers as they share octets, from the left.
    """

    def __init__(self) -> None:
        self._below: dict[tuple[int, ...], dict[int, int]] = {}

    def token(self, address: Address) -> str:
        """``ipv4-1.2.1.3``, ``ipv6-1:1:2:1:1:1:1:1``; a link-local one keeps its ``fe80``."""
        numbers = self._numbers(address)
        if len(address) == _OCTETS:
            return "ipv4-" + ".".join(numbers)
        if address[0] == _LINK_LOCAL:
            numbers[0] = "fe80"
        return "ipv6-" + ":".join(numbers)

    def _numbers(self, address: Address) -> list[str]:
        numbers = []
        place: Address = (len(address),)
        for part in address:
            siblings = self._below.setdefault(place, {})
            numbers.append(str(siblings.setdefault(part, len(siblings) + 1)))
            place = (*place, part)
        return numbers
