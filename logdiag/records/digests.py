"""Digests of records: records with the same bytes have the same digest.

Digests are compared within one run only. They start with a random number (the seed), so that nobody can
write a log in which another record has the same digest.
"""

import secrets
import struct

FACTOR = 0x9E37_79B9_7F4A_7C15
SHIFT = 32
SEED = secrets.randbits(64)
"""The seed of this process."""

_WORDS = 0xFFFF_FFFF_FFFF_FFFF


def digest(raw: bytes | bytearray, seed: int = SEED) -> int:
    """Return a 64-bit digest, computed from words of 8 bytes."""
    whole = len(raw) // 8
    words = struct.unpack_from(f"<{whole}Q", raw)
    found = seed ^ len(raw)
    for word in (*words, int.from_bytes(raw[8 * whole :], "little")):
        found = ((found ^ word) * FACTOR) & _WORDS
        found ^= found >> SHIFT
    return found
