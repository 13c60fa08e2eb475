"""What stands for a literal: numbered words, or words that a key makes."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Container
from functools import lru_cache
from itertools import product
from typing import Protocol

from logdiag.redaction.addresses import AddressTokens
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.prefixes import Prefixes

_MOST_KNOWN = 1 << 15
_LETTERS = "bcdfghjklmnpqrstvwxz"
_THREE = ["".join(reversed(letters)) for letters in product(_LETTERS, repeat=3)]
"""All words of three letters: four numbers make a word of eleven."""


class Namer(Protocol):
    """Gives each literal a word, always the same one."""

    def word(self, kind: LiteralKind, literal: str, taken: Container[str]) -> str:
        """The word for a literal in lower case; ``taken`` are texts that no word may be."""

    def address(self, address: Address) -> str:
        """What stands for an IP address."""


class NumberedWords:
    """``host-1``, ``user-2``, in the order in which literals come up."""

    def __init__(self) -> None:
        self._addresses = AddressTokens()
        self._words: dict[tuple[LiteralKind, str], str] = {}
        self._last: Counter[LiteralKind] = Counter()

    def word(self, kind: LiteralKind, literal: str, taken: Container[str]) -> str:
        """The kind with the literal's number."""
        word = self._words.get((kind, literal))
        while word is None:
            self._last[kind] += 1
            # What a customer calls a thing is no token: nobody could tell the two apart.
            if (wanted := f"{kind}-{self._last[kind]}") not in taken:
                word = self._words[kind, literal] = wanted
        return word

    def address(self, address: Address) -> str:
        """Numbers that share what the addresses share."""
        return self._addresses.token(address)


class KeyedWords:
    """``host-xkqzbtrwmcd``: letters that only who has the key can make of the literal.

    There is no digit in them, so that no literal can seem to stand in one, nor one be an address.
    """

    def __init__(self, key: bytes) -> None:
        self._key = _derived(key, b"words")
        self._keyed = hmac.new(self._key, digestmod="sha256")
        self._word = lru_cache(_MOST_KNOWN)(self._made)
        self._prefixes = Prefixes(_derived(key, b"addresses"))

    def word(self, kind: LiteralKind, literal: str, taken: Container[str]) -> str:
        """The kind with letters."""
        return self._word(kind, literal)

    def _made(self, kind: LiteralKind, literal: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(literal.encode("utf-8", "surrogatepass"))
        number = int.from_bytes(keyed.digest()[:8], "big")
        number, first = divmod(number, len(_THREE))
        number, second = divmod(number, len(_THREE))
        number, third = divmod(number, len(_THREE))
        return f"{kind}-{_THREE[first]}{_THREE[second]}{_THREE[third]}{_THREE[number % len(_THREE)][:2]}"

    def address(self, address: Address) -> str:
        """An address that shares with others as many bits as this one did."""
        return self._prefixes.text(address)

    def bytes(self, given: bytes, length: int) -> bytes:
        """So many bytes in the place of others."""
        return hashlib.shake_256(hmac.digest(self._key, b"bytes" + given, "sha256")).digest(length)


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"logdiag redact: " + purpose, "sha256")
