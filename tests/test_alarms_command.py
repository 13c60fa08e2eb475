"""`logdiag alarms`: one alarm, a list, or what was meant."""

import subprocess
from collections.abc import Callable

import pytest

from logdiag.conditions.alarm_catalogue import load
from logdiag.i18n import gettext, speaking
from logdiag.rules import library
from logdiag.rules.alarm_page import find_rules_by_alarm

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def test_an_id_gives_meaning_advice_wording_rules_and_sources(run: Run) -> None:
    done = run("alarms", "20006")
    assert done.returncode == 0
    text = " ".join(done.stdout.decode().split())
    alarm = load()["20006"]
    for said in (alarm.title, alarm.severity, alarm.meaning, alarm.remedy, alarm.text, alarm.versions):
        assert said in text
    assert "Rules that look for it cluster/database-communication-failure Alarm 20006" in text


def test_it_is_told_in_korean_with_the_title_of_the_product(run: Run) -> None:
    text = " ".join(run("alarms", "20006", "--lang", "ko").stdout.decode().split())
    alarm = load()["20006"]
    with speaking("ko"):
        for said in (
            alarm.full_title(),
            gettext(alarm.meaning),
            gettext(alarm.remedy),
            "의미",
            "조치",
        ):
            assert said in text
    assert "cluster/database-communication-failure {hosts}의 경보 20006" in text


def test_no_word_lists_all_and_words_those_that_hold_each_of_them(run: Run) -> None:
    assert len(run("alarms").stdout.decode().splitlines()) == len(load())
    lines = run("alarms", "FIREWALL", "port").stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["20021", "25008", "25027", "35014"]
    assert run("alarms", "클러스터", "방화벽").stdout.decode().startswith("20021  ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["20066"],
            "no alarm 20066; did you mean one of these?\n20006  Warning    Cluster database",
        ),
        (["no-such-word", "\x1b[2J"], "no alarm has all of these words: no-such-word \\x1b[2J"),
        (["20006", "--lang", "xx"], "there is no language 'xx'"),
    ],
)
def test_what_the_catalogue_lacks_is_said_and_ends_with_2(words: list[str], said: str, run: Run) -> None:
    done = run("alarms", *words)
    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr.decode()


def test_rules_that_take_any_alarm_are_named_only_where_no_other_rule_does() -> None:
    shipped = library.load()
    rules = find_rules_by_alarm(load().values(), shipped)
    assert rules["10005"] == ["alarm/raised"]
    assert "alarm/raised" not in rules["20004"]
    assert all(rules.values())
