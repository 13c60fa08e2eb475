"""The file of shapes: JSON lines that a user can read before sending them."""

import difflib
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from logdiag.conditions import AllOf, AnyOf, Condition, Test
from logdiag.i18n import gettext
from logdiag.rules.library import Library
from logdiag.shapes.count import Shape, Shapes, find_assumed_patterns
from logdiag.shapes.words import product_words

SCHEMA = "logdiag.shapes/1"

_TEXT_MODIFIERS = frozenset(("is", "contains", "startswith"))
_WORD = re.compile("[a-z_-]+")
_SIMILARITY = 0.75
_MAX_SIMILAR = 20
_MIN_COMMON = 2
"""Words that a shape and a near rule have in common."""


def render_lines(shapes: Shapes, library: Library) -> Iterator[str]:
    """Return the lines of the file: a head, unknown shapes, assumed shapes; frequent ones first."""
    texts = _assumed_texts(library)
    head = {
        "type": "shapes",
        "schema": SCHEMA,
        "version": version("logdiag"),
        "records": shapes.records,
        "unknown_records": shapes.unknown.total() + shapes.left_out,
        "shapes": len(shapes.unknown),
        "left_out_records": shapes.left_out,
        "about": gettext(
            "Values are masked: texts keep only words of logdiag's rules and alarm catalogue. Keys, modules "
            "and processes are as logged if they consist of letters. Read it before you send it."
        ),
    }
    yield _line(head)
    # The most frequent shapes come first: they are the most useful rules to write next.
    for shape, count in sorted(shapes.unknown.items(), key=lambda one: (-one[1], repr(one[0]))):
        rules = _near_rules(shape, texts)
        near = {"near": rules} if rules else {}
        yield _line({"type": "unknown", "count": count, **_values(shape), **near})
    for (seen, shape), count in sorted(
        shapes.seen.items(), key=lambda one: (one[0][0], -one[1], repr(one[0]))
    ):
        yield _line({"type": "assumed_and_seen", **seen._asdict(), "count": count, **_values(shape)})


def _values(shape: Shape) -> dict[str, Any]:
    return {name: value for name, value in shape._asdict().items() if value is not None}


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"


# ── rules of an assumed spelling whose texts are similar to a shape ─────────────────────────


class _AssumedText(NamedTuple):
    """A text that a rule looks for in Event or Detail: for each of its words, the similar words."""

    rule: str
    key: str
    words: tuple[frozenset[str], ...]


def _assumed_texts(library: Library) -> set[_AssumedText]:
    return {
        _AssumedText(rule, test.reference.key, tuple(map(_similar, value.lower().split())))
        for rule, _, _, pattern in find_assumed_patterns(library)
        for test in _tests(pattern.condition)
        for value in test.values
    }


def _near_rules(shape: Shape, texts: set[_AssumedText]) -> list[str]:
    """Return the rules, by id, that have most of their words, or similar ones, in a shape."""
    texts_by_key = {"Event": shape.event, "Detail": shape.detail}
    found = {key: set(_WORD.findall((text or "").lower())) for key, text in texts_by_key.items()}
    near = set()
    for rule, key, words in texts:
        common = sum(not similar.isdisjoint(found[key]) for similar in words)
        # Three of four words: a product text differs between versions by a word or its spelling.
        if common >= max(_MIN_COMMON, _SIMILARITY * len(words)):
            near.add(rule)
    return sorted(near)


@cache
def _similar(word: str) -> frozenset[str]:
    # A shape has no other words than the product's, so that each word is compared once.
    found = difflib.get_close_matches(word, product_words(), n=_MAX_SIMILAR, cutoff=_SIMILARITY)
    return frozenset((word, *found))


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from _tests(term)
        case Test(reference, modifier, _):
            if reference.key in ("Event", "Detail") and modifier in _TEXT_MODIFIERS:
                yield condition
