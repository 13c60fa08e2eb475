"""`logdiag query`: what it answers, what it refuses, and that the questions of its page have answers."""

import csv
import dataclasses
import io
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest

from logdiag.errors import ResourceError
from logdiag.model import Finding, MemberCoverage, written
from logdiag.query import QueryError, answer, parse_query, render_table
from logdiag.query.engine import TABLES
from logdiag.snapshots import Limits
from logdiag.snapshots.deadline import Deadline
from logdiag.tables.export import Rows
from logdiag.tables.schemas import COVERAGE, FINDINGS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "query.md").read_text(encoding="utf-8")
LOG = (
    "2024-03-05T09:00:00.000+00:00 expa01 httpd[7]: web: "
    'Event="System Configuration Changed" Detail="{detail}" User="{user}" UTCTime="2024-03-05 09:00:00"\n'
)
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def questions() -> Iterator[tuple[str, str]]:
    """The queries of the page, each with the sample that it asks or the log itself."""
    asks = ""
    for found in re.finditer(
        r"^Th(?:ese|is) asks? `(sample_logs/[\w-]+)`|^```(log|sql)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ):
        if found[2] == "sql":
            yield asks, found[3]
        else:
            asks = found[1] or found[3]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "one.log"
    path.write_text(LOG.format(detail="=cmd()", user="ad\x1b[2Jmin"), encoding="utf-8")
    return path


def test_the_page_has_a_dozen_questions() -> None:
    assert len(list(questions())) >= 12


@pytest.mark.parametrize(("asks", "sql"), list(questions()))
def test_every_query_of_the_page_has_an_answer(asks: str, sql: str, run: Run, tmp_path: Path) -> None:
    given = ROOT / asks
    if "\n" in asks:
        given = tmp_path / "given.log"
        given.write_text(asks, encoding="utf-8")
    done = run("query", sql, given, "--format", "jsonl")
    assert done.returncode == 0, done.stderr.decode()
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert rows
    assert any(value is not None for value in rows[0].values())


def test_a_query_of_odd_bytes_is_wrong(run: Run) -> None:
    done = run("query", "sel\udcff", ROOT / "sample_logs" / "peer-lost")
    assert done.returncode == 2
    assert b"the query is not UTF-8" in done.stderr


def test_the_page_names_every_column() -> None:
    for name, schema in TABLES.items():
        assert f"`{name}`" in PAGE
        assert [column for column in schema.names if f"`{column}`" not in PAGE] == []


def test_findings_and_coverage_have_the_columns_of_the_findings_file() -> None:
    assert FINDINGS.names == [field.name for field in written(Finding)]
    assert COVERAGE.names == [field.name for field in dataclasses.fields(MemberCoverage)]


def test_findings_and_coverage_say_what_the_findings_file_says(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    run("diagnose", samples / "peer-lost", "-o", tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_bytes())
    sql = "SELECT id, rule, state, len(evidence) AS evidence FROM findings"
    rows = run("query", sql, samples / "peer-lost", "--format", "jsonl").stdout.decode().splitlines()
    assert [json.loads(row) for row in rows] == [
        {"id": one["id"], "rule": one["rule"], "state": one["state"], "evidence": len(one["evidence"])}
        for one in told["findings"]
    ]
    sql = "SELECT source, size, records, reasons FROM coverage"
    rows = run("query", sql, samples / "pasted-ticket", "--format", "jsonl").stdout.decode().splitlines()
    assert [json.loads(row) for row in rows] == [
        {"source": "ticket.md", "size": 4070, "records": 12, "reasons": {"is between pasted records": 25}}
    ]


def test_what_overlapping_logs_repeat_counts_once_whether_records_are_asked_for_or_not(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    log = samples / "peer-lost" / "peer-disconnect-expc01.log"
    (tmp_path / "again.log").write_bytes(log.read_bytes())
    given = [log, tmp_path / "again.log"]
    run("diagnose", *given, "-o", tmp_path / "a.json")
    counts = [one["count"] for one in json.loads((tmp_path / "a.json").read_bytes())["findings"]]
    alone = "SELECT count FROM findings"
    for sql in (alone, f"{alone} WHERE 99 > (SELECT count(*) FROM records)"):
        rows = run("query", sql, *given, "--format", "jsonl").stdout.decode().splitlines()
        assert [json.loads(row)["count"] for row in rows] == counts


# ── what is refused ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM read_parquet('https://example.com/a.parquet')",
        "SELECT * FROM records, read_blob('/etc/passwd')",
        "SELECT (SELECT count(*) FROM read_json('/etc/passwd'))",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM query('FROM records')",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "SELECT * FROM enable_logging(storage = 'file')",
        "SELECT * FROM enable_profiling()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT getenv('HOME')",
        "COPY records TO 'out.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "ATTACH 'out.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA version",
        "CALL pragma_version()",
        "CREATE TABLE mine AS SELECT 1",
        "DROP VIEW records",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY records TO 'out.csv'",
        "",
        ";",
        "SELEC 1",
        "SELECT 1 FROM records WHERE",
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    ],
)
def test_what_does_more_than_to_ask_its_tables_is_refused(
    sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError):
        parse_query(sql)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'out.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET threads = 1",
        "SELECT * FROM table_of_python",
    ],
)
def test_the_database_refuses_what_the_parser_would_let_pass(
    sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table_of_python = pa.table({"a": [1]})
    assert table_of_python.num_rows == 1
    with pytest.raises(QueryError), answer(sql, {}, Limits(), Deadline(60)) as found:
        list(found.rows.batches)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_query_ends_with_2_before_an_input_is_looked_at(run: Run) -> None:
    done = run("query", "SELECT hots FROM records", "does-not-exist")
    assert done.returncode == 2
    assert '"host"' in done.stderr.decode()
    assert "does-not-exist" not in done.stderr.decode()


def test_a_table_that_is_none_is_told_with_those_that_are(run: Run, log: Path) -> None:
    done = run("query", "FROM recods", log)
    assert done.returncode == 2
    assert "there is no table recods; did you mean records? The tables are records" in done.stderr.decode()
    done = run("query", "FROM recods", log, "--lang", "ko")
    assert "recods 테이블이 없습니다" in done.stderr.decode()


def test_what_a_refused_query_says_is_harmless(run: Run, log: Path) -> None:
    done = run("query", 'SELECT "a\x1b[2J" FROM records', log)
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr


def test_a_query_that_fails_on_a_late_value_ends_with_2_and_writes_nothing(
    run: Run, log: Path, tmp_path: Path
) -> None:
    sql = "SELECT CAST(CASE WHEN range = 90000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(100000)"
    done = run("query", sql, log, "-o", tmp_path / "a.csv")
    assert done.returncode == 2
    assert "Could not convert string 'x'" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == [log]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(10000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 3",
        "SELECT a.range FROM range(10000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 8",
    ],
)
def test_an_interrupt_ends_a_query_that_would_take_for_ever(sql: str) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    assert main is not None
    interrupt = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupt.start()
            with answer(sql, {}, Limits(), Deadline(60)) as found:
                list(found.rows.batches)
    finally:
        interrupt.join()
        signal.signal(signal.SIGINT, before)


ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE hash(a.range) = hash(b.range)"


def test_the_seconds_of_a_run_end_a_query(run: Run, log: Path, tmp_path: Path) -> None:
    done = run("query", ENDLESS, log, "--limit", "seconds=1", "-o", "x.csv")
    assert done.returncode == 5
    assert done.stderr == b"logdiag: the query was stopped after 1 seconds (seconds)\n"
    assert not (tmp_path / "x.csv").exists()


DISTANCE = "levenshtein(repeat('a', 1000000), repeat('b', 1000000))"


@pytest.mark.parametrize("sql", [f"SELECT {DISTANCE}", f"SELECT 1 LIMIT {DISTANCE}"])
def test_the_seconds_of_a_run_end_what_the_database_does_not_interrupt(sql: str, log: Path) -> None:
    """One value that takes hours: when the query is answered, or when it is checked."""
    command = [sys.executable, "-m", "logdiag", "query", sql, log, "--limit", "seconds=1"]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (5, b"")
    assert done.stderr == b"logdiag: the query was stopped after 1 seconds (seconds)\n"


def test_the_disk_that_a_query_may_use_is_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from logdiag.query import engine

    monkeypatch.setattr(engine.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setitem(engine._CLOSED, "memory_limit", "40MB")
    sql = "SELECT * FROM range(20000000) ORDER BY hash(range) LIMIT 15000000"
    with (
        pytest.raises(ResourceError, match=rf"more than the memory and 1 MiB in {tmp_path} \(disk\)"),
        answer(sql, {}, Limits(disk=1 << 20), Deadline(60)) as found,
    ):
        list(found.rows.batches)
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_cannot_be_written_is_said(run: Run, log: Path) -> None:
    done = run("query", "SELECT TIMESTAMP 'infinity'", log)
    assert done.returncode == 2
    assert "cast it to VARCHAR" in done.stderr.decode()


# ── what comes out ──────────────────────────────────────────────────────────────────────────


def test_cells_are_harmless_in_tables_no_formulas_in_csv_and_exact_in_parquet(
    run: Run, log: Path, tmp_path: Path
) -> None:
    sql = "SELECT detail, value_of(fields, 'User') AS who FROM records"
    done = run("query", sql, log)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[2] == "=cmd()  ad\\x1b[2Jmin"
    assert done.stderr == b"1 row\n"
    done = run("query", sql, log, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout.decode()))) == [
        ["detail", "who"],
        ["'=cmd()", "ad\x1b[2Jmin"],
    ]
    run("query", sql, log, "-o", tmp_path / "a.parquet")
    assert pa.parquet.read_table(tmp_path / "a.parquet").to_pylist() == [
        {"detail": "=cmd()", "who": "ad\x1b[2Jmin"}
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".arrow"])
def test_every_kind_of_file_is_written(suffix: str, run: Run, log: Path, tmp_path: Path) -> None:
    done = run("query", "FROM records", log, "-o", tmp_path / f"a{suffix}", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with duckdb.connect() as connection:
        if suffix != ".arrow":
            assert connection.execute(f"SELECT host FROM '{tmp_path}/a{suffix}'").fetchall() == [("expa01",)]
        else:
            with pa.OSFile(str(tmp_path / "a.arrow")) as file:
                assert pa.ipc.open_file(file).read_all().column("host").to_pylist() == ["expa01"]


def test_numbers_times_and_lists_are_written_as_they_are(run: Run, log: Path) -> None:
    sql = """SELECT sum(length) AS whole, 1.5::DECIMAL(3, 1) AS part, max(time) AS at, [1, NULL] AS several,
             {'a': DATE '2024-03-05'} AS named, INTERVAL 90 MINUTES AS took, 'nan'::DOUBLE AS odd, NULL AS none,
             1 AS twice, 2 AS twice, 'x'::BLOB AS bytes
             FROM records"""
    [line] = run("query", sql, log, "--format", "jsonl").stdout.decode().splitlines()
    assert json.loads(line) == {
        "whole": log.stat().st_size,
        "part": 1.5,
        "at": "2024-03-05T09:00:00.000000Z",
        "several": [1, None],
        "named": {"a": "2024-03-05"},
        "took": "01:30:00.000000",
        "odd": "nan",
        "none": None,
        "twice": 1,
        "twice_2": 2,
        "bytes": "78",
    }


def test_a_part_of_what_was_given_is_said_and_ends_with_5(run: Run, log: Path) -> None:
    sql = "SELECT count(*) AS n FROM coverage"
    done = run("query", sql, log, "--limit", "member=50")
    assert done.returncode == 5
    assert "no more than 50 bytes are read" in done.stderr.decode()
    assert run("query", sql, log, "--limit", "member=50", "--allow-partial").returncode == 0


def test_inputs_without_a_record_end_with_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing\n")
    done = run("query", "SELECT source FROM coverage", tmp_path / "a.txt")
    assert done.returncode == 4
    assert "a.txt" in done.stdout.decode()


# ── the table ───────────────────────────────────────────────────────────────────────────────


def table(columns: dict[str, list[object]], width: int | None) -> list[str]:
    made = pa.table(columns)
    return "".join(render_table(Rows(made.schema, made.to_batches()), width)).splitlines()


def test_columns_are_aligned_numbers_to_the_right_and_korean_by_its_width() -> None:
    assert table({"name": ["경보", "ab", None], "n": [1, 20, 300]}, None) == [
        "name    n",
        "────  ───",
        "경보    1",
        "ab     20",
        "      300",
    ]


def test_long_cells_are_clipped_to_the_width_of_a_terminal_and_never_in_a_pipe() -> None:
    assert table({"a": ["x" * 90], "b": ["yes"]}, 30) == [
        "a                          b",
        "─" * 25 + "  ───",
        "x" * 24 + "…  yes",
    ]
    assert table({"a": ["경" * 90]}, 20)[2] == "경" * 9 + "…"
    assert table({"a": ["x" * 90], "b": ["yes"]}, None)[2] == "x" * 90 + "  yes"


def test_numbers_and_times_are_never_clipped() -> None:
    columns: dict[str, list[object]] = {
        "a": ["x" * 90],
        "at": [datetime(2024, 3, 5, 9, tzinfo=UTC)],
        "n": [10**15],
        "b": ["y" * 90],
    }
    row = table(columns, 80)[2]
    assert row == f"{'x' * 14}…  2024-03-05T09:00:00.000000Z  {10**15}  {'y' * 14}…"


def test_columns_that_have_no_room_become_blocks() -> None:
    columns: dict[str, list[object]] = {f"column {n}": ["a value that is long"] for n in range(3)}
    assert table(columns, 30) == [
        "── 1 ──",
        "column 0  a value that is long",
        "column 1  a value that is long",
        "column 2  a value that is long",
    ]


def test_a_plan_keeps_its_lines(run: Run, log: Path) -> None:
    done = run("query", "EXPLAIN SELECT host FROM records", log)
    assert done.returncode == 0
    assert len(done.stdout.decode().splitlines()) > 3
