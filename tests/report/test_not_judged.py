"""What could not be judged: in which cluster, and whether the rule is for its peers at all."""

from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from logdiag.model import Diagnosis, NotChecked
from logdiag.options import Options
from logdiag.pipeline import diagnose
from logdiag.report import junit

RULE = """
title: A thing on {hosts}
severity: info
basis: assumed
why: A thing.
applies_to: "VERSION"
match: {record: {where: {Detail: A thing}}}
references: [none]
cases:
  - name: fires
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Detail="A thing"
    expect: [{hosts: [expa01]}]
  - name: silent
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Detail="Another thing"
    expect: []
"""
LOG = """\
2024-03-05T09:00:00.000+00:00 expa01 tvcs: Event="Application Start" Detail="Software version X14.2.5" Level="1"
2024-03-05T09:00:01.000+00:00 expa01 tvcs: Detail="A thing"
"""


def diagnose_with_rule(folder: Path, version: str) -> Diagnosis:
    (folder / "own").mkdir()
    (folder / "own" / "mine.yaml").write_text(RULE.replace("VERSION", version))
    (folder / "a.log").write_text(LOG)
    return diagnose(folder / "a.log", Options(rules=(folder / "own",))).diagnosis


@pytest.mark.parametrize(("version", "kinds"), [(">=X99", ["skipped"]), (">=X14", ["system-out"])])
def test_a_rule_for_other_software_is_skipped_and_one_for_it_is_not(
    tmp_path: Path, version: str, kinds: list[str]
) -> None:
    diagnosis = diagnose_with_rule(tmp_path, version)
    own = [one.applies for one in diagnosis.not_checked if one.rule == "mine"]
    assert own == [False] * kinds.count("skipped")
    [case] = (
        case for case in fromstring(junit.render(diagnosis)).iter("testcase") if case.get("name") == "mine"
    )
    assert [part.tag for part in case] == kinds


def test_of_two_clusters_it_is_said_in_which(samples: Path) -> None:
    diagnosis = diagnose(samples / "core-and-edge").diagnosis
    core, edge = "core.example.com", "edge.example.com"
    places = {one.clusters for one in diagnosis.not_checked if one.rule == "requirements/nat"}
    assert places == {(core,), (edge,)}
    errors = {
        suite.get("name"): "".join(case.itertext())
        for suite in fromstring(junit.render(diagnosis))
        for case in suite.iter("testcase")
        if case.get("name") == "requirements/nat"
    }
    assert "expc01" in errors[core] and "expe01" not in errors[core]
    assert "expe01" in errors[edge] and "expc01" not in errors[edge]


def test_of_one_cluster_its_name_is_not_told(samples: Path) -> None:
    found: tuple[NotChecked, ...] = diagnose(samples / "peer-lost").diagnosis.not_checked
    assert found
    assert {one.clusters for one in found} == {()}
