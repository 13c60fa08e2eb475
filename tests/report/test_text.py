"""The summary for a terminal: what it says, and what it must never let through."""

import dataclasses
import re
from collections.abc import Callable
from typing import get_args

import pytest
import sample
from rich.cells import cell_len

from logdiag.i18n import speaking
from logdiag.model import Command, Diagnosis, Risk, State
from logdiag.report import html, text

WIDTHS = (40, 60, 84, 100, 160)
DIAGNOSES = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.hostile]
COLOR = re.compile(r"\x1b\[[0-9;]*m")
DANGEROUS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff]"
)


def plain(diagnosis: Diagnosis, width: int = 100) -> str:
    return text.render(diagnosis, color=False, width=width)


def flat(shown: str) -> str:
    return " ".join(shown.split())


def test_it_tells_what_matters() -> None:
    diagnosis = sample.sample()
    shown = flat(plain(diagnosis, 160))
    assert shown.startswith(diagnosis.verdict.text)
    for incident in diagnosis.incidents:
        assert f"{incident.severity.upper()} {incident.title}" in shown
        assert incident.rule in shown
        assert flat(incident.summary) in shown
    assert "since 2020-08-12 19:57:43, last seen 2020-08-12 20:07:44 UTC" in shown
    assert "20004 20006 20007, unknown: 40055" in shown
    assert "no snapshot given" in shown
    for wanted in diagnosis.wanted:
        assert wanted.what in shown
    assert "Gap: expc01" in shown
    assert "10,616 records in 2 logs, 1 xConfiguration dump, 1 xStatus dump and 1 certificate file" in shown
    assert "admin from 10.15.13.30" in shown


def test_what_was_done_to_a_member_and_what_is_wrong_with_it_is_told() -> None:
    shown = flat(plain(sample.sample(), 160))
    assert f"{sample.LOG}: UTF-16, read as UTF-8" in shown
    for member in sample.sample().coverage.members:
        for fault in member.faults:
            assert f"Incomplete: {member.source}: {fault.text}" in shown
    assert "12 records are in more than one log and count once." in shown
    assert "Expressway-C X12.5.9" in shown
    assert "1 other member" not in shown
    assert "2 other members" in shown


@pytest.mark.parametrize("width", [60, 160])
def test_each_cluster_is_told_by_its_name_with_its_own_peers(width: int) -> None:
    shown = plain(sample.two_clusters(), width)
    first, second = shown.index("Cluster: core.apolo.local"), shown.index("Cluster: the cluster of expe01")
    assert first < shown.index("expc02", first) < second < shown.index("expe01", second + 30)
    assert "Expressway-E" in shown[second:]
    assert "Expressway-E" not in shown[:second]
    assert "Cluster:" not in plain(sample.sample(), width)


def test_the_steps_say_where_and_what_they_cost() -> None:
    shown = flat(plain(sample.sample()))
    assert f"On expc02 (read only), incident 1 {sample.LOOK.do} {sample.LOOK.command}" in shown
    assert "On expc01, expc02 (read only), incident 1" in shown
    assert sample.RESTART.do not in shown
    assert "2 more steps in the full report" in shown


def test_the_short_form_has_steps_and_what_is_missing_and_names_the_case() -> None:
    options = {"brief": "true", "case": "698001234", "author": "J. Doe"}
    diagnosis = dataclasses.replace(sample.sample(), command=Command("diagnose", options))
    shown = plain(diagnosis)
    assert shown.startswith("Case 698001234 · Author J. Doe\n")
    assert [
        head for head in ("Do this first", "Incidents", "What we need from you") if f"\n{head}\n" in shown
    ] == [
        "Do this first",
        "Incidents",
        "What we need from you",
    ]
    assert "\nCluster\n" not in shown
    assert "\nRead\n" not in shown


def test_a_destructive_step_is_no_first_step() -> None:
    diagnosis = sample.sample()
    for remedy in ((sample.PURGE, sample.LOOK), (sample.LOOK, sample.PURGE)):
        headline = dataclasses.replace(diagnosis.incidents[0], remedy=remedy)
        shown = plain(dataclasses.replace(diagnosis, incidents=(headline,)))
        assert str(sample.PURGE.command) not in shown
        assert (sample.LOOK.do in flat(shown)) == (remedy[0] is sample.LOOK)


def test_a_good_day_is_short() -> None:
    shown = plain(sample.quiet())
    assert shown.startswith("Nothing wrong in 35 minutes of 2 of 2 peers.\n")
    assert "Incidents" not in shown
    assert "Do this first" not in shown
    assert "Rules: 3 found nothing, 0 could not be judged." in shown


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", DIAGNOSES)
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Diagnosis], width: int) -> None:
    for color in (False, True):
        lines = COLOR.sub("", text.render(make(), color=color, width=width)).split("\n")
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize("make", DIAGNOSES)
def test_colour_changes_nothing_but_colour(make: Callable[[], Diagnosis]) -> None:
    colored = text.render(make(), color=True, width=100)
    assert [line.rstrip() for line in COLOR.sub("", colored).split("\n")] == plain(make()).split("\n")
    assert COLOR.search(colored)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", DIAGNOSES)
def test_wide_letters_are_counted_as_wide(make: Callable[[], Diagnosis], width: int) -> None:
    wide = sample.attacked(make(), " 클러스터의피어가분리되었습니다 漢字かな全角ＡＢ")
    for diagnosis in (make(), wide):
        with speaking("ko"):
            lines = plain(diagnosis, width).split("\n")
        assert max(map(cell_len, lines)) <= width


def test_the_peers_are_a_table_where_it_fits_and_a_list_where_not() -> None:
    for width, is_table in ((60, False), (80, False), (100, True), (120, True)):
        lines = plain(sample.two_clusters(), width).split("\n")
        headings = [
            line for line in lines if re.match("Peer +Role +Software +Log, in UTC +Alarms raised$", line)
        ]
        assert len(headings) == (2 if is_table else 0)
        assert ("- expc01 (primary, Expressway-C X12.5.9)" in lines) == (not is_table)


def test_a_terminal_that_says_it_has_no_columns_gets_a_summary() -> None:
    assert flat(plain(sample.sample(), 0)).startswith(sample.sample().verdict.text[:20])


def test_the_verdict_is_first_then_the_peers_the_steps_the_incidents() -> None:
    lines = plain(sample.sample(), 160).split("\n")
    assert lines[0] == sample.sample().verdict.text
    order = ["Cluster", "Do this first", "Incidents", "Changes and restarts", "Ask the customer for", "Read"]
    assert [line for line in lines if line in order] == order


def test_a_plain_summary_of_plain_values_is_plain() -> None:
    assert plain(sample.sample()).isascii()


def test_the_environment_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text.render(sample.sample(), color=True, width=100)
    for name, value in {"NO_COLOR": "1", "COLUMNS": "40", "TERM": "dumb", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert text.render(sample.sample(), color=True, width=100) == before
    assert "\x1b" not in plain(sample.sample())


@pytest.mark.parametrize("color", [False, True])
def test_nothing_hostile_is_alive(color: bool) -> None:
    shown = text.render(sample.hostile(), color=color, width=100)
    left = COLOR.sub("", shown) if color else shown
    assert not DANGEROUS.search(left)
    unfolded = re.sub(r"\s", "", left)
    assert "\\x1b[31mred" in unfolded
    assert "⟦RLO⟧" in unfolded
    assert "[boldred]markup[/]:bomb:" in unfolded
    shown.encode("utf-8")


def test_a_long_word_does_not_push_the_rest_away() -> None:
    assert len(text.render(sample.hostile(), color=False, width=100)) < 120_000


def test_a_log_cannot_forge_a_line() -> None:
    diagnosis = sample.sample()
    forged = dataclasses.replace(
        diagnosis.changes[0], what="x\n\nDo this first\r\n1. On expc01\x0b\x85\u2028y"
    )
    shown = plain(dataclasses.replace(diagnosis, changes=(forged,)), 160)
    assert shown.count("\nDo this first\n") == 1
    assert "Restart: x Do this first 1. On expc01\\x0b\\x85\\u2028y" in shown


def headline_with(**fields: object) -> Diagnosis:
    headline = dataclasses.replace(sample.sample().incidents[0], **fields)  # type: ignore[arg-type]
    return dataclasses.replace(sample.sample(), incidents=(headline,))


@pytest.mark.parametrize("state", get_args(State))
def test_the_page_uses_the_same_words_for_a_state(state: State) -> None:
    diagnosis = headline_with(state=state)
    facts = re.search(r"1\. HIGH.*\n   ([^:]+):", plain(diagnosis, 160))
    assert facts
    assert f'<span class="state">{facts[1]}</span>' in html.render(diagnosis)


@pytest.mark.parametrize("risk", [risk for risk in get_args(Risk) if risk != "destructive"])
def test_the_page_uses_the_same_words_for_a_risk(risk: Risk) -> None:
    diagnosis = headline_with(remedy=(dataclasses.replace(sample.LOOK, risk=risk),))
    facts = re.search(r"On expc02 \(([^)]+)\)", plain(diagnosis))
    assert facts
    assert f'<span class="risk {risk}">{facts[1]}</span>' in html.render(diagnosis)
