"""`logdiag shapes`: what nothing knows is counted, and no value of a log is in the file."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.reading import read_texts
from logdiag.rules.library import load
from logdiag.shapes import count, count_shapes, render_lines
from logdiag.shapes.words import Masker, product_words

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

DOWN = (
    'expa01 UTCTime="2024-03-05 09:00:00,100" Module="developer.clusterdb.cdb" Level="INFO" '
    'Node="clusterdb@expa01.example.com" PID="<0.159.0>" Detail="Processed mnesia_down event from accessible node" '
    'Node="clusterdb@expa02.example.com"'
)


def lines_of(*records: str) -> list[dict[str, Any]]:
    """The lines of the file for a log of some records."""
    log = "".join(
        f"2024-03-05T09:00:{number:02}.100+00:00 {record}\n" for number, record in enumerate(records)
    )
    tables = read_texts({"a.log": log.encode()})
    return [json.loads(line) for line in render_lines(count_shapes(tables, load()), load())]


def unknown(*records: str) -> list[dict[str, Any]]:
    return [line for line in lines_of(*records) if line["type"] == "unknown"]


def test_what_a_rule_asks_for_is_known_and_what_none_does_is_a_shape_with_its_count() -> None:
    other = 'expa01 tvcs: Module="developer.ice" Level="DEBUG":  Detail="Connecting the peer {}" Name="{}"'
    head, shape = lines_of(DOWN, other.format(17, "one"), other.format(20, "two"))
    assert (head["records"], head["unknown_records"], head["shapes"]) == (3, 2, 1)
    assert shape == {
        "type": "unknown",
        "count": 2,
        "process": "tvcs",
        "module": "developer.ice",
        "level": "DEBUG",
        "keys": ["Module", "Level", "Detail", "Name"],
        "detail": "Connecting the peer <number>",
    }


def test_an_assumed_spelling_that_is_there_is_told_with_its_rule() -> None:
    lines = lines_of('expa01 tvcs: Event="Restart Requested" User="op" Src-ip="10.0.0.1" Level="1"')
    seen = [line for line in lines if line["type"] == "assumed_and_seen"]
    assert {line["rule"] for line in seen} >= {"system/restart-requested"}
    assert {(line["event"], line["count"]) for line in seen} == {("Restart Requested", 1)}


def test_a_spelling_that_an_assumed_rule_nearly_has_names_the_rule() -> None:
    [shape, other] = unknown(
        'expa01 tvcs: Event="Restart Requests" User="op" Level="1"',
        'expa01 tvcs: Event="Call Attempted" Level="1"',
    )
    by_event = {one.get("event"): one.get("near") for one in (shape, other)}
    assert "system/restart-requested" in (by_event["Restart Requests"] or [])
    assert by_event["Call Attempted"] is None


def test_an_alarm_that_the_catalogue_lacks_is_told_by_its_id_and_a_known_one_is_not() -> None:
    alarm = (
        'expa01 alarm: Level="WARN" Event="Alarm Raised" Id="{}" Severity="warning" Detail="Kestrel is down"'
    )
    [shape] = unknown(alarm.format("99123"), alarm.format("20006"))
    assert (shape["alarm"], shape["count"], shape["detail"]) == ("99123", 1, "<value> is down")
    [shape] = unknown(alarm.format("kestrel"))
    assert "alarm" not in shape


SECRETS = [
    "zanzibar",
    "hunter2",
    "kestrel",
    "10.9.8.7",
    "fe80::7",
    "mark",
    "Rose",
    "expz77",
    "s3cr3t",
    "운영자",
    "+4930",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "record",
    [
        'expa01 tvcs: Module="developer.ice" Level="DEBUG": Detail="login of {} failed"',
        'expa01 tvcs: Module="developer.ice" Level="DEBUG": the user {} of zone=({}), {}/{}; "{}"',
        'expa01 tvcs: Module="developer.ice" Level="{}" Event="Call {}" User="{}" Zone="to {}"',
        'expa01 tvcs: Module="{}.{}" Level="DEBUG" Name="{}@{}.example.com": to {}@{}.example.com',
        'expa01 {}9: Module="network.sip" {}0="a": Detail="x"\n SIPMSG:\n |INVITE sip:{} SIP/2.0\n From: "{}"',
        "{}.example.com tvcs: nothing but free text of {}:{} <{}>",
        "expa01 {}",
    ],
)
def test_no_value_is_in_the_file(secret: str, record: str) -> None:
    text = "\n".join(map(json.dumps, lines_of(record.replace("{}", secret))[1:]))
    if f'Module="{secret}' in record.replace("{}", secret) and re.fullmatch("[a-z]+", secret):
        # What stands where a module does is one: it is made of letters.
        text = re.sub(r'"module": "[^"]*"', "", text)
    assert secret.lower() not in text.lower()
    assert json.dumps(secret).strip('"') not in text


def test_a_word_by_which_the_log_calls_somebody_is_masked_wherever_it_stands() -> None:
    text = 'expa01 tvcs: Module="developer.ice" Level="DEBUG": the primary is down'
    [shape] = unknown(text)
    assert shape["text"] == "the primary is down"
    for naming in ('User="primary"', 'Src-alias="sip:primary@example.com"', 'Display-name="The Primary"'):
        lines = unknown(text, f'expa01 tvcs: Module="developer.zone" Level="DEBUG" {naming}')
        assert "primary" not in json.dumps(lines).lower(), naming
    assert "primary" not in json.dumps(unknown("primary.example.com" + text.removeprefix("expa01"))).lower()


def test_first_names_are_no_words_and_those_that_a_text_needs_are() -> None:
    words = product_words()
    assert not words & {"mark", "rose", "will", "frank", "mary", "kestrel"}
    assert words >= {"the", "peer", "database", "failed", "mnesia_down", "synchronisation"}


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_of_any_text_only_words_of_the_product_and_punctuation_stay(text: str) -> None:
    template = Masker(()).template(text)
    left = template.replace("<value>", " ").replace("<number>", " ")
    assert left.isascii()
    assert all(
        part.lower() in product_words() for part in re.findall(r"[A-Za-z][A-Za-z_-]*[A-Za-z]|[A-Za-z]", left)
    )
    assert not re.search("[0-9]", left)


def test_a_very_long_text_is_masked_at_once_and_cut() -> None:
    assert len(Masker(()).template("the peer " * 1_000_000)) <= 2100


def test_shapes_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "MAX_SHAPES", 1)
    head, shape = lines_of(
        *(f'expa01 tvcs: Module="developer.{name}" Level="INFO": is' for name in ("aa", "bb", "bb"))
    )
    assert (head["unknown_records"], head["shapes"], head["left_out_records"], shape["count"]) == (3, 1, 2, 1)


def test_the_command_writes_the_same_in_any_order_of_inputs(run: Run, samples: Path, tmp_path: Path) -> None:
    given = [samples / "peer-lost", samples / "peer-returns"]
    assert run("shapes", *given, "-o", tmp_path / "a.jsonl").returncode == 0
    done = run("shapes", *reversed(given))
    assert done.returncode == 0
    assert done.stdout == (tmp_path / "a.jsonl").read_bytes()
    assert re.match(r"\d+ of \d+ records have \d+ shapes", done.stderr.decode())
    assert b"expr0" not in done.stdout
    assert b"10.20.0" not in done.stdout
    korean = run("shapes", *given, "--lang", "ko")
    assert "값은 가려져 있습니다" in korean.stdout.decode()


def test_what_holds_no_record_ends_with_4_and_an_odd_suffix_with_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing\n")
    assert run("shapes", tmp_path / "a.txt").returncode == 4
    done = run("shapes", tmp_path / "a.txt", "-o", "shapes.yaml")
    assert done.returncode == 2
    assert ".jsonl" in done.stderr.decode()
