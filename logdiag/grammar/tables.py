"""The tables of a compiled grammar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]

ENDS = 256
"""More than there are terminals; also the length of a row of a table, so that a shift finds it."""


@dataclass(frozen=True)
class Tables:
    """An automaton for the terminals, and one for the rules.

    The second one's states are the stacks that an LALR parser can have: a log is a list of lists, so
    there are few, and what a parser does with a token, reductions and all, is one look into a table.
    Shapes, with D states of the first, S of the second, and T terminals:

    - ``next`` (D, 256): the state behind a byte; 0 is dead.
    - ``ends`` (D): the terminal that ends here, counted from 1, and 0 for none; with `ENDS` added where
      nothing leads on from here.
    - ``begin`` (S): where the first automaton begins; the second begins in its state 0.
    - ``step`` (S, 256): the state n - 1 behind a terminal that is counted from 1, 0 is an error.
    - ``complete`` (S): whether the input may end here.
    """

    terminals: tuple[str, ...]
    next: npt.NDArray[np.uint16]
    ends: npt.NDArray[np.uint16]
    begin: Numbers
    step: npt.NDArray[np.uint16]
    complete: npt.NDArray[np.bool_]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What `logdiag.grammar.kernel.scan` runs."""
        return self.next.reshape(-1), self.ends, self.begin, self.step.reshape(-1), self.complete

    def is_sound(self) -> bool:
        """Whether every number leads into the tables: machine code does not look."""
        states, parser_states = len(self.ends), len(self.begin)
        return (
            self.next.shape == (states, 256)
            and self.step.shape == (parser_states, 256)
            and len(self.terminals) < ENDS
            and self.complete.shape == (parser_states,)
            and parser_states > 0
            and _within(self.next, 0, states)
            and _within(self.ends % ENDS, 0, len(self.terminals) + 1)
            and _within(self.begin, 0, states)
            and _within(self.step, 0, parser_states + 1)
        )


def _within(values: npt.NDArray[np.integer], low: int, high: int) -> bool:
    return bool(values.size == 0 or (values.min() >= low and values.max() < high))
