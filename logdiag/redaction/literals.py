"""Find the literals of texts; what one text shows to be a literal is found in all of them."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import NamedTuple

from logdiag.redaction.addresses import address_of, find_addresses, find_macs, is_address
from logdiag.redaction.by_context import find_placed
from logdiag.redaction.by_key import (
    find_addressed,
    find_hosts,
    find_keyed,
    find_random,
    find_secrets,
    is_no_value,
    may_contain,
)
from logdiag.redaction.escapes import has_escapes, in_base64, read_escapes
from logdiag.redaction.literal_search import LiteralSearch, is_searchable
from logdiag.redaction.literal_span import Address, LiteralKind, LiteralSpan, mask
from logdiag.redaction.names import Domains, dns_name, is_name, unicode_name
from logdiag.redaction.phones import find_enum, find_phones, plain_alias
from logdiag.redaction.vocabulary import product_words

_PRIORITY: tuple[LiteralKind, ...] = (
    *("host", "domain", "cluster", "user", "serial", "id", "mac", "alias", "secret"),
)
"""A literal of several kinds has the first of these."""
NUMBERED = re.compile(r" ?#\d+$")
_MIN_DOMAIN_LENGTH = 4
"""Letters of a domain's label that is searched alone: ``acme`` without ``.com``."""
_NOT_LITERALS = frozenset(("localhost", "localhost.localdomain"))
_MAX_LITERALS = 2_000_000
"""Literals that are searched everywhere (about 1 GB); others are found only next to their key or sign."""

_PAIR = re.compile(
    r'(?:(?P<key>[A-Za-z_][\w-]{0,63})="|;(?P<parameter>branch|tag)=)(?P<value>[0-9A-Za-z]{1,31})"?[:,]?'
)

Finder = Callable[[str], Iterable[LiteralSpan]]


class LiteralIndex(NamedTuple):
    """The literals that were learnt, and those of them that are searched everywhere."""

    kinds: dict[str, LiteralKind]
    names: set[str]
    addresses: set[Address]
    searched: list[tuple[str, LiteralKind]]


class Literals:
    """Learns the literals of texts first, then finds in texts what all of them contained."""

    def __init__(self) -> None:
        self._kinds: dict[str, LiteralKind] = {}
        self._names: set[str] = set()
        self._addresses: set[Address] = set()
        self.domains = Domains()
        self._search_odd = self._search_plain = LiteralSearch(())
        self.is_ready = False
        """Whether literals are searched everywhere by now."""
        self.is_full = False
        """Whether there were more literals than are kept."""

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, text: str) -> None:
        """Learn the literals of a text."""
        for span, literal in self.find_in_all_forms(text):
            self.learn_found(literal, span.kind)

    def learn_literal(self, literal: str, kind: LiteralKind) -> None:
        """Learn a text that is a literal as a whole."""
        for one in as_literal(literal, kind):
            self.learn_found(*one)

    def learn_found(self, literal: str, kind: LiteralKind) -> None:
        """Learn a literal that was found in a text."""
        literal = literal.lower()
        if kind in ("ipv4", "ipv6") and len(self._addresses) < _MAX_LITERALS:
            self._addresses.add(address_of(literal))
        if literal in _NOT_LITERALS or kind in ("ipv4", "ipv6", "mac"):
            return
        if kind == "alias" and (plain := plain_alias(literal)) != literal:
            self.learn_found(plain, kind)
        if kind == "name":
            for form in {literal, unicode_name(literal), dns_name(literal)}:
                self._names.add(form)
                self.domains.learn(form)
        else:
            self._kinds[literal] = min(kind, self._kinds.get(literal, kind), key=_PRIORITY.index)
        if len(self._kinds) + len(self._names) > _MAX_LITERALS + _MAX_LITERALS // 4:
            self._forget()

    def learn_dotted(self, words: Iterable[str]) -> None:
        """Learn those dotted words that end in a domain that is known by now."""
        for word in sorted(words):
            for span in self.domains.find(word):
                self.learn_found(word[span.start : span.end], span.kind)

    def _forget(self) -> None:
        """Keep the shortest, names first: the same ones in whatever order they were learnt."""
        self.is_full = self.is_full or len(self._names) + len(self._kinds) > _MAX_LITERALS
        names = sorted(self._names, key=_by_length)[:_MAX_LITERALS]
        self._names = set(names)
        kept = sorted(self._kinds, key=_by_length)[: _MAX_LITERALS - len(names)]
        self._kinds = {literal: self._kinds[literal] for literal in kept}

    # ── what was learnt ─────────────────────────────────────────────────────────────────────

    def know(self) -> None:
        """Search everywhere for everything that was learnt."""
        self.use_index(self.index())

    def index(self) -> LiteralIndex:
        """Return everything that was learnt, for another process."""
        self._forget()
        for name in self._names:
            first = self.first_kind(name)
            for i, label in enumerate(name.split(".")[:-1]):
                kind = "domain" if i else first
                if kind == "host" or len(label) >= _MIN_DOMAIN_LENGTH:
                    self.learn_found(label, kind)
        return LiteralIndex(self._kinds, self._names, self._addresses, self.searched())

    def use_index(self, index: LiteralIndex) -> None:
        """Search everywhere for the literals of an index."""
        self._kinds, self._names, self._addresses, searched = index
        for name in self._names:
            self.domains.learn(name)
        self._search_odd = LiteralSearch(one for one in searched if not is_name(one[0]))
        self._search_plain = LiteralSearch(one for one in searched if is_name(one[0]))
        self.is_ready = True

    def searched(self) -> list[tuple[str, LiteralKind]]:
        """Return the literals that are searched everywhere: those that are not words of the product."""
        words = product_words()
        return [one for one in self._kinds.items() if is_searchable(one[0]) and one[0] not in words]

    def kind(self, literal: str) -> LiteralKind | None:
        """Return the kind of a text that is a literal as a whole, but not a name."""
        return self._kinds.get(literal.lower())

    def is_full_name(self, text: str) -> bool:
        """Return whether a text is a whole name that was learnt."""
        return text.lower() in self._names

    def first_kind(self, name: str) -> LiteralKind:
        """Return the kind of the first label of a name."""
        return "domain" if self.domains.is_domain(name) else "host"

    # ── finding ─────────────────────────────────────────────────────────────────────────────

    def find_in_all_forms(self, text: str, names: tuple[str, ...] = ()) -> list[tuple[LiteralSpan, str]]:
        """Find the literals of a text with their meanings, also in URLs, markup and base64.

        A word in base64 is one secret; while literals are learnt, its content is learnt instead.
        """
        if not names and (value := _find_in_pair(text)) is not None:
            return [(value, text[value.start : value.end])]
        found: list[tuple[LiteralSpan, str]] = []
        rest = text
        if has_escapes(text):
            # Meanings first: in %40acme.com the name does not begin with 40.
            meant, places = read_escapes(text)
            end = 0
            for span in self.find(meant, names):
                where = LiteralSpan(places[span.start][0], places[span.end - 1][1], span.kind)
                if where.start >= end:
                    found.append((where, meant[span.start : span.end]))
                    end = where.end
            rest = mask(text, [span for span, _ in found])
        plain = self.find(rest, names)
        found += ((span, text[span.start : span.end]) for span in plain)
        for start, end, content in in_base64(mask(rest, plain) if plain else rest):
            inner = self.find(content)
            if inner and self.is_ready:
                found.append((LiteralSpan(start, end, "secret"), text[start:end]))
            else:
                found += (
                    (span._replace(start=start, end=end), content[span.start : span.end]) for span in inner
                )
        return sorted(found)

    def find(self, text: str, names: tuple[str, ...] = ()) -> list[LiteralSpan]:
        """Find the literals of a text in their order: the surest signs first, and nothing twice.

        ``names`` are not words of the product in this text.
        """
        has_secrets, has_keys = may_contain(text)
        finders: list[Finder] = [
            *([find_secrets] if has_secrets else []),
            self._search_odd.find,
            find_macs,
            find_enum,
            partial(find_addresses, known=self._addresses),
            find_phones,
            self.domains.find,
            find_placed,
            *([find_keyed] if has_keys else []),
            find_addressed,
            find_hosts,
            self._search_plain.find,
            find_random,
        ]
        if names:
            known = [(name, kind) for name in names if (kind := self.kind(name)) is not None]
            own = LiteralSearch(known)
            finders.append(lambda rest: (one for one in own.find(rest) if rest[one.start : one.end] in names))
        spans: list[LiteralSpan] = []
        for finder in finders:
            candidates = list(finder(text))
            if not candidates:
                continue
            end = 0
            fresh = []
            for span in sorted(candidates):
                if span.start >= end:
                    fresh.append(span)
                    end = span.end
            text = mask(text, fresh)
            spans += fresh
        return sorted(spans)


def _find_in_pair(text: str) -> LiteralSpan | None:
    """Find the value of a text that is one short pair. Many texts are, and the key says all about it."""
    pair = _PAIR.fullmatch(text)
    if pair is None or is_no_value(pair["value"]):
        return None
    kind = _kind_by_key(pair["key"] or pair["parameter"])
    return LiteralSpan(*pair.span("value"), kind) if kind is not None else None


@lru_cache(10_000)
def _kind_by_key(key: str) -> LiteralKind | None:
    probe = f'{key}="x7q"'
    return next((span.kind for finder in (find_secrets, find_keyed) for span in finder(probe)), None)


def as_literal(text: str, kind: LiteralKind) -> list[tuple[str, LiteralKind]]:
    """Return a text that is a literal as a whole as it is learnt; empty if it is not a literal."""
    text = NUMBERED.sub("", text)
    if is_name(text.removesuffix(".")):
        text = text.removesuffix(".")  # a name that ends at the root of DNS is the same name
    if not text.strip() or is_address(text):
        return []
    return [(text, "name" if kind in ("host", "cluster") and is_name(text) and "." in text else kind)]


def _by_length(literal: str) -> tuple[int, str]:
    return len(literal), literal
