"""Read escapes of URLs, markup, JSON and Erlang, and base64."""

import binascii
import html
import re
from collections.abc import Iterator
from functools import lru_cache

_CODES = r"(?<=\[)[0-9]{2,3}(?:,[0-9]{2,3}){6,}+(?=\])"
_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,30});)"
    r"|(?P<unicode>(?:\\u[0-9A-Fa-f]{4})+)"
    rf"|(?P<codes>{_CODES})"
    r"|\\(?P<letter>[bfnrt])"
    r"|\\(?P<sign>[!-/:-@\[-`{-~])"
)
_LIST = re.compile(_CODES)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{8,}+={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_MAX_CACHED, _MAX_CACHED_LENGTH = 1 << 16, 64


def has_escapes(text: str) -> bool:
    """Return whether something in a text may mean another character."""
    return "%" in text or "&" in text or "\\" in text or ("[" in text and _LIST.search(text) is not None)


def read_escapes(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the meaning of a text, and for each character of it the start and end in the text."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[end : match.start()])
        places += ((i, i + 1) for i in range(end, match.start()))
        end = match.end()
        meant = _meant(match)
        parts.append(meant)
        step, odd = divmod(len(match[0]), len(meant) or 1)
        starts = range(match.start(), end, step)
        places += [match.span()] * len(meant) if odd else ((start, start + step) for start in starts if meant)
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
        case "codes":
            meant = "".join(map(chr, map(int, match[0].split(","))))
            return meant if meant.isascii() and meant.isprintable() else match[0]
        case "letter":
            return _LETTERS[match["letter"]]
    return match["sign"]


def in_base64(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and content of each word of a text that is a text in base64."""
    for match in _BASE64.finditer(text):
        word = match[0]
        content = _content(word) if len(word) > _MAX_CACHED_LENGTH else _known_content(word)
        if content is not None:
            yield match.start(), match.end(), content


def _content(word: str) -> str | None:
    if word.islower() or word.isupper() or word.isdecimal():
        return None  # a word, or a number
    word = word.rstrip("=").translate(_URL_SAFE)
    if len(word) % 4 == 1:
        return None
    try:
        content = binascii.a2b_base64(word + "=" * (-len(word) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return content if "".join(content.split()).isprintable() else None


_known_content = lru_cache(_MAX_CACHED)(_content)
