"""Splits a text into tokens by a compiled grammar: the same tokens as Lark, faster for large texts."""

from collections.abc import Iterator

import numpy as np

from logdiag.grammar.kernel import scan
from logdiag.grammar.lark_reader import Token
from logdiag.grammar.table_cache import tables


def tokens(log: bytes, grammar: str) -> Iterator[Token]:
    """Return the tokens of a text, in order, as `logdiag.grammar.tokens` does."""
    found = tables(grammar)
    numbers = np.arange(len(found.terminals), dtype=np.uint8)
    terminals, ends = np.empty(len(log), np.uint8), np.empty(len(log), np.int32)
    count, place = scan(np.frombuffer(log, np.uint8), *found.arrays, numbers, terminals, ends)
    if count < 0:
        # A test holds that a grammar accepts every byte in every state.
        raise AssertionError(f"the grammar {grammar} has no way on at byte {place} of {log[:100]!r}")
    start = 0
    for terminal, end in zip(terminals[:count].tolist(), ends[:count].tolist(), strict=True):
        yield Token(found.terminals[terminal], start, end)
        start = end
