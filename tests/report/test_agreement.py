"""All views of a diagnosis tell the same: parsed, and compared finding by finding."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import sample
from markdown_it import MarkdownIt

from logdiag.model import Diagnosis
from logdiag.pipeline import diagnose
from logdiag.report import html, json_, jsonl, labels, markdown, text
from logdiag.report.actions import find_actions
from logdiag.report.sanitize import defuse

SAMPLES = sorted(path.name for path in (Path(__file__).parents[2] / "sample_logs").iterdir() if path.is_dir())
BY_HAND = {
    "hostile": sample.hostile,
    "made": sample.sample,
    "two": sample.two_clusters,
    "quiet": sample.quiet,
}
SHOWN = 60
"""Characters that are compared of a value: the views cut those that are very long."""


class ShownIncident(NamedTuple):
    """An incident, as a view tells it."""

    title: str
    severity: str
    state: str


class ShownFinding(NamedTuple):
    """A finding, as a view tells it."""

    id: str
    rule: str
    severity: str
    state: str
    first: str
    count: int


@cache
def diagnosis_of(name: str) -> Diagnosis:
    if name in BY_HAND:
        return BY_HAND[name]()
    return diagnose([Path(__file__).parents[2] / "sample_logs" / name]).diagnosis


def shown(value: str) -> str:
    return " ".join(defuse(value).split())[:SHOWN]


def shown_whole(value: str) -> str:
    return " ".join(defuse(value).replace("\\", "").split())


# ── what each view says ─────────────────────────────────────────────────────────────────────


def from_objects(
    incidents: list[Any], findings: list[Any]
) -> tuple[list[ShownIncident], dict[str, ShownFinding]]:
    told = [ShownIncident(shown(one["title"]), one["severity"], one["state"]) for one in incidents]
    found = [
        ShownFinding(
            shown(one["id"]),
            shown(one["rule"]),
            one["severity"],
            one["state"],
            (one["first"] or "").replace("T", " ").removesuffix("Z"),
            one["count"],
        )
        for one in findings
    ]
    return told, {one.id: one for one in found}


def from_json(diagnosis: Diagnosis) -> tuple[list[ShownIncident], dict[str, ShownFinding]]:
    whole = json.loads(json_.render(diagnosis))
    return from_objects(whole["incidents"], whole["findings"])


def from_jsonl(diagnosis: Diagnosis) -> tuple[list[ShownIncident], dict[str, ShownFinding]]:
    lines = [json.loads(line) for line in jsonl.render(diagnosis).splitlines()]
    several = [[line for line in lines if line["type"] == kind] for kind in ("incident", "finding")]
    return from_objects(*several)


def state_of(said: str) -> str:
    [state] = [name for name in labels.STATES if labels.STATES[name] == said]
    return state


def severity_of(said: str) -> str:
    [severity] = [name for name in labels.SEVERITIES if labels.SEVERITIES[name] == said.lower()]
    return severity


def from_markdown(diagnosis: Diagnosis) -> tuple[list[ShownIncident], dict[str, ShownFinding]]:
    told: list[ShownIncident] = []
    found: dict[str, ShownFinding] = {}
    row: list[str] = []
    columns: list[str] = []
    before = title = ""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown.render(diagnosis)):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and not columns:
            columns = row
        elif token.type == "table_close":
            columns = []
        elif token.type == "tr_close" and "Id" in columns:
            cells = dict(zip(columns, row, strict=True))
            one = ShownFinding(
                shown(cells["Id"]),
                shown(cells["Rule"]),
                severity_of(cells["Severity"]),
                state_of(cells["State"]),
                cells["First, in UTC"],
                int(cells["Count"].replace(",", "")),
            )
            assert one.id not in found
            found[one.id] = one
        elif token.type == "inline":
            value = "".join(child.content for child in token.children or ())
            row.append(value)
            if before == "h3" and (numbered := re.match(r"\d+\. ", value)):
                title = value[numbered.end() :]
            elif title:
                severity, facts = value.split(" · ", 1)
                told.append(ShownIncident(shown(title), severity_of(severity), state_of(facts.split(":")[0])))
                title = ""
        before = token.tag
    return told, found


class Node:
    """An element of a page."""

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag, self.attributes = tag, attributes
        self.inside: list[Node | str] = []

    def all(self) -> Iterator["Node"]:
        for part in self.inside:
            if isinstance(part, Node):
                yield part
                yield from part.all()

    def with_class(self, tag: str, name: str) -> Iterator["Node"]:
        return (
            one
            for one in self.all()
            if one.tag == tag and name in (one.attributes.get("class") or "").split()
        )

    def with_tag(self, tag: str) -> Iterator["Node"]:
        return (one for one in self.all() if one.tag == tag)

    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)


EMPTY = {"meta", "br", "input", "link", "img", "hr"}


class Page(HTMLParser):
    """A page as elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].inside.append(node)
        if tag not in EMPTY:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Node(tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)


def from_html(diagnosis: Diagnosis) -> tuple[list[ShownIncident], dict[str, ShownFinding]]:
    root = Page(html.render(diagnosis)).root
    told = []
    for article in root.with_class("article", "incident"):
        title, severity = next(article.with_tag("h3")), next(article.with_class("span", "severity"))
        state = next(article.with_class("span", "state")).text()
        told.append(ShownIncident(shown(title.text()), severity_of(severity.text()), state_of(state)))
    found = {}
    for details in root.with_class("details", "finding"):
        codes = [shown(code.text()) for code in details.with_tag("code")]
        facts = next(details.with_class("dl", "facts"))
        names = [one.text().strip() for one in facts.with_tag("dt")]
        values = dict(zip(names, facts.with_tag("dd"), strict=True))
        state = "".join(part for part in values["State"].inside if isinstance(part, str)).strip()
        times = () if "as of" in values["Since"].text() else values["Since"].with_tag("time")
        time = next((one.attributes["datetime"] or "" for one in times), "")
        severity = severity_of(next(details.with_class("span", "severity")).text())
        one = ShownFinding(
            codes[-1],
            shown(next(next(details.with_tag("summary")).with_tag("code")).text()),
            severity,
            state_of(state),
            time.replace("T", " ").removesuffix("Z"),
            int(values["Count"].text().replace(",", "")),
        )
        assert one.id not in found
        found[one.id] = one
    return told, found


def from_text(diagnosis: Diagnosis) -> list[ShownIncident]:
    lines = text.render(diagnosis, color=False, width=10_000).split("\n")
    start = lines.index("Incidents") + 1 if "Incidents" in lines else len(lines)
    told = []
    for line, facts in zip(lines[start:], lines[start + 1 :], strict=False):
        if not line:
            break
        if incident := re.match(r" ?\d+\. ([A-Z]+)  (.*)", line):
            told.append(
                ShownIncident(
                    shown(incident[2]), severity_of(incident[1]), state_of(facts.strip().split(":")[0])
                )
            )
    return told


# ── and that it is the same ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*SAMPLES, *BY_HAND])
@pytest.mark.parametrize("read", [from_json, from_jsonl, from_markdown, from_html])
def test_each_view_has_every_incident_and_finding(
    read: Callable[[Diagnosis], tuple[list[ShownIncident], dict[str, ShownFinding]]], name: str
) -> None:
    diagnosis = diagnosis_of(name)
    incidents, findings = from_json(diagnosis)
    assert len(incidents) == len(diagnosis.incidents)
    assert len(findings) == len(diagnosis.findings)
    assert read(diagnosis) == (incidents, findings)


@pytest.mark.parametrize("name", [*SAMPLES, *BY_HAND])
def test_the_text_has_every_incident(name: str) -> None:
    diagnosis = diagnosis_of(name)
    assert from_text(diagnosis) == from_json(diagnosis)[0]


@pytest.mark.parametrize("name", [*SAMPLES, *BY_HAND])
@pytest.mark.parametrize("view", [html, markdown, text], ids=lambda view: view.__name__.rpartition(".")[2])
def test_each_view_for_people_has_the_same_first_steps(view: ModuleType, name: str) -> None:
    diagnosis = diagnosis_of(name)
    if view is html:
        page = Page(html.render(diagnosis)).root
        steps = [" ".join(one.text().split()) for one in page.with_class("li", "action")]
    elif view is markdown:
        told = MarkdownIt("commonmark").parse(
            re.split(r"\n## (?:Cluster|Do not)", markdown.render(diagnosis))[0]
        )
        steps = [one.content for one in told if one.type == "inline" and one.level == 3]
    else:
        lines = text.render(diagnosis, color=False, width=10_000).split("\n")
        start = lines.index("Do this first") + 1 if "Do this first" in lines else len(lines)
        said = "\n".join(lines[start:]).partition("\n\n")[0]
        steps = re.split(r"^ ?\d+\. ", said, flags=re.MULTILINE)[1:]
    actions = find_actions(diagnosis)
    assert len(steps) == len(actions)
    for step, action in zip(steps, actions, strict=True):
        assert shown(action.step.do)[:40] in shown_whole(step)


def test_there_are_samples_with_several_incidents_and_with_none() -> None:
    assert len(SAMPLES) > 5
    numbers = {len(diagnosis_of(name).incidents) for name in SAMPLES}
    assert 0 in numbers
    assert max(numbers) > 0
