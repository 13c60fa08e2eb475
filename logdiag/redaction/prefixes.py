"""Addresses in the place of others, which share as many leading bits as those did (Crypto-PAn)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from logdiag.redaction.addresses import carries
from logdiag.redaction.literal_span import Address

_V4 = (
    *("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.0.0.0/8"),
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
)
_V6 = ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "ff00::/8", "fc00::/7", "fe80::/10", "2001:db8::/32")


class Prefixes:
    """Maps addresses one to one, and ranges with a meaning (private, link-local, multicast) onto themselves.

    Crypto-PAn flips each bit or not by the bits before it. Where these are the beginning of a range
    with a meaning, the bit stays: then no address gets into such a range or out of it, and what
    addresses share stays exact.
    """

    def __init__(self, key: bytes) -> None:
        from yacryptopan import CryptoPAn

        self._cipher = CryptoPAn(key)
        self._texts: dict[Address, str] = {}

    def text(self, address: Address) -> str:
        """What stands for an address, as it is written."""
        text = self._texts.get(address)
        if text is None:
            text = self._texts[address] = self._text(address)
        return text

    def _text(self, address: Address) -> str:
        if len(address) == 4:
            return str(IPv4Address(self._mapped(int.from_bytes(bytes(address), "big"), 4)))
        number = 0
        for group in address:
            number = number << 16 | group
        if carries(address):
            number = number >> 32 << 32 | self._mapped(number & 0xFFFFFFFF, 4)
        else:
            number = self._mapped(number, 6)
        return str(IPv6Address(number))

    def _mapped(self, number: int, version: int) -> int:
        width, ranges = (32, _RANGES_V4) if version == 4 else (128, _RANGES_V6)
        kept = max(_shared(number, first, width, length) for first, length in ranges) + 1
        changed = int(self._cipher.anonymize_bin(number, version)) ^ number
        return number ^ (changed & ((1 << max(width - kept, 0)) - 1))


def _shared(number: int, first: int, width: int, length: int) -> int:
    """How many leading bits an address has in common with a range; in the range, all of those but one.

    One less, because the bit behind those that are shared stays as well; within the range it is free.
    """
    return min(width - (number ^ first).bit_length(), length - 1)


def _ranges(texts: Iterable[str]) -> tuple[tuple[int, int], ...]:
    networks = [IPv6Network(text) if ":" in text else IPv4Network(text) for text in texts]
    return tuple((int(network.network_address), network.prefixlen) for network in networks)


_RANGES_V4, _RANGES_V6 = _ranges(_V4), _ranges(_V6)
