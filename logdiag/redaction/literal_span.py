"""A literal in a text: its place and its kind."""

from typing import Literal, NamedTuple

LiteralKind = Literal[
    "host", "domain", "cluster", "user", "alias", "serial", "id", "mac", "secret", "name", "ipv4", "ipv6"
]
"""``name`` is the whole name of a host or domain, replaced label by label; ``host`` is one label."""

Address = tuple[int, ...]
"""The four octets of an IPv4 address, or the eight groups of an IPv6 address."""


class LiteralSpan(NamedTuple):
    """The characters of a text from ``start`` to ``end`` are a literal."""

    start: int
    end: int
    kind: LiteralKind


def mask(text: str, spans: list[LiteralSpan]) -> str:
    """Return the text with NULs instead of the spans, which are in order; the length stays."""
    parts: list[str] = []
    end = 0
    for span in spans:
        parts += (text[end : span.start], "\0" * (span.end - span.start))
        end = span.end
    return "".join((*parts, text[end:]))
