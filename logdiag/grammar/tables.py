"""The tables of a compiled grammar."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, fields
from functools import cache as once
from typing import Any

import numpy as np
import numpy.typing as npt

from logdiag import cache, resources

Numbers = npt.NDArray[np.int32]

_VERSION = 1
"""To be counted up when the compiler makes other tables of the same grammar."""


@dataclass(frozen=True)
class Tables:
    """An automaton for the terminals and an LALR table for the rules.

    Shapes, with D states of the automaton, S of the parser, T terminals, N symbols and R rules:

    - ``next`` (D, 256): the state behind a byte; 0 is dead.
    - ``found`` (D): the terminal that ends here, -1 for none.
    - ``begin`` (S): where the automaton begins.
    - ``action`` (S, T + 1): shift to the state n - 1, reduce by rule -n - 1, 0 is an error. The last
      column is the end of the input.
    - ``goto`` (S, N): the state behind a symbol.
    - ``pops``, ``makes`` (R): how many states a rule takes away, and the symbol that it makes.
    - ``ends``: the first state, and the one in which the input may end.
    """

    terminals: tuple[str, ...]
    next: npt.NDArray[np.int16]
    found: Numbers
    begin: Numbers
    action: Numbers
    goto: Numbers
    pops: Numbers
    makes: Numbers
    ends: Numbers

    def is_sound(self) -> bool:
        """Whether every number leads into the tables: machine code does not look."""
        states, parser_states = len(self.found), len(self.begin)
        rules, symbols = len(self.pops), self.goto.shape[1]
        return (
            self.next.shape == (states, 256)
            and self.action.shape == (parser_states, len(self.terminals) + 1)
            and self.goto.shape[0] == parser_states
            and len(self.makes) == rules
            and len(self.ends) == 2
            and _within(self.next, 0, states)
            and _within(self.found, -1, len(self.terminals))
            and _within(self.begin, 0, states)
            and _within(self.action, -rules, parser_states + 1)
            and _within(self.goto, 0, parser_states)
            and _within(self.pops, 0, parser_states)
            and _within(self.makes, 0, symbols)
            and _within(self.ends, 0, parser_states)
        )


def _within(values: npt.NDArray[np.signedinteger], low: int, high: int) -> bool:
    return bool(values.size == 0 or (values.min() >= low and values.max() < high))


@once
def tables(name: str) -> Tables:
    """The tables of ``grammars/NAME.lark``, from the cache or compiled.

    Raises:
        GrammarError: the grammar cannot be compiled.

    """
    path = resources.folder("grammars") / f"{name}.lark"
    text = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{_VERSION}\n{text}".encode()).hexdigest()
    file = f"{name}-{digest[:32]}.npz"
    known = _unpacked(cache.kept(file))
    if known is None:
        from logdiag.grammar.compiler import compiled

        known = compiled(text, f"{name}.lark")
        cache.keep(file, _packed(known))
    return known


def _packed(tables: Tables) -> bytes:
    content = io.BytesIO()
    arrays: dict[str, Any] = {one.name: np.array(getattr(tables, one.name)) for one in fields(Tables)}
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def _unpacked(content: bytes | None) -> Tables | None:
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {one.name: arrays[one.name] for one in fields(Tables)}
        tables = Tables(**{**found, "terminals": tuple(found["terminals"].tolist())})
        return tables if tables.is_sound() else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile):
        return None
