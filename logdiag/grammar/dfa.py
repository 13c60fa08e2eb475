"""From instructions to a deterministic automaton: one table, next state by state and byte.

Each state is the list of instructions that are tried at once, in the order of preference. Behind
the end of a terminal nothing less preferred is tried, so the last end on the way is the one that
``re`` finds: first by preference, not by length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from logdiag.grammar.nfa import CompilerError, Found, Program, Read, Ways

DEAD = 0
"""The state that nothing leads out of."""

_MOST = 30_000

_State = tuple[int, ...]


@dataclass(frozen=True)
class Automaton:
    """Tables of a deterministic automaton.

    ``next`` is the state by state and byte; ``found`` is for each state the terminal that ends there or
    -1, ``starts`` the state for each list of terminals that was asked for. ``collisions`` are pairs of
    terminals of one priority that find the same text.
    """

    next: npt.NDArray[np.uint16]
    found: npt.NDArray[np.int32]
    starts: tuple[int, ...]
    collisions: frozenset[tuple[int, int]]


def determined(program: Program, starts: Sequence[Sequence[int]], priorities: Sequence[int]) -> Automaton:
    """The automaton for some starts, each a list of addresses by preference.

    Raises:
        CompilerError: it would be too large.

    """
    classes, members = _byte_classes(program)
    closures: dict[int, _State] = {}
    collisions: set[tuple[int, int]] = set()

    def follow(addresses: _State) -> _State:
        """The instructions that read or end, in order, without those behind the first end."""
        state: dict[int, None] = {}
        for address in addresses:
            if address not in closures:
                closures[address] = tuple(_reached(program, address))
            state.update(dict.fromkeys(closures[address]))
        ends = [p for p in state if isinstance(program.instructions[p], Found)]
        if not ends:
            return tuple(state)
        first, *others = (program.instructions[end].terminal for end in ends)  # type: ignore[union-attr]
        collisions.update((first, one) for one in others if priorities[one] == priorities[first])
        order = list(state)
        return tuple(order[: order.index(ends[0]) + 1])

    numbers: dict[_State, int] = {(): DEAD}
    waiting: list[_State] = [()]

    @cache
    def number(addresses: _State) -> int:
        state = follow(addresses)
        if state not in numbers:
            if len(numbers) >= _MOST:
                raise CompilerError(f"the terminals need more than {_MOST:,} states together")
            numbers[state] = len(numbers)
            waiting.append(state)
        return numbers[state]

    begun = [number(tuple(start)) for start in starts]
    rows: list[list[int]] = []
    found: list[int] = []
    done = 0
    while done < len(waiting):
        state = waiting[done]
        done += 1
        instructions = [program.instructions[address] for address in state]
        reads = [one for one in instructions if isinstance(one, Read)]
        found.append(next((one.terminal for one in instructions if isinstance(one, Found)), -1))
        rows.append([number(tuple([r.then for r in reads if one in r.bytes])) for one in members])
    return Automaton(
        next=np.array(rows, np.uint16)[:, classes],
        found=np.array(found, np.int32),
        starts=tuple(begun),
        collisions=frozenset(collisions),
    )


def _reached(program: Program, address: int) -> list[int]:
    """Where an address leads without reading, in the order of preference."""
    reached: dict[int, None] = {}
    seen: set[int] = set()
    stack = [address]
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        instruction = program.instructions[here]
        if isinstance(instruction, Ways):
            stack.extend(reversed(instruction.to))
        else:
            reached[here] = None
    return list(reached)


def _byte_classes(program: Program) -> tuple[npt.NDArray[np.intp], list[int]]:
    """The class of each byte, and a byte of each class: bytes that nothing tells apart share one."""
    sets = sorted({tuple(sorted(one.bytes)) for one in program.instructions if isinstance(one, Read)})
    told = np.zeros((256, len(sets)), np.bool_)
    for number, one in enumerate(sets):
        told[list(one), number] = True
    _, members, classes = np.unique(told, axis=0, return_index=True, return_inverse=True)
    return classes.reshape(256), [int(byte) for byte in members]
