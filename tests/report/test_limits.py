"""A report is for reading, whatever the log holds: it is capped, and says by how much."""

import dataclasses
import re
from datetime import timedelta

import pytest
import sample

from logdiag.model import Diagnosis
from logdiag.report import html, json_, text
from logdiag.report.limits import Limits, limited


@pytest.fixture
def large() -> Diagnosis:
    small = sample.sample()
    findings, incidents, changes = [], [], []
    for number in range(2000):
        later = timedelta(seconds=number)
        finding = dataclasses.replace(
            small.findings[0],
            id=f"f{number}",
            first=small.findings[0].first + later,
            last=small.findings[0].last + later,
            evidence=small.findings[0].evidence[:1] * 100,
            caused_by=(),
        )
        findings.append(finding)
        incidents.append(
            dataclasses.replace(
                small.incidents[0],
                id=f"i{number}",
                first=finding.first,
                last=finding.last,
                findings=(finding.id,),
            )
        )
        changes.append(dataclasses.replace(small.changes[0], time=small.changes[0].time + later))
    return dataclasses.replace(
        small, findings=tuple(findings), incidents=tuple(incidents), changes=tuple(changes)
    )


def test_the_page_stays_small_and_says_what_it_leaves_out(large: Diagnosis) -> None:
    page = html.render(large)
    assert len(page.encode()) < 3_000_000
    assert "1,980 more incidents not shown here" in page
    assert "1,850 more findings not shown here" in page
    assert "92 more records not shown here" in page
    assert len(re.findall(r'id="incident-\d+"', page)) == 20


def test_the_terminal_gets_a_summary(large: Diagnosis) -> None:
    out = text.render(large, color=False, width=100)
    assert len(out.splitlines()) < 400
    assert "1,990 more incidents: write the findings with -o FILE.json." in out


def test_the_findings_file_has_everything(large: Diagnosis) -> None:
    assert json_.render(large).count('"fingerprint"') == 2000


def test_the_changes_before_the_headline_are_those_shown(large: Diagnosis) -> None:
    cut, left = limited(large, Limits(incidents=1, findings=1, changes=3, wanted=0))
    assert (left.incidents, left.findings, left.changes) == (1999, 1999, 1997)
    assert all(change.time <= large.incidents[0].last for change in cut.changes)
    assert cut.incidents[0].findings == ("f0",)


def test_what_is_small_is_whole() -> None:
    small = sample.sample()
    cut, left = limited(small, html.LIMITS)
    assert cut == small
    assert (left.incidents, left.findings, left.changes, left.wanted) == (0, 0, 0, 0)
