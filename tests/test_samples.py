"""The synthetic samples, and the golden reports of all of them."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from logdiag.model import Diagnosis, Finding, written
from logdiag.outputs import Report
from logdiag.pipeline import diagnose
from logdiag.report.json_ import SCHEMA
from logdiag.report.templates import asset

ROOT = Path(__file__).parent.parent
SAMPLES = (
    "replication",
    "peer-lost",
    "tls-enforcement",
    "system-key",
    "peer-returns",
    "core-and-edge",
    "pasted-ticket",
)


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
    # The loss is over; the alarm of its cause is still raised.
    assert (incident.rule, incident.state) == ("system/application-failed", "open")
    assert incident.peers == ("expr02",)
    assert (
        incident.title
        == "An application failed on expr02: clusterdb, so the cluster lost expr02 for 2 m 51 s"
    )
    assert incident.remedy[0].where == ("expr02",)
    assert "(over by 2024-02-06 09:07:13.753 UTC)" in incident.summary
    alarms = [f for f in diagnosis.findings if f.rule.startswith("cluster/")]
    assert [finding.state for finding in alarms] == ["closed", "closed"]
    assert diagnosis.cluster.peers[0].alarms == {"20004": "clear", "20006": "clear"}
    assert diagnosis.cluster.peers[1].version == "X14.2.5"
    assert [change.kind for change in diagnosis.changes] == ["edit", "restart"]


def test_two_clusters_in_one_call_stay_two(samples: Path) -> None:
    diagnosis = diagnose([samples / "core-and-edge"]).diagnosis
    assert [(peer.name, peer.cluster, peer.product, peer.version) for peer in diagnosis.cluster.peers] == [
        ("expc01", "core.example.com", "Expressway-C", "X14.2.5"),
        ("expc02", "core.example.com", "Expressway-C", "X14.2.5"),
        ("expe01", "edge.example.com", "Expressway-E", "X14.2.5"),
        ("expe02", "edge.example.com", "Expressway-E", "X14.2.5"),
    ]
    headline = diagnosis.incidents[0]
    assert (headline.rule, headline.peers) == ("incident/peer-lost", ("expe01", "expe02"))
    assert all(set(step.where) <= {"expe01", "expe02"} for step in headline.remedy)
    dumps = [member for member in diagnosis.coverage.members if member.kind not in ("log", "other")]
    assert len(dumps) == 12
    assert {peer.name for peer in diagnosis.cluster.peers if peer.version} == {
        "expc01",
        "expc02",
        "expe01",
        "expe02",
    }


def test_a_pasted_ticket_is_read_like_a_log(samples: Path) -> None:
    diagnosis = diagnose([samples / "pasted-ticket"]).diagnosis
    assert (diagnosis.incidents[0].rule, diagnosis.incidents[0].peers) == ("incident/peer-lost", ("expq02",))
    [member] = diagnosis.coverage.members
    assert (member.kind, member.repair) == ("log", "pasted text, put together again")
    text = (samples / "pasted-ticket" / "ticket.md").read_text().splitlines()
    for finding in diagnosis.findings:
        for evidence in finding.evidence:
            # The record may start a line later than the words in front of it.
            near = " ".join(text[evidence.line - 1 : evidence.line + 3]).replace("- 2024", "2024")
            assert evidence.text.split(" ")[1] in near


RENDERERS: dict[str, Callable[[Report], str]] = {
    ".json": Report.to_json,
    ".html": lambda report: without_assets(report.to_html()),
    ".txt": Report.to_text,
    ".md": Report.to_markdown,
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("suffix", RENDERERS)
def test_golden(sample: str, suffix: str, golden: Callable[[str, str], None]) -> None:
    report = report_of(sample)
    # The digest of the rules changes with every rule; the rest must not change unseen.
    text = RENDERERS[suffix](report).replace(report.diagnosis.tool.library, "RULES")
    golden(f"{sample}{suffix}", text)


@cache
def report_of(sample: str) -> Report:
    return diagnose([ROOT / "sample_logs" / sample])


def without_assets(page: str) -> str:
    """Name the style and the script of a page instead of repeating them; its policy has their digests."""
    for name in ("report.css", "report.js"):
        assert asset(name) in page
        page = page.replace(asset(name), f"{name}\n")
    return page


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the findings file, generated from the classes of `logdiag.model`."""
    generated = TypeAdapter(Diagnosis).json_schema(mode="serialization")
    generated["title"] = "logdiag findings"
    generated["properties"] = {"schema": {"const": SCHEMA}, **generated["properties"]}
    names = {field.name for field in written(Finding)}
    finding = generated["$defs"]["Finding"]
    finding["properties"] = {name: type_ for name, type_ in finding["properties"].items() if name in names}
    for part in (generated, *generated["$defs"].values()):
        part["additionalProperties"] = False
        part["required"] = list(part["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **generated}


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_findings_follow_their_schema(sample: str) -> None:
    written = json.loads(report_of(sample).to_json())
    jsonschema.validate(written, schema(), format_checker=jsonschema.FormatChecker())


def test_the_schema_in_the_repository_is_the_models(golden: Callable[[str, str], None]) -> None:
    path = ROOT / "reports" / "findings.schema.json"
    text = json.dumps(schema(), indent=2) + "\n"
    golden("../../reports/findings.schema.json", text)
    assert path.read_text(encoding="utf-8") == text


def test_html_and_json_tell_the_same_findings(samples: Path) -> None:
    report = diagnose([samples / "peer-lost", samples / "replication", samples / "tls-enforcement"])
    page = report.to_html()
    for finding in report.diagnosis.findings:
        assert finding.id in page
        assert finding.rule in page
