"""Terminals as non-deterministic automata that prefer the same path as ``re``.

The standard library parses a regular expression; its parts become instructions here. An instruction either
reads a byte, or splits into several paths, the preferred one first. The compiler refuses what an
automaton cannot express: look-around, anchors and references.
"""

import re
from dataclasses import dataclass, field

# The parser of `re` itself, as another one could differ from it. Lark takes widths from the same place.
from re import _compiler as re_compiler  # type: ignore[attr-defined]
from re import _constants as op
from re import _parser as parser
from typing import Any

Bytes = frozenset[int]


class CompilerError(ValueError):
    """Why a terminal cannot be compiled: a sentence without its subject."""


MAX_INSTRUCTIONS = 20_000
"""Of one terminal: those of the grammars need fewer than 200."""

_AUTOMATON = "which no automaton can do"
_REFUSED = {
    op.ASSERT: f"looks around ((?=…) or (?<=…)), {_AUTOMATON}",
    op.ASSERT_NOT: f"looks around ((?!…) or (?<!…)), {_AUTOMATON}",
    op.AT: f"is anchored (^, $ or \\b), {_AUTOMATON}",
    op.GROUPREF: f"refers back to a group, {_AUTOMATON}",
    op.GROUPREF_EXISTS: f"refers back to a group, {_AUTOMATON}",
}


@dataclass(frozen=True)
class Read:
    """Reads one of ``bytes`` and continues at ``then``."""

    bytes: Bytes
    then: int


@dataclass
class Split:
    """Reads nothing and continues at each of ``to``, the preferred one first."""

    to: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Accept:
    """The end of a terminal."""

    terminal: int


class Program:
    """Instructions, addressed by number."""

    def __init__(self) -> None:
        self.instructions: list[Read | Split | Accept] = []
        self._first = 0

    def add_terminal(self, number: int, pattern: str, flags: int = 0) -> int:
        """Add a terminal and return the address where it starts.

        Raises:
            CompilerError: the pattern needs more than an automaton.

        """
        self._first = len(self.instructions)
        parsed = parser.parse(pattern, flags)
        if parsed.state.flags & ~(re.UNICODE | flags) or flags & ~re.UNICODE:
            raise CompilerError("has flags; write the letters out, such as [Aa]")
        return self._sequence(parsed, self._add(Accept(number)))

    def _add(self, instruction: Read | Split | Accept) -> int:
        if len(self.instructions) - self._first >= MAX_INSTRUCTIONS:
            raise CompilerError(f"needs more than {MAX_INSTRUCTIONS:,} states; repeat less often")
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def _sequence(self, parts: Any, then: int) -> int:
        # From the end, as each part needs the address of the part after it.
        for kind, argument in reversed(list(parts)):
            then = self._part(kind, argument, then)
        return then

    def _part(self, kind: Any, argument: Any, then: int) -> int:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self._add(Read(_bytes(kind, argument), then))
        if kind is op.BRANCH:
            return self._add(Split([self._sequence(path, then) for path in argument[1]]))
        if kind is op.SUBPATTERN:
            _, added, removed, inner = argument
            if added or removed:
                raise CompilerError("has flags; write the letters out, such as [Aa]")
            return self._sequence(inner, then)
        if kind is op.MAX_REPEAT or kind is op.MIN_REPEAT:
            return self._repeat(*argument, lazy=kind is op.MIN_REPEAT, then=then)
        raise CompilerError(_REFUSED.get(kind, f"uses {str(kind).lower()}, {_AUTOMATON}"))

    def _repeat(self, least: int, most: Any, inner: Any, *, lazy: bool, then: int) -> int:
        if most is op.MAXREPEAT:
            if inner.getwidth()[0] == 0:
                raise CompilerError("repeats without end what may be empty")
            again = Split()
            place = self._add(again)
            once = self._sequence(inner, place)
            again.to = [then, once] if lazy else [once, then]
            then = place
        else:
            end = then
            for _ in range(most - least):
                once = self._sequence(inner, then)
                then = self._add(Split([end, once] if lazy else [once, end]))
        for _ in range(least):
            then = self._sequence(inner, then)
        return then


def _bytes(kind: Any, argument: Any) -> Bytes:
    """Return the bytes that a part for one character matches; the input is read as latin-1."""
    parts = argument if kind is op.IN else [(kind, argument)]
    for _, value in parts:
        for character in value if isinstance(value, tuple) else [value or 0]:
            if character > 255:
                raise CompilerError(
                    f"names {chr(character)!r}: the input is bytes; write the bytes of its UTF-8"
                )
    state = parser.State()
    state.flags = re.UNICODE
    one = re_compiler.compile(parser.SubPattern(state, [(kind, argument)]))
    return frozenset(byte for byte in range(256) if one.match(chr(byte)))
