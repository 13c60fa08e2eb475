"""The HTML report: complete, self-contained, deaf to what logs say, and readable in a browser."""

import base64
import dataclasses
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sample
from playwright.sync_api import Browser, Page

from logdiag.conditions.alarm_catalogue import load
from logdiag.model import RISKS, ClusterView, Command, Diagnosis, Gap, Peer
from logdiag.report import brief, html
from logdiag.report.actions import find_actions
from logdiag.report.sanitize import defuse, is_plain
from logdiag.report.sentences import references

SECTIONS = ["verdict", "actions", "cluster", "timeline", "incidents", "findings", "coverage"]
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
DIAGNOSES = {
    "sample": sample.sample,
    "quiet": sample.quiet,
    "two_clusters": sample.two_clusters,
    "empty": sample.empty,
    "hostile": sample.hostile,
}


@cache
def page_of(name: str) -> str:
    return html.render(DIAGNOSES[name]())


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: tuple["Element", ...]
    text: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    def within(self, id_: str) -> bool:
        return any(outer.attributes.get("id") == id_ for outer in self.inside)


class Outline(HTMLParser):
    """Every element of a page with its text and what it stands in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self._open, f"not closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {attrs}"
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop().tag == tag, tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    def named(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def of_class(self, name: str) -> list[Element]:
        return [element for element in self.elements if name in element.attributes.get("class", "").split()]

    def incident(self) -> Element:
        """The headline incident."""
        return self.of_class("incident")[0]

    def by_id(self, id_: str) -> Element:
        (element,) = [element for element in self.elements if element.attributes.get("id") == id_]
        return element


def with_headline(**change: object) -> Diagnosis:
    diagnosis = sample.sample()
    headline = dataclasses.replace(diagnosis.incidents[0], **change)  # type: ignore[arg-type]
    return dataclasses.replace(diagnosis, incidents=(headline, *diagnosis.incidents[1:]))


# The page as text


@pytest.mark.parametrize("name", DIAGNOSES)
def test_every_section_is_there_once_and_the_verdict_comes_first(name: str) -> None:
    outline = Outline(page_of(name))
    ids = [element.attributes["id"] for element in outline.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    sections = [element.attributes["id"] for element in outline.named("section")]
    assert set(SECTIONS) <= set(sections)
    assert sections[:2] == ["verdict", "actions"]


@pytest.mark.parametrize("name", DIAGNOSES)
def test_the_policy_forbids_everything_but_the_hashed_style_and_script(name: str) -> None:
    outline = Outline(page_of(name))
    (policy,) = [
        element.attributes["content"]
        for element in outline.named("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    # A block of data is no script: nothing runs it.
    scripts = [one for one in outline.named("script") if one.attributes.get("type") != "application/json"]
    for tag, named in (("style", outline.named("style")), ("script", scripts)):
        (element,) = named
        digest = base64.b64encode(hashlib.sha256("".join(element.text).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("name", DIAGNOSES)
def test_nothing_refers_to_another_place(name: str) -> None:
    outline = Outline(page_of(name))
    ids = {element.attributes.get("id") for element in outline.elements}
    for element in outline.elements:
        for attribute, value in element.attributes.items():
            assert attribute not in ("src", "srcset", "style", "action", "formaction", "data", "poster")
            assert not attribute.startswith("on")
            if attribute == "href" and element.tag == "a" and value.startswith("https:"):
                # Followed on a click, and only then; the other page learns nothing of this one.
                assert re.fullmatch(r"https://(www\.cisco\.com|bst\.cloudapps\.cisco\.com)/[\w./?=-]+", value)
                assert element.attributes["rel"] == "noopener noreferrer"
                assert name != "hostile"
            elif attribute in ("href", "xlink:href"):
                assert value.startswith("#"), value
                assert value[1:] in ids, value
    (style,) = outline.named("style")
    assert "url(" not in "".join(style.text)
    assert "@import" not in "".join(style.text)


def test_the_title_is_the_verdict_and_the_head_names_tool_and_library() -> None:
    outline = Outline(page_of("sample"))
    assert outline.named("title")[0].words == sample.sample().verdict.headline
    assert outline.named("h1")[0].words == sample.sample().verdict.text
    assert outline.named("html")[0].attributes["lang"] == "en"
    header = outline.named("header")[0].words
    assert "0.1.0" in header
    assert "sha256:4f1d2c7a90be3371" in header


def test_the_head_and_the_title_name_case_customer_and_author() -> None:
    diagnosis = sample.sample()
    options = {"case": "698001234", "customer": "Apolo <b>", "author": "J. Doe"}
    outline = Outline(html.render(dataclasses.replace(diagnosis, command=Command("diagnose", options))))
    assert outline.named("title")[0].words == f"698001234: {diagnosis.verdict.headline}"
    header = outline.named("header")[0].words
    assert all(
        f"{name} {value}" in header
        for name, value in zip(("Case", "Customer", "Author"), options.values(), strict=True)
    )
    assert not any(outline.named("header")[0] in one.inside for one in outline.named("b"))


def test_the_short_form_has_the_verdict_the_steps_and_what_is_missing_and_nothing_else() -> None:
    diagnosis = sample.sample()
    short = dataclasses.replace(diagnosis, command=Command("diagnose", {"brief": "true"}))
    outline = Outline(html.render(short))
    sections = [one.attributes.get("id") for one in outline.named("section")]
    assert sections == ["verdict", "actions", "wanted"]
    words = outline.named("main")[0].words
    assert all(action.step.do in words for action in find_actions(diagnosis))
    assert str(sample.LOOK.command) in words
    assert all(one.what in words for one in diagnosis.wanted)
    assert all(record.text not in words for one in diagnosis.findings for record in one.evidence)


@pytest.mark.parametrize("name", DIAGNOSES)
def test_the_same_diagnosis_gives_the_same_bytes(name: str) -> None:
    page = html.render(DIAGNOSES[name]())
    assert page == page_of(name)
    page.encode("utf-8")


def test_each_finding_stands_in_findings_once_with_all_that_is_known() -> None:
    diagnosis = sample.sample()
    outline = Outline(html.render(diagnosis))
    shown = [element for element in outline.of_class("finding") if element.within("findings")]
    assert all(element.attributes["id"] for element in shown)
    assert len(shown) == len(diagnosis.findings)
    for finding in diagnosis.findings:
        (words,) = [element.words for element in shown if f"Finding {finding.id}" in element.words]
        for text in (finding.title, finding.rule, finding.severity, finding.basis, finding.explanation):
            assert text in words
        for text in (*finding.hosts, *finding.peers, *references(finding), *finding.values.values()):
            assert text in words
        for moment in (finding.first, finding.last):
            assert f"{moment:%Y-%m-%d %H:%M:%S}" in words
        assert f"Count{finding.count}" in words.replace(" ", "")
        for record in finding.evidence:
            assert f"{record.source}:{record.line}" in words
            assert " ".join(record.text.split()) in words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("open", "not over; last seen 2020-08-12 20:07:44 UTC"),
        ("open_at_end", "no end in the log; last seen 2020-08-12 20:07:44 UTC"),
        ("unknown", "not known; last seen 2020-08-12 20:07:44 UTC"),
        ("closed", "Until 2020-08-12 20:07:44 UTC, after 10 m 1 s"),
    ],
)
def test_an_end_is_claimed_only_where_one_was_seen(state: str, words: str) -> None:
    outline = Outline(html.render(with_headline(state=state)))
    assert words in outline.incident().words


def test_an_incident_lists_its_findings_cause_first_and_links_them() -> None:
    diagnosis = sample.sample()
    outline = Outline(html.render(diagnosis))
    titles = {finding.id: finding.title for finding in diagnosis.findings}
    links = [
        element
        for element in outline.named("a")
        if outline.incident() in element.inside and element.attributes["href"].startswith("#finding-")
    ]
    assert [link.words for link in links] == [titles[id_] for id_ in diagnosis.incidents[0].findings]


def test_the_actions_are_the_first_steps_of_all_incidents() -> None:
    words = Outline(page_of("sample")).by_id("actions").words
    assert sample.LOOK.do in words
    assert sample.BACKUP.do in words
    assert sample.RESTART.do not in words


@pytest.mark.parametrize(
    ("remedy", "shown"),
    [
        ((sample.PURGE, sample.LOOK), ()),
        ((sample.LOOK, sample.PURGE, sample.RESTART), (sample.LOOK,)),
        (
            (sample.LOOK, sample.PORTS, sample.RESTART, sample.PURGE),
            (sample.LOOK, sample.PORTS, sample.RESTART),
        ),
    ],
)
def test_no_destructive_step_and_none_that_follows_one_is_an_action(
    remedy: tuple[sample.Step, ...], shown: tuple[sample.Step, ...]
) -> None:
    diagnosis = with_headline(remedy=remedy)
    outline = Outline(html.render(diagnosis))
    actions = outline.by_id("actions").words
    steps = [one.step for one in find_actions(diagnosis) if 1 in one.incidents]
    assert steps == sorted(shown, key=lambda step: RISKS.index(step.risk))
    for step in remedy:
        assert (step.do in actions) == (step in shown)
        assert step.do in outline.incident().words
    assert str(sample.PURGE.command) not in actions


def test_only_a_harmless_command_has_a_copy_button() -> None:
    outline = Outline(page_of("sample"))
    buttons = [
        button
        for button in outline.of_class("copy")
        if "record" not in button.inside[-2].attributes.get("class", "")
        and "data-of" not in button.attributes
    ]
    copied = {button.inside[-1].words.removesuffix(" Copy") for button in buttons}
    # The message, and the steps of each incident as text.
    texts = {
        words
        for words in copied
        if words.startswith(("Hello", *(one.title for one in sample.sample().incidents)))
    }
    assert len(texts) == 1 + len(sample.sample().incidents)
    assert not any(str(sample.PURGE.command) in words for words in texts)
    assert copied - texts == {sample.LOOK.command, sample.PORTS.command, sample.RESTART.command}
    purge = [element for element in outline.of_class("command") if str(sample.PURGE.command) in element.words]
    assert len(purge) == 1
    assert "Copy" not in purge[0].words


@pytest.mark.parametrize("command", ["a\u202eb", "a\x1b[2Jb", "a\u200bb", "a" * 5000])
def test_a_command_that_is_not_what_it_looks_like_has_no_copy_button(command: str) -> None:
    assert not html.copyable(dataclasses.replace(sample.LOOK, command=command))
    assert html.copyable(dataclasses.replace(sample.LOOK, command="xStatus SystemUnit"))


def test_a_peer_without_a_snapshot_says_so() -> None:
    first, second = Outline(page_of("sample")).of_class("card")
    assert "no snapshot given" in second.words
    assert "no snapshot given" not in first.words
    assert "Raised 20004 20006 20007".lower() in first.words.lower()


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (None, "UTC−05:00"),
        (0.0, "UTC−05:00"),
        (-2.4, "UTC−05:00, 2.4 s slow"),
        (61.0, "UTC−05:00, 1 m 1 s fast"),
    ],
)
def test_a_clock_that_is_off_is_told(skew: float | None, words: str) -> None:
    diagnosis = sample.sample()
    peers = tuple(
        dataclasses.replace(peer, clock_skew=skew, utc_offset=-300) for peer in diagnosis.cluster.peers
    )
    changed = dataclasses.replace(diagnosis, cluster=dataclasses.replace(diagnosis.cluster, peers=peers))
    card = Outline(html.render(changed)).of_class("card")[0].words
    assert f"Clock{words} Log" in card


def test_the_ledger_tells_faults_gaps_and_what_is_no_log() -> None:
    outline = Outline(page_of("sample"))
    words = outline.by_id("coverage").words
    for member in sample.sample().coverage.members:
        assert member.source in words
        assert f"{member.size:,}" in words
    for member in sample.sample().coverage.members:
        for fault in member.faults:
            assert f"Incomplete {fault.text}" in words
        assert member.reason is None or member.reason in words
        for reason, lines in member.reasons.items():
            assert f"{lines} line{'s' if lines > 1 else ''}: {reason}" in words
    assert "UTF-16, read as UTF-8" in words
    assert "12, counted once" in words
    assert "2020-08-12 19:24:31–19:40:02 UTC, 15 m 30 s" in words
    assert "could not be read to their end" in outline.by_id("verdict").words
    assert "could not be read to their end" not in Outline(page_of("quiet")).by_id("verdict").words


def cells(outline: Outline, label: str) -> list[str]:
    """What stands in the columns of the ledger that have this label."""
    found = [cell for cell in outline.named("td") if cell.attributes.get("data-label") == label]
    return [cell.words for cell in found if cell.within("coverage")]


def test_the_ledger_tells_what_dumps_hold() -> None:
    outline = Outline(page_of("sample"))
    assert cells(outline, "Kind") == ["xConfiguration", "xStatus", "certificates"]
    assert cells(outline, "Values") == ["2,871", "1,204", "9"]
    assert cells(outline, "No shape") == ["2", "0", "0"]
    assert "Values in dumps 4,084" in outline.by_id("coverage").words.replace("dumps4", "dumps 4")
    assert "Dumps and certificates" not in Outline(page_of("quiet")).by_id("coverage").words


def test_the_ledger_adds_up_by_snapshot_and_by_peer() -> None:
    diagnosis = sample.two_clusters()
    outline = Outline(page_of("two_clusters"))
    ledger = diagnosis.coverage
    assert cells(outline, "Given, bytes") == [f"{one.given:,}" for one in ledger.snapshots]
    assert cells(outline, "Unpacked") == [f"{one.size:,}" for one in ledger.snapshots]
    assert cells(outline, "Members") == [f"{one.members:,}" for one in ledger.snapshots]
    assert "Incomplete 3 members" in cells(outline, "Snapshot")[0]
    assert "Incomplete" not in cells(outline, "Snapshot")[1]
    assert cells(outline, "Peer") == ["expc01", "expe01"]
    assert cells(outline, "Gaps") == ["1", "0"]
    own = [row for row in outline.named("tr") if "expe01" in row.words and row.within("coverage")]
    assert own[0].words.endswith("–"), "a peer without a log covers no time"


def test_a_card_tells_product_and_when_the_dumps_are_from() -> None:
    first, second = (card.words for card in Outline(page_of("sample")).of_class("card"))
    assert "Expressway-C X12.5.9" in first
    assert "of 2020-08-12 19:20:00 or before" in first
    assert "or before" not in second


def test_each_cluster_has_its_name_and_its_own_cards() -> None:
    outline = Outline(page_of("two_clusters"))
    section = [one for one in outline.elements if one.within("cluster") and one.tag in ("h3", "h4")]
    told = [(one.tag, one.words.split(" ")[0] if one.tag == "h4" else one.words) for one in section]
    assert told == [
        ("h3", "core.apolo.local"),
        ("h4", "expc01"),
        ("h4", "expc02"),
        ("h3", "the cluster of expe01"),
        ("h4", "expe01"),
    ]
    alone = [
        one.words.split(" ")[0] for one in Outline(page_of("sample")).named("h3") if one.within("cluster")
    ]
    assert alone == ["expc01", "expc02"]


def test_the_events_are_in_the_order_of_time() -> None:
    outline = Outline(page_of("sample"))
    (events,) = outline.of_class("events")
    times = [element.attributes["datetime"] for element in outline.named("time") if events in element.inside]
    assert times == sorted(times)
    diagnosis = sample.sample()
    told = {id_ for incident in diagnosis.incidents for id_ in incident.findings}
    assert len(told) < len(diagnosis.findings), "one finding is for the record only"
    assert len(times) == len(told) + len(diagnosis.changes) + 3


def numbers(outline: Outline, attribute: str) -> list[float]:
    shown = [element.attributes.get(attribute, "") for element in outline.elements]
    return [float(value.removesuffix("%")) for value in shown if value.endswith("%")]


@pytest.mark.parametrize("name", ["sample", "quiet", "hostile"])
def test_the_drawing_stays_inside_its_frame(name: str) -> None:
    outline = Outline(page_of(name))
    assert all(0 <= x <= 100 for x in numbers(outline, "x"))
    assert all(0 <= width <= 100 for width in numbers(outline, "width"))


def with_log_weeks_before() -> Diagnosis:
    diagnosis = sample.sample()
    first, second = diagnosis.cluster.peers
    assert first.seen_from is not None
    long_ago = first.seen_from - timedelta(days=21)
    gap = Gap("expc01", long_ago + timedelta(seconds=9), first.seen_from)
    peers = (dataclasses.replace(first, seen_from=long_ago), second)
    coverage = dataclasses.replace(diagnosis.coverage, gaps=(gap, *diagnosis.coverage.gaps))
    return dataclasses.replace(diagnosis, cluster=ClusterView(peers), coverage=coverage)


def test_a_silence_of_weeks_does_not_crush_the_hour_that_matters() -> None:
    outline = Outline(html.render(with_log_weeks_before()))
    chart = outline.by_id("timeline")
    assert sum(chart in one.inside for one in outline.of_class("break")) == 2, "on the axis and in the legend"
    marks = [float(mark.inside[-2].attributes["x"][:-1]) for mark in outline.of_class("edge")]
    assert marks == sorted(marks)
    assert max(marks) - min(marks) > 20
    assert "20 d 23 h without an event" in chart.words
    dates = [tick.words for tick in outline.of_class("day") if chart in tick.inside]
    assert dates == ["2020-07-22", "2020-08-12"]


@pytest.mark.parametrize(
    "length",
    [
        timedelta(microseconds=1),
        timedelta(seconds=3),
        timedelta(hours=30),
        timedelta(days=700),
        timedelta(days=2_900_000),
    ],
)
def test_ticks_are_few_and_in_order_whatever_the_span(length: timedelta) -> None:
    diagnosis = sample.empty()
    start = datetime(1, 1, 1, tzinfo=UTC) if length.days > 1000 else sample.at("19:57:43.353")
    peers = (Peer("expc01", seen_from=start, seen_to=start + length),)
    page = html.render(dataclasses.replace(diagnosis, cluster=ClusterView(peers)))
    grid = [float(line.attributes["x1"][:-1]) for line in Outline(page).of_class("grid")]
    assert 1 <= len(grid) <= 6
    assert grid == sorted(grid)


def test_the_changes_before_an_incident_are_those_of_its_cluster_and_of_a_week() -> None:
    diagnosis = sample.two_clusters()
    incident = diagnosis.incidents[0]
    assert incident.first is not None
    change = sample.sample().changes[0]
    ours = next(peer for peer in diagnosis.cluster.peers if peer.name in incident.peers)
    theirs = next(peer for peer in diagnosis.cluster.peers if peer.cluster != ours.cluster)
    changes = tuple(
        dataclasses.replace(change, time=incident.first - before, peer=peer.name, what=what)
        for before, peer, what in (
            (timedelta(days=20), ours, "long before"),
            (timedelta(hours=2), theirs, "elsewhere"),
            (timedelta(hours=1), ours, "shortly before"),
        )
    )
    outline = Outline(html.render(dataclasses.replace(diagnosis, changes=changes)))
    words = outline.incident().words
    assert "shortly before" in words
    assert "elsewhere" not in words and "long before" not in words
    assert all(one.what in outline.by_id("changes").words for one in changes)


def test_each_alarm_number_is_explained() -> None:
    outline = Outline(page_of("sample"))
    ids = {id_ for peer in sample.sample().cluster.peers for id_ in peer.alarms}
    assert ids
    for id_ in ids:
        assert load()[id_].meaning in outline.by_id(f"alarm-{id_}").words


def test_an_unknown_id_neither_breaks_nor_links() -> None:
    page = html.render(with_headline(findings=("gone:1", sample.sample().findings[0].id)))
    assert "gone:1" not in page


def test_findings_whose_ids_look_alike_keep_their_own_anchors() -> None:
    diagnosis = sample.sample()
    findings = [
        dataclasses.replace(finding, id='<>"&'[number % 4] * (number + 1))
        for number, finding in enumerate(diagnosis.findings)
    ]
    outline = Outline(html.render(dataclasses.replace(diagnosis, findings=tuple(findings))))
    anchors = [element.attributes["id"] for element in outline.of_class("finding")]
    assert len(set(anchors)) == len(findings)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", anchor) for anchor in anchors)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(milliseconds=219), "219 ms"),
        (timedelta(seconds=8), "8 s"),
        (timedelta(minutes=10, seconds=0.6), "10 m 1 s"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2, hours=1, minutes=5), "2 d 1 h"),
        (timedelta(hours=1, seconds=59), "1 h"),
        (2.4, "2.4 s"),
    ],
)
def test_durations(span: timedelta | float, words: str) -> None:
    assert html.duration(span) == words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Restart expc02. Then wait.", "Restart expc02."),
        ("Upgrade to X8.8 on every peer", "Upgrade to X8.8 on every peer"),
        ("What stopped expc02? Open its console.", "What stopped expc02?"),
        ("No. Stop here and read.", "No. Stop here and read."),
        ("", ""),
    ],
)
def test_the_first_sentence_of_a_step_leads(text: str, first: str) -> None:
    assert html.lead(text)[0] == first
    assert " ".join(part for part in html.lead(text) if part) == text


def test_highlighting_changes_no_character_of_a_record() -> None:
    records = [record.text for finding in sample.sample().findings for record in finding.evidence]
    for text in (*records, 'x="', '=""', 'a="b"c="d"', "", "<b>", 'Detail="<script>"', "a" * 3000 + '="b"'):
        shown = "".join(Outline(f"<pre>{html.highlight(text)}</pre>").named("pre")[0].text)
        assert shown == text


def test_a_long_record_is_cut_and_says_so() -> None:
    shown = str(html.highlight("x" * 100_000))
    assert len(shown) < 5000
    assert "96,000 more characters" in shown


# Hostile values


def test_a_hostile_value_stays_text_everywhere() -> None:
    calm, hostile = Outline(html.render(sample.calm())), Outline(page_of("hostile"))
    # Copy buttons and links go, because no command or address is plain any more; nothing else may come or go.
    kept = [one for one in calm.elements if not one.attributes.get("href", "").startswith("https:")]
    assert kept != calm.elements
    tags = [element.tag for element in kept if element.tag not in ("button", "span", "b")]
    assert [element.tag for element in hostile.elements if element.tag not in ("button", "span", "b")] == tags
    page = page_of("hostile")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", page)
    assert "{{7*7}}" in page
    assert "49}" not in page
    assert len(page) < 3_000_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("a\u202eb\u2066c\u200e\u061c", "a⟦RLO⟧b⟦LRI⟧c⟦LRM⟧⟦ALM⟧"),
        ("\ud800", "\\ud800"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("한국어 é", "한국어 é"),
    ],
)
def test_defusing(text: str, shown: str) -> None:
    assert defuse(text) == shown
    assert is_plain(text) == (text == shown)


def test_defusing_can_keep_lines() -> None:
    assert defuse("a\tb\r\nc\rd\x1b", lines=True) == "a\tb\nc\\rd\\x1b"


# The page in a browser


@pytest.fixture
def opened(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, list[str]]]:
    """A page that shows the named diagnosis, and whatever it did beside being shown."""
    name = request.param
    width, height = WIDE
    file = tmp_path / "report.html"
    file.write_text(page_of(name), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    noticed: list[str] = []
    page.on("console", lambda message: noticed.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noticed.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (noticed.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("popup", lambda _: noticed.append("popup"))
    page.on(
        "request", lambda made: noticed.append(f"request: {made.url}") if made.url != file.as_uri() else None
    )
    page.goto(file.as_uri())
    yield page, noticed
    context.close()


WIDE, NARROW = (1280, 800), (390, 844)
"""Sizes of a page. Its script reads no size when the page is loaded, so that one page serves for both."""


@pytest.mark.parametrize("opened", DIAGNOSES, indirect=True)
def test_in_a_browser_nothing_happens_and_nothing_overflows(opened: tuple[Page, list[str]]) -> None:
    page, noticed = opened
    page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
    for width, height in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.move(200, 200)
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert noticed == []
    assert page.evaluate("typeof pwned") == "undefined"
    assert page.evaluate("[...document.scripts].filter((one) => !one.type).length") == 1
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "the style was not applied"


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_the_verdict_and_the_first_action_stand_in_the_first_screenful(
    opened: tuple[Page, list[str]],
) -> None:
    page, _ = opened
    for width, height in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": height})
        for selector in ("h1", "#verdict .list", "#actions .action:first-child"):
            box = page.locator(selector).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
        # Each incident is one line.
        heights = [box["height"] for one in page.locator(".list li").all() if (box := one.bounding_box())]
        assert heights and max(heights) < 40


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_a_link_opens_the_finding_it_leads_to(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    link = page.locator(".incident .waterfall a").nth(2)
    target = page.locator(str(link.get_attribute("href")))
    assert target.get_attribute("open") is None
    link.click()
    page.wait_for_function("document.querySelector('details.finding[open]')")
    assert target.get_attribute("open") is not None
    assert target.locator(".record").first.is_visible()


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_copying_gives_the_command(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".incident .step button.copy").first.click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == sample.LOOK.command


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_on_paper_each_finding_is_open_with_its_first_record(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.emulate_media(media="print")
    findings = page.locator("details.finding")
    assert findings.count() == len(sample.sample().findings)
    for index in range(findings.count()):
        box = findings.nth(index).locator(".record, .body > p").first.bounding_box()
        assert box is not None and box["height"] > 0
    for selector in ("button.copy", "#filter", ".screen"):
        assert not any(one.is_visible() for one in page.locator(selector).all()), selector


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_the_short_form_can_be_copied(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the short form").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == brief.render(sample.sample())


@pytest.mark.parametrize("opened", ["sample"], indirect=True)
def test_a_search_shows_the_findings_whose_title_or_evidence_has_all_words(
    opened: tuple[Page, list[str]],
) -> None:
    page, noticed = opened
    diagnosis = sample.sample()
    record = diagnosis.findings[0].evidence[0]
    word = f"{record.source}:{record.line}"
    page.get_by_role("searchbox").fill(word)
    shown = [one for one in page.locator("details.finding").all() if one.is_visible()]
    expected = [
        one for one in diagnosis.findings if any(word in f"{r.source}:{r.line}" for r in one.evidence)
    ]
    assert 0 < len(shown) == len(expected) < len(diagnosis.findings)
    assert page.locator("output").inner_text() == f"{len(shown)} of {len(diagnosis.findings)} findings"
    page.get_by_role("searchbox").fill(f"{word} nothing-has-this")
    assert not any(one.is_visible() for one in page.locator("details.finding").all())
    page.get_by_role("searchbox").fill("")
    assert all(one.is_visible() for one in page.locator("details.finding").all())
    assert noticed == []


def test_without_script_the_page_is_complete(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of("sample"), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert not page.locator("button.copy").first.is_visible(), "a button that does nothing is shown"
    page.locator("#findings summary").first.click()
    assert page.locator("#findings .record").first.is_visible()
    context.close()
