"""The numbers of the automaton's states: along the ways that a sample takes, each is followed by the next.

The kernel guesses so. Which number a state has changes no token, only how soon it is there.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from logdiag.grammar.tables import ENDS, Tables


def numbered(tables: Tables, sample: bytes) -> Tables:
    """The same tables with other numbers: steps that the sample takes often lead to the next number."""
    order = _order(len(tables.ends), steps_of(tables, sample))
    number = np.empty(len(order), np.uint16)
    number[order] = np.arange(len(order))
    return replace(
        tables,
        next=number[tables.next[order]],
        ends=tables.ends[order],
        begin=number[tables.begin].astype(tables.begin.dtype),
    )


def steps_of(tables: Tables, sample: bytes) -> Counter[tuple[int, int]]:
    """How often the sample's tokens lead from which state to which other one."""
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
    """All states, those that often follow each other side by side: frequent steps have the first say."""
    after: dict[int, int] = {}
    first = list(range(size))  # of the row that ends with a state
    last = list(range(size))  # of the row that begins with a state
    taken: set[int] = set()
    for (one, then), _ in sorted(steps.items(), key=lambda item: (-item[1], item[0])):
        if one in after or then in taken or first[one] == then:
            continue
        after[one] = then
        taken.add(then)
        begin, end = first[one], last[then]
        first[end], last[begin] = begin, end
    order = []
    # The dead state stays in front: no step leads there.
    for state in range(size):
        row: int | None = state if state not in taken else None
        while row is not None:
            order.append(row)
            row = after.get(row)
    return order
