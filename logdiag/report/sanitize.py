"""Log text made harmless to look at, on a terminal and in a browser.

Log text is written by whoever can make an Expressway log something: a caller's name is enough. A
control character can repaint a terminal, and a bidi override can make text read differently from
what it says. Both are shown instead of obeyed.
"""

import unicodedata

_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_BIDI = {
    0x061C: "ALM",
    0x200E: "LRM",
    0x200F: "RLM",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
}


def defuse(text: str, *, lines: bool = False) -> str:
    r"""Return ``text`` with control characters shown as ``\x1b`` and bidi overrides as ``⟦RLO⟧``.

    With ``lines``, tabs and newlines stay what they are, and CR LF counts as a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        return text.replace("\r\n", "\n").translate(_BUT_LINES)
    return text.translate(_ALL)


def is_plain(text: str) -> bool:
    """Tell whether ``text`` is what it looks like: safe to offer for copying into somebody's shell."""
    return defuse(text) == text and not any(unicodedata.category(char) == "Cf" for char in text)


def _shown() -> dict[int, str]:
    # Escapes and not the pictures of U+2400: many fonts lack those, and a box tells nothing.
    shown = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
    # A lone surrogate cannot be written as UTF-8: it would stop the report from being saved.
    # U+2028 and U+2029 end a line in some terminals and viewers, and in none of ours.
    shown.update({code: f"\\u{code:04x}" for code in (*range(0xD800, 0xE000), 0x2028, 0x2029)})
    shown.update({code: f"⟦{name}⟧" for code, name in _BIDI.items()})
    return shown | _NAMED


_ALL = _shown()
_BUT_LINES = {code: text for code, text in _ALL.items() if code not in (0x09, 0x0A)}
