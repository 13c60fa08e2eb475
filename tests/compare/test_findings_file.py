"""Findings files: read back, refused if they are none, and read in their older version."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sample

from logdiag.compare.findings_file import read
from logdiag.errors import InputError
from logdiag.model import Diagnosis, Reason
from logdiag.report import json_

CALM = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.calm]
NAME = "old.json"


def findings_file(diagnosis: Diagnosis) -> bytes:
    return json_.render(diagnosis).encode()


@pytest.mark.parametrize("make", CALM)
def test_a_findings_file_read_back_is_the_diagnosis(make: Callable[[], Diagnosis]) -> None:
    again = read(NAME, findings_file(make()))
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
    plain = json.loads(findings_file(sample.sample()))
    plain["findings"][2]["severity"] = "severe"
    with pytest.raises(InputError, match=r"^old\.json: is no findings file: findings\.2\.severity: "):
        read(NAME, json.dumps(plain).encode())


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
