"""Learning lines: what they show to be a literal, whatever stands in front of them or in other files."""

from typing import NamedTuple

from logdiag.redaction.blocks import OUTSIDE, Blocks, Place
from logdiag.redaction.literal_span import LiteralKind
from logdiag.redaction.literals import Literals, as_literal
from logdiag.redaction.texts import Form, cut, parameters, says_nothing

_MOST_KNOWN = 200_000
_LONGEST_KNOWN = 512


class Learnt(NamedTuple):
    """What lines have shown: literals, and dotted words that are names if they end in a known domain."""

    literals: set[tuple[str, LiteralKind]]
    dotted: set[str]


class Learner:
    """Learns lines, the same of the same ones in whatever order; what it has told once it may not tell again.

    So several learners may share the lines of all files, and what they tell together stays the same.
    """

    def __init__(self) -> None:
        self._literals = Literals()
        self._others: set[str] = set()
        self._literals.domains.others = self._others
        self._learnt: set[str] = set()

    def __call__(self, lines: str, form: Form, place: Place = OUTSIDE) -> Learnt:
        """Learn whole lines."""
        literals: set[tuple[str, LiteralKind]] = set()
        learnt = self._learnt
        hosts: set[str] = set()
        blocks = Blocks(place)
        has_blocks = blocks.may_hold(lines)
        for line in lines.split("\n"):
            if has_blocks and blocks.of(line) is not None:
                continue
            _, host, pieces = cut(line, form)
            if host:
                hosts.add(host)
            for piece in [part for one in pieces for part in parameters(one)]:
                if piece in learnt or says_nothing(piece):
                    continue
                if len(learnt) >= _MOST_KNOWN:
                    learnt.clear()
                if len(piece) <= _LONGEST_KNOWN:
                    learnt.add(piece)
                literals.update(
                    (literal, one.kind) for one, literal in self._literals.find_in_all_forms(piece)
                )
        literals.update(one for host in hosts for one in as_literal(host, "host"))
        dotted = set(self._others)
        self._others.clear()
        return Learnt(literals, dotted)
