"""References in reports: every output has the same titles and links, and a page follows none of them alone."""

import dataclasses
import json
from pathlib import Path

import pytest
import sample
from defusedxml.ElementTree import fromstring
from playwright.sync_api import Browser

from logdiag.compare import findings_file
from logdiag.errors import InputError
from logdiag.i18n import speaking
from logdiag.model import Citation, Diagnosis
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.pipeline import diagnose
from logdiag.redaction.diagnosis import redacted
from logdiag.report import sentences

LOSS = Path(__file__).parents[2] / "sample_logs" / "peer-lost"
NOTE = 'Cisco TechNote 217230, "What is Expressway Cluster and how it Works"'
LINK = "https://www.cisco.com/c/en/us/search.html?q=217230"


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_output_names_the_document_and_has_its_link(language: str) -> None:
    report = diagnose([LOSS], Options(language=language))
    first = next(one for one in report.diagnosis.findings if one.rule == "database/peer-down")
    assert first.references == (Citation(NOTE, "Log Details", LINK),)
    with speaking(language):
        ((text, link),) = sentences.references(first).items()
    assert text.startswith(NOTE)
    assert '"Log Details"' in text
    assert link == LINK
    page = report.to_html()
    escaped = text.replace('"', "&#34;")
    assert f'<a href="{LINK}" target="_blank" rel="noopener noreferrer">{escaped}</a>' in page
    assert f"- {text}: <{LINK}>\n" in report.to_markdown()
    assert f"{text}: {link}" in flat(report.to_text(width=240))
    driver = json.loads(report.to_sarif())["runs"][0]["tool"]["driver"]
    (rule,) = [one for one in driver["rules"] if one["id"] == first.rule]
    assert f"{text}: {link}" in rule["help"]["text"].split("\n")
    (case,) = fromstring(report.to_junit()).findall(f".//testcase[@name='{first.rule}']")
    assert f"{text}: {link}" in "".join(case.itertext()).split("\n")
    written = next(one for one in json.loads(report.to_json())["findings"] if one["rule"] == first.rule)
    assert written["references"] == [{"title": NOTE, "section": "Log Details", "url": LINK, "id": None}]


def test_redaction_keeps_references() -> None:
    plain = diagnose([LOSS]).diagnosis
    hidden, _ = redacted(plain)
    assert [one.references for one in plain.findings] == [one.references for one in hidden.findings]
    assert plain.wanted[-1] == hidden.wanted[-1]


def with_reference(*references: Citation) -> Diagnosis:
    diagnosis = sample.sample()
    findings = (dataclasses.replace(diagnosis.findings[0], references=references), *diagnosis.findings[1:])
    return dataclasses.replace(diagnosis, findings=findings)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://www.cisco.com/",
        "//evil.example/x",
        'https://evil.example/"onmouseover="alert(1)',
        "https://evil.example/> [x](javascript:alert(1))",
        "https://evil.example/\nforged: line",
        "data:text/html,<script>alert(1)</script>",
    ],
)
def test_what_is_no_plain_link_is_no_link(url: str) -> None:
    report = Report(with_reference(Citation("Title <b>*x*</b> [x](y)", "A \x1b[31m", url)))
    for output in (
        report.to_html(),
        report.to_markdown(),
        report.to_text(),
        report.to_junit(),
        report.to_sarif(),
    ):
        assert url not in output
        assert "evil.example" not in output
    assert "\x1b" not in report.to_text()
    assert "<b>*x*" not in report.to_html()


def test_sections_of_one_document_are_named_together() -> None:
    references = (Citation("G", "A", "https://x/"), Citation("H"), Citation("G", "B", "https://x/"))
    (finding, *_) = with_reference(*references).findings
    assert sentences.references(finding) == {'G, sections "A" and "B"': "https://x/", "H": ""}
    assert sentences.linked(finding) == ['G, sections "A" and "B": https://x/', "H"]


def test_a_page_follows_no_link_alone(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(diagnose([LOSS]).to_html(), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    noticed: list[str] = []
    context.on("request", lambda made: asked.append(made.url))
    page.on("console", lambda message: noticed.append(message.text))
    page.goto(file.as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
    link = page.locator(".references a").first
    link.hover()
    page.wait_for_timeout(50)
    assert asked == [file.as_uri()]
    assert noticed == []
    # The policy of the page allows the click, and the new page knows nothing of this one.
    with context.expect_page() as opened:
        link.click()
    opened.value.wait_for_load_state()
    assert asked == [file.as_uri(), LINK]
    assert opened.value.evaluate("window.opener") is None
    context.close()


def test_references_of_older_findings_files_were_texts() -> None:
    written = json.loads(Report(sample.sample()).to_json())
    for finding in written["findings"]:
        finding["references"] = ["document: logs", "alarm 20006"]
    read = findings_file.read("old.json", json.dumps(written).encode())
    assert read.findings[0].references == (Citation("document: logs"), Citation("alarm 20006"))
    written["findings"][0]["references"] = [5]
    with pytest.raises(InputError, match=r"findings\.0\.references\.0"):
        findings_file.read("old.json", json.dumps(written).encode())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_how_logs_are_collected_is_told_once_at_the_end(language: str) -> None:
    report = diagnose([LOSS], Options(language=language))
    asked, how = report.diagnosis.wanted[:-3], report.diagnosis.wanted[-3:]
    assert asked
    assert all(one.peer is None for one in how)
    pages = ("Maintenance > Diagnostics", "System snapshot", "System > Clustering", "Status > Alarms", "4372")
    said = " ".join(f"{one.what} {one.why}" for one in how)
    if language == "en":
        assert all(page in said for page in pages)
    assert "/api/v1/provisioning/common/diagnosticlogging" in said
    assert not any("Diagnostics" in one.what for one in asked)
    with speaking(language):
        message = sentences.message(report.diagnosis)
    for output in (report.to_text(width=240), report.to_json(), report.to_markdown(), report.to_html()):
        assert output.count("/api/v1/provisioning/common/diagnosticlogging") in (1, 2)
    for one in how:
        assert message.count(one.what) == 1
        # A terminal shows at most 600 characters of a value.
        assert flat(one.what) in flat(report.to_text(width=240))
        assert flat(one.why) in flat(report.to_text(width=240))


def test_the_message_asks_for_the_evidence_of_one_peer_after_the_other() -> None:
    message = sentences.message(diagnose([LOSS]).diagnosis).split("\n")
    heads = [line for line in message if line.startswith("On ")]
    assert heads == ["On expc02", "On expc01", "On any peer"]
    assert "- The log of expc01 after 2020-08-12 19:58:01.871 UTC" in message[message.index("On expc01") :]


def test_who_is_asked_for_nothing_is_told_no_way_to_collect() -> None:
    assert diagnose([LOSS.parent / "replication"]).diagnosis.wanted == ()
