"""A literal in a text: where it stands and of what kind it is."""

from typing import Literal, NamedTuple

Kind = Literal[
    "host", "domain", "cluster", "user", "alias", "serial", "id", "mac", "secret", "name", "ipv4", "ipv6"
]
"""``name`` is a host's or a domain's whole name, told label by label; ``host`` is one label."""

Address = tuple[int, ...]
"""The four octets of an IPv4 address, or the eight groups of an IPv6 address."""


class Found(NamedTuple):
    """The characters from ``start`` to ``end`` of a text are a literal."""

    start: int
    end: int
    kind: Kind


def masked(text: str, found: list[Found]) -> str:
    """The text, as long as before, with NULs in the place of what was found (in its order)."""
    parts: list[str] = []
    end = 0
    for one in found:
        parts += (text[end : one.start], "\0" * (one.end - one.start))
        end = one.end
    return "".join((*parts, text[end:]))
