"""Old findings files: read back, refused where they are none, and compared finding by finding."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample
from markdown_it import MarkdownIt

from logdiag.compare.baseline import mark_known, read_baseline
from logdiag.compare.diff import Difference, Outcome, compare
from logdiag.compare.diff_views import to_json, to_markdown, to_text
from logdiag.compare.findings_file import read
from logdiag.errors import InputError
from logdiag.i18n import speaking
from logdiag.model import Diagnosis, Finding, Reason
from logdiag.report import json_

CALM = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.calm]
NAME = "old.json"


def written(diagnosis: Diagnosis) -> bytes:
    return json_.render(diagnosis).encode()


def with_findings(*findings: Finding) -> Diagnosis:
    return dataclasses.replace(sample.sample(), findings=findings)


FIRST = sample.sample().findings[0]


def but(**fields: Any) -> Finding:
    return dataclasses.replace(FIRST, **fields)


# ── the file ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", CALM)
def test_a_findings_file_read_back_is_the_diagnosis(make: Callable[[], Diagnosis]) -> None:
    again = read(NAME, written(make()))
    assert json_.render(again) == json_.render(make())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[]", "it names no schema"),
        (b'{"schema": 3}', "it names no schema"),
        (b'{"schema": "logdiag.findings/3"}', "its schema is 'logdiag.findings/3'"),
        (b'{"schema": "logdiag.findings/2"}', "tool: Field required"),
        (b'{"schema": "logdiag.findings/1"}', "tool: Field required"),
    ],
)
def test_what_is_no_findings_file_is_refused_and_it_is_said_why(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=f"^{NAME}: .*{re.escape(said)}"):
        read(NAME, content)


def test_a_wrong_value_is_named_with_its_place() -> None:
    told = json.loads(written(sample.sample()))
    told["findings"][2]["severity"] = "severe"
    with pytest.raises(InputError, match=r"^old\.json: is no findings file: findings\.2\.severity: "):
        read(NAME, json.dumps(told).encode())


VERSION_1 = Path(__file__).parent.parent / "data" / "findings-version-1.json"


def test_a_file_of_version_1_is_read_as_if_it_were_of_this_version() -> None:
    written_then = json.loads(VERSION_1.read_bytes())
    older = read(NAME, VERSION_1.read_bytes())
    assert older.verdict.headline == older.incidents[0].title
    assert older.verdict.text == written_then["verdict"]
    assert [finding.id for finding in older.findings] == [one["id"] for one in written_then["findings"]]
    written_then["exit"] = {"code": 1, "reasons": ["1: 2 findings at high or above"]}
    written_then["findings"][0]["first"] = "1970-01-01T00:00:00.000Z"
    again = read(NAME, json.dumps(written_then).encode())
    assert again.exit.reasons == (Reason(1, "2 findings at high or above"),)
    assert again.findings[0].first is None


# ── the baseline ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("was", "now", "known"),
    [
        ({}, {}, True),
        ({"state": "open"}, {"state": "closed"}, True),
        ({"state": "open_at_end"}, {"state": "open"}, True),
        ({"state": "unknown"}, {"state": "open"}, True),
        ({"severity": "high"}, {"severity": "medium"}, True),
        ({"state": "closed"}, {"state": "open"}, False),
        ({"state": "closed"}, {"state": "open_at_end"}, False),
        ({"severity": "medium"}, {"severity": "high"}, False),
        ({"id": f"{FIRST.fingerprint}@1"}, {"id": f"{FIRST.fingerprint}@2"}, False),
    ],
)
def test_known_is_what_was_there_and_is_no_worse(
    was: dict[str, Any], now: dict[str, Any], known: bool
) -> None:
    baseline = read_baseline(NAME, written(with_findings(but(**was))))
    [finding] = mark_known(with_findings(but(**now)), baseline).findings
    assert finding.known == known


@pytest.mark.parametrize(
    ("was", "now", "known"),
    [
        ({"first": sample.at("10:00:00")}, {"first": sample.at("09:00:00")}, True),
        ({"first": sample.at("10:00:00")}, {"first": sample.at("11:00:00")}, False),
        ({"first": sample.at("10:00:00")}, {"first": None, "last": None}, True),
        ({"first": None, "last": None}, {"first": sample.at("11:00:00")}, False),
        ({"first": sample.at("10:00:00"), "state": "closed"}, {"first": sample.at("09:00:00")}, False),
    ],
)
def test_an_open_finding_that_is_seen_further_back_is_the_same_one(
    was: dict[str, Any], now: dict[str, Any], known: bool
) -> None:
    older = with_findings(but(**{"id": "a@2", "state": "open", **was}))
    newer = with_findings(but(**{"id": "a@1", "state": "open", **now}))
    [finding] = mark_known(newer, read_baseline(NAME, written(older))).findings
    assert finding.known is known
    difference = compare(older, newer)
    assert bool(difference.outcomes["opened"]) is not known
    assert bool(difference.outcomes["went_on"]) is known


def test_the_digest_is_of_the_file_as_it_is() -> None:
    one, other = (read_baseline(NAME, written(sample.sample()) + end) for end in (b"", b"\n"))
    assert re.fullmatch("sha256:[0-9a-f]{64}", one.digest)
    assert one.digest != other.digest
    assert one.findings == other.findings


# ── the difference ──────────────────────────────────────────────────────────────────────────

A_PEER_LOST = but(id="a@1", state="open")
ENDED = but(id="b@1", state="open_at_end", title="B"), but(id="b@1", state="closed", title="B")
WORSE = but(id="c@1", severity="low"), but(id="c@1", severity="high")
REOPENED = but(id="d@1", state="closed"), but(id="d@1", state="open")
SEEN = but(id="e@1", state="seen")
GONE, GONE_AND_OVER = but(id="f@1", state="open"), but(id="g@1", state="closed")
NEW = but(id="h@1", state="seen", severity="critical", title="H")
OLDER = with_findings(A_PEER_LOST, ENDED[0], WORSE[0], REOPENED[0], SEEN, GONE, GONE_AND_OVER)
NEWER = with_findings(A_PEER_LOST, ENDED[1], WORSE[1], REOPENED[1], SEEN, NEW)


def ids(difference: Difference) -> dict[Outcome, list[str]]:
    return {became: [one.finding.id for one in found] for became, found in difference.outcomes.items()}


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
    assert {became for became, names in found.items() if names} == {"went_on", "same"}


def test_what_is_new_or_worse_fails_at_its_level_unless_it_was_requested() -> None:
    difference = compare(OLDER, NEWER)
    assert [difference.failing(level) for level in ("info", "high", "critical")] == [3, 3, 1]
    requested = with_findings(dataclasses.replace(NEW, requested=True))
    assert compare(with_findings(), requested).failing("info") == 0
    assert compare(NEWER, NEWER).failing("info") == 0


def test_json_tells_all_of_it() -> None:
    told = json.loads(to_json(compare(OLDER, NEWER)))
    assert told["schema"] == "logdiag.diff/1"
    assert (told["same_cluster"], told["same"]) == (True, 1)
    assert [(one["id"], one["was"]) for one in told["worse"]] == [
        ("c@1", {"severity": "low", "state": WORSE[0].state}),
        ("d@1", {"severity": REOPENED[0].severity, "state": "closed"}),
    ]
    assert told["opened"][0]["was"] is None


def test_the_text_tells_the_news_first_and_what_was() -> None:
    shown = to_text(compare(OLDER, NEWER), color=False, width=200).splitlines()
    assert shown[0] == "New: 1; worse: 2; over: 1; not over yet: 1; not told any more: 1; as before: 1."
    headings = [shown[i + 1] for i, line in enumerate(shown) if not line]
    assert headings == ["New", "Worse", "Over", "Not over yet", "Not told any more"]
    assert any("(was low, open when the log ended)" in line for line in shown)


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
        "list_item_open",
    }
    assert sum(token.type == "heading_open" for token in tokens) <= 6
    assert "\x1b" in to_text(difference, color=True, width=width)


def test_no_line_is_wider_than_asked() -> None:
    for width in (20, 37, 80):
        shown = to_text(compare(OLDER, NEWER), color=False, width=width)
        assert max(map(len, shown.splitlines())) <= width
