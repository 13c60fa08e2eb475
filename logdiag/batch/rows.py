"""A job of a batch, and its row in the index page once it is finished."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
from logdiag.model import SEVERITIES, Diagnosis, Severity, State

# A row is kept in memory for every cluster, and shown in a table; the report has everything.
_MAX_REASONS = 20
_MAX_PEERS = 24
_MAX_VERSIONS = 12
_MAX_MONTHS = 240
_MAX_TEXT_CHARS = 500


@dataclass(frozen=True)
class Job:
    """Snapshots that are diagnosed together. ``name`` is its folder in the output, ``label`` its place."""

    name: str
    label: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """The row of one job in the index page.

    ``code`` is the exit code of `diagnose`, ``reasons`` say why the input is bad or was not read to its end.
    A job that failed has no report. ``severity``, ``state`` and ``since`` are those of the worst incident:
    ``since`` is when it began, or else the time of the dump that shows it. ``versions`` is
    the number of peers with each software version, ``rules`` the worst severity of each rule that fired above
    ``info``, and ``months`` the number of incidents that began in a month such as ``2024-03``, by severity.
    """

    name: str
    label: str
    code: int
    reasons: tuple[str, ...] = ()
    has_report: bool = True
    verdict: str = ""
    severity: Severity | None = None
    state: State | None = None
    since: datetime | None = None
    clusters: int = 0
    peers: tuple[str, ...] = ()
    more_peers: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    incidents: int = 0
    findings: int = 0
    rules: dict[str, Severity] = field(default_factory=dict)
    months: dict[str, dict[Severity, int]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether it contains anything that can be diagnosed."""
        return self.has_report and self.code != NOTHING_READ


def failed_row(job: Job, reason: str) -> Row:
    """Return the row of a job that failed."""
    return Row(job.name, job.label, PARTIAL, (short(reason),), has_report=False)


def row_of(job: Job, diagnosis: Diagnosis) -> Row:
    """Return the row of a job that was diagnosed."""
    # Those about the input, not about the findings.
    bad = [reason for reason in diagnosis.exit.reasons if reason.code in (NOTHING_READ, PARTIAL)]
    headline = diagnosis.incidents[0] if diagnosis.incidents else None
    peers = diagnosis.cluster.peers
    versions = Counter(" ".join(filter(None, (peer.product, peer.version))) for peer in peers if peer.version)
    times = [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]
    return Row(
        name=job.name,
        label=job.label,
        code=diagnosis.exit.code,
        reasons=tuple(short(reason.text) for reason in bad[:_MAX_REASONS]),
        verdict=short(diagnosis.verdict.headline),
        severity=headline.severity if headline else None,
        state=headline.state if headline else None,
        since=(headline.first or headline.as_of) if headline else None,
        clusters=len({peer.cluster for peer in peers}),
        peers=tuple(short(peer.name) for peer in peers[:_MAX_PEERS]),
        more_peers=max(0, len(peers) - _MAX_PEERS),
        versions={short(name): count for name, count in sorted(versions.items())[:_MAX_VERSIONS]},
        first=min(times, default=None),
        last=max(times, default=None),
        incidents=len(diagnosis.incidents),
        findings=len(diagnosis.findings),
        rules=_rules(diagnosis),
        months=_months(diagnosis),
    )


def _rules(diagnosis: Diagnosis) -> dict[str, Severity]:
    rules: dict[str, Severity] = {}
    for finding in diagnosis.findings:
        known = rules.get(finding.rule, "info")
        rules[finding.rule] = max(known, finding.severity, key=SEVERITIES.index)
    return {rule: severity for rule, severity in sorted(rules.items()) if severity != "info"}


def _months(diagnosis: Diagnosis) -> dict[str, dict[Severity, int]]:
    months: dict[str, Counter[Severity]] = {}
    for incident in diagnosis.incidents:
        if incident.first is None:
            continue
        months.setdefault(f"{incident.first:%Y-%m}".rjust(7, "0"), Counter())[incident.severity] += 1
    return {month: dict(sorted(counts.items())) for month, counts in sorted(months.items())[-_MAX_MONTHS:]}


def short(text: str) -> str:
    """Return a text, or the beginning of one that is too long for a row."""
    return text if len(text) <= _MAX_TEXT_CHARS else f"{text[:_MAX_TEXT_CHARS]}…"
