"""Literals that are known, searched in a text: all of them at once, in time that is linear in the text."""

import re
from collections.abc import Iterable, Iterator

from logdiag.redaction.found import Found, Kind

LONGEST = 64
"""Characters of a literal that is searched everywhere; a longer one is replaced where its place shows it."""
_SHORTEST_NUMBER = 9
"""Digits of a number that is searched everywhere: shorter ones are ports, times and counts, too."""

# Letters of other scripts part words as well: a Korean particle stands right behind a name.
_PIECE = re.compile(r"[A-Za-z]+|[^\W\d_A-Za-z]+|\d+")
_NUMBER = re.compile(rf"\+?[0-9]{{{_SHORTEST_NUMBER},}}")


def searchable(literal: str) -> bool:
    """Whether a literal is more than a number or a sign, and short enough to be searched for."""
    if not 2 <= len(literal) <= LONGEST:
        return False
    return any(map(str.isalpha, literal)) or _NUMBER.fullmatch(literal) is not None


class Known:
    """Literals, without regard to case. One with a digit in it may touch letters, others stand alone."""

    def __init__(self, literals: Iterable[tuple[str, Kind]]) -> None:
        self._kinds: dict[str, Kind] = {literal.lower(): kind for literal, kind in literals}
        # By the first letters or digits in a literal: how many signs are before them, and its length.
        places: dict[str, set[tuple[int, int]]] = {}
        for literal in self._kinds:
            if first := _PIECE.search(literal):
                places.setdefault(first[0], set()).add((first.start(), len(literal)))
        self._places = {first: sorted(found, reverse=True) for first, found in places.items()}

    def find(self, text: str) -> Iterator[Found]:
        """Where they stand in a text: of those that begin at one place, the longest."""
        if not self._places:
            return
        end = 0
        for piece in _PIECE.finditer(text):
            if (places := self._places.get(piece[0].lower())) is None:
                continue
            for offset, length in places:
                start = piece.start() - offset
                literal = text[max(start, 0) : start + length].lower()
                kind = self._kinds.get(literal)
                if start >= end and kind is not None and _is_whole(text, start, literal):
                    end = start + length
                    yield Found(start, end, kind)
                    break


def _is_whole(text: str, start: int, literal: str) -> bool:
    end = start + len(literal)
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    same = _of_one_word if any(map(str.isdigit, literal)) else _touch
    return not (same(before, literal[0]) or same(literal[-1], after))


def _touch(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum() and one.isascii() == other.isascii()


def _of_one_word(one: str, other: str) -> bool:
    return _touch(one, other) and one.isdigit() == other.isdigit()
