"""The words of the product's own texts: in a sentence, a name that is one of them looks like the word."""

import dataclasses
import re
from functools import cache, lru_cache
from typing import get_args

from logdiag import model
from logdiag.files.resources import folder
from logdiag.redaction.literal_span import LiteralKind

_COMPOUND = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_MAX_CACHED = 1 << 16
_EDGE = 5
_CASES = "\ncases:"


class Vocabulary:
    """The words of some texts."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        compounds = set(_COMPOUND.findall(self._text))
        self._words = compounds.union(*(re.split("[-_]", word) for word in compounds))
        self._has = lru_cache(_MAX_CACHED)(self._contains)
        self._beginnings = {self._text[at : at + _EDGE] for at in range(len(self._text))}

    def __contains__(self, literal: str) -> bool:
        """Whether a literal is a word of the texts, or a part of them."""
        return self._has(literal.lower())

    def _contains(self, literal: str) -> bool:
        if literal in self._words:
            return True
        # Most names begin or end as nothing in the texts does: to search all of these takes long.
        if len(literal) >= _EDGE and not (
            literal[:_EDGE] in self._beginnings and literal[-_EDGE:] in self._beginnings
        ):
            return False
        return _COMPOUND.fullmatch(literal) is None and literal in self._text


@cache
def product_words() -> Vocabulary:
    """Return the words of the rules without their cases, the alarms, the page and the findings file."""
    reports, rules = folder("reports"), folder("rules")
    pages = [path for path in reports.rglob("*") if path.suffix in (".jinja", ".css", ".js", ".po")]
    texts = [path.read_text(encoding="utf-8") for path in sorted([*pages, *rules.glob("alarm*s.csv")])]
    texts += [path.read_text(encoding="utf-8").partition(_CASES)[0] for path in sorted(rules.rglob("*.yaml"))]
    fields = [
        field.name
        for noun in vars(model).values()
        if isinstance(noun, type) and dataclasses.is_dataclass(noun)
        for field in dataclasses.fields(noun)
    ]
    return Vocabulary("\n".join((*texts, *fields, *get_args(LiteralKind))))
