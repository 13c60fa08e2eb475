"""What the log excerpts of the technical note must give, one by one and together."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logdiag.model import Diagnosis, Incident
from logdiag.pipeline import diagnose

NOTE = ("replication", "peer-lost", "tls-enforcement")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def logs() -> Path:
    return Path(__file__).parent.parent / "sample_logs"


@pytest.fixture(scope="module")
def lost(logs: Path) -> Diagnosis:
    return diagnose([logs / "peer-lost"]).diagnosis


@pytest.fixture(scope="module")
def tls(logs: Path) -> Diagnosis:
    return diagnose([logs / "tls-enforcement"]).diagnosis


@pytest.fixture(scope="module")
def together(logs: Path) -> Diagnosis:
    return diagnose([logs / name for name in NOTE]).diagnosis


def rules(diagnosis: Diagnosis, incident: Incident) -> list[str]:
    by_id = {finding.id: finding for finding in diagnosis.findings}
    return [by_id[finding].rule for finding in incident.findings]


def test_replication_is_healthy_on_both_peers_and_nothing_else(logs: Path) -> None:
    diagnosis = diagnose([logs / "replication"]).diagnosis
    assert diagnosis.incidents == ()
    healthy = {f.hosts: f for f in diagnosis.findings}
    assert set(healthy) == {("expc01",), ("expc02",)}
    assert {f.rule for f in diagnosis.findings} == {"replication/healthy"}
    primary, subordinate = healthy["expc01",], healthy["expc02",]
    assert primary.title == "Replication completed on expc01, the primary"
    assert primary.last == at("2020-07-21 20:16:50.437")
    assert "took 116 ms" in primary.explanation
    assert subordinate.title == "Replication completed on expc02, the subordinate"
    assert subordinate.last == at("2020-07-21 20:16:46.950")
    assert "took 51 ms" in subordinate.explanation
    assert [(p.name, p.role, p.addresses) for p in diagnosis.cluster.peers] == [
        ("expc01", "primary", ("10.15.13.15",)),
        ("expc02", "subordinate", ("10.15.13.16",)),
    ]
    assert "Nothing wrong was seen in 116 ms of the logs of 2 of 2 peers" in diagnosis.verdict.text


def test_each_replication_log_alone_is_healthy_too(logs: Path) -> None:
    for name, role in (("replication-primary.log", "primary"), ("replication-peer.log", "subordinate")):
        diagnosis = diagnose([logs / "replication" / name]).diagnosis
        assert [(f.rule, f.values["role"]) for f in diagnosis.findings] == [("replication/healthy", role)]
        # The list names the other peer, which gave no log.
        assert len([peer for peer in diagnosis.cluster.peers if peer.snapshot is None]) == 1
        assert "1 of 2 peers" in diagnosis.verdict.text


def test_the_lost_peer_is_one_open_incident(lost: Diagnosis) -> None:
    [incident] = lost.incidents
    assert incident.rule == "incident/peer-lost"
    assert incident.severity == "high"
    assert incident.state == "open_at_end"
    assert incident.peers == ("expc02",)
    assert incident.first == at("2020-08-12 19:57:43.353")
    assert incident.last == at("2020-08-12 19:58:01.871")
    assert "the log of expc01 stops 18.5 s after it" in incident.summary


def test_the_findings_of_the_loss_stand_in_causal_order(lost: Diagnosis) -> None:
    [incident] = lost.incidents
    assert rules(lost, incident) == [
        "database/peer-down",
        "database/inconsistent",
        "database/connect-failed",
        "cluster/database-communication-failure",
        "cluster/communication-failure",
        "h323/peer-timeout",
        "dns/peer-unresolved",
    ]
    assert len(lost.findings) == 7
    by_rule = {finding.rule: finding for finding in lost.findings}
    assert by_rule["dns/peer-unresolved"].severity == "info"
    assert by_rule["dns/peer-unresolved"].caused_by == (by_rule["database/peer-down"].id,)
    assert by_rule["database/connect-failed"].values["cause"] == "noproc"
    assert by_rule["h323/peer-timeout"].count == 7
    assert [e.line for e in by_rule["h323/peer-timeout"].evidence] == [9, 10, 11, 12, 13, 14, 16]


def test_evidence_is_the_record_itself(lost: Diagnosis, logs: Path) -> None:
    lines = (logs / "peer-lost/peer-disconnect-expc01.log").read_text().splitlines()
    for finding in lost.findings:
        for record in finding.evidence:
            assert record.text == lines[record.line - 1]


def test_the_remedy_of_the_loss_asks_what_stopped_the_peer_then_tests_the_ports(lost: Diagnosis) -> None:
    [incident] = lost.incidents
    steps = incident.remedy
    assert steps[0].where == ("expc02",)
    assert steps[0].do.startswith("What stopped expc02?")
    assert all(word in steps[0].why for word in ("noproc", "nodedown", "inferred"))
    assert steps[0].avoid.startswith("Do not take snapshots of virtual machines")
    assert steps[1].where == ("expc01",)
    assert all(port in steps[1].do for port in ("4371", "4372", "1719"))
    assert {step.risk for step in steps} <= {"read", "change"}
    assert not any(step.command for step in steps)


def test_the_lost_peers_own_log_is_asked_for(lost: Diagnosis) -> None:
    assert lost.cluster.peers[1].snapshot is None
    assert lost.wanted[0].peer == "expc02"
    assert "expc02" in lost.wanted[0].what


def test_tls_enforcement_is_one_incident_with_who_and_from_where(tls: Diagnosis) -> None:
    [incident] = tls.incidents
    assert incident.rule == "incident/tls-enforcement"
    assert incident.title == "TLS verification was set to Enforcing by admin"
    assert "from 10.15.13.30 through the web interface" in incident.summary
    assert incident.peers == ("expc01", "expc02")
    assert incident.state == "open_at_end"
    assert rules(tls, incident) == [
        "tls/verification-changed",
        "cluster/restart-required",
        "cluster/restart-required",
    ]
    by_host = {f.hosts: f for f in tls.findings if f.rule == "cluster/restart-required"}
    assert set(by_host) == {("expc01",), ("expc02",)}
    [change] = [f for f in tls.findings if f.rule == "tls/verification-changed"]
    assert change.count == 1
    assert change.hosts == ("expc01", "expc02")


def test_tls_remedy_says_that_the_primary_is_not_known_and_how_to_see_it(tls: Diagnosis) -> None:
    [incident] = tls.incidents
    assert "certificate" in incident.remedy[0].do
    restarts = [step for step in incident.remedy if step.risk == "outage"]
    assert [step.where for step in restarts] == [(), ()]
    assert "This evidence does not show" in restarts[0].do
    assert "System > Clustering" in restarts[0].do
    assert "two peers at the same time" in restarts[1].avoid
    order = [step.risk for step in incident.remedy]
    assert order.index("read") < order.index("outage")


def test_with_the_replication_logs_the_primary_is_known(logs: Path) -> None:
    diagnosis = diagnose([logs / "tls-enforcement", logs / "replication"]).diagnosis
    [incident] = diagnosis.incidents
    restarts = [step.where for step in incident.remedy if step.risk == "outage"]
    assert restarts == [("expc01",), ("expc02",)]


def test_the_edit_is_told_with_who_did_it(tls: Diagnosis) -> None:
    edits = [change for change in tls.changes if "tls_verify" in change.what]
    assert [(c.peer, c.who, c.address) for c in edits] == [
        ("expc01", "admin", "10.15.13.30"),
        ("expc02", None, None),
    ]


def test_all_together_are_exactly_two_incidents(together: Diagnosis) -> None:
    assert [incident.rule for incident in together.incidents] == [
        "incident/peer-lost",
        "incident/tls-enforcement",
    ]


def test_the_change_that_reached_the_lost_peer_proves_that_it_was_back(together: Diagnosis) -> None:
    lost = together.incidents[0]
    assert lost.state == "closed"
    assert lost.last == at("2020-08-12 20:13:24.976")
    assert "at the latest" in lost.summary
    assert "2020-08-12 20:13:24.976 UTC" in lost.summary


def test_the_lowering_of_the_alarms_is_hidden_by_the_gap(together: Diagnosis) -> None:
    alarms = [f for f in together.findings if f.rule.startswith("cluster/") and "communication" in f.rule]
    assert {finding.state for finding in alarms} == {"unknown"}
    assert len(alarms) == 2
    [expc01, expc02] = together.cluster.peers
    assert expc01.alarms == {"20004": "unknown", "20006": "unknown", "20007": "raised"}
    assert expc02.alarms == {"20007": "raised"}
    gap = next(gap for gap in together.coverage.gaps if gap.peer == "expc01" and gap.start.month == 8)
    assert gap.start == at("2020-08-12 19:58:01.871")
    assert gap.end == at("2020-08-12 20:13:24.969")


def test_every_finding_at_low_or_above_stands_in_exactly_one_incident(together: Diagnosis) -> None:
    told = [finding for incident in together.incidents for finding in incident.findings]
    assert len(told) == len(set(told))
    assert {f.id for f in together.findings if f.severity != "info"} <= set(told)


def test_the_order_of_the_inputs_changes_nothing(logs: Path) -> None:
    forwards = diagnose([logs / name for name in NOTE]).to_json()
    assert diagnose([logs / name for name in reversed(NOTE)]).to_json() == forwards


def told(diagnosis: Diagnosis) -> set[tuple[object, ...]]:
    return {(f.rule, f.state, f.hosts, f.peers, f.first, f.last, f.count) for f in diagnosis.findings}


def test_the_records_pasted_among_korean_prose_give_the_same_findings(together: Diagnosis) -> None:
    pasted = diagnose([Path(__file__).parent / "data" / "pasted-note.md"]).diagnosis
    [member] = pasted.coverage.members
    assert (member.records, member.repair) == (49, "pasted text, put together again")
    assert told(pasted) == told(together)
    assert [incident.title for incident in pasted.incidents] == [i.title for i in together.incidents]
    text = (Path(__file__).parent / "data" / "pasted-note.md").read_text().splitlines()
    for finding in pasted.findings:
        for evidence in finding.evidence:
            day = evidence.text[:8]
            assert day in " ".join(text[evidence.line - 1 : evidence.line + 2])
