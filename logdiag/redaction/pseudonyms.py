"""Pseudonyms of literals: numbered words, or words that a key makes."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Container
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import product

from logdiag.redaction.addresses import carries_ipv4
from logdiag.redaction.literal_span import Address, LiteralKind

_MAX_CACHED = 1 << 15
_LINK_LOCAL = 0xFE80
_LETTERS = "bcdfghjklmnpqrstvwxz"
_TRIPLES = ["".join(reversed(letters)) for letters in product(_LETTERS, repeat=3)]
"""All words of three consonants: a pseudonym spells nothing."""

_V4 = """
0.0.0.0/8 127.0.0.0/8 224.0.0.0/4 255.0.0.0/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24
10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16
"""
_V6 = "::/96 ::ffff:0:0/96 64:ff9b::/96 ff00::/8 fc00::/7 fe80::/10 2001:db8::/32"
_RANGES = {
    4: [(int(net.network_address), net.prefixlen) for net in map(IPv4Network, _V4.split())],
    6: [(int(net.network_address), net.prefixlen) for net in map(IPv6Network, _V6.split())],
}


class NumberedWords:
    """Pseudonyms with numbers in the order in which literals come: ``host-1``, ``user-2``."""

    def __init__(self) -> None:
        self._numbers: dict[Address, dict[int, int]] = {}
        self._words: dict[tuple[LiteralKind, str], str] = {}
        self._last: Counter[LiteralKind] = Counter()

    def word(self, kind: LiteralKind, literal: str, taken: Container[str]) -> str:
        """Return the kind with the literal's number; it is not one of the ``taken`` texts."""
        word = self._words.get((kind, literal))
        while word is None:
            self._last[kind] += 1
            # A customer may call a thing host-1: nobody could tell the two apart.
            if (wanted := f"{kind}-{self._last[kind]}") not in taken:
                word = self._words[kind, literal] = wanted
        return word

    def address(self, address: Address) -> str:
        """Return ``ipv4-1.2.1.3`` or ``ipv6-1:1:2:1:1:1:1:1``; a link-local address keeps its ``fe80``.

        Each octet or group has a number below the one before it: two addresses share as many numbers
        as they share octets, from the left.
        """
        numbers = []
        for place, part in enumerate(address):
            siblings = self._numbers.setdefault((len(address), *address[:place]), {})
            numbers.append(str(siblings.setdefault(part, len(siblings) + 1)))
        if len(address) == 4:
            return "ipv4-" + ".".join(numbers)
        if address[0] == _LINK_LOCAL:
            numbers[0] = "fe80"
        return "ipv6-" + ":".join(numbers)


class KeyedWords:
    """Pseudonyms such as ``host-xkqzbtrwmcd`` that nobody can compute without the key.

    They contain no digits: no other literal and no address can be found in them. Addresses are mapped one to
    one, and ranges with a meaning (private, link-local, multicast) onto themselves.
    """

    def __init__(self, key: bytes) -> None:
        from yacryptopan import CryptoPAn

        self._key = _derive(key, b"words")
        self._hmac = hmac.new(self._key, digestmod="sha256")
        self._word = lru_cache(_MAX_CACHED)(self._make_word)
        self._cipher = CryptoPAn(_derive(key, b"addresses"))
        self.address = cache(self._make_address)

    def word(self, kind: LiteralKind, literal: str, taken: Container[str]) -> str:
        """Return the kind with eleven letters."""
        return self._word(kind, literal)

    def _make_word(self, kind: LiteralKind, literal: str) -> str:
        digest = self._hmac.copy()
        digest.update(literal.encode("utf-8", "surrogatepass"))
        number = int.from_bytes(digest.digest()[:8], "big")
        letters = ""
        for _ in range(4):
            number, index = divmod(number, len(_TRIPLES))
            letters += _TRIPLES[index]
        return f"{kind}-{letters[:11]}"

    def _make_address(self, address: Address) -> str:
        """Return the spelling of the address that replaces one."""
        width = 8 if len(address) == 4 else 16
        number = sum(part << width * place for place, part in enumerate(reversed(address)))
        if len(address) == 4:
            return str(IPv4Address(self._mapped(number, 4)))
        if carries_ipv4(address):
            return str(IPv6Address(number >> 32 << 32 | self._mapped(number & 0xFFFFFFFF, 4)))
        return str(IPv6Address(self._mapped(number, 6)))

    def _mapped(self, number: int, version: int) -> int:
        # Crypto-PAn flips each bit or not, depending on the bits before it. If these are the beginning of a
        # range with a meaning, the bit stays: no address gets into such a range or out of it, and what
        # addresses share stays exact.
        width = 32 if version == 4 else 128
        # The bit after those shared with a range stays as well; within the range it is free.
        kept = 1 + max(
            min(width - (number ^ first).bit_length(), length - 1) for first, length in _RANGES[version]
        )
        changed = int(self._cipher.anonymize_bin(number, version)) ^ number
        return number ^ (changed & ((1 << max(width - kept, 0)) - 1))

    def bytes(self, given: bytes, length: int) -> bytes:
        """Return a number of bytes that replace others."""
        return hashlib.shake_256(hmac.digest(self._key, b"bytes" + given, "sha256")).digest(length)


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"logdiag redact: " + purpose, "sha256")
