"""Map addresses to others that share as many leading bits as before (Crypto-PAn)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from logdiag.redaction.addresses import carries_ipv4
from logdiag.redaction.literal_span import Address

_V4 = """
0.0.0.0/8 127.0.0.0/8 224.0.0.0/4 255.0.0.0/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24
10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16
"""
_V6 = "::/96 ::ffff:0:0/96 64:ff9b::/96 ff00::/8 fc00::/7 fe80::/10 2001:db8::/32"
_RANGES = {
    4: [(int(net.network_address), net.prefixlen) for net in map(IPv4Network, _V4.split())],
    6: [(int(net.network_address), net.prefixlen) for net in map(IPv6Network, _V6.split())],
}


class PrefixMap:
    """Maps addresses one to one, and ranges with a meaning (private, link-local, multicast) onto themselves.

    Crypto-PAn flips each bit or not, depending on the bits before it. If these are the beginning of a range
    with a meaning, the bit stays: no address gets into such a range or out of it, and what addresses share
    stays exact.
    """

    def __init__(self, key: bytes) -> None:
        from yacryptopan import CryptoPAn

        self._cipher = CryptoPAn(key)

    def map(self, address: Address) -> str:
        """Return the spelling of the address that replaces one."""
        width = 8 if len(address) == 4 else 16
        number = sum(part << width * place for place, part in enumerate(reversed(address)))
        if len(address) == 4:
            return str(IPv4Address(self._mapped(number, 4)))
        if carries_ipv4(address):
            return str(IPv6Address(number >> 32 << 32 | self._mapped(number & 0xFFFFFFFF, 4)))
        return str(IPv6Address(self._mapped(number, 6)))

    def _mapped(self, number: int, version: int) -> int:
        width = 32 if version == 4 else 128
        # The bit after those shared with a range stays as well; within the range it is free.
        kept = 1 + max(
            min(width - (number ^ first).bit_length(), length - 1) for first, length in _RANGES[version]
        )
        changed = int(self._cipher.anonymize_bin(number, version)) ^ number
        return number ^ (changed & ((1 << max(width - kept, 0)) - 1))
