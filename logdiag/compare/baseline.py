"""What is new or worse since an older findings file.

A finding's id holds its key and when the episode began: a recurrence is a finding of its own, and new.
One that is still open and began before an open one of the same key is that one, seen further back.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

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
        was = self._by_id.get(finding.id)
        if was is None and finding.state in _OPEN:
            was = self._open.get(finding.fingerprint)
            if was is not None and finding.first is not None and not _is_before(finding.first, was.first):
                return None
        return was


def _is_before(first: datetime, other: datetime | None) -> bool:
    return other is not None and first < other


@dataclass(frozen=True)
class Baseline:
    """The findings of an older diagnosis, and the digest of the file that contains them."""

    digest: str
    findings: tuple[Finding, ...]


def read_baseline(name: str, content: bytes) -> Baseline:
    """The baseline that the findings file ``name`` holds.

    Raises:
        InputError: it is no findings file, or one of another schema.

    """
    digest = hashlib.sha256(content).hexdigest()
    findings = read(name, content).findings
    return Baseline(f"sha256:{digest}", findings)


def is_worse(finding: Finding, older: Finding) -> bool:
    """Whether a finding is more severe than it was, or was over and is not any more."""
    more_severe = SEVERITIES.index(finding.severity) > SEVERITIES.index(older.severity)
    return more_severe or (older.state == "closed" and finding.state in _OPEN)


def marked(diagnosis: Diagnosis, known: Baseline) -> Diagnosis:
    """The diagnosis with those findings marked that the baseline has and that are no worse."""
    earlier = Earlier(known.findings)
    return replace(diagnosis, findings=tuple(_marked(one, earlier) for one in diagnosis.findings))


def _marked(finding: Finding, earlier: Earlier) -> Finding:
    older = earlier.same_as(finding)
    return finding if older is None or is_worse(finding, older) else replace(finding, known=True)
