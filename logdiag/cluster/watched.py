"""When each peer's logs were watching, and what they leave out."""

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import timedelta

from logdiag.records import Span
from logdiag.spans import Seen

BETWEEN_MEMBERS = timedelta(minutes=2)
"""A peer replicates about every two minutes: a longer silence between two logs is a gap."""

WITHIN_A_MEMBER = timedelta(minutes=65)
"""Syslog writes a mark in each idle hour: a longer silence inside one log is a gap."""

_BETWEEN = BETWEEN_MEMBERS // timedelta(microseconds=1)
_WITHIN = WITHIN_A_MEMBER // timedelta(microseconds=1)


def watched(
    spans: Mapping[tuple[str, str], Iterable[Span]],
    peer_of: Callable[[str], str],
    excerpts: Container[tuple[str, str]] = (),
) -> dict[str, Seen]:
    """For each peer the spans of time that its logs cover.

    Args:
        spans: for each snapshot and member of it when which host was logging.
        peer_of: knows the peer of a host.
        excerpts: snapshot and source of members that are pasted together: between their records
            there may be others that nobody pasted, as there may be between two logs.

    """
    found: dict[str, list[tuple[int, int]]] = {}
    for place, of_member in spans.items():
        apart = _BETWEEN if place in excerpts else _WITHIN
        by_host: dict[str, list[tuple[int, int]]] = {}
        for span in of_member:
            by_host.setdefault(span.host, []).append((span.first, span.last))
        for host, parts in by_host.items():
            found.setdefault(peer_of(host), []).extend(_joined(parts, apart))
    return {peer: Seen(_joined(parts, _BETWEEN)) for peer, parts in found.items()}


def _joined(spans: Iterable[tuple[int, int]], apart: int) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= apart:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
