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

_VERSION = 2
"""To be counted up when the compiler makes other tables of the same grammar."""


@dataclass(frozen=True)
class Tables:
    """An automaton for the terminals, and one for the rules.

    The second one's states are the stacks that an LALR parser can have: a log is a list of lists, so
    there are few, and what a parser does with a token, reductions and all, is one look into a table.
    Shapes, with D states of the first, S of the second, and T terminals:

    - ``classes`` (256): the class of each byte; bytes of a class lead to the same states everywhere.
    - ``next`` (D, W): the state behind a byte of a class; 0 is dead. W is a power of two, so that a
      place in it is found without a multiplication, and small, so that the table stays in the cache.
    - ``found`` (D): the terminal that ends here, -1 for none.
    - ``over`` (D): whether nothing leads on from here.
    - ``begin`` (S): where the first automaton begins; the second begins in its state 0.
    - ``step`` (S, V): the state n - 1 behind a terminal, 0 is an error. V is a power of two.
    - ``complete`` (S): whether the input may end here.
    """

    terminals: tuple[str, ...]
    classes: npt.NDArray[np.uint8]
    next: npt.NDArray[np.uint16]
    found: Numbers
    over: npt.NDArray[np.bool_]
    begin: Numbers
    step: npt.NDArray[np.uint16]
    complete: npt.NDArray[np.bool_]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What `logdiag.grammar.kernel.scan` runs."""
        return (
            self.classes,
            self.next.reshape(-1),
            np.uint64(_width(self.next)),
            self.found,
            self.over,
            self.begin,
            self.step.reshape(-1),
            np.uint64(_width(self.step)),
            self.complete,
        )

    def is_sound(self) -> bool:
        """Whether every number leads into the tables: machine code does not look."""
        states, parser_states = len(self.found), len(self.begin)
        return (
            self.classes.shape == (256,)
            and self.next.shape == (states, 1 << _width(self.next))
            and self.over.shape == (states,)
            and self.step.shape == (parser_states, 1 << _width(self.step))
            and self.step.shape[1] >= len(self.terminals)
            and self.complete.shape == (parser_states,)
            and parser_states > 0
            and _within(self.classes, 0, self.next.shape[1])
            and _within(self.next, 0, states)
            and _within(self.found, -1, len(self.terminals))
            and _within(self.begin, 0, states)
            and _within(self.step, 0, parser_states + 1)
        )


def _width(table: npt.NDArray[Any]) -> int:
    """How far a row's number is shifted to find the row."""
    return int(table.shape[1]).bit_length() - 1


def _within(values: npt.NDArray[np.integer], low: int, high: int) -> bool:
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
