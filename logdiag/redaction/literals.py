"""Finds in texts what says who the customer is; what one text shows to be a literal is found in all."""

import re
from collections.abc import Callable, Iterable, Iterator
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
    signs_of,
)
from logdiag.redaction.escapes import has_escapes, in_base64, unescaped
from logdiag.redaction.literal_search import LiteralSearch, is_searchable
from logdiag.redaction.literal_span import Address, LiteralKind, LiteralSpan, mask
from logdiag.redaction.names import Domains, dns_name, is_name, unicode_name
from logdiag.redaction.phones import find_enum, find_phones, plain_alias
from logdiag.redaction.vocabulary import product_words

_STRENGTH: tuple[LiteralKind, ...] = (
    *("host", "domain", "cluster", "user", "serial", "id", "mac", "alias", "secret"),
)
"""What a literal is called that is of several kinds: the first of these."""
NUMBERED = re.compile(r" ?#\d+$")
_SHORTEST_DOMAIN = 4
"""Letters of a domain's label that is searched alone: ``acme`` without ``.com``."""
_NOT_TOLD = frozenset(("localhost", "localhost.localdomain"))
_MOST = 2_000_000
"""Literals that are searched everywhere; of one more only the places that show what it is are known."""

_MOST_KEYS = 10_000
_PROBE = "x7q"
_SHORTEST_BY_FORM = 8
"""Letters and digits of a value that its form may show to be private: a number that is an address."""
_PAIR = re.compile(
    r'(?:(?P<key>[A-Za-z_][\w-]{0,63})="|;(?P<parameter>branch|tag)=)(?P<value>[0-9A-Za-z]{1,31})"?[:,]?'
)
"""A word behind a key, too short to be told as a secret by its form."""

Finder = Callable[[str], Iterable[LiteralSpan]]


class Literals:
    """A table of literals: first it learns texts, then it finds in them what all of them have taught."""

    def __init__(self) -> None:
        self._kinds: dict[str, LiteralKind] = {}
        self._names: set[str] = set()
        self._addresses: set[Address] = set()
        self.domains = Domains()
        self._odd = self._plain = LiteralSearch(())
        self._keys: dict[str, LiteralKind | None] = {}
        self.is_ready = False
        """Whether it knows what is to be searched everywhere."""
        self.is_full = False
        """Whether there were more than are kept."""

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, text: str) -> None:
        """Learn the literals of a text."""
        for found, literal in self.find_in_all_forms(text):
            self.learn_found(literal, found.kind)

    def learn_literal(self, literal: str, kind: LiteralKind) -> None:
        """Learn a text that is a literal as a whole."""
        for one in as_literal(literal, kind):
            self.learn_found(*one)

    def learn_found(self, literal: str, kind: LiteralKind) -> None:
        """Learn what was found as such a literal."""
        literal = literal.lower()
        if kind in ("ipv4", "ipv6") and len(self._addresses) < _MOST:
            self._addresses.add(address_of(literal))
        if literal in _NOT_TOLD or kind in ("ipv4", "ipv6", "mac"):
            return
        if kind == "alias" and (plain := plain_alias(literal)) != literal:
            self.learn_found(plain, kind)
        if kind == "name":
            for form in {literal, unicode_name(literal), dns_name(literal)}:
                self._names.add(form)
                self.domains.learn(form)
        else:
            self._kinds[literal] = min(kind, self._kinds.get(literal, kind), key=_STRENGTH.index)
        if len(self._kinds) + len(self._names) > _MOST + _MOST // 4:
            self._forget()

    def learn_dotted(self, words: Iterable[str]) -> None:
        """Learn those dotted words that end in a domain that is known by now."""
        for word in sorted(words):
            for found in self.domains.find(word):
                self.learn_found(word[found.start : found.end], found.kind)

    def _forget(self) -> None:
        """Keep the shortest, names first: so the same ones are left, in whatever order they were learnt."""
        names = sorted(self._names, key=_by_length)[:_MOST]
        self.is_full = self.is_full or len(self._names) + len(self._kinds) > _MOST
        self._names = set(names)
        kept = sorted(self._kinds, key=_by_length)[: _MOST - len(names)]
        self._kinds = {literal: self._kinds[literal] for literal in kept}

    def know(self) -> None:
        """Search from now on for everything that was learnt, wherever it stands."""
        self._complete()
        self.search(self.searched())

    def _complete(self) -> None:
        self._forget()
        for name in self._names:
            for label, kind in self._labels(name):
                if kind == "host" or len(label) >= _SHORTEST_DOMAIN:
                    self.learn_found(label, kind)

    def search(self, known: list[tuple[str, LiteralKind]]) -> None:
        """Search for these literals wherever they stand."""
        self._odd = LiteralSearch(one for one in known if not is_name(one[0]))
        self._plain = LiteralSearch(one for one in known if is_name(one[0]))
        self.is_ready = True

    def index(self) -> "LiteralIndex":
        """Return everything that was learnt, for another process."""
        self._complete()
        return LiteralIndex(self._kinds, self._names, self._addresses, self.searched())

    def use_index(self, index: "LiteralIndex") -> None:
        """Search for everything that others learnt."""
        self._kinds, self._names, self._addresses = index.kinds, index.names, index.addresses
        for name in self._names:
            self.domains.learn(name)
        self.search(index.searched)

    def searched(self) -> list[tuple[str, LiteralKind]]:
        """The literals that are searched everywhere: those that no text of the product has as a word."""
        words = product_words()
        return [one for one in self._kinds.items() if is_searchable(one[0]) and one[0] not in words]

    def kind(self, literal: str) -> LiteralKind | None:
        """What a text is known to be as a whole."""
        return self._kinds.get(literal.lower())

    def is_full_name(self, text: str) -> bool:
        """Whether a text is a whole name that was learnt."""
        return text.lower() in self._names

    def _labels(self, name: str) -> Iterator[tuple[str, LiteralKind]]:
        """The labels of a name that are told from others, without the last one."""
        first = self.first_kind(name)
        for i, label in enumerate(name.split(".")[:-1]):
            yield label, "domain" if i else first

    def first_kind(self, name: str) -> LiteralKind:
        """What the first label of a name is."""
        return "domain" if self.domains.is_domain(name) else "host"

    # ── finding ─────────────────────────────────────────────────────────────────────────────

    def find_in_all_forms(self, text: str, names: tuple[str, ...] = ()) -> list[tuple[LiteralSpan, str]]:
        """Find the literals of a text and what each means, also as URLs, markup and base64 write them.

        A word in base64 is one secret; while literals are learnt, it is what it contains.
        """
        if not names and (value := self.find_in_pair(text)) is not None:
            return [(value, text[value.start : value.end])]
        found: list[tuple[LiteralSpan, str]] = []
        rest = text
        if has_escapes(text):
            # What is meant comes first: in %40acme.com the name does not begin with 40.
            meant, places = unescaped(text)
            end = 0
            for one in self.find(meant, names):
                where = LiteralSpan(places[one.start][0], places[one.end - 1][1], one.kind)
                if where.start >= end:
                    found.append((where, meant[one.start : one.end]))
                    end = where.end
            rest = mask(text, [one for one, _ in found])
        plain = self.find(rest, names)
        found += ((one, text[one.start : one.end]) for one in plain)
        for start, end, content in in_base64(mask(rest, plain) if plain else rest):
            inner = self.find(content)
            if inner and self.is_ready:
                found.append((LiteralSpan(start, end, "secret"), text[start:end]))
            else:
                found += ((LiteralSpan(start, end, one.kind), content[one.start : one.end]) for one in inner)
        return sorted(found)

    def find(self, text: str, names: tuple[str, ...] = ()) -> list[LiteralSpan]:
        """The literals of a text in their order: the surest signs first, and nothing twice.

        ``names`` are no words of the product in this text.
        """
        if not names and (pair := _PAIR.fullmatch(text)) is not None:
            value = self.find_in_pair(text)
            if value is not None:
                return [value]
            if len(pair["value"]) < _SHORTEST_BY_FORM or pair["value"].isalpha():
                return sorted(one for known in (self._odd, self._plain) for one in known.find(text))
        signs = signs_of(text)
        finders: list[Finder] = [
            *([find_secrets] if "secrets" in signs else []),
            self._odd.find,
            *([find_macs] if ":" in text or "-" in text or "." in text else []),
            find_enum,
            self._find_addresses,
            find_phones,
            *([self.domains.find] if "." in text else []),
            *([find_placed] if "placed" in signs else []),
            *([find_keyed] if "keyed" in signs else []),
            *([find_addressed] if "addressed" in signs else []),
            *([find_hosts] if "hosts" in signs else []),
            self._plain.find,
            *([find_random] if "random" in signs else []),
        ]
        if names:
            own = LiteralSearch(
                (name, self._kinds[name.lower()]) for name in names if name.lower() in self._kinds
            )
            finders.append(lambda rest: (one for one in own.find(rest) if rest[one.start : one.end] in names))
        everything: list[LiteralSpan] = []
        for finder in finders:
            candidates = list(finder(text))
            if not candidates:
                continue
            end = 0
            fresh = []
            for found in sorted(candidates):
                if found.start >= end:
                    fresh.append(found)
                    end = found.end
            if fresh:
                text = mask(text, fresh)
                everything += fresh
        return sorted(everything)

    def _find_addresses(self, text: str) -> Iterator[LiteralSpan]:
        return find_addresses(text, self._addresses)

    def find_in_pair(self, text: str) -> LiteralSpan | None:
        """What a word behind a key is by the key, if that is all there is in a text."""
        pair = _PAIR.fullmatch(text)
        if pair is None:
            return None
        key = pair["key"] or pair["parameter"]
        if key not in self._keys:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            probed = [one for finder in (find_secrets, find_keyed) for one in finder(f'{key}="{_PROBE}"')]
            self._keys[key] = probed[0].kind if probed else None
        kind = self._keys[key]
        if kind is not None and not is_no_value(pair["value"]):
            return LiteralSpan(*pair.span("value"), kind)
        return None


class LiteralIndex(NamedTuple):
    """What literals were learnt, and which of them are searched everywhere."""

    kinds: dict[str, LiteralKind]
    names: set[str]
    addresses: set[Address]
    searched: list[tuple[str, LiteralKind]]


def as_literal(text: str, kind: LiteralKind) -> list[tuple[str, LiteralKind]]:
    """A text that is a literal as a whole, if it is one, as it is learnt."""
    text = NUMBERED.sub("", text)
    if is_name(text.removesuffix(".")):
        text = text.removesuffix(".")  # a name that ends at the root of DNS is the same name
    if not text.strip() or is_address(text):
        return []
    return [(text, "name" if kind in ("host", "cluster") and _is_dotted(text) else kind)]


def _by_length(literal: str) -> tuple[int, str]:
    return len(literal), literal


def _is_dotted(literal: str) -> bool:
    return is_name(literal) and "." in literal
