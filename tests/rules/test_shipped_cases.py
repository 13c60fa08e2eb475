"""The cases of the shipped rules: they find what they expect, and no advice of theirs does harm."""

from collections import Counter
from collections.abc import Iterator

import pytest

from logdiag.errors import LibraryError
from logdiag.model import Diagnosis, Step
from logdiag.pipeline import examine
from logdiag.reading import Tables
from logdiag.rules.cases import CaseResult, run_cases
from logdiag.rules.library import Library, load

Told = list[tuple[CaseResult, Diagnosis]]


def shipped_rules() -> list[str]:
    try:
        return sorted(load().rules)
    except LibraryError:  # told by test_every_shipped_file_loads
        return []


@pytest.fixture(scope="module", params=shipped_rules())
def told(request: pytest.FixtureRequest) -> Told:
    """The results of the cases of one rule, with the diagnosis of each."""
    diagnoses = []

    def examine_and_keep(tables: Tables, library: Library) -> Diagnosis:
        diagnoses.append(examine(tables, library))
        return diagnoses[-1]

    results = list(run_cases(load(), examine_and_keep, {request.param}))
    return list(zip(results, diagnoses, strict=True))


def remedies(diagnosis: Diagnosis) -> Iterator[tuple[Step, ...]]:
    for one in (*diagnosis.incidents, *diagnosis.findings):
        yield one.remedy


def test_a_shipped_rule_finds_what_its_cases_expect(told: Told) -> None:
    assert {result.case: result.problems for result, _ in told if result.problems} == {}


def test_no_shipped_case_gives_dangerous_advice(told: Told) -> None:
    for _, diagnosis in told:
        primaries = {peer.name for peer in diagnosis.cluster.peers if peer.role == "primary"}
        for remedy in remedies(diagnosis):
            for number, step in enumerate(remedy):
                if "forceconfigupdate" in (step.command or "").lower():
                    assert not primaries & set(step.where)
                    assert len(diagnosis.cluster.peers) > 1
                if step.risk == "destructive":
                    assert number > 1


def test_every_step_says_where_or_what_is_missing(told: Told) -> None:
    for _, diagnosis in told:
        names = {peer.name for peer in diagnosis.cluster.peers}
        for remedy in remedies(diagnosis):
            for step in remedy:
                assert set(step.where) <= names
                missing = ("evidence", "They are those of", "the new peer")
                assert step.where or any(text in step.do for text in missing)
                said = (step.do, step.why, step.command or "", step.impact, step.verify, step.wait)
                assert not any("{" in text for text in said)


def test_a_rule_with_a_remedy_gives_it_in_a_case(told: Told) -> None:
    if any(load().rules[result.rule].remedy for result, _ in told):
        assert any(remedy for _, diagnosis in told for remedy in remedies(diagnosis))


def test_cases_of_a_rule_have_names_of_their_own() -> None:
    for name, rule in load().rules.items():
        counts = Counter(case.name for case in rule.cases)
        assert max(counts.values(), default=1) == 1, name
    assert sum(len(rule.cases) for rule in load().rules.values()) > 2 * len(load().rules) - 1
