"""Determinizes the instructions of terminals: a table of the next state by state and byte.

A state is a list of instructions that are tried at once, in the order of preference. The list ends at the
first end of a terminal, as nothing after it is preferred. So the last end on the path is the one that ``re``
finds: first by preference, not by length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from logdiag.grammar.nfa import Accept, CompilerError, Program, Read, Split

DEAD = 0
"""The state after an invalid byte; no byte leads out of it."""

MAX_STATES = 30_000
"""Of all terminals together: numbers of states have 16 bits, and the largest grammar has 3,000 states."""

_State = tuple[int, ...]


@dataclass(frozen=True)
class Automaton:
    """Tables of a deterministic automaton.

    ``next`` is the next state by state and byte; ``found`` has for each state the terminal that ends there or
    -1, and ``starts`` the first state of each list of terminals. ``collisions`` are pairs of terminals of one
    priority that find the same text.
    """

    next: npt.NDArray[np.uint16]
    found: npt.NDArray[np.int32]
    starts: tuple[int, ...]
    collisions: frozenset[tuple[int, int]]


def determinize(program: Program, starts: Sequence[Sequence[int]], priorities: Sequence[int]) -> Automaton:
    """Return the automaton for some starts, each a list of addresses by preference.

    Raises:
        CompilerError: it would be too large.

    """
    classes, members = _byte_classes(program)
    collisions: set[tuple[int, int]] = set()
    reachable = cache(lambda address: _reachable(program, address))

    def follow(addresses: _State) -> _State:
        """Return the instructions that read or end, in order, up to the first end."""
        state = list(dict.fromkeys(place for address in addresses for place in reachable(address)))
        ends = {at: one.terminal for at in state if isinstance(one := program.instructions[at], Accept)}
        if not ends:
            return tuple(state)
        (end, first), *others = ends.items()
        collisions.update((first, other) for _, other in others if priorities[other] == priorities[first])
        return tuple(state[: state.index(end) + 1])

    numbers: dict[_State, int] = {(): DEAD}
    waiting: list[_State] = [()]

    @cache
    def number(addresses: _State) -> int:
        state = follow(addresses)
        if state not in numbers:
            if len(numbers) >= MAX_STATES:
                raise CompilerError(f"the terminals need more than {MAX_STATES:,} states together")
            numbers[state] = len(numbers)
            waiting.append(state)
        return numbers[state]

    first_states = tuple(number(tuple(start)) for start in starts)
    rows: list[list[int]] = []
    found: list[int] = []
    for state in waiting:  # grows meanwhile
        instructions = [program.instructions[address] for address in state]
        reads = [one for one in instructions if isinstance(one, Read)]
        found.append(next((one.terminal for one in instructions if isinstance(one, Accept)), -1))
        rows.append([number(tuple([r.then for r in reads if one in r.bytes])) for one in members])
    return Automaton(
        next=np.array(rows, np.uint16)[:, classes],
        found=np.array(found, np.int32),
        starts=first_states,
        collisions=frozenset(collisions),
    )


def _reachable(program: Program, address: int) -> list[int]:
    """Return the instructions that an address leads to without reading, in the order of preference."""
    seen: dict[int, None] = {}
    stack = [address]
    while stack:
        here = stack.pop()
        if here not in seen:
            seen[here] = None
            instruction = program.instructions[here]
            if isinstance(instruction, Split):
                stack.extend(reversed(instruction.to))
    return [place for place in seen if not isinstance(program.instructions[place], Split)]


def _byte_classes(program: Program) -> tuple[npt.NDArray[np.intp], list[int]]:
    """Return the class of each byte, and a byte of each class; equivalent bytes share a class."""
    sets = sorted({tuple(sorted(one.bytes)) for one in program.instructions if isinstance(one, Read)})
    in_set = np.zeros((256, len(sets)), np.bool_)
    for number, one in enumerate(sets):
        in_set[list(one), number] = True
    _, members, classes = np.unique(in_set, axis=0, return_index=True, return_inverse=True)
    return classes.reshape(256), [int(byte) for byte in members]
