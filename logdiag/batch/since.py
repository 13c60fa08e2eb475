"""Compares the clusters of a batch with those of an earlier batch: what is new or worse since then."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from logdiag.batch.output import Output
from logdiag.batch.rows import Row, short
from logdiag.cluster.coverage import NOTHING_READ
from logdiag.compare.diff import Difference, Outcome, compare
from logdiag.compare.findings_file import read
from logdiag.errors import InputError
from logdiag.i18n import gettext, ngettext
from logdiag.model import SEVERITIES, Finding, Incident, Severity

NEWS: tuple[Outcome, ...] = ("opened", "worse")
_MAX_LINES = 5
"""Lines of a cluster in the index page; its report has everything."""


@dataclass(frozen=True)
class News:
    """The number of new and of worse findings of a cluster, and how many of them are a reason to fail.

    ``lines`` are the worst of them: outcome, severity and title. A new incident is one line. Findings at
    ``info`` are no news: each new log shows some.
    """

    opened: int
    worse: int
    failing: int
    lines: tuple[tuple[Outcome, Severity, str], ...]
    more: int
    """The number of lines that are left out."""

    @property
    def severity(self) -> Severity | None:
        """The worst severity of what is new or worse."""
        return self.lines[0][1] if self.lines else None


@dataclass(frozen=True)
class Since:
    """What is new or worse since an earlier batch, by the names of the clusters.

    A cluster without an earlier diagnosis has no news. ``missing`` are the clusters of the earlier batch that
    this one does not have.
    """

    earlier: str
    news: dict[str, News] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def opened(self) -> int:
        """The number of new findings."""
        return sum(one.opened for one in self.news.values())

    @property
    def worse(self) -> int:
        """The number of worse findings."""
        return sum(one.worse for one in self.news.values())


def changed(since: Since) -> str:
    """Return in how many clusters something is new or worse."""
    number = sum(one.opened + one.worse > 0 for one in since.news.values())
    if not number:
        return gettext("No cluster has new or worse findings since {earlier}").format(earlier=since.earlier)
    said = ngettext(
        "{number} cluster has new or worse findings since {earlier}",
        "{number} clusters have new or worse findings since {earlier}",
        number,
    )
    return said.format(number=f"{number:,}", earlier=since.earlier)


def find_news(output: Output, earlier: Output, rows: Iterable[Row], fail_on: Severity | None) -> Since:
    """Return what is new or worse in some clusters since the batch that wrote ``earlier``."""
    rows = tuple(rows)
    names = earlier.store.names("clusters")
    news = {}
    for row in rows:
        if row.usable and row.name in names:
            difference = _difference(output, earlier, row.name)
            if difference is not None:
                news[row.name] = _news(difference, fail_on)
    missing = set(names) - {row.name for row in rows}
    return Since(Path(earlier.shown).name, news, tuple(sorted(missing)))


def _difference(output: Output, earlier: Output, name: str) -> Difference | None:
    """Return what changed in a cluster; None if the earlier batch has no diagnosis of it."""
    try:
        older = read(name, earlier.findings(name))
    except (InputError, OSError):  # an earlier run was killed, or somebody changed the file
        return None
    difference = compare(older, read(name, output.findings(name)))
    # Other peers in a folder of the same name are another cluster.
    return difference if difference.same_cluster and older.exit.code != NOTHING_READ else None


def _news(difference: Difference, fail_on: Severity | None) -> News:
    lines: list[tuple[Outcome, Severity, str]] = []
    counts = []
    for outcome in NEWS:
        counts.append(sum(one.finding.severity != "info" for one in difference.outcomes[outcome]))
        for group in difference.groups(outcome):
            whole = group.incident if group.is_whole else None
            shown: list[Finding | Incident] = [whole] if whole else [one.finding for one in group.found]
            lines += ((outcome, one.severity, short(one.title)) for one in shown if one.severity != "info")
    lines.sort(key=lambda line: -SEVERITIES.index(line[1]))
    failing = difference.failing(fail_on) if fail_on else 0
    return News(counts[0], counts[1], failing, tuple(lines[:_MAX_LINES]), max(0, len(lines) - _MAX_LINES))
