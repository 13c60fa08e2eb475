"""Terminals as non-deterministic automata that try their ways in the order in which ``re`` does.

The standard library parses a regular expression; here its parts become instructions. An instruction
that reads a byte goes on to the next one; one that reads none is a list of ways, the first of which
is preferred. What an automaton cannot say (look-around, anchors, references) is refused.
"""

import re
from dataclasses import dataclass, field

# The parser of `re` itself: a second one could only differ. Lark takes widths from the same place.
from re import _constants as op
from re import _parser as parser
from typing import Any

Bytes = frozenset[int]


class CompilerError(ValueError):
    """Why a terminal cannot be compiled: a sentence without its subject."""


_ALL: Bytes = frozenset(range(256))
_MOST = 20_000
_CLASSES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


@dataclass(frozen=True)
class Read:
    """Reads one of ``bytes`` and goes on at ``then``."""

    bytes: Bytes
    then: int


@dataclass
class Ways:
    """Reads nothing and goes on at each of ``to``, the preferred one first."""

    to: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """The end of a terminal."""

    terminal: int


class Program:
    """Instructions, addressed by number."""

    def __init__(self) -> None:
        self.instructions: list[Read | Ways | Found] = []
        self._begun = 0

    def terminal(self, number: int, pattern: str, flags: int = 0) -> int:
        """Add a terminal; the address where it starts.

        Raises:
            CompilerError: the pattern needs more than an automaton.

        """
        self._begun = len(self.instructions)
        parsed = parser.parse(pattern, flags)
        if parsed.state.flags & ~(re.UNICODE | flags) or flags & ~re.UNICODE:
            raise CompilerError("has flags; write the letters out, such as [Aa]")
        return self._sequence(list(parsed), self._add(Found(number)))

    def _add(self, instruction: Read | Ways | Found) -> int:
        if len(self.instructions) - self._begun >= _MOST:
            raise CompilerError(f"needs more than {_MOST:,} states; repeat less often")
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def _sequence(self, parts: list[tuple[Any, Any]], then: int) -> int:
        # From the end: each part must know where it goes on.
        for kind, argument in reversed(parts):
            then = self._part(kind, argument, then)
        return then

    def _part(self, kind: Any, argument: Any, then: int) -> int:
        if (read := _bytes(kind, argument)) is not None:
            return self._add(Read(read, then))
        if kind is op.BRANCH:
            return self._add(Ways([self._sequence(list(way), then) for way in argument[1]]))
        if kind is op.SUBPATTERN:
            _, added, removed, inner = argument
            if added or removed:
                raise CompilerError("has flags; write the letters out, such as [Aa]")
            return self._sequence(list(inner), then)
        if kind is op.MAX_REPEAT or kind is op.MIN_REPEAT:
            return self._repeat(*argument, lazy=kind is op.MIN_REPEAT, then=then)
        raise CompilerError(_WHY_NOT.get(kind, f"uses {str(kind).lower()}, which no automaton can do"))

    def _repeat(self, least: int, most: Any, inner: Any, *, lazy: bool, then: int) -> int:
        parts = list(inner)
        if most is op.MAXREPEAT:
            if inner.getwidth()[0] == 0:
                raise CompilerError("repeats without end what may be empty")
            again = Ways()
            place = self._add(again)
            once = self._sequence(parts, place)
            again.to = [then, once] if lazy else [once, then]
            then = place
        else:
            end = then
            for _ in range(most - least):
                once = self._sequence(parts, then)
                then = self._add(Ways([end, once] if lazy else [once, end]))
        for _ in range(least):
            then = self._sequence(parts, then)
        return then


_WHY_NOT = {
    op.ASSERT: "looks around ((?=…) or (?<=…)), which no automaton can do",
    op.ASSERT_NOT: "looks around ((?!…) or (?<!…)), which no automaton can do",
    op.AT: "is anchored (^, $ or \\b), which no automaton can do",
    op.GROUPREF: "refers back to a group, which no automaton can do",
    op.GROUPREF_EXISTS: "refers back to a group, which no automaton can do",
}


def _bytes(kind: Any, argument: Any) -> Bytes | None:
    """The bytes of a part that reads one; None for another part. The text is latin-1."""
    if kind is op.LITERAL:
        return frozenset((_byte(argument),))
    if kind is op.NOT_LITERAL:
        return _ALL - {_byte(argument)}
    if kind is op.ANY:
        return _ALL - {ord("\n")}
    if kind is not op.IN:
        return None
    found: set[int] = set()
    negated = False
    for what, value in argument:
        if what is op.NEGATE:
            negated = True
        elif what is op.LITERAL:
            found.add(_byte(value))
        elif what is op.RANGE:
            found.update(range(_byte(value[0]), _byte(value[1]) + 1))
        else:
            found.update(byte for byte in _ALL if re.match(_CLASSES[value], chr(byte)))
    return _ALL - found if negated else frozenset(found)


def _byte(character: int) -> int:
    if character > 255:
        raise CompilerError(f"names {chr(character)!r}: the input is bytes; write the bytes of its UTF-8")
    return character
