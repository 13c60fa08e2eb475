"""JUnit's XML: a case for each rule, and XML whatever the log says."""

import dataclasses
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sample
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from logdiag.i18n import speaking
from logdiag.model import Diagnosis, NotChecked
from logdiag.report import junit

DIAGNOSES = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.hostile]


def read(diagnosis: Diagnosis) -> Element:
    root: Element = fromstring(junit.render(diagnosis).encode())
    return root


def cases(diagnosis: Diagnosis) -> dict[str, Element]:
    [suite] = read(diagnosis)
    return {case.get("name", ""): case for case in suite.iter("testcase")}


def result_of(case: Element) -> str:
    kinds = [part.tag for part in case if part.tag != "system-out"]
    assert len(kinds) <= 1
    return kinds[0] if kinds else "passed"


def with_changed_findings(rule: str, **fields: Any) -> Diagnosis:
    """The sample with other values in a rule's findings."""
    made = sample.sample()
    findings = [dataclasses.replace(one, **fields) if one.rule == rule else one for one in made.findings]
    return dataclasses.replace(made, findings=tuple(findings))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("make", DIAGNOSES)
def test_it_is_xml_with_a_suite_a_cluster_and_a_case_a_rule(
    make: Callable[[], Diagnosis], language: str
) -> None:
    diagnosis = make()
    with speaking(language):
        root = read(diagnosis)
    assert len(root) == max(len({peer.cluster for peer in diagnosis.cluster.peers}), 1)
    told = (*diagnosis.findings, *diagnosis.not_checked, *diagnosis.silent)
    for suite in root:
        names = [case.get("name") for case in suite.iter("testcase")]
        assert len(names) == len(set(names))
        assert len(names) >= len({one.rule for one in told})


def test_the_sums_are_those_of_the_cases() -> None:
    root = read(sample.two_clusters())
    for part in (root, *root):
        found = [result_of(case) for case in part.iter("testcase")]
        assert part.get("tests") == str(len(found))
        for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert part.get(name) == str(found.count(kind))


def test_a_rule_fails_passes_or_could_not_be_judged() -> None:
    by_rule = {rule: result_of(case) for rule, case in cases(sample.sample()).items()}
    assert by_rule["incident/peer-lost"] == "failure"
    assert by_rule["requirements/hardware"] == "error"
    assert by_rule["factory-reset/pending"] == "passed"
    for finding in sample.sample().findings:
        fails = finding.severity in ("medium", "high", "critical")
        assert by_rule[finding.rule] == ("failure" if fails else "passed"), finding.rule


def test_a_failure_tells_what_since_when_and_where() -> None:
    finding = next(one for one in sample.sample().findings if one.severity == "high")
    [failure] = cases(sample.sample())[finding.rule].iter("failure")
    assert failure.get("message") == finding.title
    assert failure.get("type") == "high"
    record = finding.evidence[0]
    assert f"{record.snapshot}/{record.source}:{record.line}" in (failure.text or "").splitlines()
    assert "open when the log ended: since 2020-08-12" in (failure.text or "")


def test_what_requested_work_explains_is_told_and_fails_nothing() -> None:
    rule = next(one.rule for one in sample.sample().findings if one.severity == "high")
    case = cases(with_changed_findings(rule, requested=True))[rule]
    assert result_of(case) == "passed"
    assert "It is explained by requested work." in "".join(case.itertext())


def test_a_rule_that_is_for_other_software_is_skipped_with_the_reason() -> None:
    other = NotChecked("other/rule", "is for X14, and expc01 has another version", applies=False)
    made = dataclasses.replace(sample.sample(), not_checked=(other,))
    [skipped] = cases(made)["other/rule"]
    assert (skipped.tag, skipped.get("message")) == ("skipped", other.reason)


def test_what_one_cluster_has_does_not_fail_in_the_other() -> None:
    diagnosis = sample.two_clusters()
    nowhere = NotChecked("other/rule", "expe01 gave no log", clusters=("the cluster of expe01",))
    core, edge = read(dataclasses.replace(diagnosis, not_checked=(nowhere,)))
    assert core.get("name") == "core.apolo.local"
    assert core.get("failures") != "0"
    assert (core.get("errors"), edge.get("errors")) == ("0", "1")
    assert edge.get("failures") == "0"


@given(st.text(st.characters(), max_size=30))
def test_no_title_breaks_the_xml(text: str) -> None:
    rule = sample.sample().findings[0].rule
    [failure] = cases(with_changed_findings(rule, title=f"({text})"))[rule].iter("failure")
    message = failure.get("message", "")
    assert message[0] + message[-1] == "()"
    assert not any(ord(char) < 0x20 for char in message)


def test_of_very_many_findings_the_first_are_told_and_how_many_more() -> None:
    first = next(one for one in sample.sample().findings if one.severity == "high")
    many = tuple(dataclasses.replace(first, id=f"x@{number}") for number in range(junit.MAX_FINDINGS + 7))
    case = cases(dataclasses.replace(sample.sample(), findings=many, incidents=()))[first.rule]
    assert "".join(case.itertext()).endswith("7 more findings: write the findings with -o FILE.json.")
