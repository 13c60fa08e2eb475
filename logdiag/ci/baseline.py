"""What is new or worse since an older findings file.

A finding's id holds its key and when the episode began: a recurrence is a finding of its own, and new.
"""

import hashlib
from dataclasses import dataclass, replace

from logdiag.ci.findings_file import read
from logdiag.model import SEVERITIES, Diagnosis, Finding

_OPEN = ("open", "open_at_end")


@dataclass(frozen=True)
class Baseline:
    """The findings of an older diagnosis, by their ids, and the digest of the file that holds them."""

    digest: str
    findings: dict[str, Finding]


def read_baseline(name: str, content: bytes) -> Baseline:
    """The baseline that the findings file ``name`` holds.

    Raises:
        InputError: it is no findings file, or one of another schema.

    """
    digest = hashlib.sha256(content).hexdigest()
    findings = read(name, content).findings
    return Baseline(f"sha256:{digest}", {finding.id: finding for finding in findings})


def is_worse(finding: Finding, older: Finding) -> bool:
    """Whether a finding is more severe than it was, or was over and is not any more."""
    more_severe = SEVERITIES.index(finding.severity) > SEVERITIES.index(older.severity)
    return more_severe or (older.state == "closed" and finding.state in _OPEN)


def marked(diagnosis: Diagnosis, known: Baseline) -> Diagnosis:
    """The diagnosis with those findings marked that the baseline has and that are no worse."""
    return replace(diagnosis, findings=tuple(_marked(one, known) for one in diagnosis.findings))


def _marked(finding: Finding, known: Baseline) -> Finding:
    older = known.findings.get(finding.id)
    return finding if older is None or is_worse(finding, older) else replace(finding, known=True)
