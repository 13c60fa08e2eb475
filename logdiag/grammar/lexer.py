"""Splits a text into tokens by a compiled grammar: the same tokens as Lark, faster for large texts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from logdiag.grammar.lark_reader import Token
from logdiag.grammar.machine_code import MachineCode
from logdiag.grammar.table_cache import tables
from logdiag.grammar.tables import Tables

_scan = MachineCode("logdiag.grammar.kernel", "scan", results=2)


def tokens(log: bytes, grammar: str) -> Iterator[Token]:
    """Return the tokens of a text, in order, as `logdiag.grammar.tokens` does."""
    found = tables(grammar)
    numbers = np.arange(len(found.terminals), dtype=np.uint8)
    terminals, ends = np.empty(len(log), np.uint8), np.empty(len(log), np.int32)
    count = scan(np.frombuffer(log, np.uint8), found, numbers, terminals, ends)
    start = 0
    for terminal, end in zip(terminals[:count].tolist(), ends[:count].tolist(), strict=True):
        yield Token(found.terminals[terminal], start, end)
        start = end


def scan(
    log: npt.NDArray[np.uint8],
    grammar: Tables,
    meanings: npt.NDArray[np.uint8],
    tokens: npt.NDArray[Any],
    places: npt.NDArray[Any],
) -> int:
    """Write the meaning and the end of each token, as `logdiag.grammar.kernel.scan`; return the number."""
    count, place = _scan(log, *grammar.arrays, meanings, tokens, places)
    if count < 0:
        # A test holds that a grammar accepts every byte in every state.
        raise AssertionError(f"the grammar has no way on at byte {place} of {log[:100].tobytes()!r}")
    return count
