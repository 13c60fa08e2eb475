"""Numbers the automaton's states so that the steps of a sample text lead to the next number.

The kernel guesses that the next state has the next number. The numbers change no token, only the speed.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from logdiag.grammar.tables import ENDS, Tables


def renumber(tables: Tables, sample: bytes) -> Tables:
    """Return the same tables with other numbers: frequent steps of the sample lead to the next number."""
    order = _order(len(tables.ends), count_steps(tables, sample))
    number = np.empty(len(order), np.uint16)
    number[order] = np.arange(len(order))
    return replace(
        tables,
        next=number[tables.next[order]],
        ends=tables.ends[order],
        begin=number[tables.begin].astype(tables.begin.dtype),
    )


def count_steps(tables: Tables, sample: bytes) -> Counter[tuple[int, int]]:
    """Count the steps from one state to another one in the tokens of a sample."""
    following, ends, step = tables.next.tolist(), tables.ends.tolist(), tables.step.tolist()
    steps: Counter[tuple[int, int]] = Counter()
    state = place = 0
    while place < len(sample):
        here, at = int(tables.begin[state]), place
        found, end = 0, place
        while at < len(sample) and (then := following[here][sample[at]]):
            at += 1
            if then != here:
                steps[here, then] += 1
            here = then
            if ends[here]:
                found, end = ends[here], at
        if not found or not step[state][found % ENDS]:
            break  # not a text of this grammar
        state, place = step[state][found % ENDS] - 1, end
    return steps


def _order(size: int, steps: Counter[tuple[int, int]]) -> list[int]:
    """Return all states in chains of steps; the most frequent steps are joined first."""
    after: dict[int, int] = {}
    first = list(range(size))  # of the chain that ends with a state
    last = list(range(size))  # of the chain that begins with a state
    has_predecessor: set[int] = set()
    for (one, then), _ in sorted(steps.items(), key=lambda item: (-item[1], item[0])):
        if one in after or then in has_predecessor or first[one] == then:
            continue
        after[one] = then
        has_predecessor.add(then)
        begin, end = first[one], last[then]
        first[end], last[begin] = begin, end
    order = []
    # The dead state stays the first: no step leads there.
    for state in range(size):
        here: int | None = None if state in has_predecessor else state
        while here is not None:
            order.append(here)
            here = after.get(here)
    return order
