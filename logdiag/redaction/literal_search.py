"""Search a text for all known literals at once, without regard to case."""

import re
from collections.abc import Iterable, Iterator

from ahocorasick_rs import AhoCorasick, MatchKind

from logdiag.redaction.literal_span import LiteralKind, LiteralSpan

MAX_LITERAL_LENGTH = 64
"""A longer literal is not searched everywhere; it is replaced only next to its key or sign."""
# Shorter numbers are also ports, times and counts.
_NUMBER = re.compile(r"\+?[0-9]{9,}")

# Korean particles follow a name without a space and are no part of it.
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_PARTICLES = """
이 가 은 는 을 를 의 에 에서 에게 에게서 께 께서 한테 로 으로 로부터 으로부터 와 과 랑 이랑 하고 도 만 부터
까지 보다 처럼 라고 이라고 라는 이라는 입니다 이다 이며 이고 에는 에도 에서는 으로는
"""
_NAME_SUFFIXES = frozenset(
    title + particle for title in ("", "님", "씨", "들") for particle in ("", *_PARTICLES.split())
)
"""Titles and particles that follow a Korean name without a blank."""

_NUMBER_KINDS: tuple[LiteralKind, ...] = ("id", "secret", "serial", "mac")
"""Literals of these kinds never touch another letter or digit. A name may: ``expc01`` in ``expc01a``."""

# The search takes no lone surrogates (bytes that are not UTF-8): they become private characters.
# The lower case of U+0130 is two characters, and offsets must stay.
_FOLDED: dict[int, int | str] = {0x130: "i", **{code: code + 0xE2800 for code in range(0xD800, 0xE000)}}


def is_searchable(literal: str) -> bool:
    """Whether a literal is short enough to be searched everywhere, and more than a short number or a sign."""
    if not 2 <= len(literal) <= MAX_LITERAL_LENGTH:
        return False
    return any(map(str.isalpha, literal)) or _NUMBER.fullmatch(literal) is not None


class LiteralSearch:
    """Searches for literals that are whole words; in names, letters and digits may touch each other."""

    def __init__(self, literals: Iterable[tuple[str, LiteralKind]]) -> None:
        kinds = {_fold(literal): kind for literal, kind in literals}
        self._literals = list(kinds.items())
        # Not leftmost-longest: a match that is not a whole word would hide another one that overlaps it.
        self._automaton = AhoCorasick(list(kinds), matchkind=MatchKind.Standard)

    def find(self, text: str) -> Iterator[LiteralSpan]:
        """Find the literals of a text, from left to right and the longest one at each place."""
        end = 0
        matches = self._automaton.find_matches_as_indexes(_fold(text), overlapping=True)
        for start, negative_end, number in sorted((start, -end, number) for number, start, end in matches):
            literal, kind = self._literals[number]
            if start >= end and _is_whole(text, start, -negative_end, literal, kind):
                end = -negative_end
                yield LiteralSpan(start, end, kind)


def _fold(text: str) -> str:
    """Return a text in lower case, of the same length."""
    if text.isascii():
        return text.lower()
    # A sigma at the end of a word has a lower case of its own.
    return text.translate(_FOLDED).lower().replace("ς", "σ")


def _is_whole(text: str, start: int, end: int, literal: str, kind: LiteralKind) -> bool:
    by_digit = kind not in _NUMBER_KINDS and any(map(str.isdigit, literal))
    if start and _are_one_word(text[start - 1], text[start], by_digit):
        return False
    if end == len(text) or not _are_one_word(text[end - 1], text[end], by_digit):
        return True
    suffix = _HANGUL.match(text, end)
    return suffix is not None and suffix[0] in _NAME_SUFFIXES


def _are_one_word(one: str, other: str, by_digit: bool) -> bool:
    # Letters of other scripts separate words as well: a Korean particle follows a name without a blank.
    if not (one.isalnum() and other.isalnum() and one.isascii() == other.isascii()):
        return False
    return not by_digit or one.isdigit() == other.isdigit()
