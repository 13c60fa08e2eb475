"""The synthetic samples, and the golden reports of all of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag.pipeline import diagnose
from logdiag.report.json_ import schema

SAMPLES = ("replication", "peer-lost", "tls-enforcement", "system-key", "peer-returns")


def test_a_system_key_failure_is_put_right_on_the_peer_without_the_alarm(samples: Path) -> None:
    diagnosis = diagnose([samples / "system-key"]).diagnosis
    [incident] = diagnosis.incidents
    assert incident.rule == "incident/system-key"
    assert incident.state == "open"
    assert incident.peers == ("expk01", "expk03")
    commands = [step for step in incident.remedy if step.command]
    assert [(step.command, step.where) for step in commands] == [
        ("xCommand ForceSystemKeyUpdate", ("expk02",))
    ]
    checks = incident.remedy[: incident.remedy.index(commands[0])]
    assert any(step.where == ("expk02",) and "Status > Alarms" in step.do for step in checks)
    assert [peer.role for peer in diagnosis.cluster.peers] == ["primary", "subordinate", "subordinate"]


def test_a_peer_that_comes_back_closes_its_loss_and_the_alarms(samples: Path) -> None:
    diagnosis = diagnose([samples / "peer-returns"]).diagnosis
    [incident] = diagnosis.incidents
    assert incident.rule == "incident/peer-lost"
    assert incident.state == "closed"
    assert incident.peers == ("expr02",)
    assert "It ended after 2 m 51 s." in incident.summary
    alarms = [f for f in diagnosis.findings if f.rule.startswith("cluster/")]
    assert [finding.state for finding in alarms] == ["closed", "closed"]
    assert diagnosis.cluster.peers[0].alarms == {"20004": "clear", "20006": "clear"}
    assert diagnosis.cluster.peers[1].version == "X14.2.5"
    assert [change.kind for change in diagnosis.changes] == ["edit", "restart"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_golden(sample: str, samples: Path, golden: Callable[[str, str], None]) -> None:
    report = diagnose([samples / sample])
    # The digest of the rules changes with every rule; the rest must not change unseen.
    digest = report.diagnosis.tool.library
    golden(f"{sample}.json", report.to_json().replace(digest, "RULES"))
    golden(f"{sample}.html", report.to_html().replace(digest, "RULES"))
    golden(f"{sample}.txt", report.to_text().replace(digest, "RULES"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_findings_follow_their_schema(sample: str, samples: Path) -> None:
    import json

    import jsonschema

    written = json.loads(diagnose([samples / sample]).to_json())
    jsonschema.validate(written, schema(), format_checker=jsonschema.FormatChecker())


def test_the_schema_in_the_repository_is_the_models(golden: Callable[[str, str], None]) -> None:
    import json

    path = Path(__file__).parent.parent / "reports" / "findings.schema.json"
    text = json.dumps(schema(), indent=2) + "\n"
    golden("../../reports/findings.schema.json", text)
    assert path.read_text(encoding="utf-8") == text


def test_html_and_json_tell_the_same_findings(samples: Path) -> None:
    report = diagnose([samples / "peer-lost", samples / "replication", samples / "tls-enforcement"])
    page = report.to_html()
    for finding in report.diagnosis.findings:
        assert finding.id in page
        assert finding.rule in page
