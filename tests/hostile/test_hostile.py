"""No input harms: each case of the corpus is run, and the run is looked at from all sides."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from case import PARTIAL, RAN, Case
from corpus import CASES
from running import Ran, Runner
from texts import SECRET, secret_log

from logdiag.reading import read
from logdiag.snapshots import Limits, find_snapshots

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "reports" / "findings.schema.json").read_text())
)
PEAK = 1 << 30
"""Bytes of memory that a run may take, whatever it is given."""

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LIVE = re.compile(r"<script>hostile|<img[^>]*onerror|<a [^>]*href=.?javascript:", re.IGNORECASE)


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.close()


class Sandbox:
    """A case on disk, with a canary beside it, and all folders that a program may write to."""

    def __init__(self, root: Path, case: Case) -> None:
        self.root, self.case = root, case
        for name in ("case", "canary", "home", "temporary", "out", "summary"):
            (root / name).mkdir()
        (root / "canary" / "secret.log").write_bytes(secret_log())
        case.build(root / "case")
        found = sorted(root.joinpath("case").glob(case.inputs))
        self.stdin = found[0] if case.stdin else None
        self.inputs = ["-"] if case.stdin else list(map(str, found))
        self.environment = {"TMPDIR": str(root / "temporary"), "HOME": str(root / "home"), "COLUMNS": "100"}

    def run(self, runner: Runner) -> Ran:
        words = ["diagnose", *self.inputs, *self.case.options]
        outputs = ["-o", "report.html", "-o", "findings.json"]
        return runner.run(words, outputs, self.root, self.environment, self.stdin)

    def text(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def state(self) -> set[str]:
        """All that lies outside the folders of outputs: kinds, modes, sizes, and when files changed."""
        left_out = [
            "-path",
            "./out/*",
            "-o",
            "-path",
            "./summary/*",
            "-o",
            "-name",
            "out",
            "-o",
            "-name",
            "summary",
        ]
        words = ["find", ".", "(", *left_out, ")", "-prune"]
        told = ["-o", "-type", "d", "-printf", r"%p %y %m\0", "-o", "-printf", r"%p %y %m %s %C@\0"]
        listed = subprocess.run([*words, *told], cwd=self.root, capture_output=True, check=True)
        return set(listed.stdout.decode("utf-8", "surrogateescape").split("\0"))


@pytest.fixture
def sandbox(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield Sandbox(tmp_path, request.param)
    # What pytest removes folders with gives up on deep ones, and the next hundred cases want the room.
    subprocess.run(["chmod", "-R", "u+rwx", str(tmp_path / "case")], check=True)
    subprocess.run(["rm", "-rf", *map(str, tmp_path.iterdir())], check=True)


@pytest.mark.parametrize("sandbox", CASES.values(), indirect=True, ids=list(CASES))
def test_a_case_does_no_harm(sandbox: Sandbox, runner: Runner) -> None:
    case = sandbox.case
    before = sandbox.state()
    ran = sandbox.run(runner)
    said = sandbox.text("out/stderr")
    assert ran.code in ((case.code,) if case.code is not None else (RAN, PARTIAL)), said[-3000:]
    assert "Traceback" not in said
    assert ran.peak < PEAK, f"{ran.peak >> 20} MiB, {ran.cpu:.1f} s"
    assert {path.name for path in sandbox.root.joinpath("out").iterdir()} == {
        "report.html",
        "findings.json",
        "stdout",
        "stderr",
    }
    assert not CONTROLS.search(said)
    page = sandbox.text("out/report.html")
    assert not CONTROLS.search(page)
    assert not LIVE.search(page)
    text = sandbox.text("out/findings.json")
    assert SECRET not in said + page + text
    findings = json.loads(text)
    assert findings["exit"]["code"] == ran.code
    assert_the_ledger_adds_up(findings["coverage"])
    assert_valid(findings)
    records = findings["coverage"]["records"]
    if case.code is None and ran.code == PARTIAL:
        assert 0 < records <= (case.records or records)
    elif case.records is not None:
        assert records == case.records
    reasons = reasons_of(findings)
    for part in case.says:
        assert any(part in reason for reason in reasons), reasons[:20]
    summary = sandbox.text("summary/stdout") + sandbox.text("summary/stderr")
    assert sandbox.text("summary/stdout")
    assert "another exit code" not in summary
    assert not CONTROLS.search(summary)
    assert SECRET not in summary
    if not case.heavy and not case.stdin:
        assert_rows_tile(sandbox.inputs, case)
    assert sandbox.state() == before


def reasons_of(findings: dict[str, Any]) -> list[str]:
    members = findings["coverage"]["members"]
    return [
        *(one["text"] for one in findings["exit"]["reasons"]),
        *{member["reason"] for member in members if member["reason"]},
    ]


def assert_the_ledger_adds_up(coverage: dict[str, Any]) -> None:
    members = coverage["members"]
    places = [(member["snapshot"], member["source"]) for member in members]
    assert len(places) == len(set(places)), "two members go by one name"
    for key in ("size", "records", "unparsed", "unparsed_bytes", "settings"):
        assert sum(member[key] for member in members) == coverage[key]
    of_snapshot: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for member in members:
        of_snapshot[member["snapshot"]].append(member)
        if member["kind"] == "log":
            assert member["record_bytes"] + member["unparsed_bytes"] == member["size"]
            assert member["records"] > 0
    names = [snapshot["snapshot"] for snapshot in coverage["snapshots"]]
    assert len(names) == len(set(names))
    assert set(of_snapshot) <= set(names)
    for snapshot in coverage["snapshots"]:
        own = of_snapshot[snapshot["snapshot"]]
        assert snapshot["members"] == len(own)
        for key in ("size", "records", "unparsed", "unparsed_bytes"):
            assert sum(member[key] for member in own) == snapshot[key]
    for key in ("records", "record_bytes"):
        assert sum(peer[key] for peer in coverage["peers"]) == sum(member[key] for member in members)


def assert_valid(findings: dict[str, Any]) -> None:
    """Long lists contain the same thing many times: of each, the beginning and the end are checked."""
    shortened = json.loads(
        json.dumps(findings), object_hook=lambda found: {key: _ends(value) for key, value in found.items()}
    )
    SCHEMA.validate(shortened)


def _ends(value: Any) -> Any:
    return value[:20] + value[-20:] if isinstance(value, list) and len(value) > 40 else value


def assert_rows_tile(inputs: list[str], case: Case) -> None:
    """Each byte of a log stands in exactly one row."""
    limits = Limits().changed([word for word in case.options if "=" in word])
    tables = read(find_snapshots(inputs), limits)
    rows: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for table in (tables.records, tables.unparsed):
        columns = [
            table.column(name).to_pylist() for name in ("snapshot", "source", "offset", "length", "line")
        ]
        for snapshot, source, *place in zip(*columns, strict=True):
            rows[snapshot, source].append(tuple(place))
    for member in tables.members:
        at = line = 0
        for offset, length, number in (
            sorted(rows[member.snapshot, member.source]) if member.kind == "log" else ()
        ):
            assert offset == at
            assert length > 0
            assert number >= line  # a record may start in a line whose beginning is no part of it
            at, line = offset + length, number
        assert at == (member.size if member.kind == "log" else 0)


def test_the_command_itself_is_what_the_cases_run(tmp_path: Path) -> None:
    """The cases run in forks of a process that has loaded the program; here it is started as by a user."""
    sandbox = Sandbox(tmp_path, CASES["links that lead out of a tar"])
    outputs = ["-o", str(tmp_path / "out" / "report.html"), "-o", str(tmp_path / "out" / "findings.json")]
    words = [sys.executable, "-m", "logdiag", "diagnose", *sandbox.inputs, *outputs]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=90)
    assert ran.returncode == sandbox.case.code, ran.stderr
    assert json.loads(sandbox.text("out/findings.json"))["coverage"]["records"] == sandbox.case.records
