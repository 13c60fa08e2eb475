"""The references of rules: each leads to a title, and a document to the vendor's page."""

import csv
import re

import pytest

from logdiag.conditions import alarm_catalogue
from logdiag.files.resources import folder
from logdiag.i18n import speaking
from logdiag.model import Citation
from logdiag.rules.library import load
from logdiag.rules.references import cite, complain, find

SEARCH = "https://www.cisco.com/c/en/us/search.html?q="
OF_SERIES = "https://www.cisco.com/c/en/us/support/unified-communications/expressway-series/products-"
NOTE = 'Cisco TechNote 217230, "What is Expressway Cluster and how it Works"'
ROWS = list(csv.DictReader((folder("rules") / "references.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("document", Citation(NOTE, url=f"{SEARCH}217230")),
        ("document: logs", Citation(NOTE, "Log Details", f"{SEARCH}217230")),
        (
            "administrator guide X15.5: maintenance",
            Citation(
                "Cisco Expressway Administrator Guide X15.5",
                "Maintenance",
                f"{OF_SERIES}maintenance-guides-list.html",
            ),
        ),
        (
            "release note X14.0.4",
            Citation("Cisco Expressway Release Note X14.0.4", url=f"{OF_SERIES}release-notes-list.html"),
        ),
        ("technical note 220315", Citation("Cisco TechNote 220315, Upgrade Error", url=f"{SEARCH}220315")),
        ("alarm 20006", Citation("Alarm 20006: Cluster database communication failure", id="20006")),
        (
            "defect CSCvx35891",
            Citation(
                "Defect CSCvx35891",
                url="https://bst.cloudapps.cisco.com/bugsearch/bug/CSCvx35891",
                id="CSCvx35891",
            ),
        ),
        ("field notice FN74362", Citation("Field notice FN74362", url=f"{SEARCH}FN74362", id="FN74362")),
    ],
)
def test_a_reference_leads_to_a_title_and_a_link(text: str, found: Citation) -> None:
    assert find(text) == found
    assert cite([text]) == (found,)
    assert complain(text) is None


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("document: log", "document: logs"),
        ("documents: logs", "document: logs"),
        ("alarm 20006x", "alarm 20006"),
        ("20006", "alarm 20006"),
        ("technical note 217734", "technical note 217743"),
        ("administrator guides X15.5: Maintenance", "administrator guide"),
        ("administrator guide 2024: Maintenance", "administrator guide"),
        ("asumed: a wording", "assumed"),
        ("defect CSC1", "defect CSCab12345"),
        ("field notice 74362", "field notice FN12345"),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_an_unknown_reference_is_a_complaint_with_the_nearest_key(text: str, near: str | None) -> None:
    assert find(text) is None
    complaint = complain(text)
    assert complaint is not None
    assert complaint.startswith(f"no table has the reference {text!r}; the nearest key is ")
    assert near is None or complaint.endswith(f" {near!r}")
    # A report still shows what the author wrote, without a link.
    assert cite([text]) == (Citation(text),)


def test_remarks_are_no_references_and_each_section_is_named_once() -> None:
    assert cite(["assumed: no sample shows it", "note: what a customer sent"]) == ()
    assert complain("assumed: no sample shows it") is None
    assert len(cite(["document: force-config-update", "document: replication-alarms"])) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["key"])
def test_a_row_has_a_title_and_a_document_a_link_that_is_known_to_exist(row: dict[str, str]) -> None:
    document, _, section = row["key"].partition(": ")
    assert row["title"]
    assert row["title"].isprintable()
    if section:
        assert not row["url"]
        assert document in {one["key"] for one in ROWS}
    else:
        # A search by the number of the document, or a list of documents: no path that is guessed.
        assert re.fullmatch(
            re.escape(SEARCH) + r"\d{6}|" + re.escape(OF_SERIES) + r"[a-z-]+-list\.html", row["url"]
        )


def test_each_row_is_there_once_and_no_key_is_a_version_of_another() -> None:
    keys = [row["key"] for row in ROWS]
    assert len(keys) == len(set(keys))
    assert not {"alarm", "defect", "field notice", "assumed", "note"} & set(keys)


def test_every_reference_of_the_library_is_known() -> None:
    library = load()
    texts = {
        text for one in (*library.rules.values(), *library.procedures.values()) for text in one.references
    }
    assert [problem for problem in map(complain, sorted(texts)) if problem] == []
    assert len(texts) > 30


def test_titles_of_documents_are_the_same_in_every_language() -> None:
    with speaking("ko"):
        assert find("document: logs") == Citation(NOTE, "Log Details", f"{SEARCH}217230")
        alarm = find("alarm 20006")
    assert alarm is not None
    assert alarm.title.endswith("(Cluster database communication failure)")
    assert alarm_catalogue.load()["20006"].title in alarm.title
