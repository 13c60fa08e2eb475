"""Find IP and MAC addresses in a text."""

import re
from collections.abc import Container, Iterator
from ipaddress import IPv6Address, ip_address

from logdiag.redaction.literal_span import Address, LiteralSpan, mask
from logdiag.redaction.spellings import find_numbers, find_spelled, from_bytes, read_spelled

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
# The software is called X8.11.4 and v14.0.1.2: these are not addresses.
_V4 = re.compile(rf"(?<![0-9])(?<!\b[XxVv]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])")
_V6 = re.compile(r"(?<![0-9A-Fa-f:])[0-9A-Fa-f:]{2,}+(?:\.[0-9]{1,3}){0,3}")
_MAYBE_V6 = re.compile(r":[0-9A-Fa-f]{0,4}:")
_MAX_V6_LENGTH = 60
_MAC = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})"
    r"(?![0-9A-Za-z:]|[.-][0-9A-Fa-f])"
)
_COMMON_MACS = {"0" * 12, "f" * 12}
_IPV4_MAPPED, _NAT64 = (0, 0, 0, 0, 0, 0xFFFF), (0x64, 0xFF9B, 0, 0, 0, 0)


def is_common(address: Address) -> bool:
    """Return whether an address belongs to nobody: loopback, netmask, broadcast, multicast, documentation."""
    first = address[0]
    if len(address) == 4:
        documentation = ((192, 0, 2), (198, 51, 100), (203, 0, 113))
        return first in (0, 127, 255) or 224 <= first < 240 or address[:3] in documentation
    return first >> 8 == 0xFF or address[:2] == (0x2001, 0xDB8) or (not any(address[:7]) and address[7] < 2)


def carries_ipv4(address: Address) -> bool:
    """Return whether the end of an IPv6 address is an IPv4 address, which is replaced as such."""
    return address[:6] in (_IPV4_MAPPED, _NAT64)


def find_addresses(text: str, known: Container[Address | str] = ()) -> Iterator[LiteralSpan]:
    """Find the IP addresses of a text in their order, without those that belong to nobody.

    Numbers and lists are an address if it is one of the ``known``.
    """
    spans = sorted(find_spelled(text))
    spans = sorted([*spans, *find_numbers(mask(text, spans) if spans else text, known)])
    found = [span for span in spans if not is_common(address_of(text[span.start : span.end]))]
    if spans:
        text = mask(text, spans)
    if text.count(":") > 1 and _MAYBE_V6.search(text):
        found += _find_v6(text)
        text = mask(text, sorted(found))
    if text.count(".") >= 3:
        matches = _V4.finditer(text)
        found += (LiteralSpan(*one.span(), "ipv4") for one in matches if not is_common(address_of(one[0])))
    return iter(sorted(found))


def _find_v6(text: str) -> Iterator[LiteralSpan]:
    for match in _V6.finditer(text):
        run, start = match[0], match.start()
        if len(run) > _MAX_V6_LENGTH or run.count(":") < 2:
            continue
        # A single colon before or after the address belongs to the sentence.
        if run[0] == ":" != run[1]:
            run, start = run[1:], start + 1
        if run[-1] == ":" != run[-2]:
            run = run[:-1]
        if not any(map(str.isdigit, run)) or not is_address(run):
            continue
        address = address_of(run)
        if not is_common(address) and not ("." in run and carries_ipv4(address)):
            yield LiteralSpan(start, start + len(run), "ipv6")


def find_macs(text: str) -> Iterator[LiteralSpan]:
    """Find the MAC addresses of a text. With dashes and without a letter it may be a time."""
    if max(text.count(":"), text.count("-")) < 5 and text.count(".") < 2:
        return
    for match in _MAC.finditer(text):
        digits = plain_mac(match[0])
        if digits not in _COMMON_MACS and (":" in match[0] or not digits.isdigit()):
            yield LiteralSpan(*match.span(), "mac")


def plain_mac(text: str) -> str:
    """Return the twelve digits of a MAC address."""
    return text.translate({ord(sign): None for sign in ":.-"}).lower()


def address_of(text: str) -> Address:
    """Return the address of any spelling; leading zeros do not count."""
    if ":" not in text:
        spelled = read_spelled(text)
        return spelled if spelled is not None else tuple(map(int, text.split(".")))
    return from_bytes(IPv6Address(text).packed)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
