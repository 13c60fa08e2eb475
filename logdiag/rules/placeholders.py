"""Fill the placeholders of titles, explanations and steps."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.particles import BOTH_FORMS, choose_particle
from logdiag.i18n.sentences import listed, moment, stretch
from logdiag.rules.checking import PLACEHOLDER
from logdiag.rules.match_schema import FROM_CATALOGUE, Match, list_bindings

PART = "; "
"""What separates the values of several peers in ``found``."""

ON_PEERS = N_("{what} on {peers}")
"""One of these values, and the peers that have it."""


def unbound(matches: Iterable[Match]) -> dict[str, str]:
    """Return what each name that some matches bind says if no record has its value."""
    texts: dict[str, str] = {}
    for match in matches:
        for name, binding in list_bindings(match):
            if binding.missing is not None or name not in texts:
                texts[name] = binding.missing or without(name)
        if match.audit:
            texts.setdefault("found", "")
        if match.is_of_others:
            texts.update({name: without(name) for name in FROM_CATALOGUE if name not in texts})
    return texts


def without(name: str) -> str:
    """Return the text for a value that no record has, if the rule has no words for that."""
    return gettext("(no {name})").format(name=name)


def list_placeholders(
    values: Mapping[str, str],
    hosts: Sequence[str],
    peers: Sequence[str],
    count: int,
    first: datetime | None,
    last: datetime | None,
) -> dict[str, str]:
    """Return what a title and an explanation can name, besides what is unbound."""
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
    """Return texts with those put into another language that a rule says itself."""
    return {name: says.get(text, text) for name, text in texts.items()}


MAX_TITLE = 90
"""Characters of a title: a longer one does not fit on one line of the report or of a ticket."""


def fill_title(
    text: str,
    values: Mapping[str, str],
    hosts: Sequence[str],
    peers: Sequence[str],
    everyone: Iterable[str] = (),
) -> str:
    """Return a title with its placeholders filled in, of at most 90 characters.

    A longer one loses, of what was found, the names of peers, then some values, then all; and then names of
    peers that report it. The explanation has them all. ``everyone`` are the peers of the cluster.
    """
    attempts = _shorter(text, values, hosts, peers, {*hosts, *peers, *everyone})
    title = fill(text, values)
    while len(title) > MAX_TITLE and (attempt := next(attempts, None)) is not None:
        title = fill(*attempt)
    return shortened(title)


_MAX_NAMED = 20
"""Names or values that a title can have at most: each takes some characters of 90."""


def _shorter(
    text: str, values: Mapping[str, str], hosts: Sequence[str], peers: Sequence[str], everyone: set[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield a title and its values, each time with less."""
    on = gettext(ON_PEERS)
    said = re.compile(re.escape(on).replace(r"\{what\}", "(.*?)").replace(r"\{peers\}", "(.*)"))
    pairs = [
        found.groups() if (found := said.fullmatch(part)) else (part, "")
        for part in values.get("found", "").split(PART)
    ]
    # The names of peers are the only words that are the same in every language.
    number = [len(everyone.intersection(re.findall(r"[\w.-]+", names))) for _, names in pairs]
    of_many = ngettext("{number} peer", "{number} peers", 2)
    counted = [
        on.format(what=what, peers=of_many.format(number=many) if many > 1 else names) if names else what
        for (what, names), many in zip(pairs, number, strict=True)
    ]
    bare = [*dict.fromkeys(what for what, _ in pairs)]
    for shown in (PART.join(counted), PART.join(bare)):
        yield text, {**values, "found": shown}
    some = gettext("{names} and {number} more")
    for most in range(min(len(bare) - 1, _MAX_NAMED), 0, -1):
        fewer = some.format(names=PART.join(bare[:most]), number=len(bare) - most)
        yield text, {**values, "found": fewer}
    text = text.removesuffix(": {found}")
    yield text, values
    # With every name, then with fewer.
    for most in range(min(max(len(hosts), len(peers)), _MAX_NAMED), 0, -1):
        names = {"hosts": listed(hosts, most), "peers": listed(peers, most) or values.get("peers", "")}
        yield text, {**values, **names}


def shortened(title: str) -> str:
    """Return a title that is cut after a word if it has more than 90 characters."""
    if len(title) <= MAX_TITLE:
        return title
    cut, _, rest = title[:MAX_TITLE].rpartition(" ")
    return f"{(cut or rest)[: MAX_TITLE - 1].rstrip(' ,:;')}…"


_WITH_PARTICLE = re.compile(rf"{PLACEHOLDER.pattern}({BOTH_FORMS})?")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders filled in.

    One pass: a value that itself looks like a placeholder stays as it is.
    """
    if "{" not in text:  # most texts of a step are empty
        return text.strip()

    def value_of(found: re.Match[str]) -> str:
        value, both = values[found[1]], found[2]
        return value + choose_particle(value, both) if both else value

    return _WITH_PARTICLE.sub(value_of, text.strip())
