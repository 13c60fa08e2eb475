"""The tokens of the compiled grammar, one by one: those of Lark, sooner where there are many."""

from collections.abc import Iterator

import numpy as np

from logdiag.grammar.kernel import scan
from logdiag.grammar.lark_reader import Token
from logdiag.grammar.table_cache import tables


def tokens(log: bytes, grammar: str) -> Iterator[Token]:
    """The tokens of a text, in order, as `logdiag.grammar.tokens` gives them."""
    found = tables(grammar)
    every = np.arange(len(found.terminals), dtype=np.uint8)
    terminals, places = np.empty(len(log), np.uint8), np.empty(len(log), np.int32)
    count, place = scan(
        np.frombuffer(log, np.uint8),
        *found.arrays,
        every,
        terminals,
        places,
    )
    if count < 0:
        # A grammar accepts every byte in every state: a test holds it to that.
        raise AssertionError(f"the grammar {grammar} has no way on at byte {place} of {log[:100]!r}")
    start = 0
    for terminal, end in zip(terminals[:count].tolist(), places[:count].tolist(), strict=True):
        yield Token(found.terminals[terminal], start, end)
        start = end
