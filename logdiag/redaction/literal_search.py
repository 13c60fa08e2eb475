"""Literals that are known, searched in a text: all of them at once, in time that is linear in the text."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain

from logdiag.redaction.found import Found, Kind

LONGEST = 64
"""Characters of a literal that is searched everywhere; a longer one is replaced where its place shows it."""
_SHORTEST_NUMBER = 9
"""Digits of a number that is searched everywhere: shorter ones are ports, times and counts, too."""

# Letters of other scripts part words as well: a Korean particle stands right behind a name.
_PIECE = re.compile(r"[A-Za-z]+|[^\W\d_A-Za-z]+|\d+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_WORD = re.compile(r"[0-9A-Za-z]+|[^\W_0-9A-Za-z]+")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(rf"\+?[0-9]{{{_SHORTEST_NUMBER},}}")


_PARTICLES = frozenset(
    title + particle
    for title in ("", "님", "씨", "들")
    for particle in (
        *(
            "",
            "이",
            "가",
            "은",
            "는",
            "을",
            "를",
            "의",
            "에",
            "에서",
            "에게",
            "에게서",
            "께",
            "께서",
            "한테",
            "로",
        ),
        *(
            "으로",
            "로부터",
            "으로부터",
            "와",
            "과",
            "랑",
            "이랑",
            "하고",
            "도",
            "만",
            "부터",
            "까지",
            "보다",
            "처럼",
        ),
        *(
            "라고",
            "이라고",
            "라는",
            "이라는",
            "입니다",
            "이다",
            "이며",
            "이고",
            "에는",
            "에도",
            "에서는",
            "으로는",
        ),
    )
)
"""What follows a Korean name without a blank: titles and particles."""
_LONGEST_PARTICLE = max(map(len, _PARTICLES))


def _stems(word: str) -> list[str]:
    """What a Korean word may be a form of: the word without a particle."""
    ends = range(len(word) - 1, max(1, len(word) - _LONGEST_PARTICLE) - 1, -1)
    return [word[:end] for end in ends if word[end:] in _PARTICLES]


def _is_particle(text: str, start: int) -> bool:
    found = _HANGUL.match(text, start)
    return found is not None and found[0] in _PARTICLES


def searchable(literal: str) -> bool:
    """Whether a literal is more than a number or a sign, and short enough to be searched for."""
    if not 2 <= len(literal) <= LONGEST:
        return False
    return any(map(str.isalpha, literal)) or _NUMBER.fullmatch(literal) is not None


_NUMBERS: tuple[Kind, ...] = ("id", "secret", "serial", "mac")
"""Kinds that no names are: there may be very many, and one stands alone wherever it is meant."""


class Known:
    """Literals, without regard to case. One with a digit in it may touch letters, others stand alone."""

    def __init__(self, literals: Iterable[tuple[str, Kind]]) -> None:
        names: dict[str, Kind] = {}
        numbers: dict[str, Kind] = {}
        for literal, kind in literals:
            (numbers if kind in _NUMBERS else names)[literal.lower()] = kind
        tables = (_Table(names, _PIECE, _is_whole), _Table(numbers, _WORD, _stands_alone))
        self._tables = [table for table in tables if table.is_any]

    def find(self, text: str) -> Iterable[Found]:
        """Where they stand in a text: of those that begin at one place, the longest."""
        if not self._tables:
            return ()
        words = _beginnings(text)
        begun = [table for table in self._tables if not table.is_without(words)]
        return chain.from_iterable([table.find(text) for table in begun]) if begun else ()


@lru_cache(2)
def _beginnings(text: str) -> dict[re.Pattern[str], list[str]]:
    """What literals in a text may begin with. Several tables ask it of one text, one after the other."""
    lower = text.lower()
    words = _WORD.findall(lower)
    pieces = _PIECE.findall(lower) if _DIGIT.search(lower) else words
    if not text.isascii():
        pieces = [*pieces, *(stem for piece in pieces if not piece.isascii() for stem in _stems(piece))]
    return {_WORD: words, _PIECE: pieces}


class _Table:
    """Literals by the first piece of each."""

    def __init__(
        self, kinds: dict[str, Kind], piece: re.Pattern[str], is_whole: Callable[[str, int, str], bool]
    ) -> None:
        self._kinds, self._piece, self._is_whole = kinds, piece, is_whole
        # By the first letters or digits in a literal: how many signs are before them, and its length.
        places: dict[str, set[tuple[int, int]]] = {}
        for literal in kinds:
            if first := piece.search(literal):
                places.setdefault(first[0], set()).add((first.start(), len(literal)))
        self._places = {first: sorted(found, reverse=True) for first, found in places.items()}

        self.is_any = bool(self._places)

    def is_without(self, words: dict[re.Pattern[str], list[str]]) -> bool:
        """Whether none of them begins with a word of a text, as it is with most texts."""
        return self._places.keys().isdisjoint(words[self._piece])

    def _begun_by(self, piece: str) -> list[tuple[int, int]] | None:
        places = self._places.get(piece)
        if places is None and not piece.isascii():
            places = next((self._places[stem] for stem in _stems(piece) if stem in self._places), None)
        return places

    def find(self, text: str) -> Iterator[Found]:
        end = 0
        for piece in self._piece.finditer(text):
            if (places := self._begun_by(piece[0].lower())) is None:
                continue
            for offset, length in places:
                start = piece.start() - offset
                literal = text[max(start, 0) : start + length].lower()
                kind = self._kinds.get(literal)
                if start >= end and kind is not None and self._is_whole(text, start, literal):
                    end = start + length
                    yield Found(start, end, kind)
                    break


def _stands_alone(text: str, start: int, literal: str) -> bool:
    end = start + len(literal)
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (_touch(before, literal[0]) or _touch(literal[-1], after))


def _is_whole(text: str, start: int, literal: str) -> bool:
    end = start + len(literal)
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    same = _of_one_word if any(map(str.isdigit, literal)) else _touch
    if same(before, literal[0]):
        return False
    return not same(literal[-1], after) or _is_particle(text, end)


def _touch(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum() and one.isascii() == other.isascii()


def _of_one_word(one: str, other: str) -> bool:
    return _touch(one, other) and one.isdigit() == other.isdigit()
