"""Sanitizes log text for a terminal and a browser.

Anybody who can make an Expressway log something can write log text: a caller's name is enough. A
control character can repaint a terminal, and a bidi override can make text read differently from
what it says. Both are shown instead of obeyed.
"""

import re
import unicodedata
from collections.abc import Mapping

from logdiag.i18n import gettext

_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
# The name of a bidi override or isolate is its bidi class (RLO); the class of a mark is that of letters.
_BIDI = {
    code: unicodedata.bidirectional(chr(code)) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_BIDI |= {0x061C: "ALM", 0x200E: "LRM", 0x200F: "RLM"}
# Blanks and newlines of prose; not \v, \f or a lone \r, which are oddities and shown as such.
_PROSE_BLANKS = re.compile(r"(?:\r\n|[ \n\t])+")
# A runner of GitHub takes off what it counts as blank, and then looks for colons.
_COMMAND = re.compile(r"^(?:[^\S\n]|[\u180e\u200b\ufeff])*:(?=:)|##(?=\[)", re.MULTILINE)


def defuse(text: str, *, lines: bool = False) -> str:
    r"""Return ``text`` with control characters shown as ``\x1b`` and bidi overrides as ``⟦RLO⟧``.

    With ``lines``, tabs and newlines stay what they are, and CR LF counts as a newline.
    """
    # A fast path: nearly all log text is printable ASCII.
    if text.isascii() and text.isprintable():
        return text
    if lines:
        return text.replace("\r\n", "\n").translate(_BUT_LINES)
    return text.translate(_ALL)


def one_line(text: str, max_length: int | None = None) -> str:
    """Return ``text`` on one line, harmless, and clipped to ``max_length`` characters."""
    return defuse(_PROSE_BLANKS.sub(" ", text if max_length is None else clipped(text, max_length)))


def clipped(text: str, length: int) -> str:
    """Return ``text``, or its beginning and how much is missing: one value can be megabytes long."""
    if len(text) <= length:
        return text
    said = gettext("{beginning}... ({number} more characters)")
    return said.format(beginning=text[:length], number=f"{len(text) - length:,}")


def is_plain(text: str) -> bool:
    """Return whether ``text`` is what it looks like, and therefore safe to copy into a shell."""
    return defuse(text) == text and not any(unicodedata.category(char) == "Cf" for char in text)


def _shown() -> dict[int, str]:
    # Escapes and not the pictures of U+2400: many fonts lack those, and a box shows nothing.
    shown = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
    # A lone surrogate cannot be written as UTF-8: it would stop the report from being saved.
    # U+2028 and U+2029 end a line in some terminals and viewers, and in none of ours.
    shown.update({code: f"\\u{code:04x}" for code in (*range(0xD800, 0xE000), 0x2028, 0x2029)})
    shown.update({code: f"⟦{name}⟧" for code, name in _BIDI.items()})
    return shown | _NAMED


_ALL = _shown()
_BUT_LINES = {code: text for code, text in _ALL.items() if code not in (0x09, 0x0A)}


def is_github_step(environment: Mapping[str, str]) -> bool:
    """Return whether this is a step of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def inert(text: str, environment: Mapping[str, str]) -> str:
    """Return ``text``; in a step of GitHub Actions, a blank breaks everything that a runner would obey."""
    return _COMMAND.sub(r"\g<0> ", text) if is_github_step(environment) else text
