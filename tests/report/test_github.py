"""What GitHub Actions reads, as its runner reads it: our commands, and none of a stranger's."""

import dataclasses
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from logdiag.i18n import speaking
from logdiag.model import Diagnosis, Finding
from logdiag.report import github, markdown, text
from logdiag.report.sanitize import defuse, inert

DIAGNOSES = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.hostile]
STEP = {"GITHUB_ACTIONS": "true"}
ATTACKS = (
    "::error::pwned",
    "  ::set-env name=PATH::/tmp",
    "\t::add-mask::e",
    "\u2003::stop-commands::x",
    "x ##[error]pwned",
    "##[set-output name=x]y",
    "%0A::warning::pwned",
    "x\r\n::debug::pwned",
    ",line=1::error::x",
    "a%3Ab%2Cc",
)


class RunnerCommand(NamedTuple):
    """A command, as the runner takes it apart."""

    name: str
    properties: dict[str, str]
    data: str


def read_commands(output: str) -> list[RunnerCommand]:
    """The commands in a step's output, as the runner's two ways of reading them find them."""
    found = []
    for line in re.split(r"\r\n|\r|\n", output):
        if line.strip("\ufeff\u200b\u180e" + " \t\x0b\x0c\x85\xa0\u2003").startswith("::"):
            head, _, data = line.strip()[2:].partition("::")
            name, _, rest = head.partition(" ")
            pairs = dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair)
            values = {key: unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs.items()}
            found.append(RunnerCommand(name, values, unescaped(data, {})))
        elif "##[" in line:
            found.append(RunnerCommand("##[", {}, line))
    return found


def unescaped(value: str, more: dict[str, str]) -> str:
    for sign, char in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        value = value.replace(sign, char)
    return value


def with_findings(*findings: Finding) -> Diagnosis:
    return dataclasses.replace(sample.sample(), findings=findings)


def kind_of(finding: Finding) -> str:
    return {"critical": "error", "high": "error", "medium": "warning"}.get(finding.severity, "notice")


@pytest.mark.parametrize("make", DIAGNOSES)
def test_there_is_an_annotation_a_finding_and_no_other_command(make: Callable[[], Diagnosis]) -> None:
    diagnosis = make()
    commands = read_commands(github.annotations(diagnosis))
    assert [command.name for command in commands] == [kind_of(one) for one in diagnosis.findings]
    for command, finding in zip(commands, diagnosis.findings, strict=True):
        assert set(command.properties) == {"file", "line", "title"}
        assert command.properties["title"][:100] == defuse(finding.title)[:100]
        assert command.data.startswith(defuse(finding.explanation[:100], lines=True))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_log_text_forms_a_command_or_a_property(attack: str) -> None:
    first = sample.sample().findings[0]
    record = dataclasses.replace(first.evidence[0], snapshot=attack, source=attack)
    finding = dataclasses.replace(first, title=attack, explanation=attack, evidence=(record,))
    [command] = read_commands(github.annotations(with_findings(finding)))
    assert command.properties["title"] == defuse(attack)
    assert command.properties["line"] == str(record.line)
    assert command.data.startswith(defuse(attack, lines=True))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("width", [20, 40, 100])
def test_the_summary_in_the_output_holds_no_command(attack: str, width: int) -> None:
    diagnosis = sample.attacked(sample.two_clusters(), f" {attack} ::error::x ")
    shown = text.render(diagnosis, color=False, width=width)
    assert read_commands(inert(shown, STEP)) == []
    assert inert(shown, {}) == shown


@given(st.text(st.sampled_from(":#[ \t\u2003\u200b\ufeffx"), max_size=12))
def test_no_line_of_signs_is_a_command_once_it_is_inert(line: str) -> None:
    assert read_commands(inert(f"{line}\n{line}", STEP)) == []


def test_what_requested_work_or_the_baseline_explains_is_not_annotated() -> None:
    first = sample.sample().findings[0]
    requested, known = dataclasses.replace(first, requested=True), dataclasses.replace(first, known=True)
    assert github.annotations(with_findings(requested, known)) == ""


def test_no_more_of_a_kind_than_github_takes_and_it_says_so() -> None:
    first = sample.sample().findings[0]
    low = dataclasses.replace(first, severity="low")
    said = github.annotations(with_findings(*[first] * 57, *[low] * 10))
    names = [command.name for command in read_commands(said)]
    assert (names.count("error"), names.count("notice")) == (10, 10)
    assert said.splitlines()[-1] == (
        "47 more annotations of the kind error are not shown: GitHub takes 10 of a step."
    )


def test_a_summary_that_github_takes_is_the_whole_report() -> None:
    report = markdown.render(sample.sample())
    assert github.summary(report) == report
    assert github.summary(report, taken=1000) == report


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("left", [400, 1000, 5000, 20_000, 100_000])
def test_a_larger_one_ends_with_a_line_and_a_note_that_no_block_of_code_swallows(
    left: int, language: str
) -> None:
    with speaking(language):
        report = markdown.render(sample.hostile()) * 3
        said = github.summary(report, taken=github.MAX_SUMMARY_BYTES - left)
    assert len(said.encode()) <= left
    # Where not even the title fits, the note is all.
    beginning, _, note = f"\n{said}".rstrip("\n").rpartition("\n\n")
    assert report.startswith(beginning.removeprefix("\n"))
    assert "1 MiB" in note or "1MiB" in note
    last = [token for token in MarkdownIt("commonmark").enable("table").parse(said) if token.type == "inline"]
    assert last[-1].content == note


def test_where_there_is_no_room_nothing_is_written() -> None:
    assert github.summary("x" * 100, taken=github.MAX_SUMMARY_BYTES) == ""
