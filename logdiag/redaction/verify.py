"""The leak check: nothing that was replaced may remain in an output, in any spelling."""

import html
import re
from collections.abc import Iterable, Iterator, Set
from typing import Literal

from logdiag.errors import LogdiagError
from logdiag.redaction.addresses import address_of, find_addresses, find_macs, plain_mac
from logdiag.redaction.escapes import has_escapes, in_base64, read_escapes
from logdiag.redaction.line_batches import LineBatch
from logdiag.redaction.line_parts import cached_by_text, cut_line, cut_parameters, is_harmless
from logdiag.redaction.literal_search import LiteralSearch
from logdiag.redaction.literal_span import Address, LiteralKind, LiteralSpan
from logdiag.redaction.redactor import Redactor

Form = Literal["html", "json", "markdown", "text"]

_MIN_LENGTH = 4
"""Shorter literals are found in any text."""
# Members in JSON can spell any character of a value as an escape.
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"\\/bfnrt]))")
_JSON_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_MARKED = re.compile(r"\\([^\w\s])|`")
# Terminals' colour codes can split a value in two.
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_TOKEN = re.compile(r"\bipv(?:4-[0-9]+(?:\.[0-9]+){3}|6-(?:[0-9]+|fe80)(?::[0-9]+){7})")
_NOUNS: dict[LiteralKind, str] = {
    "host": "host name",
    "cluster": "cluster name",
    "serial": "serial number",
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "mac": "MAC address",
}

Checked = tuple[int, dict[int, LiteralKind]]
"""How many lines a batch has, and those that contain a literal (from 0)."""


class RedactionError(LogdiagError):
    """An output contains what was to be replaced."""


class LeakCheck:
    """Searches texts for what was replaced in them.

    Args:
        literals: the literals that were replaced everywhere.
        hidden: the addresses that were replaced.
        issued: the addresses that replace others; one of them may be hidden as well. Every other address
            is a leak then. None if pseudonyms are not addresses.

    """

    def __init__(
        self,
        literals: Iterable[tuple[str, LiteralKind]],
        hidden: Set[Address | str],
        issued: Set[str] | None = None,
    ) -> None:
        self._search = LiteralSearch(one for one in literals if len(one[0]) >= _MIN_LENGTH)
        self._hidden = hidden
        self._issued = None if issued is None else set(map(address_of, issued))
        self._known = hidden - (self._issued or set())
        self._kind_in = cached_by_text(self._first_kind)

    def __call__(self, batch: LineBatch) -> Checked:
        """Search a batch."""
        return batch.lines.count(b"\n"), self.find(batch.text)

    def find(self, lines: str) -> dict[int, LiteralKind]:
        """Return the lines (from 0) that contain a literal, and the kind of the first one in each."""
        leaks: dict[int, LiteralKind] = {}
        for number, line in enumerate(lines.split("\n")):
            _, host, parts = cut_line(line, "log")
            found = (self._kind_in(one) for part in (host, *parts) for one in cut_parameters(part))
            if (first := next((kind for kind in found if kind), None)) is not None:
                leaks[number] = first
        return leaks

    def spans(self, text: str) -> Iterator[LiteralSpan]:
        """Find what was replaced, as it is spelled in a text."""
        yield from self._search.find(text)
        for span in find_addresses(text, self._known):
            address = address_of(text[span.start : span.end])
            if address in self._hidden if self._issued is None else address not in self._issued:
                yield span
        for span in find_macs(text):
            if plain_mac(text[span.start : span.end]) in self._hidden:
                yield span

    def _first_kind(self, part: str) -> LiteralKind | None:
        if is_harmless(part):
            return None
        forms = [part, *([read_escapes(part)[0]] if has_escapes(part) else [])]
        forms += (content for _, _, content in in_base64(part))
        return next((span.kind for form in forms for span in self.spans(form)), None)


def check(output: str, form: Form, redactor: Redactor) -> None:
    """Search an output for everything that was replaced, also in the escapes of the output's form.

    Raises:
        RedactionError: something remains; the error says of what kind and where, and never what.

    """
    leaks = LeakCheck(redactor.searched(), redactor.hidden)
    for text in {output, _unescaped(output, form)}:
        # The numbers of a pseudonym look like an address.
        places = [*leaks.spans(_TOKEN.sub(lambda token: " " * len(token[0]), text))]
        if places:
            start, _, kind = min(places)
            line, noun = text.count("\n", 0, start) + 1, noun_of(kind)
            raise RedactionError(f"not redacted: line {line} of the {form} output holds a literal ({noun})")


def noun_of(kind: LiteralKind) -> str:
    """Return the name of a kind in a sentence."""
    return _NOUNS.get(kind, kind)


def _unescaped(output: str, form: Form) -> str:
    if form == "html":
        return html.unescape(output)
    if form == "json":
        return _JSON_ESCAPE.sub(_json_sign, output)
    if form == "markdown":
        return _MARKED.sub(r"\1", output)
    return _COLOR.sub("", output)


def _json_sign(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return chr(int(escape[1], 16))
    # A line end within a value is not a line of the file.
    return _JSON_SIGNS.get(escape[2], escape[2]).replace("\n", "\r")
