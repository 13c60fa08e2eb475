"""Rules of an assumed spelling that a shape comes near: what they look for may be spelled like this."""

import difflib
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from logdiag.conditions import AllOf, AnyOf, Condition, Test
from logdiag.rules.library import Library
from logdiag.rules.match_schema import patterns
from logdiag.shapes.count import Shape
from logdiag.shapes.words import product_words

_TEXTS = frozenset(("is", "contains", "startswith", "endswith"))
_WORD = re.compile("[a-z_-]+")
_ALIKE = 0.75
_MOST_ALIKE = 20
_FEWEST = 2
"""Words that a shape and a rule have in common, if they are near."""


class _Wanted(NamedTuple):
    """A text that a rule looks for in Event or Detail: for each of its words, those that are like it."""

    rule: str
    key: str
    words: tuple[frozenset[str], ...]


class Nearest:
    """The texts of Event and Detail that rules of an assumed basis look for."""

    def __init__(self, library: Library) -> None:
        self._wanted = {
            _Wanted(name, test.reference.key, tuple(map(_alike, value.lower().split())))
            for name, rule in library.rules.items()
            if rule.basis == "assumed"
            for match in rule.match
            for _, pattern in patterns(match)
            if pattern.table == "records"
            for test in _tests(pattern.condition)
            for value in test.values
        }

    def rules(self, shape: Shape) -> list[str]:
        """The rules that a shape comes near, by id: it has most of their words, or words like them."""
        said = {"Event": _words(shape.event), "Detail": _words(shape.detail)}
        return sorted({one.rule for one in self._wanted if _is_near(one.words, said[one.key])})


@cache
def _alike(word: str) -> frozenset[str]:
    # A shape has no other words than these, so that they need to be compared only once.
    return frozenset((word, *difflib.get_close_matches(word, product_words(), n=_MOST_ALIKE, cutoff=_ALIKE)))


def _words(text: str | None) -> frozenset[str]:
    return frozenset(_WORD.findall((text or "").lower()))


def _is_near(wanted: tuple[frozenset[str], ...], said: frozenset[str]) -> bool:
    common = sum(1 for alike in wanted if not alike.isdisjoint(said))
    return common >= max(_FEWEST, _ALIKE * len(wanted))


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from _tests(term)
        case Test(reference, modifier, _) if reference.key in ("Event", "Detail") and modifier in _TEXTS:
            yield condition
