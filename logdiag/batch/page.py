"""The index page: the clusters by severity, what is common across them, and the inputs that were bad.

As safe as a report, by the same means: every value passes the templates' escaping, and nothing but
the page's own style and script may run.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from markupsafe import Markup

from logdiag.batch.rows import Row
from logdiag.model import SEVERITIES, STATES, Severity
from logdiag.report.html import asset, csp_hash, template
from logdiag.rules.library import Library

MOST_CLUSTERS = 5000
_MOST_COMMON = 100
_MOST_NAMED = 12
_MOST_MONTHS = 36

_FIELD = re.compile(r"\{\w*\}")
"""What a rule's title is filled in with: it is another thing in every cluster."""


@dataclass(frozen=True)
class Common:
    """Something that several clusters have in common, with the first of them."""

    what: str
    severity: Severity | None
    """The worst of it; None where there was no incident."""
    clusters: int
    rows: tuple[Row, ...]
    peers: int = 0


@dataclass(frozen=True)
class Month:
    """The incidents that began in a month, by severity, and in how many clusters."""

    name: str
    clusters: int
    incidents: dict[str, int]


def render(rows: Sequence[Row], beside: Sequence[str], library: Library) -> str:
    """Return the index page of a batch in the library's language, a complete HTML document."""
    usable = sorted((row for row in rows if row.usable), key=_order)
    style, script = asset("report.css") + asset("index.css"), asset("index.js")
    months = _months(usable)
    return template("index.html.jinja").render(
        library=library,
        titles={name: _FIELD.sub("…", rule.title) for name, rule in library.rules.items()},
        version=version("logdiag"),
        rows=usable[:MOST_CLUSTERS],
        whole=usable,
        counts=Counter(row.severity for row in usable),
        bad=[row for row in rows if row.reasons],
        beside=beside,
        most=MOST_CLUSTERS,
        rules=[one for one in _rules(usable) if one.clusters > 1][:_MOST_COMMON],
        versions=_versions(usable)[:_MOST_COMMON],
        months=months[-_MOST_MONTHS:],
        earlier=len(months[:-_MOST_MONTHS]),
        severities=tuple(reversed(SEVERITIES)),
        style=Markup(style),  # noqa: S704 - our own files, which hold no value
        script=Markup(script),  # noqa: S704
        style_hash=csp_hash(style),
        script_hash=csp_hash(script),
    )


def _order(row: Row) -> tuple[int, int, str]:
    return -_level(row.severity), STATES.index(row.state) if row.state else 0, row.name


def _level(severity: Severity | None) -> int:
    return -1 if severity is None else SEVERITIES.index(severity)


def _rules(rows: Sequence[Row]) -> list[Common]:
    """The rules that fired, those that did in most clusters first."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for rule in row.rules:
            found.setdefault(rule, []).append(row)
    worst = {rule: max((row.rules[rule] for row in of), key=_level) for rule, of in found.items()}
    common = [Common(rule, worst[rule], len(of), tuple(of[:_MOST_NAMED])) for rule, of in found.items()]
    return sorted(common, key=lambda one: (-one.clusters, -_level(one.severity), one.what))


def _versions(rows: Sequence[Row]) -> list[Common]:
    """The software versions, with the worst that happened in a cluster that has it."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for name in row.versions:
            found.setdefault(name, []).append(row)
    return sorted(
        (
            Common(
                name,
                max((row.severity for row in of), key=_level),
                len(of),
                tuple(of[:_MOST_NAMED]),
                sum(row.versions[name] for row in of),
            )
            for name, of in found.items()
        ),
        key=lambda one: (-one.clusters, one.what),
    )


def _months(rows: Sequence[Row]) -> list[Month]:
    found: dict[str, list[Mapping[Severity, int]]] = {}
    for row in rows:
        for month, counts in row.months.items():
            found.setdefault(month, []).append(counts)
    return [
        Month(name, len(of), {severity: sum(one.get(severity, 0) for one in of) for severity in SEVERITIES})
        for name, of in sorted(found.items())
    ]
