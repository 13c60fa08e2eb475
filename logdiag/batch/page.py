"""The index page: the clusters by severity, what they have in common, and the bad inputs.

It is as safe as a report, by the same means: the templates escape every value, and only the page's own style
and script may run.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from logdiag.batch.rows import Row
from logdiag.model import SEVERITIES, STATES, Severity
from logdiag.report.html import render_page
from logdiag.report.templates import assets
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


def render(rows: Sequence[Row], beside: Sequence[str], library: Library) -> str:
    """Return the index page of a batch in the library's language, a complete HTML document."""
    usable = sorted((row for row in rows if row.usable), key=_order)
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
        library=library,
        titles={name: _PLACEHOLDER.sub("…", rule.title) for name, rule in library.rules.items()},
        version=version("logdiag"),
        rows=usable[:MAX_CLUSTERS],
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
        **assets(("report.css", "index.css"), "index.js"),
    )


def _order(row: Row) -> tuple[int, int, str]:
    return -_level(row.severity), STATES.index(row.state) if row.state else 0, row.name


def _level(severity: Severity | None) -> int:
    return -1 if severity is None else SEVERITIES.index(severity)


def _by(rows: Sequence[Row], keys: Callable[[Row], Iterable[str]]) -> dict[str, list[Row]]:
    """The rows that have each key."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for key in keys(row):
            found.setdefault(key, []).append(row)
    return found


def _common(what: str, rows: Sequence[Row], severities: Iterable[Severity | None], peers: int = 0) -> Common:
    return Common(what, max(severities, key=_level), len(rows), tuple(rows[:_MAX_NAMED_CLUSTERS]), peers)
