"""The views of a difference tell the same: parsed, and compared line by line."""

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
import sample

from logdiag.compare.diff import OUTCOMES, Difference, compare
from logdiag.compare.diff_sentences import HEADINGS, LISTED, notes, verdict
from logdiag.compare.diff_views import to_html, to_json, to_markdown, to_text
from logdiag.model import State
from logdiag.pipeline import diagnose
from logdiag.report import labels

SAMPLES = Path(__file__).parents[2] / "sample_logs"
PAIRS = {
    "made": ("calm", "sample"),
    "gone": ("sample", "calm"),
    "later": (["peer-lost"], ["peer-lost", "tls-enforcement"]),
    "earlier": (["peer-lost", "tls-enforcement"], ["peer-lost"]),
    "others": (["peer-lost"], ["core-and-edge"]),
    "same": (["system-key"], ["system-key"]),
}
STATES = "|".join(re.escape(labels.STATES[state]) for state in dict.keys(labels.STATES))


class Shown(NamedTuple):
    """A finding or an incident, as a view shows it."""

    outcome: str
    severity: str
    title: str
    state: str
    was: str


@cache
def difference_of(name: str) -> Difference:
    older, newer = (
        getattr(sample, given)()
        if isinstance(given, str)
        else diagnose([SAMPLES / one for one in given]).diagnosis
        for given in PAIRS[name]
    )
    return compare(older, newer)


def plain(text: str) -> str:
    return " ".join(re.sub(r"[\\`]", "", text).split())


def state_of(state: State, outcome: str) -> str:
    return f"was {labels.STATES[state]}" if outcome == "gone" else labels.STATES[state]


def expected(difference: Difference) -> set[Shown]:
    found = set()
    for outcome in LISTED:
        for group in difference.groups(outcome):
            if incident := group.heading:
                state = state_of(incident.state, outcome)
                found.add(Shown(outcome, incident.severity, plain(incident.title), state, ""))
            for one in group.found:
                finding, older = one.finding, one.was
                said = []
                if older and older.severity != finding.severity:
                    said.append(labels.SEVERITIES[older.severity])
                if older and older.state != finding.state:
                    said.append(labels.STATES[older.state])
                was = f"(was {', '.join(said)})" if said else ""
                state = state_of(finding.state, outcome)
                found.add(Shown(outcome, finding.severity, plain(finding.title), state, was))
    return found


OUTCOME_OF = {HEADINGS[outcome]: outcome for outcome in OUTCOMES}


def from_lines(lines: list[str], heading: str, item: str) -> Iterator[Shown]:
    outcome = ""
    for line, facts in zip(lines, [*lines[1:], ""], strict=True):
        if found := re.fullmatch(item, line):
            state = re.match(rf" *((?:was )?(?:{STATES})): .*?(\(was [^)]*\))?( ·.*)?$", plain(facts))
            assert state, facts
            yield Shown(outcome, found[1].lower(), plain(found[2]), state[1], state[2] or "")
        elif found := re.fullmatch(heading, line):
            outcome = OUTCOME_OF.get(found[1], outcome)


class Page(HTMLParser):
    """The lines and the other texts of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.outcome, self.inside, self.lines = "", [""], []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self.outcome = given["id"] or ""
        if tag in ("span", "p", "h1", "strong", "time", "code"):
            words = (given.get("class") or "").split()
            self.inside.append(words[0] if words else self.inside[-1])
            if words[:1] == ["severity"]:
                self.lines.append({"outcome": self.outcome, "severity": words[1]})

    def handle_endtag(self, tag: str) -> None:
        if tag in ("span", "p", "h1", "strong", "time", "code"):
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.lines and data.strip() and self.inside[-1] in ("title", "state", "was"):
            line = self.lines[-1]
            line[self.inside[-1]] = plain(f"{line.get(self.inside[-1], '')} {data}")

    def shown(self) -> set[Shown]:
        return {
            Shown(one["outcome"], one["severity"], one["title"], one["state"], one.get("was", ""))
            for one in self.lines
        }


def agree(difference: Difference, text: str) -> None:
    """The verdict, the notes and the first steps are in the text of a view."""
    assert plain(verdict(difference)) in text
    for note in notes(difference):
        assert plain(note) in text
    place = 0
    for action in difference.actions():
        place = text.index(plain(action.step.do), place)
    if not difference.actions():
        assert "Do this first" not in text
    for one in difference.prohibitions():
        place = text.index(plain(one), place)
    assert ("Do not do this" in text) == bool(difference.prohibitions())


@pytest.mark.parametrize("name", PAIRS)
def test_text(name: str) -> None:
    difference = difference_of(name)
    text = to_text(difference, color=False, width=10_000)
    levels = "|".join(level.upper() for level in dict.keys(labels.SEVERITIES))
    assert set(from_lines(text.splitlines(), r"(\S.*)", rf" *({levels})  (.*)")) == expected(difference)
    agree(difference, plain(text))


@pytest.mark.parametrize("name", PAIRS)
def test_markdown(name: str) -> None:
    difference = difference_of(name)
    text = to_markdown(difference)
    assert set(from_lines(text.splitlines(), r"## (.*)", r" *- \*\*(\w+)\*\* (.*)")) == expected(difference)
    agree(difference, plain(text))


@pytest.mark.parametrize("name", PAIRS)
def test_html(name: str) -> None:
    difference = difference_of(name)
    page = Page(to_html(difference))
    assert page.shown() == expected(difference)
    agree(difference, plain(" ".join(page.texts)))


@pytest.mark.parametrize("name", PAIRS)
def test_json(name: str) -> None:
    difference = difference_of(name)
    whole = json.loads(to_json(difference))
    shown = {
        Shown(outcome, one["severity"], plain(one["title"]), state_of(one["state"], outcome), "")
        for outcome in LISTED
        for one in whole[outcome]
    }
    findings = {one._replace(was="") for one in expected(difference)}
    headings = {
        Shown(
            outcome,
            group.heading.severity,
            plain(group.heading.title),
            state_of(group.heading.state, outcome),
            "",
        )
        for outcome in LISTED
        for group in difference.groups(outcome)
        if group.heading
    }
    assert shown | headings == findings


@pytest.mark.parametrize("name", PAIRS)
def test_news_come_first(name: str) -> None:
    difference = difference_of(name)
    expected_order = [outcome for outcome in LISTED if difference.outcomes[outcome]]
    page = to_html(difference)
    assert re.findall(rf'<section id="({"|".join(LISTED)})"', page) == expected_order
    headings = [
        OUTCOME_OF[one]
        for one in re.findall(r"^## (.*)$", to_markdown(difference), re.M)
        if one in OUTCOME_OF
    ]
    assert headings == expected_order
