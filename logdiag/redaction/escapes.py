"""Texts in the forms of URLs, markup, JSON and base64: what stands in them, and where it stands in them."""

import base64
import binascii
import html
import re
from collections.abc import Iterator

_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,30});)"
    r"|(?P<unicode>(?:\\u[0-9A-Fa-f]{4})+)"
    r"|\\(?P<letter>[bfnrt])"
    r"|\\(?P<sign>[!-/:-@\[-`{-~])"
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{8,}+={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")


def has_escapes(text: str) -> bool:
    """Whether something in a text may mean another character."""
    return "%" in text or "&" in text or "\\" in text


def unescaped(text: str) -> tuple[str, list[tuple[int, int]]]:
    """What a text means, and for each character of that from where to where it stands in the text."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[end : match.start()])
        places += ((i, i + 1) for i in range(end, match.start()))
        end = match.end()
        meant = _meant(match)
        parts.append(meant)
        step = len(match[0]) // len(meant) if meant and len(match[0]) % len(meant) == 0 else 0
        for i in range(len(meant)):
            start = match.start() + i * step
            places.append((start, start + step) if step else match.span())
    parts.append(text[end:])
    places += ((i, i + 1) for i in range(end, len(text)))
    return "".join(parts), places


def _meant(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "percent":
            return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")
        case "entity":
            return html.unescape(match[0])
        case "unicode":
            return bytes.fromhex(match[0].replace("\\u", "")).decode("utf-16-be", "replace")
        case "letter":
            return _LETTERS[match["letter"]]
    return match["sign"]


def in_base64(text: str) -> Iterator[tuple[int, int, str]]:
    """Words of a text that are base64 of a text: from where to where, and of what."""
    for match in _BASE64.finditer(text):
        if match[0].islower() or match[0].isupper() or match[0].isdecimal():
            continue  # a word, or a number
        word = match[0].rstrip("=").translate(_URL_SAFE)
        try:
            content = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if content.isprintable():
            yield match.start(), match.end(), content
