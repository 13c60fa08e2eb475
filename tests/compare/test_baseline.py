"""The baseline: which findings are known, and which are new or worse."""

import dataclasses
import re
from typing import Any

import pytest
import sample

from logdiag.compare.baseline import mark_known, read_baseline
from logdiag.compare.diff import compare
from logdiag.model import Diagnosis, Finding
from logdiag.report import json_

NAME = "old.json"


def findings_file(diagnosis: Diagnosis) -> bytes:
    return json_.render(diagnosis).encode()


def with_findings(*findings: Finding) -> Diagnosis:
    return dataclasses.replace(sample.sample(), findings=findings)


FIRST = sample.sample().findings[0]


def changed_finding(**fields: Any) -> Finding:
    return dataclasses.replace(FIRST, **fields)


@pytest.mark.parametrize(
    ("was", "now", "known"),
    [
        ({}, {}, True),
        ({"state": "open"}, {"state": "closed"}, True),
        ({"state": "open_at_end"}, {"state": "open"}, True),
        ({"state": "unknown"}, {"state": "open"}, True),
        ({"severity": "high"}, {"severity": "medium"}, True),
        ({"state": "closed"}, {"state": "open"}, False),
        ({"state": "closed"}, {"state": "open_at_end"}, False),
        ({"severity": "medium"}, {"severity": "high"}, False),
        ({"id": f"{FIRST.fingerprint}@1"}, {"id": f"{FIRST.fingerprint}@2"}, False),
    ],
)
def test_known_is_what_was_there_and_is_no_worse(
    was: dict[str, Any], now: dict[str, Any], known: bool
) -> None:
    baseline = read_baseline(NAME, findings_file(with_findings(changed_finding(**was))))
    [finding] = mark_known(with_findings(changed_finding(**now)), baseline).findings
    assert finding.known == known


@pytest.mark.parametrize(
    ("was", "now", "known"),
    [
        ({"first": sample.at("10:00:00")}, {"first": sample.at("09:00:00")}, True),
        ({"first": sample.at("10:00:00")}, {"first": sample.at("11:00:00")}, False),
        ({"first": sample.at("10:00:00")}, {"first": None, "last": None}, True),
        ({"first": None, "last": None}, {"first": sample.at("11:00:00")}, False),
        ({"first": sample.at("10:00:00"), "state": "closed"}, {"first": sample.at("09:00:00")}, False),
    ],
)
def test_an_open_finding_that_is_seen_further_back_is_the_same_one(
    was: dict[str, Any], now: dict[str, Any], known: bool
) -> None:
    older = with_findings(changed_finding(**{"id": "a@2", "state": "open", **was}))
    newer = with_findings(changed_finding(**{"id": "a@1", "state": "open", **now}))
    [finding] = mark_known(newer, read_baseline(NAME, findings_file(older))).findings
    assert finding.known is known
    difference = compare(older, newer)
    assert bool(difference.outcomes["opened"]) is not known
    assert bool(difference.outcomes["went_on"]) is known


def test_the_digest_is_of_the_file_as_it_is() -> None:
    one, other = (read_baseline(NAME, findings_file(sample.sample()) + end) for end in (b"", b"\n"))
    assert re.fullmatch("sha256:[0-9a-f]{64}", one.digest)
    assert one.digest != other.digest
    assert one.findings == other.findings
