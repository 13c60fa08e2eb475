"""Replace the literals of texts: the same literal by the same pseudonym."""

from typing import NamedTuple

from logdiag.redaction.addresses import address_of, is_address, plain_mac
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.literals import NUMBERED, Literals
from logdiag.redaction.names import unicode_name
from logdiag.redaction.phones import ENUM_END, plain_alias
from logdiag.redaction.pseudonyms import KeyedWords, NumberedWords
from logdiag.redaction.spellings import spelled_as


class Redacted(NamedTuple):
    """A redacted text, and the kind of each literal that was replaced in it."""

    text: str
    kinds: tuple[LiteralKind, ...]


class Redactor(Literals):
    """Literals and their pseudonyms."""

    def __init__(self, namer: NumberedWords | KeyedWords | None = None) -> None:
        super().__init__()
        self._namer = namer or NumberedWords()
        self.hidden: set[Address | str] = set()
        """The addresses that were replaced; MAC addresses as `plain_mac` returns them."""
        self.issued: set[str] = set()
        """The pseudonyms of IP addresses, as they are spelled."""
        self._texts: dict[tuple[str, tuple[str, ...]], str] = {}

    def text(self, text: str, names: tuple[str, ...] = ()) -> str:
        """Redact a text; ``names`` in it are not words of the product."""
        if (text, names) not in self._texts:
            self._texts[text, names] = self.replace(text, names).text
        return self._texts[text, names]

    def replace(self, text: str, names: tuple[str, ...] = ()) -> Redacted:
        """Redact a text, and return what was replaced as well."""
        found = self.find_in_all_forms(text, names)
        if not found:
            return Redacted(text, ())
        parts: list[str] = []
        end = 0
        for span, literal in found:
            parts += (text[end : span.start], self.token(literal, span.kind))
            end = span.end
        return Redacted("".join((*parts, text[end:])), tuple([span.kind for span, _ in found]))

    def literal(self, text: str, kind: LiteralKind) -> Redacted:
        """Redact a text that is a literal as a whole; a number after it stays."""
        bare = NUMBERED.sub("", text)
        if self.kind(bare) is None:
            if not self.is_full_name(bare):
                return self.replace(text)
            kind = "name"
        return Redacted(self.token(bare, kind) + text[len(bare) :], (kind,))

    def token(self, literal: str, kind: LiteralKind) -> str:
        """Return the pseudonym of a literal."""
        if kind in ("ipv4", "ipv6"):
            address = address_of(literal)
            self.hidden.add(address)
            word = self._namer.address(address)
            spelled = (spelled_as(literal, address_of(word)) if is_address(word) else None) or word
            self.issued.add(spelled)
            return spelled
        if kind == "name":
            first = self.first_kind(literal)
            labels = unicode_name(literal.lower()).split(".")
            return ".".join(self._word("domain" if i else first, label) for i, label in enumerate(labels))
        if kind == "mac":
            self.hidden.add(plain_mac(literal))
            return self._word(kind, plain_mac(literal))
        literal = literal.lower()
        plain = plain_alias(literal)
        end = ENUM_END if kind == "alias" and literal.endswith(ENUM_END) else ""
        known = self.kind(literal) or (self.kind(plain) if kind == "alias" else None)
        return self._word(known or kind, plain) + end

    def _word(self, kind: LiteralKind, literal: str) -> str:
        return self._namer.word(kind, unicode_name(literal), self._kinds)
