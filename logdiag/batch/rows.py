"""The nouns of a batch: a job, and what is known of it once it is done."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from logdiag.cluster.coverage import NOTHING_READ, PARTIAL
from logdiag.model import SEVERITIES, Diagnosis, Severity, State

_MOST_REASONS = 20
_MOST_PEERS = 24
_MOST_VERSIONS = 12
_MOST_MONTHS = 240
_LONGEST = 500
"""Characters of a text that a row keeps; the report has all of it."""


@dataclass(frozen=True)
class Job:
    """Snapshots that are diagnosed together. ``name`` is its folder in the output, ``label`` its place."""

    name: str
    label: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One job's line in the index page."""

    name: str
    label: str
    code: int
    """The exit code that `diagnose` would have ended with."""
    reasons: tuple[str, ...] = ()
    """Why it is a bad input, or in what way it was not read to its end."""
    told: bool = True
    """Whether it has a report; one that failed has none."""
    verdict: str = ""
    severity: Severity | None = None
    """The headline's; None where there is no incident."""
    state: State | None = None
    clusters: int = 0
    peers: tuple[str, ...] = ()
    more_peers: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    """Software versions, and on how many peers they run."""
    first: datetime | None = None
    last: datetime | None = None
    incidents: int = 0
    findings: int = 0
    rules: dict[str, Severity] = field(default_factory=dict)
    """The rules that fired above ``info``, each with the worst severity of its findings."""
    months: dict[str, dict[Severity, int]] = field(default_factory=dict)
    """How many incidents began in each month, such as ``2024-03``, by severity."""

    @property
    def usable(self) -> bool:
        """Whether anything was found in it that can be diagnosed."""
        return self.told and self.code != NOTHING_READ


def failed(job: Job, reason: str) -> Row:
    """The row of a job that could not be done."""
    return Row(job.name, job.label, PARTIAL, (_short(reason),), told=False)


def row_of(job: Job, diagnosis: Diagnosis) -> Row:
    """The row of a job that was done."""
    headline = diagnosis.incidents[0] if diagnosis.incidents else None
    peers = diagnosis.cluster.peers
    versions = Counter(" ".join(filter(None, (peer.product, peer.version))) for peer in peers if peer.version)
    times = [time for peer in peers for time in (peer.seen_from, peer.seen_to) if time is not None]
    return Row(
        name=job.name,
        label=job.label,
        code=diagnosis.exit.code,
        reasons=tuple(_bad(diagnosis))[:_MOST_REASONS],
        verdict=_short(diagnosis.verdict.text),
        severity=headline.severity if headline else None,
        state=headline.state if headline else None,
        clusters=len({peer.cluster for peer in peers}),
        peers=tuple(_short(peer.name) for peer in peers[:_MOST_PEERS]),
        more_peers=max(0, len(peers) - _MOST_PEERS),
        versions={_short(name): count for name, count in sorted(versions.items())[:_MOST_VERSIONS]},
        first=min(times, default=None),
        last=max(times, default=None),
        incidents=len(diagnosis.incidents),
        findings=len(diagnosis.findings),
        rules=_rules(diagnosis),
        months=_months(diagnosis),
    )


def _bad(diagnosis: Diagnosis) -> Iterator[str]:
    """The reasons for exit codes that speak of the input, not of what was found in it."""
    for reason in diagnosis.exit.reasons:
        if reason.code in (NOTHING_READ, PARTIAL):
            yield _short(reason.text)


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
    return {month: dict(sorted(counts.items())) for month, counts in sorted(months.items())[-_MOST_MONTHS:]}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
