"""The tables of a compiled grammar."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ENDS = 256
"""More than there are terminals, and the length of a row of a table, so that a shift finds the row."""


@dataclass(frozen=True)
class Tables:
    """An automaton for the terminals, and one for the rules.

    The states of the second one are the stacks that an LALR parser can have. A log is a list of lists, so
    there are few, and one look into a table replaces all of a parser's reductions for a token.
    Shapes, with D states of the first, S of the second, and T terminals:

    - ``next`` (D, 256): the state after a byte; 0 is dead.
    - ``ends`` (D): the terminal that ends here, counted from 1; 0 for none; plus `ENDS` if no byte leads to
    another state.
    - ``begin`` (S): the first state of the first automaton; the second one begins in state 0.
    - ``step`` (S, 256): n for the state n - 1 after a terminal that is counted from 1; 0 is an error.
    - ``complete`` (S): whether the input may end here.
    """

    terminals: tuple[str, ...]
    next: npt.NDArray[np.uint16]
    ends: npt.NDArray[np.uint16]
    begin: npt.NDArray[np.int32]
    step: npt.NDArray[np.uint16]
    complete: npt.NDArray[np.bool_]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The arguments of `logdiag.grammar.kernel.scan`."""
        return self.next.reshape(-1), self.ends, self.begin, self.step.reshape(-1), self.complete

    def is_sound(self) -> bool:
        """Return whether every number leads into the tables: machine code does not check indices."""
        states, parser_states, terminals = len(self.ends), len(self.begin), len(self.terminals)
        return (
            self.next.shape == (states, 256)
            and self.step.shape == (parser_states, 256)
            and self.complete.shape == (parser_states,)
            and parser_states > 0
            and terminals < ENDS
            and _are_below(self.next, states)
            and _are_below(self.ends % ENDS, terminals + 1)
            and _are_below(self.begin, states)
            and _are_below(self.step, parser_states + 1)
        )


def _are_below(values: npt.NDArray[np.integer], limit: int) -> bool:
    return bool(values.size == 0 or (values.min() >= 0 and values.max() < limit))
