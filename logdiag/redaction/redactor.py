"""Finds what says who the customer is in texts, and replaces it: the same literal by the same token."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from logdiag.redaction.addresses import (
    Address,
    AddressTokens,
    address_of,
    find_addresses,
    find_macs,
    is_address,
    plain_mac,
)
from logdiag.redaction.found import Found, Kind, masked
from logdiag.redaction.keyed import find_addressed, find_hosts, find_keyed, find_secrets
from logdiag.redaction.known import Known, searchable
from logdiag.redaction.names import Domains, is_name
from logdiag.redaction.vocabulary import product_words

_STRENGTH: tuple[Kind, ...] = (
    *("host", "domain", "cluster", "user", "serial", "id", "mac", "alias", "secret"),
)
"""What a literal is called that is of several kinds: the first of these."""
_NUMBERED = re.compile(r" ?#\d+$")
_SHORTEST_DOMAIN = 4
"""Letters of a domain's label that is searched alone: ``acme`` without ``.com``."""
_NOT_TOLD = frozenset(("localhost", "localhost.localdomain"))

Finder = Callable[[str], Iterable[Found]]


class Redactor:
    """A table of literals. First it learns all texts, then it replaces: what one says, others hide, too."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._names: set[str] = set()
        self._domains = Domains()
        self._seen: set[str] = set()
        self._odd = self._plain = Known(())
        self._addresses = AddressTokens()
        self.hidden: set[Address | str] = set()
        """The addresses that were replaced; MAC addresses as `plain_mac` has them."""
        self._tokens: dict[tuple[Kind, str], str] = {}
        self._last: Counter[Kind] = Counter()
        self._texts: dict[tuple[str, tuple[str, ...]], str] = {}

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, text: str) -> None:
        """Learn the literals of a text."""
        if text in self._seen:
            return
        self._seen.add(text)
        for found in self._find(text):
            self._learn(text[found.start : found.end], found.kind)

    def learn_literal(self, literal: str, kind: Kind) -> None:
        """Learn a text that is a literal as a whole."""
        literal = _NUMBERED.sub("", literal)
        if literal.strip() and not is_address(literal):
            self._learn(literal, "name" if kind in ("host", "cluster") and _is_dotted(literal) else kind)

    def _learn(self, literal: str, kind: Kind) -> None:
        literal = literal.lower()
        if literal in _NOT_TOLD or kind in ("ipv4", "ipv6", "mac"):
            return
        if kind == "name":
            self._names.add(literal)
            self._domains.learn(literal)
        else:
            self._kinds[literal] = min(kind, self._kinds.get(literal, kind), key=_STRENGTH.index)

    def know(self) -> None:
        """Search from now on for everything that was learnt, wherever it stands."""
        for name in self._names:
            for label, kind in self._labels(name):
                if kind == "host" or len(label) >= _SHORTEST_DOMAIN:
                    self._learn(label, kind)
        known = self.searched()
        self._odd = Known(one for one in known if not is_name(one[0]))
        self._plain = Known(one for one in known if is_name(one[0]))
        self._seen.clear()

    def searched(self) -> list[tuple[str, Kind]]:
        """The literals that are searched everywhere: those that no text of the product has as a word."""
        words = product_words()
        return [one for one in self._kinds.items() if searchable(one[0]) and one[0] not in words]

    def kind(self, literal: str) -> Kind | None:
        """What a text is known to be as a whole."""
        return self._kinds.get(literal.lower())

    def _labels(self, name: str) -> Iterator[tuple[str, Kind]]:
        """The labels of a name that are told from others, without the last one."""
        first: Kind = "domain" if self._domains.is_domain(name) else "host"
        for i, label in enumerate(name.split(".")[:-1]):
            yield label, "domain" if i else first

    # ── replacing ───────────────────────────────────────────────────────────────────────────

    def text(self, text: str, names: tuple[str, ...] = ()) -> str:
        """The text with tokens in the place of literals, ``names`` in it being no words of the product."""
        known = self._texts.get((text, names))
        if known is None:
            parts: list[str] = []
            end = 0
            for found in self._find(text, names):
                parts += (text[end : found.start], self._token(text[found.start : found.end], found.kind))
                end = found.end
            known = self._texts[text, names] = "".join((*parts, text[end:]))
        return known

    def literal(self, text: str, kind: Kind) -> str:
        """The token of a text that is a literal as a whole; a number behind its name stays."""
        bare = _NUMBERED.sub("", text)
        if bare.lower() in self._kinds:
            return self._token(bare, kind) + text[len(bare) :]
        if bare.lower() in self._names:
            return self._token(bare, "name") + text[len(bare) :]
        return self.text(text)

    def _token(self, literal: str, kind: Kind) -> str:
        if kind in ("ipv4", "ipv6"):
            address = address_of(literal)
            self.hidden.add(address)
            return self._addresses.token(address)
        if kind == "name":
            labels = literal.lower().split(".")
            first: Kind = "domain" if self._domains.is_domain(literal) else "host"
            return ".".join(self._number(label, "domain" if i else first) for i, label in enumerate(labels))
        if kind == "mac":
            self.hidden.add(plain_mac(literal))
            return self._number(plain_mac(literal), kind)
        literal = literal.lower()
        return self._number(literal, self._kinds.get(literal, kind))

    def _number(self, literal: str, kind: Kind) -> str:
        token = self._tokens.get((kind, literal))
        while token is None:
            self._last[kind] += 1
            # What a customer calls a thing is no token: nobody could tell the two apart.
            if (wanted := f"{kind}-{self._last[kind]}") not in self._kinds:
                token = self._tokens[kind, literal] = wanted
        return token

    # ── finding ─────────────────────────────────────────────────────────────────────────────

    def _find(self, text: str, names: tuple[str, ...] = ()) -> list[Found]:
        """The literals of a text in their order: the surest signs first, and nothing twice."""
        own = Known((name, self._kinds[name.lower()]) for name in names if name.lower() in self._kinds)
        finders: tuple[Finder, ...] = (
            find_secrets,
            self._odd.find,
            find_macs,
            find_addresses,
            self._domains.find,
            find_keyed,
            find_addressed,
            find_hosts,
            self._plain.find,
            lambda rest: (one for one in own.find(rest) if rest[one.start : one.end] in names),
        )
        everything: list[Found] = []
        for finder in finders:
            end = 0
            fresh = []
            for found in sorted(finder(text)):
                if found.start >= end:
                    fresh.append(found)
                    end = found.end
            if fresh:
                text = masked(text, fresh)
                everything += fresh
        return sorted(everything)


def _is_dotted(literal: str) -> bool:
    return is_name(literal) and "." in literal
