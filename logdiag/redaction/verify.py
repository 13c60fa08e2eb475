"""The last look at redacted files: nothing that was replaced may stand in them, in whatever form."""

from collections.abc import Iterable, Iterator, Set

from logdiag.redaction.addresses import address_of, find_addresses, find_macs, plain_mac
from logdiag.redaction.escapes import has_escapes, in_base64, unescaped
from logdiag.redaction.literal_search import LiteralSearch
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.scan import SHORTEST
from logdiag.redaction.texts import cut, parameters, says_nothing

_MOST_KNOWN = 200_000


class Left:
    """Looks for what redacted texts must not hold.

    Args:
        searched: the literals.
        hidden: the addresses that were replaced; of these the MAC addresses matter.
        issued: the addresses that stand for others.

    """

    def __init__(
        self, searched: Iterable[tuple[str, LiteralKind]], hidden: Set[Address | str], issued: Set[Address]
    ) -> None:
        self._known = LiteralSearch(one for one in searched if len(one[0]) >= SHORTEST)
        self._hidden, self._issued = hidden, issued
        self._replaced = hidden - issued
        self._clean: set[str] = set()

    def find(self, lines: str) -> dict[int, LiteralKind]:
        """The lines (from 0) that hold a literal, and of what kind the first one in each is."""
        left: dict[int, LiteralKind] = {}
        clean = self._clean
        for number, line in enumerate(lines.split("\n")):
            _, host, pieces = cut(line, "log")
            for piece in (host, *(part for one in pieces for part in parameters(one))):
                if piece in clean or says_nothing(piece):
                    continue
                kind = next((kind for form in _forms(piece) for kind in self._in(form)), None)
                if kind is not None:
                    left[number] = kind
                    break
                if len(clean) >= _MOST_KNOWN:
                    clean.clear()
                clean.add(piece)
        return left

    def _in(self, text: str) -> Iterator[LiteralKind]:
        for found in self._known.find(text):
            yield found.kind
        # Some address may be that by which another is replaced: only what nothing is replaced by is left.
        for found in find_addresses(text, self._replaced):
            if address_of(text[found.start : found.end]) not in self._issued:
                yield found.kind
        for found in find_macs(text):
            if plain_mac(text[found.start : found.end]) in self._hidden:
                yield found.kind


def _forms(text: str) -> Iterator[str]:
    yield text
    if has_escapes(text):
        yield unescaped(text)[0]
    for _, _, content in in_base64(text):
        yield content
