"""The index page: the clusters, what they have in common, and the bad inputs.

The clusters come by severity. After an earlier batch, clusters with new or worse findings come first.

It is as safe as a report, by the same means: the templates escape every value, and only the page's own style
and script may run.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from logdiag.batch.rows import Row
from logdiag.batch.since import Since, changed
from logdiag.compare.diff_sentences import HEADINGS
from logdiag.model import SEVERITIES, STATES, Severity
from logdiag.report.html import render_page
from logdiag.rules.library import Library

# Nobody reads a longer page; the dataset has everything.
MAX_CLUSTERS = 5000
_MAX_COMMON = 100
_MAX_NAMED_CLUSTERS = 12
_MAX_MONTHS = 36

_PLACEHOLDER = re.compile(r"\{\w*\}")
"""A placeholder in the title of a rule has another value in every cluster."""


@dataclass(frozen=True)
class Common:
    """A rule or a version that several clusters have in common, with the first of the clusters.

    ``severity`` is the worst of them; None if there was no incident.
    """

    what: str
    severity: Severity | None
    clusters: int
    rows: tuple[Row, ...]
    peers: int = 0


@dataclass(frozen=True)
class Month:
    """The incidents that began in a month, by severity, and the number of their clusters."""

    name: str
    clusters: int
    incidents: dict[str, int]


@dataclass(frozen=True)
class Part:
    """Clusters that are listed together: changed since the earlier batch, unknown to it, or others."""

    kind: Literal["changed", "unknown", "others"]
    rows: list[Row]


def render(rows: Sequence[Row], beside: Sequence[str], library: Library, since: Since | None = None) -> str:
    """Return the index page of a batch in the library's language, a complete HTML document.

    With ``since``, it begins with the clusters in which something is new or worse since an earlier batch.
    """
    usable = sorted((row for row in rows if row.usable), key=_order)
    parts = _parts(usable, since)
    rules = [
        _common(rule, of, [row.rules[rule] for row in of])
        for rule, of in _by(usable, lambda row: row.rules).items()
        if len(of) > 1
    ]
    versions = [
        _common(name, of, [row.severity for row in of], sum(row.versions[name] for row in of))
        for name, of in _by(usable, lambda row: row.versions).items()
    ]
    months = [
        Month(name, len(of), {one: sum(row.months[name].get(one, 0) for row in of) for one in SEVERITIES})
        for name, of in sorted(_by(usable, lambda row: row.months).items())
    ]
    return render_page(
        "index.html.jinja",
        ("report.css", "overview.css"),
        "index.js",
        library=library,
        titles={name: _PLACEHOLDER.sub("…", rule.title) for name, rule in library.rules.items()},
        version=version("logdiag"),
        parts=parts,
        shown=sum(len(part.rows) for part in parts),
        since=since,
        changed=changed(since) if since else "",
        headings=HEADINGS,
        whole=usable,
        counts=Counter(row.severity for row in usable),
        bad=[row for row in rows if row.reasons],
        beside=beside,
        most=MAX_CLUSTERS,
        rules=sorted(rules, key=lambda one: (-one.clusters, -_level(one.severity), one.what))[:_MAX_COMMON],
        versions=sorted(versions, key=lambda one: (-one.clusters, one.what))[:_MAX_COMMON],
        months=months[-_MAX_MONTHS:],
        earlier=len(months[:-_MAX_MONTHS]),
        severities=tuple(reversed(SEVERITIES)),
    )


def _order(row: Row) -> tuple[int, int, str]:
    return -_level(row.severity), STATES.index(row.state) if row.state else 0, row.name


def _parts(usable: list[Row], since: Since | None) -> list[Part]:
    """Put the clusters in the order in which they are shown, at most `MAX_CLUSTERS`."""
    if since is None:
        return [Part("others", usable[:MAX_CLUSTERS])] if usable else []
    news = since.news
    worse = [row for row in usable if row.name in news and news[row.name].severity is not None]
    worse.sort(key=lambda row: -_level(news[row.name].severity))
    unknown = [row for row in usable if row.name not in news]
    others = [row for row in usable if row.name in news and news[row.name].severity is None]
    # What is new is never cut off in favour of what is known.
    free = MAX_CLUSTERS
    parts = []
    for part in (Part("changed", worse), Part("unknown", unknown), Part("others", others)):
        if part.rows[:free]:
            parts.append(Part(part.kind, part.rows[:free]))
        free = max(0, free - len(part.rows))
    return parts


def _level(severity: Severity | None) -> int:
    return -1 if severity is None else SEVERITIES.index(severity)


def _by(rows: Sequence[Row], keys: Callable[[Row], Iterable[str]]) -> dict[str, list[Row]]:
    """Return the rows that have each key."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for key in keys(row):
            found.setdefault(key, []).append(row)
    return found


def _common(what: str, rows: Sequence[Row], severities: Iterable[Severity | None], peers: int = 0) -> Common:
    return Common(what, max(severities, key=_level), len(rows), tuple(rows[:_MAX_NAMED_CLUSTERS]), peers)
