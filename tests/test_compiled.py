"""The compiled reader gives the tables that Lark gives, whatever the bytes."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records_from import FRAGMENTS, HEADER, OneLog

from logdiag.reading import Tables, read
from logdiag.records import RECORDS, Selected, Want, chunker
from logdiag.records.compiled import Reader
from logdiag.records.digests import digest

ODD = [
    b'UTCTime="2020-02-30 10:00:00"',
    b' UTCTime="2020-02-28 10:00:00,9"',
    b' UTCTime=" 2020-02-28 10:00:00.123456 "',
    b"\n2024-01-01T24:00:00Z h ",
    b'\n2024-13-01T00:00:00Z h a: b="c"\n',
    b'\n2024-01-01T00:00:00+00:00 h a[12]: sub: b="c" Detail="',
    b"\n0001-01-01T00:00:00+10:00 h x\n",
    b"\n9999-12-31T23:59:59.9999999-10:00 h x\n",
    b"\nLine 12: 2024-01-01T00:00:00Z h ",
    b"\n2024-01-01T00:00:00.123456789+05:30 fe80::1 tvcs[9999999999]: web: ",
    b'Module="  \xc2\xa0x\xc2\xa0 "',
    b'Level="\xff" Event=" \x85"',
    b'app - - [a b="c"] ',
    b"\xf0\x9f\x98\x80\xf0\x9f\x98\xed\xa0\x80\xc0\xaf",
    b"relay 1 - - 2024-01-01T00:00:00.5Z inner tvcs: ",
    b"tvcs[2147483648]: tvcs[2147483647]: ",
    b"\nMar 18 16:54:33 h ",
    b"\n<134>Feb 29 23:59:59 h tvcs: ",
    b"\nDec 31 24:00:00 h ",
    b"\nJan  1 00:00:00 ",
    b"\nSep 9 01:02:03 relay Aug 31 16:54:33 inner a: ",
    b'UTCTime="2024-02-29 21:59:59,123" ',
    b'UTCTime="0001-01-01 00:00:00" ',
    b'UTCTime="9999-12-31 23:59:59" ',
]


def tables_of(content: bytes, engine: str, *, step: int = 1 << 18, jobs: int = 1) -> Tables:
    return read([OneLog(content, step)], want=Want(texts=True, digests=True), engine=engine, jobs=jobs)  # type: ignore[list-item,arg-type]


def assert_the_same(content: bytes, *, step: int = 1 << 18, jobs: int = 1) -> None:
    """Whatever reads it: the same records, lines without one, texts, and ledger."""
    reference, fast = (tables_of(content, engine, step=step, jobs=jobs) for engine in ("lark", "compiled"))
    for name in ("records", "unparsed"):
        a, b = getattr(reference, name), getattr(fast, name)
        b.validate(full=True)
        assert a.schema == b.schema
        for column in a.column_names:
            assert a.column(column).to_pylist() == b.column(column).to_pylist(), column
    for column in ("host", "process", "subprocess", "module", "level", "event"):
        assert dictionary(reference.records, column) == dictionary(fast.records, column), column
    assert reference.texts.to_pylist() == fast.texts.to_pylist()
    assert reference.members == fast.members
    assert reference.spans == fast.spans
    for place, digests in reference.digests.items():
        assert np.array_equal(digests, fast.digests[place])


def dictionary(records: pa.Table, column: str) -> list[str]:
    chunks = records.column(column).unify_dictionaries().chunks
    return chunks[0].dictionary.to_pylist() if chunks else []


AWKWARD = st.lists(st.sampled_from([*FRAGMENTS, *ODD]), max_size=25).map(b"".join)


@given(AWKWARD)
@settings(max_examples=100)
def test_any_bytes_behind_a_header_without_a_year(behind: bytes) -> None:
    assert_the_same(b"Mar 18 16:54:33 h tvcs: " + behind)


@given(
    st.sampled_from(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]),
    st.integers(0, 40),
    st.datetimes(),
)
@settings(max_examples=100)
def test_a_header_without_a_year_is_dated_alike(month: str, day: int, utc: datetime) -> None:
    header = f"{month} {day:2d} {utc:%H:%M:%S} h tvcs: "
    said = f'{header}UTCTime="{utc.isoformat(" ", "microseconds")}"\n'
    iso = f"{utc.isoformat(timespec='milliseconds')}+05:30 h tvcs: x\n"
    for log in (header + "\n" + said, said + header + "\n", iso + header + "\n", header + "\n" + iso):
        assert_the_same(log.encode())


@given(AWKWARD, st.binary(max_size=12), AWKWARD)
@settings(max_examples=200)
def test_any_bytes(before: bytes, between: bytes, after: bytes) -> None:
    assert_the_same(HEADER + before + between + after)


@given(st.lists(st.sampled_from([*FRAGMENTS, *ODD, HEADER + b'tvcs: a="b"\n']), max_size=40).map(b"".join))
@settings(max_examples=60)
def test_however_a_log_is_cut_into_pieces(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunker, "_CHUNK_BYTES", 64)
        assert_the_same(HEADER + content, step=16, jobs=2)


@pytest.mark.parametrize("nth", [1, 2])
def test_rows_that_are_selected_outlast_the_memory_they_were_written_to(
    nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 300)
    record = '2018-01-02T03:04:05.678-05:00 expc{0} tvcs: a{0}="b{0}" Detail="d{0}" text {0}\n body {0}\n'
    log = OneLog("".join(record.format(n) for n in range(200)).encode(), 1 << 18)
    want = Want(lambda table, _: Selected(np.arange(0, table.num_rows, nth), np.arange(0)), texts=True)
    for jobs in (1, 3):
        found = read([log], want=want, engine="compiled", jobs=jobs)  # type: ignore[list-item]
        rows = found.records.to_pylist()
        # Every second row of each chunk, which has 1 to 3 of the records.
        assert len(rows) == 200 if nth == 1 else 100 < len(rows) < 200
        for row, said in zip(rows, found.texts.to_pylist(), strict=True):
            n = row["host"].removeprefix("expc")
            assert said == record.format(n)
            pairs = [(pair["key"], pair["value"]) for pair in row["fields"]]
            assert pairs == [(f"a{n}", f"b{n}"), ("Detail", f"d{n}")]
            assert (row["detail"], row["text"], row["body"]) == (f"d{n}", f"text {n}", f" body {n}")


def test_all_rows_outlast_the_memory_they_were_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 300)
    record = '2018-01-02T03:04:05.{0:03}-05:0{1} h{0} p{0}[{0}]: s{0}: M{0}="{0}" Module="{0}" Level="{0}" Event="{0}" Detail="d{0}" t{0}\nbody {0}\n'
    log = [OneLog("".join(record.format(n, n % 10) for n in range(200)).encode(), 1 << 18)]
    slow = read(log, engine="lark").records  # type: ignore[arg-type]
    for jobs in (1, 3):
        fast = read(log, engine="compiled", jobs=jobs).records  # type: ignore[arg-type]
        assert fast.to_pylist() == slow.to_pylist()


def sample_logs() -> Iterator[Path]:
    root = Path(__file__).parent.parent / "sample_logs"
    for path in sorted(root.rglob("*")):
        if path.suffix in (".log", ".txt") and b'="' in path.read_bytes():
            yield path


@pytest.mark.parametrize("path", list(sample_logs()), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sample(path: Path) -> None:
    assert_the_same(path.read_bytes())


def test_every_border_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log comes in chunks; where they end makes no difference."""
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 200)
    content = b"".join(
        [
            HEADER + b'tvcs: Event="Call" Detail="a\nb" Level="1"\n',
            HEADER + b'tvcs: UTCTime="2018-01-02 08:04:05,678" Module="network.sip"\n SIPMSG:\n |x\n \n |\n',
            b"2018-01-02T03:04:99Z expc01 none\n\n",
            HEADER + b'replication: Detail="\xc3\xa9\xff"\r\n',
        ]
        * 2
    )
    whole = tables_of(content, "lark")
    half = len(content) // 2
    for border in (*range(1, half), *range(half, len(content), 7)):  # the second half repeats the first
        parts = tables_of(content, "compiled", step=border)
        assert parts.records.to_pylist() == whole.records.to_pylist()
        assert parts.members == whole.members


@given(st.binary(max_size=60))
def test_a_digest_is_of_all_bytes(raw: bytes) -> None:
    assert digest(raw) == digest(bytearray(raw))
    assert digest(raw + b"\0") != digest(raw)
    if raw:
        assert digest(bytes([raw[0] ^ 1]) + raw[1:]) != digest(raw)


def test_small_inputs_load_no_machine_code_and_no_large_libraries(samples: Path, tmp_path: Path) -> None:
    words = ["logdiag", "diagnose", str(samples / "peer-returns"), "-o", str(tmp_path / "report.html")]
    code = (
        f"import atexit, sys; sys.argv = {words!r}; large = {{'numba', 'llvmlite', 'pandas', 'numpy.ma'}}\n"
        "atexit.register(lambda: print(large & set(sys.modules), 'pyarrow.dataset' in sys.modules))\n"
        "from logdiag.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "set() False"


def test_large_inputs_do(monkeypatch: pytest.MonkeyPatch) -> None:
    read_by: list[int] = []
    rows = Reader.rows
    monkeypatch.setattr(Reader, "rows", lambda self, cut: read_by.append(1) or rows(self, cut))
    line = HEADER + b'tvcs: Event="x"\n'
    assert tables_of(line * 20, "auto").members[0].records == 20
    assert not read_by
    size = 1 << 18
    assert tables_of(line * (size // len(line)), "auto").members[0].records == size // len(line)
    assert read_by


@pytest.mark.parametrize("engine", ["compiled", "lark"])
@pytest.mark.parametrize(
    "columns", [{"time", "host", "fields"}, {"line", "body"}, {"source"}, {"text", "detail"}]
)
def test_some_columns_are_those_of_the_whole_table(columns: set[str], engine: str) -> None:
    content = b"".join(path.read_bytes() for path in list(sample_logs())[:3])
    log = [OneLog(content, 1 << 18)]
    whole = read(log, engine=engine, jobs=2)  # type: ignore[arg-type]
    some = read(log, want=Want(columns=frozenset(columns)), engine=engine, jobs=2)  # type: ignore[arg-type]
    assert some.records.equals(whole.records.select([name for name in RECORDS.names if name in columns]))
    assert some.members == whole.members
    assert some.spans == whole.spans


def test_a_table_that_lies_in_a_file_is_the_same(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdiag.records.batches._ROWS", 3)
    content = b"".join(path.read_bytes() for path in list(sample_logs())[:3])
    log = [OneLog(content, 100)]
    spooled = read(log, want=Want(spooled=True))  # type: ignore[arg-type]
    plain = read(log)  # type: ignore[arg-type]
    assert spooled.records.equals(plain.records)
    spooled.records.validate(full=True)
