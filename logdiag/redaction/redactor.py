"""Replaces what says who the customer is in texts: the same literal by the same word."""

from logdiag.redaction.addresses import address_of, is_address, plain_mac
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.literals import NUMBERED, Literals
from logdiag.redaction.names import unicode_name
from logdiag.redaction.phones import alias_end, plain_alias
from logdiag.redaction.pseudonyms import Namer, NumberedWords
from logdiag.redaction.spellings import spelled_as


class Redactor(Literals):
    """Literals, and the words that stand for them."""

    def __init__(self, namer: Namer | None = None) -> None:
        super().__init__()
        self._namer = namer or NumberedWords()
        self.hidden: set[Address | str] = set()
        """The addresses that were replaced; MAC addresses as `plain_mac` has them."""
        self._texts: dict[tuple[str, tuple[str, ...]], str] = {}

    def text(self, text: str, names: tuple[str, ...] = ()) -> str:
        """The text with tokens in the place of literals, ``names`` in it being no words of the product."""
        known = self._texts.get((text, names))
        if known is None:
            parts: list[str] = []
            end = 0
            for found, literal in self.find_in_all_forms(text, names):
                parts += (text[end : found.start], self.token(literal, found.kind))
                end = found.end
            known = self._texts[text, names] = "".join((*parts, text[end:]))
        return known

    def literal(self, text: str, kind: LiteralKind) -> str:
        """The token of a text that is a literal as a whole; a number behind its name stays."""
        bare = NUMBERED.sub("", text)
        if self.kind(bare) is not None:
            return self.token(bare, kind) + text[len(bare) :]
        if self.is_full_name(bare):
            return self.token(bare, "name") + text[len(bare) :]
        return self.text(text)

    def token(self, literal: str, kind: LiteralKind) -> str:
        """The word for what was found as such a literal."""
        if kind in ("ipv4", "ipv6"):
            address = address_of(literal)
            self.hidden.add(address)
            word = self._namer.address(address)
            return (spelled_as(literal, address_of(word)) if is_address(word) else None) or word
        if kind == "name":
            first = self.first_kind(literal)
            labels = unicode_name(literal.lower()).split(".")
            return ".".join(self._word("domain" if i else first, label) for i, label in enumerate(labels))
        if kind == "mac":
            self.hidden.add(plain_mac(literal))
            return self._word(kind, plain_mac(literal))
        literal = literal.lower()
        if kind == "alias":
            plain = plain_alias(literal)
            known = self.kind(literal) or self.kind(plain) or kind
            return self._word(known, plain) + alias_end(literal)
        return self._word(self.kind(literal) or kind, plain_alias(literal))

    def _word(self, kind: LiteralKind, literal: str) -> str:
        return self._namer.word(kind, unicode_name(literal), self._kinds)
