"""The findings by the line: the same objects as in the findings file, none more, none fewer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sample

from logdiag.model import Diagnosis, to_plain
from logdiag.report import json_, jsonl

DIAGNOSES = [sample.sample, sample.quiet, sample.two_clusters, sample.empty, sample.hostile]
PLACES = {
    "peer": ("cluster", "peers"),
    "stranger": ("cluster", "strangers"),
    "incident": ("incidents",),
    "finding": ("findings",),
    "change": ("changes",),
    "wanted": ("wanted",),
    "gap": ("coverage", "gaps"),
    "not_checked": ("not_checked",),
    "silent": ("silent",),
    "snapshot": ("coverage", "snapshots"),
    "peer_coverage": ("coverage", "peers"),
    "member": ("coverage", "members"),
}


def read(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    return [json.loads(line) for line in jsonl.render(diagnosis).splitlines()]


@pytest.mark.parametrize("make", DIAGNOSES)
def test_the_lines_put_together_are_the_findings_file(make: Callable[[], Diagnosis]) -> None:
    first, *rest = read(make())
    assert first.pop("type") == "diagnosis"
    whole: dict[str, Any] = {**first, "cluster": {}}
    for kind, place in PLACES.items():
        inner = whole
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = [
            {name: value for name, value in one.items() if name != "type"}
            for one in rest
            if one["type"] == kind
        ]
    assert whole == json.loads(json_.render(make()))
    assert {one["type"] for one in rest} <= set(PLACES)


def test_the_first_line_tells_the_answer() -> None:
    first = read(sample.sample())[0]
    assert first["schema"] == json_.SCHEMA
    assert first["verdict"] == to_plain(sample.sample().verdict)
    assert first["exit"]["code"] == 5
    assert first["coverage"]["records"] == 10_616


def test_no_value_ends_a_line_early() -> None:
    ends = "a\nb\r\nc\x0bd\x0ce\x1cf\x1dg\x1eh\x85i\u2028j\u2029k\udc80"
    attacked = sample.attacked(sample.sample(), ends)
    text = jsonl.render(attacked)
    assert len(text.splitlines()) == text.count("\n") == len(read(sample.sample()))
    assert read(attacked)[0]["verdict"] == to_plain(attacked.verdict)
    text.encode("utf-8")
