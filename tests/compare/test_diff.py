"""The difference of two diagnoses: what became of each finding and incident, and its views."""

import dataclasses
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sample
from markdown_it import MarkdownIt

from logdiag.compare.diff import Difference, Outcome, compare
from logdiag.compare.diff_sentences import verdict
from logdiag.compare.diff_views import to_json, to_markdown, to_text
from logdiag.i18n import speaking
from logdiag.model import Diagnosis, Finding


def with_findings(*findings: Finding) -> Diagnosis:
    return dataclasses.replace(sample.sample(), findings=findings)


FIRST = sample.sample().findings[0]


def changed_finding(**fields: Any) -> Finding:
    return dataclasses.replace(FIRST, **fields)


A_PEER_LOST = changed_finding(id="a@1", state="open")
ENDED = (
    changed_finding(id="b@1", state="open_at_end", title="B"),
    changed_finding(id="b@1", state="closed", title="B"),
)
WORSE = changed_finding(id="c@1", severity="low"), changed_finding(id="c@1", severity="high")
REOPENED = changed_finding(id="d@1", state="closed"), changed_finding(id="d@1", state="open")
SEEN = changed_finding(id="e@1", state="seen")
GONE, GONE_AND_OVER = changed_finding(id="f@1", state="open"), changed_finding(id="g@1", state="closed")
NEW = changed_finding(id="h@1", state="seen", severity="critical", title="H")
OLDER = with_findings(A_PEER_LOST, ENDED[0], WORSE[0], REOPENED[0], SEEN, GONE, GONE_AND_OVER)
NEWER = with_findings(A_PEER_LOST, ENDED[1], WORSE[1], REOPENED[1], SEEN, NEW)


def ids(difference: Difference) -> dict[Outcome, list[str]]:
    return {outcome: [one.finding.id for one in found] for outcome, found in difference.outcomes.items()}


def test_every_finding_becomes_one_thing() -> None:
    assert ids(compare(OLDER, NEWER)) == {
        "opened": ["h@1"],
        "worse": ["c@1", "d@1"],
        "closed": ["b@1"],
        "went_on": ["a@1"],
        "gone": ["f@1"],
        "same": ["e@1"],
    }


def test_a_diagnosis_differs_from_itself_in_nothing() -> None:
    found = ids(compare(sample.sample(), sample.sample()))
    assert {outcome for outcome, names in found.items() if names} == {"went_on", "same"}


def test_what_is_new_or_worse_fails_at_its_level_unless_it_was_requested() -> None:
    difference = compare(OLDER, NEWER)
    assert [difference.failing(level) for level in ("info", "high", "critical")] == [3, 3, 1]
    requested = with_findings(dataclasses.replace(NEW, requested=True))
    assert compare(with_findings(), requested).failing("info") == 0
    assert compare(NEWER, NEWER).failing("info") == 0


def with_incident(*ids: str, findings: tuple[Finding, ...]) -> Diagnosis:
    incident = dataclasses.replace(sample.sample().incidents[0], findings=ids)
    return dataclasses.replace(with_findings(*findings), incidents=(incident,))


def test_an_incident_is_new_if_all_of_its_findings_are() -> None:
    new, known = NEW, changed_finding(id="a@1", severity="low")
    whole = compare(with_findings(known), with_incident("h@1", findings=(known, new)))
    (group,) = whole.groups("opened")
    assert (group.is_whole, group.heading, group.number, len(group.found)) == (True, None, 1, 1)
    assert [one["findings"] for one in json.loads(to_json(whole))["incidents"]["opened"]] == [["h@1"]]
    part = compare(with_findings(known), with_incident("a@1", "h@1", findings=(known, new)))
    (group,) = part.groups("opened")
    assert (group.is_whole, group.heading) == (False, part.newer.incidents[0])
    assert json.loads(to_json(part))["incidents"]["opened"] == []
    assert "incident 1, 1 of 2 findings" in to_text(part, color=False, width=200)
    gone = compare(with_incident("a@1", findings=(changed_finding(id="a@1", state="open"),)), with_findings())
    (group,) = gone.groups("gone")
    assert group.is_whole
    assert "incident 1" not in to_text(gone, color=False, width=200)


def test_the_first_steps_are_of_the_incidents_with_news() -> None:
    newer = sample.sample()
    assert len(newer.incidents) > 1
    last = newer.incidents[-1]
    without = dataclasses.replace(
        newer,
        incidents=newer.incidents[:-1],
        findings=tuple(one for one in newer.findings if one.id not in last.findings),
    )
    actions = compare(without, newer).actions()
    assert actions
    assert {one.incidents for one in actions} == {(len(newer.incidents),)}
    assert compare(newer, newer).actions() == ()
    avoid = dataclasses.replace(last.remedy[0], avoid="Do not restart expc02.")
    told = dataclasses.replace(
        newer, incidents=(*newer.incidents[:-1], dataclasses.replace(last, remedy=(avoid, *last.remedy[1:])))
    )
    assert compare(without, told).prohibitions() == ("Do not restart expc02.",)
    assert compare(told, told).prohibitions() == ()
    assert "Do this first" not in to_text(compare(newer, newer), color=False, width=200)


def test_logs_in_the_wrong_order_are_said_to_be() -> None:
    def ends(day: int) -> Diagnosis:
        one = sample.sample()
        peers = [
            dataclasses.replace(peer, seen_to=datetime(2024, 3, day, tzinfo=UTC))
            for peer in one.cluster.peers
        ]
        return dataclasses.replace(one, cluster=dataclasses.replace(one.cluster, peers=tuple(peers)))

    said = "The newer logs end before the older logs"
    assert said in to_text(compare(ends(2), ends(1)), color=False, width=200)
    assert said not in to_text(compare(ends(1), ends(2)), color=False, width=200)


def test_json_tells_all_of_it() -> None:
    plain = json.loads(to_json(compare(OLDER, NEWER)))
    assert plain["schema"] == "logdiag.diff/1"
    assert (plain["same_cluster"], plain["same"]) == (True, 1)
    assert [(one["id"], one["was"]) for one in plain["worse"]] == [
        ("c@1", {"severity": "low", "state": WORSE[0].state}),
        ("d@1", {"severity": REOPENED[0].severity, "state": "closed"}),
    ]
    assert plain["opened"][0]["was"] is None


def test_the_text_tells_the_news_first_and_what_was() -> None:
    shown = to_text(compare(OLDER, NEWER), color=False, width=200).splitlines()
    counts = "1 new, 2 worse, 1 resolved, 1 not resolved, 1 no longer reported, 1 unchanged"
    assert shown[0] == f"Findings: {counts}."
    headings = [shown[i + 1] for i, line in enumerate(shown) if not line]
    assert headings == ["New", "Worse", "Resolved", "Not resolved", "No longer reported"]
    assert sum("(was low)" in line for line in shown) == 1
    assert sum("(was over)" in line for line in shown) == 1
    assert verdict(compare(NEWER, NEWER)).startswith("Findings: none new or worse, ")


def test_two_clusters_are_said_to_be_two() -> None:
    other = dataclasses.replace(sample.quiet().cluster.peers[0], name="expx01")
    elsewhere = dataclasses.replace(
        sample.quiet(), cluster=dataclasses.replace(sample.quiet().cluster, peers=(other,))
    )
    assert "no peer in common" in to_text(compare(sample.sample(), elsewhere), color=False, width=200)
    assert "no peer in common" not in to_text(
        compare(sample.sample(), sample.empty()), color=False, width=200
    )


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_hostile_findings_stay_on_their_lines(width: int, language: str) -> None:
    attack = "\x1b[31m\u202e\r\n# x\n- [y](http://evil.example) ::error::z " + "W" * 5000
    hostile = sample.attacked(sample.sample(), attack)
    difference = compare(sample.calm(), hostile)
    with speaking(language):
        shown = to_text(difference, color=False, width=width)
        document = to_markdown(difference)
    invisible = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
    assert not invisible.search(shown)
    assert not invisible.search(document)
    tokens = MarkdownIt("commonmark").parse(document)
    assert {token.type for token in tokens if token.type.endswith("_open")} == {
        "heading_open",
        "paragraph_open",
        "bullet_list_open",
        "ordered_list_open",
        "list_item_open",
    }
    assert sum(token.type == "heading_open" for token in tokens) <= 7
    assert "\x1b" in to_text(difference, color=True, width=width)


def test_no_line_is_wider_than_asked() -> None:
    for width in (20, 37, 80):
        shown = to_text(compare(OLDER, NEWER), color=False, width=width)
        assert max(map(len, shown.splitlines())) <= width
