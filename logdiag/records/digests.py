"""Digests of records: two that are the same to the letter have the same one.

They are compared within one run only, and begin with a number that nobody can know before (the seed): a
log cannot be written so that another record has the digest of one in it.
"""

import secrets
import struct

FACTOR = 0x9E37_79B9_7F4A_7C15
SHIFT = 32
SEED = secrets.randbits(64)
"""Of all that this process reads for itself."""

_WORDS = 0xFFFF_FFFF_FFFF_FFFF


def digest(raw: bytes | bytearray, seed: int = SEED) -> int:
    """A number of 64 bits, made of words of 8 bytes."""
    whole = len(raw) // 8
    words = struct.unpack_from(f"<{whole}Q", raw)
    found = seed ^ len(raw)
    for word in (*words, int.from_bytes(raw[8 * whole :], "little")):
        found = ((found ^ word) * FACTOR) & _WORDS
        found ^= found >> SHIFT
    return found
