"""Marks findings that are known from an older findings file.

A finding's id contains its key and when the episode began: a recurrence is a finding of its own, and new.
An open finding that began before an open finding of the same key is the same finding, in logs that begin
earlier.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from logdiag.compare.findings_file import read
from logdiag.model import SEVERITIES, Diagnosis, Finding

_OPEN = ("open", "open_at_end")


class Earlier:
    """The findings of an older diagnosis."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._by_id = {finding.id: finding for finding in findings}
        self._open = {one.fingerprint: one for one in self._by_id.values() if one.state in _OPEN}

    def same_as(self, finding: Finding) -> Finding | None:
        """Return what a newer finding was in the older diagnosis; None if it is new."""
        if finding.id in self._by_id or finding.state not in _OPEN:
            return self._by_id.get(finding.id)
        # The id contains the start of an episode. A log that begins earlier shows an earlier start of the
        # same fault.
        was = self._open.get(finding.fingerprint)
        if was is None or finding.first is None or (was.first is not None and finding.first < was.first):
            return was
        return None


@dataclass(frozen=True)
class Baseline:
    """The findings of an older diagnosis, and the digest of the file that contains them."""

    digest: str
    findings: tuple[Finding, ...]


def read_baseline(name: str, content: bytes) -> Baseline:
    """Return the baseline that the findings file ``name`` contains. Raises as `read` does."""
    digest = hashlib.sha256(content).hexdigest()
    return Baseline(f"sha256:{digest}", read(name, content).findings)


def is_worse(finding: Finding, older: Finding) -> bool:
    """Return whether a finding is more severe than before, or is open again."""
    # A closed finding that is open again is worse, also with the same severity.
    more_severe = SEVERITIES.index(finding.severity) > SEVERITIES.index(older.severity)
    return more_severe or (older.state == "closed" and finding.state in _OPEN)


def mark_known(diagnosis: Diagnosis, baseline: Baseline) -> Diagnosis:
    """Return the diagnosis with a mark on findings that are in the baseline and are no worse than there."""
    earlier = Earlier(baseline.findings)

    def is_known(finding: Finding) -> bool:
        older = earlier.same_as(finding)
        return older is not None and not is_worse(finding, older)

    return replace(diagnosis, findings=tuple(replace(f, known=is_known(f)) for f in diagnosis.findings))
