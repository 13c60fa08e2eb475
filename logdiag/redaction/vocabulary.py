"""The words of the product's own texts: a name that is one of them cannot be told from them in a sentence."""

import dataclasses
import re
from functools import cache, lru_cache
from typing import get_args

from logdiag import model
from logdiag.files.resources import folder
from logdiag.redaction.literal_span import LiteralKind

_COMPOUND = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_MOST_ASKED = 1 << 16
_BEGINNING = 5
_CASES = "\ncases:"


class Vocabulary:
    """Texts, as far as it matters which words they have."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        compounds = set(_COMPOUND.findall(self._text))
        self._words = compounds.union(*(re.split("[-_]", word) for word in compounds))
        self._has = lru_cache(_MOST_ASKED)(self._holds)
        self._beginnings = {self._text[at : at + _BEGINNING] for at in range(len(self._text))}

    def __contains__(self, literal: str) -> bool:
        """Whether a literal is a word of the texts, or stands in them as it is."""
        return self._has(literal.lower())

    def _holds(self, literal: str) -> bool:
        if literal in self._words:
            return True
        # Most names begin or end as nothing in the texts does, and to look through all of those takes long.
        if len(literal) >= _BEGINNING and not (
            literal[:_BEGINNING] in self._beginnings and literal[-_BEGINNING:] in self._beginnings
        ):
            return False
        return _COMPOUND.fullmatch(literal) is None and literal in self._text


@cache
def product_words() -> Vocabulary:
    """What the rules, the alarms, the page and the findings file say themselves; of rules not their cases."""
    reports, rules = folder("reports"), folder("rules")
    pages = [path for path in reports.rglob("*") if path.suffix in (".jinja", ".css", ".js", ".po")]
    texts = [path.read_text(encoding="utf-8") for path in sorted([*pages, rules / "alarms.csv"])]
    texts += [path.read_text(encoding="utf-8").partition(_CASES)[0] for path in sorted(rules.rglob("*.yaml"))]
    fields = [
        field.name
        for noun in vars(model).values()
        if isinstance(noun, type) and dataclasses.is_dataclass(noun)
        for field in dataclasses.fields(noun)
    ]
    return Vocabulary("\n".join((*texts, *fields, *get_args(LiteralKind))))
