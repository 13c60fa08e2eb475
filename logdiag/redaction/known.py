"""Literals that are known, searched in a text: all of them at once, in time that is linear in the text."""

import re
from collections.abc import Iterable, Iterator

from logdiag.redaction.found import Found, Kind

LONGEST = 64
"""Characters of a literal that is searched everywhere; a longer one is replaced where its place shows it."""
_SHORTEST_NUMBER = 9
"""Digits of a number that is searched everywhere: shorter ones are ports, times and counts, too."""

# Letters of other scripts part words as well: a Korean particle stands right behind a name.
_PIECE = re.compile(r"[A-Za-z]+|[^\W\d_A-Za-z]+|\d+|[\W_]")
_ALNUM = re.compile(r"[0-9A-Za-z]")
_NUMBER = re.compile(rf"\+?[0-9]{{{_SHORTEST_NUMBER},}}")


def searchable(literal: str) -> bool:
    """Whether a literal is more than a number or a sign, and short enough to be searched for."""
    if not 2 <= len(literal) <= LONGEST:
        return False
    return any(char.isalpha() for char in literal) or _NUMBER.fullmatch(literal) is not None


class Known:
    """Literals, without regard to case. One with a digit in it may touch letters, others stand alone."""

    def __init__(self, literals: Iterable[tuple[str, Kind]]) -> None:
        self._kinds: dict[str, Kind] = {literal.lower(): kind for literal, kind in literals}
        lengths: dict[str, set[int]] = {}
        for literal in self._kinds:
            if first := _PIECE.match(literal):
                lengths.setdefault(first[0], set()).add(len(literal))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def find(self, text: str) -> Iterator[Found]:
        """Where they stand in a text: of those that begin at one place, the longest."""
        end = 0
        for piece in _PIECE.finditer(text):
            start = piece.start()
            if start < end or (lengths := self._lengths.get(piece[0].lower())) is None:
                continue
            for length in lengths:
                literal = text[start : start + length].lower()
                if (kind := self._kinds.get(literal)) is not None and _is_whole(text, start, literal):
                    end = start + length
                    yield Found(start, end, kind)
                    break


def _is_whole(text: str, start: int, literal: str) -> bool:
    before, after = text[start - 1 : start], text[start + len(literal) : start + len(literal) + 1]
    if any(char.isdigit() for char in literal):
        return not (_alike(before, literal[0]) or _alike(literal[-1], after))
    return not (
        (_ALNUM.match(literal[0]) and _ALNUM.match(before))
        or (_ALNUM.match(literal[-1]) and _ALNUM.match(after))
    )


def _alike(one: str, other: str) -> bool:
    """Whether two characters would be of one word or of one number."""
    return (one.isdigit() and other.isdigit()) or (
        one.isalpha() and other.isalpha() and one.isascii() == other.isascii()
    )
