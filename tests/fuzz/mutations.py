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
