"""Filling the placeholders of titles, explanations and steps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from logdiag.i18n import gettext
from logdiag.i18n.particles import with_particle
from logdiag.i18n.sentences import listed, moment, stretch
from logdiag.rules.match_schema import Match, patterns


def unbound(matches: Iterable[Match]) -> dict[str, str]:
    """What each name that some matches bind says where no record has its value."""
    texts: dict[str, str] = {}
    for match in matches:
        for _, pattern in patterns(match):
            for name, binding in pattern.bind.items():
                if binding.missing is not None or name not in texts:
                    texts[name] = binding.missing or without(name)
        if match.audit:
            texts.setdefault("found", "")
    return texts


def without(name: str) -> str:
    """What stands for a value that no record has, where the rule has no words for that."""
    return gettext("(no {name})").format(name=name)


def placeholders(
    values: Mapping[str, str],
    hosts: Sequence[str],
    peers: Sequence[str],
    count: int,
    first: datetime | None,
    last: datetime | None,
) -> dict[str, str]:
    """What a title and an explanation can name, besides what is unbound."""
    return {
        "took": "",
        **values,
        "host": listed(hosts),
        "hosts": listed(hosts),
        "peers": listed(peers) or gettext("another peer"),
        "count": f"{count:,}",
        "first": _moment(first),
        "last": _moment(last),
        "duration": stretch(last - first) if first and last else gettext("an unknown time"),
    }


def _moment(time: datetime | None) -> str:
    return gettext("a time that is not known") if time is None else moment(time)


def worded(texts: Mapping[str, str], says: Mapping[str, str]) -> dict[str, str]:
    """Texts with those put into another language that a rule says itself."""
    return {name: says.get(text, text) for name, text in texts.items()}


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
            particle, behind = with_particle(values[name], behind)
            parts.append(particle)
        rest = behind if end else ""
    return "".join(parts)
