"""Make inputs for the fuzz targets: fixed mutations of seeds."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent
SAMPLES = TESTS.parent / "sample_logs"

# The folders with the builders of the hostile corpus, and with fragments of logs and dumps.
sys.path += [str(TESTS / name) for name in ("", "hostile", "dumps") if str(TESTS / name) not in sys.path]

LARGEST = 4096
"""Bytes of a seed. A fuzzer finds more with small inputs."""

ARCHIVE_WORDS = [
    b"ustar",
    b"PK\1\2",
    b"PK\3\4",
    b"PK\5\6",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ\0",
]
ARCHIVE_WORDS += [b"GNU.sparse.size=", b"size=", b"path=", bytes(512), b"\x80" + b"\xff" * 11]
"""What the headers of archives contain, for the dictionary of a target."""

_BLOCK = 512
_SUM = slice(148, 156)


def kept(target: str) -> list[bytes]:
    """Return the kept inputs of a target."""
    return [path.read_bytes() for path in sorted((TESTS / "fuzz" / "corpus" / target).glob("*"))]


def with_tar_checksums(content: bytes) -> bytes:
    """Return the bytes with correct checksums in tar headers: a random mutation never makes them correct."""
    corrected = bytearray(content)
    for start in range(0, len(content) - _BLOCK + 1, _BLOCK):
        block = corrected[start : start + _BLOCK]
        if block[257:262] == b"ustar":
            block[_SUM] = b" " * 8
            corrected[start + _SUM.start : start + _SUM.stop] = b"%06o\0 " % sum(block)
    return bytes(corrected)


def mutations(seeds: list[bytes], pieces: list[bytes], count: int) -> Iterator[bytes]:
    """Yield seeds with a few random changes each, the same in every run."""
    for number in range(count):
        choice = random.Random(number)
        content = bytearray(choice.choice(seeds))
        for _ in range(choice.randint(1, 5)):
            _change(content, choice, seeds, pieces)
        yield bytes(content)


def _change(content: bytearray, choice: random.Random, seeds: list[bytes], pieces: list[bytes]) -> None:
    start = choice.randint(0, len(content))
    end = min(len(content), start + choice.choice((0, 1, 1, 4, 40, 512)))
    match choice.randint(0, 4):
        case 0:
            content[start:end] = choice.randbytes(end - start)
        case 1:
            del content[start:end]
        case 2:
            content[start:start] = content[start:end] * choice.randint(1, 9)
        case 3:
            content[start:end] = choice.choice(pieces)
        case _:
            content[start:] = choice.choice(seeds)[start:]
