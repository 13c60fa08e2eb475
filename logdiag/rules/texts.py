"""Filling the placeholders of titles, explanations and steps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from logdiag.rules.matches import Match, patterns
from logdiag.wording import listed, moment, stretch


def unbound(matches: Iterable[Match]) -> dict[str, str]:
    """What each name that some matches bind says where no record has its value."""
    texts: dict[str, str] = {}
    for match in matches:
        for _, pattern in patterns(match):
            for name, binding in pattern.bind.items():
                if binding.missing is not None or name not in texts:
                    texts[name] = binding.missing or f"(no {name})"
        if match.audit or match.peers:
            texts.setdefault("found", "")
    return texts


def placeholders(
    values: Mapping[str, str],
    hosts: Sequence[str],
    peers: Sequence[str],
    count: int,
    first: datetime,
    last: datetime,
) -> dict[str, str]:
    """What a title and an explanation can name, beside what is unbound."""
    return {
        "took": "",
        **values,
        "host": listed(hosts),
        "hosts": listed(hosts),
        "peers": listed(peers) or "another peer",
        "count": f"{count:,}",
        "first": moment(first),
        "last": moment(last),
        "duration": stretch(last - first),
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled in.

    One pass: a value that itself looks like a placeholder stays as it is.
    """
    parts = []
    rest = text.strip()
    while rest:
        before, brace, after = rest.partition("{")
        name, end, behind = after.partition("}")
        parts.append(before)
        if brace and end:
            parts.append(values[name])
        rest = behind if end else ""
    return "".join(parts)
