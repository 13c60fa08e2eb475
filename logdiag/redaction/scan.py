"""The last look at an output: nothing that was replaced may stand in it, however it got there."""

import html
import re
from typing import Literal

from logdiag.errors import LogdiagError
from logdiag.redaction.addresses import address_of, find_addresses, find_macs, plain_mac
from logdiag.redaction.literal_search import LiteralSearch
from logdiag.redaction.literal_span import LiteralKind
from logdiag.redaction.redactor import Redactor

Form = Literal["html", "json", "markdown", "text"]

SHORTEST = 4
"""Characters of a literal that is looked for."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"\\/bfnrt]))")
_MARKED = re.compile(r"\\([^\w\s])|`")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_TOKEN = re.compile(r"\bipv(?:4-[0-9]+(?:\.[0-9]+){3}|6-(?:[0-9]+|fe80)(?::[0-9]+){7})")
_NOUNS: dict[LiteralKind, str] = {
    "host": "host name",
    "cluster": "cluster name",
    "serial": "serial number",
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "mac": "MAC address",
}


class RedactionError(LogdiagError):
    """An output would tell what it must not."""


def check(output: str, form: Form, redactor: Redactor) -> None:
    """Look for everything that was replaced, as it is and as the output's form writes it.

    Raises:
        RedactionError: something is left; the error says of what kind and where, and never what.

    """
    known = LiteralSearch(one for one in redactor.searched() if len(one[0]) >= SHORTEST)
    for text in {output, _unescaped(output, form)}:
        places: list[tuple[int, LiteralKind]] = [(found.start, found.kind) for found in known.find(text)]
        # A token is made of numbers as an address is.
        for found in find_addresses(_TOKEN.sub(lambda token: " " * len(token[0]), text), redactor.hidden):
            if address_of(text[found.start : found.end]) in redactor.hidden:
                places.append((found.start, found.kind))
        for found in find_macs(text):
            if plain_mac(text[found.start : found.end]) in redactor.hidden:
                places.append((found.start, found.kind))
        if places:
            place, kind = min(places)
            line, noun = text.count("\n", 0, place) + 1, noun_of(kind)
            raise RedactionError(f"not redacted: line {line} of the {form} output holds a literal ({noun})")


def noun_of(kind: LiteralKind) -> str:
    """What a kind is called in a sentence."""
    return _NOUNS.get(kind, kind)


def _unescaped(output: str, form: Form) -> str:
    if form == "html":
        return html.unescape(output)
    if form == "json":
        return _ESCAPE.sub(lambda sign: _char(sign[1], sign[2]), output)
    if form == "markdown":
        return _MARKED.sub(r"\1", output)
    return _COLOR.sub("", output)


def _char(code: str | None, sign: str) -> str:
    # A line end within a value is no line of the file.
    return chr(int(code, 16)) if code is not None else _ESCAPED.get(sign, sign).replace("\n", "\r")
