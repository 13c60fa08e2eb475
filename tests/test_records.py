"""From bytes to tables: every form of a record, the traps, and the account of every byte."""

import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from records_from import FRAGMENTS, HEADER, HEADER_TIME, OneLog, assert_tiled, read_bytes, record, rows, utc

from logdiag.reading import classify, read
from logdiag.records import EACH, NO_INSTANT, ORPHAN, RECORDS, UNPARSED, chunker
from logdiag.records.pasted import is_pasted

Pairs = list[tuple[str, str]]

# ── the tables ──────────────────────────────────────────────────────────────────────────────

NAME = pa.dictionary(pa.int32(), pa.string())


def test_schema_of_records() -> None:
    pair = pa.struct(
        [pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string(), nullable=False)]
    )
    expected = {
        "time": pa.timestamp("us", "UTC"),
        "header_time": pa.timestamp("us", "UTC"),
        "utc_offset": pa.int16(),
        "host": NAME,
        "process": NAME,
        "subprocess": NAME,
        "pid": pa.int32(),
        "module": NAME,
        "level": NAME,
        "event": NAME,
        "detail": pa.string(),
        "fields": pa.list_(pa.field("item", pair, nullable=False)),
        "text": pa.string(),
        "body": pa.string(),
        "snapshot": NAME,
        "source": NAME,
        "line": pa.int64(),
        "offset": pa.int64(),
        "length": pa.int32(),
    }
    assert list(zip(RECORDS.names, RECORDS.types, strict=True)) == list(expected.items())
    absent = {"process", "subprocess", "pid", "module", "level", "event", "detail", "text", "body"}
    assert {field.name for field in RECORDS if field.nullable} == absent


def test_schema_of_unparsed_lines() -> None:
    expected = {
        "snapshot": NAME,
        "source": NAME,
        "line": pa.int64(),
        "offset": pa.int64(),
        "length": pa.int32(),
        "text": pa.string(),
        "reason": pa.string(),
    }
    assert list(zip(UNPARSED.names, UNPARSED.types, strict=True)) == list(expected.items())


@pytest.mark.parametrize("content", [b"", b"no record\n", b"lost\n" + HEADER + b'a="b"\n'])
def test_tables_have_their_schemas(content: bytes) -> None:
    tables = read_bytes(content)
    tables.records.validate(full=True)
    tables.unparsed.validate(full=True)
    assert tables.records.schema == RECORDS
    assert tables.unparsed.schema == UNPARSED


def test_a_record_in_every_column() -> None:
    said = (
        b'httpd[8724]: web: Event="System Configuration Changed" Module="network.x" Level="1"'
        b' Detail="changed" User="admin" done UTCTime="2018-01-02 08:04:05,670"\n'
    )
    content = b"lost\n" + HEADER + said + b"more\n"
    assert rows(content) == [
        {
            "time": utc("2018-01-02T08:04:05.670"),
            "header_time": utc("2018-01-02T08:04:05.678"),
            "utc_offset": -300,
            "host": "expc01",
            "process": "httpd",
            "subprocess": "web",
            "pid": 8724,
            "module": "network.x",
            "level": "1",
            "event": "System Configuration Changed",
            "detail": "changed",
            "fields": [
                ("Event", "System Configuration Changed"),
                ("Module", "network.x"),
                ("Level", "1"),
                ("Detail", "changed"),
                ("User", "admin"),
                ("UTCTime", "2018-01-02 08:04:05,670"),
            ],
            "text": "done",
            "body": "more",
            "snapshot": "expc01",
            "source": "messages.log",
            "line": 2,
            "offset": 5,
            "length": len(HEADER + said) + 5,
        }
    ]


def test_a_record_without_anything() -> None:
    found = record("")
    absent = ("process", "subprocess", "pid", "module", "level", "event", "detail", "text", "body")
    assert [found[name] for name in absent] == [None] * len(absent)
    assert (found["fields"], found["host"], found["time"]) == ([], "expc01", HEADER_TIME)


def test_rows_stand_in_the_order_of_the_inputs() -> None:
    tables = read([OneLog(HEADER + b"a\n", name="one"), OneLog(HEADER + b"b\n", name="two")])  # type: ignore[list-item]
    assert tables.records.select(["snapshot", "text"]).to_pylist() == [
        {"snapshot": "one", "text": "a"},
        {"snapshot": "two", "text": "b"},
    ]


def test_tables_of_many_chunks_share_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdiag.records.batches._ROWS", 2)
    monkeypatch.setattr("logdiag.records.joined._CHUNK_ROWS", 2)
    content = b"".join(HEADER + b'tvcs: Event="%d" Level="INFO"\n' % number for number in range(5))
    table = read_bytes(content).records
    assert (table["line"].num_chunks, table["event"].num_chunks) == (3, 1)
    assert table["event"].to_pylist() == ["0", "1", "2", "3", "4"]
    assert table["level"].chunk(0).dictionary.to_pylist() == ["INFO"]


# ── section 2: the header ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stamp", "time", "offset"),
    [
        ("2015-01-02T03:04:05-05:00", "2015-01-02T08:04:05", -300),
        ("2018-01-02T03:04:05.678-05:00", "2018-01-02T08:04:05.678", -300),
        ("2018-01-02T03:04:05.678-06:00", "2018-01-02T09:04:05.678", -360),
        ("2018-01-02T03:04:05.678+00:00", "2018-01-02T03:04:05.678", 0),
        ("2018-01-02T03:04:05.678+05:30", "2018-01-01T21:34:05.678", 330),
        ("2018-01-02T03:04:05.678+10:00", "2018-01-01T17:04:05.678", 600),
        ("2018-01-02T03:04:05Z", "2018-01-02T03:04:05", 0),
        ("2018-01-02T03:04:05.6Z", "2018-01-02T03:04:05.600", 0),
        ("2018-01-02T03:04:05.123456789Z", "2018-01-02T03:04:05.123456", 0),
        ("2018-01-01T00:00:00.000+23:59", "2017-12-31T00:01:00", 1439),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00", 0),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999", 0),
    ],
)
def test_header_time(stamp: str, time: str, offset: int) -> None:
    found = record("tvcs: x", header=f"{stamp} expc01 ".encode())
    assert (found["header_time"], found["time"], found["utc_offset"]) == (utc(time), utc(time), offset)


@pytest.mark.parametrize(
    "host",
    [
        *("expc01", "EXPC01", "exp-c-01", "localhost", "expc01.example.com", "10.0.0.1", "2001:db8::1"),
        *("XXXXXXXX", "hostname", "<removed>"),
    ],
)
def test_host(host: str) -> None:
    found = record('tvcs: Event="x"', header=f"2018-01-02T03:04:05Z {host} ".encode())
    assert (found["host"], found["process"], found["event"], found["text"]) == (host, "tvcs", "x", None)


@pytest.mark.parametrize(
    "prefix", [b" ", b"Line 190: ", b"<166>", b"<166> ", b"1 ", b"<166>1 ", b"\xef\xbb\xbf"]
)
def test_prefix_of_a_header(prefix: bytes) -> None:
    found = record('tvcs: Event="x"', header=prefix + HEADER)
    assert (found["header_time"], found["host"], found["process"]) == (HEADER_TIME, "expc01", "tvcs")
    assert (found["fields"], found["text"]) == ([("Event", "x")], None)


@pytest.mark.parametrize("prefix", [b"Expressway-E Traces ", b"===Title=== ", b'"'])
def test_prose_before_a_time_is_no_record_of_a_log(prefix: bytes) -> None:
    line = prefix + HEADER + b'tvcs: Event="x"\n'
    tables = read_bytes(line + (HEADER + b'Event="y"\n') * 3 + line)
    assert [row["reason"] for row in tables.unparsed.to_pylist()] == [ORPHAN]
    assert tables.records["body"].to_pylist() == [None, None, line.decode().rstrip("\n")]


COLLECTORS = (
    b"May  2 10:00:00 relay ",
    b"<166>May 12 10:00:00 10.0.0.1 ",
    b"2024-05-02 10:00:00 [10.0.0.1] ",
    b"2024-05-02 10:00:00\tLocal4.Info\t10.0.0.1\t",
    b"2024-05-02 10:00:00 Local4.Info 10.0.0.1 <166>",
    b"May 02 10:00:00 collector expressway[12]: ",
    b"messages.log:17:",
    b"17:",
)


@pytest.mark.parametrize("prefix", COLLECTORS)
def test_what_a_collector_or_grep_puts_before_a_record(prefix: bytes) -> None:
    content = (prefix + HEADER + b'tvcs: Event="x"\n') * 3
    tables = read_bytes(content)
    assert (tables.members[0].repair, tables.unparsed.num_rows) == (None, 0)
    found = rows(content)
    assert [(one["header_time"], one["host"], one["process"]) for one in found] == [
        (HEADER_TIME, "expc01", "tvcs")
    ] * 3


def test_the_offset_changes_inside_a_file() -> None:
    before, after = b"2018-03-11T01:59:59.999-05:00 expc01 a\n", b"2018-03-11T03:00:00.000-04:00 expc01 b\n"
    assert [(row["time"], row["utc_offset"]) for row in rows(before + after)] == [
        (utc("2018-03-11T06:59:59.999"), -300),
        (utc("2018-03-11T07:00:00"), -240),
    ]


@pytest.mark.parametrize("mark", ["MARK", "-- MARK --"])
def test_mark(mark: str) -> None:
    found = record(mark)
    assert (found["process"], found["text"]) == (None, mark)


REMOTE = b'tvcs: UTCTime="2024-01-02 02:04:05,677" Event="x"'
INNER = b"2024-01-02T03:04:05.678+01:00 expc01 "


@pytest.mark.parametrize("priority", [b"<166> ", b"<166>", b""])
def test_remote_bsd(priority: bytes) -> None:
    found = record(b"tvcs: " + REMOTE, header=priority + b"2024-01-02T02:04:05Z expc01 ")
    assert (found["process"], found["subprocess"], found["host"]) == ("tvcs", None, "expc01")
    assert (found["header_time"], found["utc_offset"]) == (utc("2024-01-02T02:04:05"), 0)
    assert (found["time"], found["event"], found["text"]) == (utc("2024-01-02T02:04:05.677"), "x", None)


@pytest.mark.parametrize("doubled", [b"httpd[12]: httpd[12]: web: ", b"httpd: httpd[12]: web: "])
def test_remote_bsd_keeps_the_pid(doubled: bytes) -> None:
    found = record(doubled + b'Event="x"', header=b"<166> 2024-01-02T02:04:05Z expc01 ")
    assert (found["process"], found["pid"], found["subprocess"]) == ("httpd", 12, "web")


@pytest.mark.parametrize(
    "outer",
    [
        b'1 2024-01-02T03:04:06+01:00 relay01 tvcs - - [meta sequenceId="1"] ',
        b'<166>1 2024-01-02T03:04:06+01:00 relay01 tvcs - - [meta sequenceId="1"] ',
        b"<166>1 2024-01-02T03:04:06.5Z relay01 tvcs 12 - - ",
        b"<166>1 2024-01-02T03:04:06.5Z relay01 tvcs 12 ID47 - \xef\xbb\xbf",
        b"123 <166>1 2024-01-02T03:04:06.5Z relay01 - - - - ",
        b"2024-01-02T03:04:06+01:00 relay01 ",
    ],
)
def test_remote_ietf(outer: bytes) -> None:
    found = record(REMOTE, header=outer + INNER)
    assert (found["host"], found["utc_offset"]) == ("expc01", 60)
    assert found["header_time"] == utc("2024-01-02T02:04:05.678")
    assert found["time"] == utc("2024-01-02T02:04:05.677")
    assert found["process"] == "tvcs"
    assert found["fields"] == [("UTCTime", "2024-01-02 02:04:05,677"), ("Event", "x")]
    assert found["text"] is None


def test_remote_ietf_around_an_untagged_record() -> None:
    outer = b"1 2024-01-02T03:04:06+01:00 relay01 clusterdb - - - "
    found = record('UTCTime="2024-01-02 02:04:05,677" Node="a@10.0.0.1"', header=outer + INNER)
    assert (found["host"], found["process"], found["text"]) == ("expc01", None, None)
    assert found["time"] == utc("2024-01-02T02:04:05.677")


def test_remote_ietf_around_a_time_that_is_none() -> None:
    outer = b"1 2024-01-02T03:04:06+01:00 relay01 tvcs - - - "
    found = record("2024-13-02T03:04:05+01:00 expc01 done", header=outer)
    assert (found["host"], found["header_time"]) == ("relay01", utc("2024-01-02T02:04:06"))
    assert found["text"].endswith("2024-13-02T03:04:05+01:00 expc01 done")


@pytest.mark.parametrize("end", [b"\\0x0a", b" \\0x0a", b"\\0x0a\r"])
def test_remote_line_end(end: bytes) -> None:
    found = record(REMOTE + end)
    assert (found["event"], found["text"], found["body"]) == ("x", None, None)


def test_structured_data_is_not_seen_in_the_text_of_a_local_record() -> None:
    found = record('queue 12 jobs - waiting flag="on"')
    assert (found["text"], found["fields"]) == ("queue 12 jobs - waiting", [("flag", "on")])


# ── a header time that is not valid ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        b"2018-13-02T03:04:05Z expc01 x\n",
        b"2018-02-30T03:04:05Z expc01 x\n",
        b"2018-01-02T24:00:00Z expc01 x\n",
        b"2018-01-02T03:60:05Z expc01 x\n",
        b"2018-01-02T03:04:60Z expc01 x\n",
        b"0000-01-02T03:04:05Z expc01 x\n",
        b"0001-01-01T00:00:00+01:00 expc01 x\n",
        b"9999-12-31T23:30:00-01:00 expc01 x\n",
        b"2018-01-02T03:04:05+24:00 expc01 x\n",
        b"2018-01-02T03:04:05+01:60 expc01 x\n",
        b'2018-01-02T03:04:05Z {"no": "host"}\n',
    ],
)
def test_no_instant_or_no_host_is_no_record_and_in_no_record(line: bytes) -> None:
    record_ = HEADER + b'tvcs: Event="x"\n'
    content = line + b"below\n" + record_ + line + b"below\n" + record_
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert [(row["line"], row["text"], row["reason"]) for row in tables.unparsed.to_pylist()] == [
        (1, line.decode().rstrip("\n"), NO_INSTANT),
        (2, "below", NO_INSTANT),
        (4, line.decode().rstrip("\n"), NO_INSTANT),
        (5, "below", NO_INSTANT),
    ]
    assert [(row["line"], row["body"], row["fields"]) for row in rows(content)] == [
        (3, None, [("Event", "x")]),
        (6, None, [("Event", "x")]),
    ]


# ── a header time without a year ────────────────────────────────────────────────────────────


def bsd(local: str, utc: str | None = None, said: str = 'alarm: Event="x"') -> bytes:
    return f"{local} expc01 {said}".encode() + (f' UTCTime="{utc}"\n'.encode() if utc else b"\n")


def dated(content: bytes) -> list[tuple[int, str, str, int]]:
    return [
        (
            row["line"],
            f"{row['time']:%Y-%m-%d %H:%M:%S}",
            f"{row['header_time']:%Y-%m-%d %H:%M:%S}",
            row["utc_offset"],
        )
        for row in rows(content)
    ]


@pytest.mark.parametrize(
    ("local", "utc", "header", "offset"),
    [
        ("Mar 18 16:54:33", "2024-03-18 15:54:33,524", "2024-03-18 15:54:33", 60),
        ("Mar 18 16:54:34", "2024-03-18 15:54:33,524", "2024-03-18 15:54:34", 60),
        ("<134>Mar  8 10:24:33", "2024-03-08 15:54:33", "2024-03-08 15:54:33", -330),
        ("Jan  1 00:30:00", "2023-12-31 23:30:00,100", "2023-12-31 23:30:00", 60),
        ("Dec 31 19:30:00", "2024-01-01 00:30:00,100", "2024-01-01 00:30:00", -300),
        ("Feb 29 12:00:00", "2024-02-29 12:00:00,100", "2024-02-29 12:00:00", 0),
    ],
)
def test_a_header_without_a_year_is_dated_by_its_utc_time(
    local: str, utc: str, header: str, offset: int
) -> None:
    (row,) = dated(bsd(local, utc))
    assert row[2:] == (header, offset)
    assert row[1] == utc[:19]


def test_a_header_without_a_year_or_a_utc_time_is_dated_by_a_neighbour() -> None:
    known = bsd("Mar 18 16:54:33", "2024-03-18 15:54:33,524")
    before, after = bsd("Mar 18 16:54:30"), bsd("Jan  2 00:00:00")
    assert dated(before + known + after) == [
        (1, "2024-03-18 15:54:30", "2024-03-18 15:54:30", 60),
        (2, "2024-03-18 15:54:33", "2024-03-18 15:54:33", 60),
        (3, "2024-01-01 23:00:00", "2024-01-01 23:00:00", 60),
    ]
    new_year = bsd("Dec 31 23:59:59") + b'2025-01-01T00:00:01.000+00:00 expc01 tvcs: Event="x"\n'
    assert [row[1] for row in dated(new_year)] == ["2024-12-31 23:59:59", "2025-01-01 00:00:01"]


def test_a_header_without_a_year_ends_the_record_before_it() -> None:
    first = b'2024-03-18T16:54:30.524+01:00 expc01 tvcs: Module="network.dns" Detail="x"\n'
    no_host = b'2024-03-18T16:54:34.524+01:00 alarm: Event="Alarm Raised" UTCTime="2024-03-18 15:54:34,524"\n'
    content = first + bsd("Mar 18 16:54:33", "2024-03-18 15:54:33,524") + b"more of it\n" + no_host
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert [row["body"] for row in rows(content)] == [None, "more of it"]
    assert [(row["line"], row["reason"]) for row in tables.unparsed.to_pylist()] == [(4, NO_INSTANT)]


def test_a_relay_may_stand_before_a_header_without_a_year() -> None:
    inner = bsd("Mar 18 16:54:33", "2024-03-18 15:54:33,524", 'alarm: alarm: Event="x"').decode()
    (outer_has_none,) = rows(f"Mar 18 16:54:34 192.0.2.9 {inner}".encode())
    (outer_has_one,) = rows(f"2024-03-18T16:54:34+01:00 relay {bsd('Mar 18 16:54:33').decode()}".encode())
    for row in (outer_has_none, outer_has_one):
        assert (row["host"], row["process"], row["subprocess"], row["event"]) == (
            "expc01",
            "alarm",
            None,
            "x",
        )
        assert f"{row['header_time']:%Y-%m-%d %H:%M:%S}" == "2024-03-18 15:54:33"


@pytest.mark.parametrize("day", ["Feb 30", "Apr 31", "Jun  0", "Jan 32"])
def test_a_day_that_no_year_has_is_no_header(day: str) -> None:
    (member,) = read_bytes(bsd(f"{day} 10:00:00", "2024-03-18 15:54:33,524")).members
    assert (member.kind, member.records) == ("other", 0)


def test_a_file_with_nothing_but_times_that_are_none_is_no_log() -> None:
    content = b"2018-13-02T03:04:05Z expc01 x\n"
    (member,) = read_bytes(content).members
    assert (member.kind, member.size, member.records) == ("other", len(content), 0)
    assert member.reason is not None


# ── section 3: the tag ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tag", "process", "pid", "subprocess"),
    [
        ("", None, None, None),
        *((f"{name}: ", name, None, None) for name in ("tvcs", "management", "replication", "alarm")),
        *(
            (f"{name}: ", name, None, None)
            for name in ("licensemanager", "supervisor", "edgeconfigprovisioning")
        ),
        *(
            (f"{name}: ", name, None, None)
            for name in ("web", "b2bua", "presencerelay", "portforwarding", "ssh")
        ),
        ("traffic_server[18242]: ", "traffic_server", 18242, None),
        ("traffic_server[18242]:  ", "traffic_server", 18242, None),
        ("XCP_JABBERD[20026]: ", "XCP_JABBERD", 20026, None),
        ("XCP_CM2[12122]: ", "XCP_CM2", 12122, None),
        ("httpd[8724]: web: ", "httpd", 8724, "web"),
        ("some-service.new[1]: ", "some-service.new", 1, None),
        ("tvcs:", "tvcs", None, None),
        ("tvcs: tvcs: ", "tvcs", None, None),
        ("tvcs[0]: ", "tvcs", 0, None),
        ("tvcs[2147483647]: ", "tvcs", 2147483647, None),
        ("tvcs[2147483648]: ", "tvcs", None, None),
        ("tvcs[99999999999999999999]: ", "tvcs", None, None),
    ],
)
@pytest.mark.parametrize("said", ['UTCTime="2018-01-02 08:04:05,677"', 'Event="x"', 'Level="INFO":  a="b"'])
def test_tag(tag: str, process: str | None, pid: int | None, subprocess: str | None, said: str) -> None:
    found = record(tag + said)
    assert (found["process"], found["pid"], found["subprocess"]) == (process, pid, subprocess)
    assert found["fields"][0][0] == said.partition("=")[0]
    assert found["text"] is None


def test_a_pid_of_any_length_is_read() -> None:
    found = record(f'tvcs[{"9" * 5000}]: Event="x"')
    assert (found["process"], found["pid"], found["event"]) == ("tvcs", None, "x")


def test_a_tag_without_a_colon() -> None:
    found = record('edgeconfigprovisioning UTCTime="2018-01-02 08:04:05,92" Module="developer.x"')
    assert (found["process"], found["text"], found["module"]) == (
        "edgeconfigprovisioning",
        None,
        "developer.x",
    )
    assert found["time"] == utc("2018-01-02T08:04:05.092")


def test_a_tag_without_a_blank_behind_it() -> None:
    found = record("traffic_server[2030]:[ET_NET 1]ERROR: no route")
    assert (found["process"], found["pid"], found["text"]) == (
        "traffic_server",
        2030,
        "[ET_NET 1]ERROR: no route",
    )


def test_a_word_with_a_colon_behind_tag_and_subprocess_is_text() -> None:
    found = record('httpd[8724]: web: error: no session User="admin"')
    assert (found["process"], found["subprocess"], found["text"]) == ("httpd", "web", "error: no session")


def test_a_first_word_without_a_colon_is_text() -> None:
    found = record('Counting video call Event="x"')
    assert (found["process"], found["text"], found["event"]) == (None, "Counting video call", "x")


# ── section 4: the ten families ─────────────────────────────────────────────────────────────

FAMILIES: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "A",
        'tvcs: UTCTime="2018-01-02 08:04:05,677" Module="network.sip" Level="INFO":  Action="Sent"'
        ' Local-ip="10.0.0.1" Local-port="5061" Dst-ip="10.0.0.2" Dst-port="5061" Detail="Sending Request"',
        {
            "process": "tvcs",
            "module": "network.sip",
            "level": "INFO",
            "detail": "Sending Request",
            "text": None,
        },
        "UTCTime Module Level Action Local-ip Local-port Dst-ip Dst-port Detail",
    ),
    (
        "B",
        'tvcs: UTCTime="2018-01-02 08:04:05,677" Module="developer.sip.leg" Level="DEBUG"'
        ' CodeLocation="ppcmains/sip/Leg.cpp(123)" Method="Leg::~Leg" Thread="0x7f00":'
        '  this="0x1" Type="Inbound" gone',
        {"process": "tvcs", "module": "developer.sip.leg", "level": "DEBUG", "text": "gone"},
        "UTCTime Module Level CodeLocation Method Thread this Type",
    ),
    (
        "C",
        'tvcs: Event="Call Attempted" Service="SIP" Src-alias="a@example.com" Level="1"'
        ' UTCTime="2018-01-02 08:04:05,677"',
        {"process": "tvcs", "event": "Call Attempted", "level": "1", "module": None, "text": None},
        "Event Service Src-alias Level UTCTime",
    ),
    (
        "D",
        'replication: UTCTime="2018-01-02 08:04:05,677" Module="developer.replication" Level="INFO"'
        ' CodeLocation="replicator(12)" Detail="Path change detected", Path="/x"',
        {
            "process": "replication",
            "module": "developer.replication",
            "detail": "Path change detected",
            "text": None,
        },
        "UTCTime Module Level CodeLocation Detail Path",
    ),
    (
        "E",
        'alarm: Level="WARN" Event="Alarm Raised" Id="20004" UUID="00000000-0000-4000-8000-000000000001"'
        ' Severity="warning" Detail="Cluster communication failure: x" UTCTime="2018-01-02 08:04:05,677"',
        {"process": "alarm", "event": "Alarm Raised", "level": "WARN", "module": None, "text": None},
        "Level Event Id UUID Severity Detail UTCTime",
    ),
    (
        "F",
        'UTCTime="2018-01-02 08:04:05,677" Module="developer.clusterdb.cdb" Level="ERROR" Node="a@10.0.0.1"'
        ' PID="<0.159.0>" Detail="Mnesia event" Context="starting_partitioned_network" Node="b@10.0.0.2"',
        {
            "process": None,
            "pid": None,
            "module": "developer.clusterdb.cdb",
            "detail": "Mnesia event",
            "text": None,
        },
        "UTCTime Module Level Node PID Detail Context Node",
    ),
    (
        "G",
        'UTCTime="2018-01-02 08:04:05,677" Module="hybridservices.c_cal" Level="INFO" Thread="pool-1"'
        ' TrackingId="" Detail="started"',
        {
            "process": None,
            "module": "hybridservices.c_cal",
            "level": "INFO",
            "detail": "started",
            "text": None,
        },
        "UTCTime Module Level Thread TrackingId Detail",
    ),
    (
        "H",
        'traffic_server[18242]: UTCTime="2018-01-02 08:04:05,677" Module="network.http.trafficserver"'
        ' Level="INFO": Detail="Receive Response" Txn-id="5" TrackingID="" Msg="HTTP/1.1 200 "',
        {
            "process": "traffic_server",
            "pid": 18242,
            "level": "INFO",
            "detail": "Receive Response",
            "text": None,
        },
        "UTCTime Module Level Detail Txn-id TrackingID Msg",
    ),
    (
        "I",
        "traffic_server[18242]: [ET_NET 0] ERROR: SSL connection failed",
        {"process": "traffic_server", "level": None, "text": "[ET_NET 0] ERROR: SSL connection failed"},
        "",
    ),
    (
        "J",
        'XCP_JABBERD[20026]: UTCTime="2018-01-02 08:04:05,677" ThreadID="1" Module="Jabber" Level="INFO "'
        ' CodeLocation="mio.c:1109" Detail="closed"',
        {"process": "XCP_JABBERD", "pid": 20026, "module": "Jabber", "level": "INFO", "text": None},
        "UTCTime ThreadID Module Level CodeLocation Detail",
    ),
]


@pytest.mark.parametrize(
    ("said", "columns", "keys"), [family[1:] for family in FAMILIES], ids=[family[0] for family in FAMILIES]
)
def test_family(said: str, columns: dict[str, Any], keys: str) -> None:
    found = record(said)
    assert {name: found[name] for name in columns} == columns
    assert " ".join(key for key, _ in found["fields"]) == keys
    assert found["time"] == (utc("2018-01-02T08:04:05.677") if keys else HEADER_TIME)
    assert found["body"] is None


# ── section 5: keys ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "key",
    [
        *(
            "Src-ip",
            "Msg-Hash",
            "Queue-Time-ms",
            "call_id",
            "TrackingID",
            "this",
            "_x",
            "x1",
            "xmlns:xsi",
            "a.b",
        ),
        *("isNettleLeg()", "mstbTakeMedia->getVal()", "otherLeg->isNettleLeg()"),
    ],
)
def test_key(key: str) -> None:
    found = record(f'tvcs: a="1" {key}="2" b="3"')
    assert (found["fields"], found["text"]) == ([("a", "1"), (key, "2"), ("b", "3")], None)


@pytest.mark.parametrize(
    ("said", "fields", "text"),
    [
        ('a="1"  b="2"', [("a", "1"), ("b", "2")], None),
        ('a="1", b="2"', [("a", "1"), ("b", "2")], None),
        ('a="1": b()="2"', [("a", "1"), ("b()", "2")], None),
        ('a="1":  b="2"', [("a", "1"), ("b", "2")], None),
        ('a="1":b="2"', [("a", "1"), ("b", "2")], None),
        ('a="1" : b="2" , c="3"', [("a", "1"), ("b", "2"), ("c", "3")], None),
        ('a="1"b="2"', [("a", "1"), ("b", "2")], None),
        ('Detail= "1" ThreadID= "2"', [("Detail", "1"), ("ThreadID", "2")], None),
        ('call_id="1" Call-id="2" CallID="3"', [("call_id", "1"), ("Call-id", "2"), ("CallID", "3")], None),
        ('a="true"Wordsmode=on b="true"', [("a", "true"), ("b", "true")], "Wordsmode=on"),
        ('&rMediaSession=x b="2"', [("b", "2")], "&rMediaSession=x"),
        ('a="1"  ', [("a", "1")], None),
    ],
)
def test_pairs(said: str, fields: Pairs, text: str | None) -> None:
    found = record("tvcs: " + said)
    assert (found["fields"], found["text"]) == (fields, text)


def test_repeated_keys_stand_in_order_and_the_first_fills_the_column() -> None:
    pairs = [("Module", "a"), ("Level", "INFO"), ("Event", "b"), ("Detail", "c")]
    again = [(key, value + "2") for key, value in pairs]
    found = record(" ".join(f'{key}="{value}"' for key, value in pairs + again))
    assert found["fields"] == pairs + again
    assert [found[name] for name in ("module", "level", "event", "detail")] == ["a", "INFO", "b", "c"]


def test_columns_are_trimmed_and_detail_and_fields_are_not() -> None:
    found = record('Module=" a " Level="WARN " Event=" Call Attempted " Detail=" d "')
    assert [found[name] for name in ("module", "level", "event", "detail")] == [
        "a",
        "WARN",
        "Call Attempted",
        " d ",
    ]
    assert [value for _, value in found["fields"]] == [" a ", "WARN ", " Call Attempted ", " d "]


def test_an_empty_value_is_not_an_absent_one() -> None:
    found = record('Module="" Event="" Detail=""')
    assert (found["module"], found["event"], found["detail"], found["level"]) == ("", "", "", None)


# ── section 6: values ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value",
    [
        "",
        r"a\.b",
        "ends in \\",
        'CPL: <rule x=".*" y="z"> matched ',
        '<?xml version="1.0"?><a b="c"><d/></a>',
        '<a b="1" c="<not a tag>"/>',
        '<a b="1>2">text</a>',
        '<rule origin=".*@example\\.com" message-regex="a=&quot;b"> done',
        "[u'(10.0.0.1 h1)', u'(10.0.0.2 h2)']",
        "['IPv4''TCP''10.0.0.1:5061']",
        "{ badrpc,  { EXIT, x } }",
        "<0.159.0>",
        "<twisted.python.failure.Failure <type 'exceptions.Exception'>>",
        "a.example.comb.example.comc.example.com",
        "    m_x: y ",
        "HTTP/1.1 200 ",
        "Method=X, CSeq=1, Request-URI=sip:a@example.com;transport=tls, To-Tag=, Msg-Hash=1",
        "RAS SCI  SeqNum=1",
        "1 < 2",
        "2 > 1, a => b",
        "a <- b",
        "a << b >> c",
        "changed from: 'x' to: 'y'",
        "tab\there",
        "café … ünïcode 한국어",
        "“quoted” and “again”",
        "‘single’ – dash",
        "2018-01-02T03:04:05.678-05:00 expc01 tvcs:",
        "SIPMSG: x",
        "x" * 2659,
    ],
)
def test_value(value: str) -> None:
    found = record(f'tvcs: Module="m" Detail="{value}" Next="1"')
    assert found["fields"] == [("Module", "m"), ("Detail", value), ("Next", "1")]
    assert (found["detail"], found["text"]) == (value, None)
    assert record(f'tvcs: Detail="{value}"')["fields"] == [("Detail", value)]
    assert record(f'tvcs: Detail="{value}", Path="/x"')["fields"] == [("Detail", value), ("Path", "/x")]


def test_a_typographic_quote_closes_a_value() -> None:
    found = record('Detail="café” Level="INFO”')
    assert (found["fields"], found["text"]) == ([("Detail", "café"), ("Level", "INFO")], None)


@pytest.mark.parametrize(
    "value",
    [
        "received::\n<stanza from='a'>\n",
        "received::\r\nx",
        "a\n\nb",
        "one\n two",
        "received::\n<a b='c'/>\n\n",
    ],
)
def test_a_value_of_many_lines(value: str) -> None:
    content = (
        HEADER + f'XCP_CM2[1]: Level="INFO " Detail="{value}" Next="1"\nrest\n'.encode() + HEADER + b"x\n"
    )
    first, second = rows(content)
    assert (first["fields"], first["text"]) == ([("Level", "INFO "), ("Detail", value), ("Next", "1")], None)
    below = content.split(b"\n", 1)[1].partition(b"\n" + HEADER)[0]
    assert first["body"] == below.decode()
    assert second["line"] == content.count(b"\n")


def test_markup_in_a_value_of_many_lines() -> None:
    value = 'received::\n<stanza from="a" to="b"/>'
    (found,) = rows(HEADER + f'XCP_CM2[1]: Detail="{value}" Next="1"\n'.encode())
    assert found["fields"] == [("Detail", value), ("Next", "1")]


@pytest.mark.parametrize("end", [b"", b"\n", b"\nbelow\n"])
def test_a_quote_that_is_never_closed_is_text(end: bytes) -> None:
    found, *_ = rows(HEADER + b'tvcs: Event="x" Detail="never ends' + end)
    assert (found["fields"], found["text"]) == ([("Event", "x")], 'Detail="never ends')
    assert found["detail"] is None


def test_a_value_does_not_reach_over_the_next_header() -> None:
    first, second = rows(HEADER + b'Detail="cut\n' + HEADER + b'Event="x"\n')
    assert (first["fields"], first["text"]) == ([], 'Detail="cut')
    assert second["fields"] == [("Event", "x")]


# ── section 7: text ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "fields", "text"),
    [
        ("Counting CollabEdge Video call", [], "Counting CollabEdge Video call"),
        ("two  blanks stay", [], "two  blanks stay"),
        ("RX Not Ready", [], "RX Not Ready"),
        (
            'TTSSL_x: Failed to connect iResult="-1" error="1"',
            [("iResult", "-1"), ("error", "1")],
            "TTSSL_x: Failed to connect",
        ),
        (
            'this="0x1" transactionId=10, bAuthenticated=YES',
            [("this", "0x1")],
            "transactionId=10, bAuthenticated=YES",
        ),
        ('a="1" then b="2" last', [("a", "1"), ("b", "2")], "then last"),
        ('tokens=2 lic_type="abc"', [("lic_type", "abc")], "tokens=2"),
        ("alias=[Type=x Value=y]", [], "alias=[Type=x Value=y]"),
        ("zone=Name (mode=on ice-mode=off)", [], "zone=Name (mode=on ice-mode=off)"),
        ("pkg=(a.b=INVITE, c=1, &d=0x1)", [], "pkg=(a.b=INVITE, c=1, &d=0x1)"),
        ('a="1" name=', [("a", "1")], "name="),
        ('name= a="1"', [("a", "1")], "name="),
        ("a->b.c=1", [], "a->b.c=1"),
        ('Level="INFO":  Counting', [("Level", "INFO")], "Counting"),
    ],
)
def test_text(said: str, fields: Pairs, text: str | None) -> None:
    found = record("tvcs: " + said)
    assert (found["fields"], found["text"]) == (fields, text)


# ── section 8: Level ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "level", ["DEBUG", "INFO", "WARN", "ERROR", "TRACE", "1", "2", "3", "4", "INFO ", "VBOSE"]
)
@pytest.mark.parametrize("behind", [":  ", ": ", ":", " "])
def test_level(level: str, behind: str) -> None:
    found = record(f'tvcs: Module="network.tcp" Level="{level}"{behind}Detail="x"')
    assert (found["level"], found["detail"], found["text"]) == (level.strip(), "x", None)
    assert found["fields"][1] == ("Level", level)


def test_an_alarm_has_a_level_and_a_severity() -> None:
    found = record('alarm: Level="ERROR" Event="Alarm Raised" Severity="error"')
    assert (found["level"], found["fields"][2]) == ("ERROR", ("Severity", "error"))


# ── section 9: UTCTime ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2018-01-02 08:04:05,677", "2018-01-02T08:04:05.677"),
        ("2018-01-02 08:04:05.677", "2018-01-02T08:04:05.677"),
        (" 2018-01-02 08:04:05,677 ", "2018-01-02T08:04:05.677"),
        ("2018-01-02 08:04:05,92", "2018-01-02T08:04:05.092"),
        ("2018-01-02 08:04:05,7", "2018-01-02T08:04:05.007"),
        ("2018-01-02 08:04:05,000", "2018-01-02T08:04:05"),
        ("2018-01-02 08:04:05,677123", "2018-01-02T08:04:05.677123"),
        ("2018-01-03 00:00:00,001", "2018-01-03T00:00:00.001"),
        ("2018-01-02 08:04:05", "2018-01-02T08:04:05.678"),
        ("2018-01-02 08:04:06", "2018-01-02T08:04:05.678"),
        ("2018-01-02 08:04:04", "2018-01-02T08:04:04"),
        ("2018-01-02 08:04:07", "2018-01-02T08:04:07"),
        ("2018-01-02 09:04:05", "2018-01-02T09:04:05"),
        ("2018-02-30 08:04:05,677", "2018-01-02T08:04:05.678"),
        ("2018-01-02 24:00:00,000", "2018-01-02T08:04:05.678"),
        ("0000-01-02 08:04:05,677", "2018-01-02T08:04:05.678"),
        ("2018-01-02 08:04:05,", "2018-01-02T08:04:05.678"),
        ("2018-01-02T08:04:05Z", "2018-01-02T08:04:05.678"),
        ("yesterday", "2018-01-02T08:04:05.678"),
        ("", "2018-01-02T08:04:05.678"),
    ],
)
def test_utc_time(value: str, time: str) -> None:
    for said in (f'tvcs: UTCTime="{value}" Event="x"', f'Event="x" UTCTime="{value}"'):
        found = record(said)
        assert (found["time"], found["header_time"]) == (utc(time), HEADER_TIME)
        assert ("UTCTime", value) in found["fields"]


def test_utc_time_without_a_fraction_stays_where_the_header_has_none_either() -> None:
    found = record('UTCTime="2018-01-02 08:04:04"', header=b"2018-01-02T03:04:05-05:00 expc01 ")
    assert found["time"] == utc("2018-01-02T08:04:04")


def test_no_utc_time() -> None:
    assert record("traffic_server[1]: [ET_NET 0] ERROR: x")["time"] == HEADER_TIME


# ── section 10: bodies ──────────────────────────────────────────────────────────────────────

NEXT = HEADER + b'tvcs: Event="next"\n'
SIP = "INVITE sip:a@example.com SIP/2.0\n Via: SIP/2.0/TLS 10.0.0.1:5061\n \n v=0\n a=rtpmap:0 PCMU\n"

BODIES = {
    "one blank, end mark and an empty line": f" SIPMSG:\n |{SIP} |\n\n",
    "an end mark at column 0": f"SIPMSG:\n|{SIP}|\n",
    "a glued end mark": ' SIPMSG:\n |NOTIFY sip:a@example.com SIP/2.0\n\n <a b="c"/>|\n',
    "an end mark with two blanks behind empty lines": f" SIPMSG:\n |{SIP}\n\n\n  |\n",
    "no end mark": f" SIPMSG:\n |{SIP}",
    "no marks": "SIPMSG:\n INVITE sip:a@example.com SIP/2.0\n",
    "a blank behind the mark": "SIPMSG:\n| INVITE sip:a@example.com SIP/2.0\n |\n",
    "all on the line of SIPMSG": " SIPMSG: |INVITE sip:a@example.com SIP/2.0 Via: x |\n",
    "HTTP": "HTTPMSG:\n|GET /x HTTP/1.1\n Host: example.com\n Cookie: <CONCEALED>\n \n |\n",
    "a dump": "TransportAddress\n{\n  ipAddress { ip '0A000001'H, port 1719 }\n}\n",
    "XML": ' SIPMSG:\n |PUBLISH\n \n <?xml version="1.0"?>\n <a b="c" d="e">\n |\n',
    "a pair at the start of a line": 'realm="wrapped" nonce="here"\n',
    "a bar in the text": " SIPMSG:\n |INVITE\n X: a | b\n |x\n Y: z\n |\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("behind", ["", " "])
def test_body(body: str, behind: str) -> None:
    content = HEADER + f'tvcs: Module="network.sip" Level="DEBUG":  Msg-Hash="1"{behind}\n{body}'.encode()
    first, second = rows(content + NEXT)
    assert first["body"] == body.removesuffix("\n")
    assert first["fields"] == [("Module", "network.sip"), ("Level", "DEBUG"), ("Msg-Hash", "1")]
    assert (first["text"], first["length"]) == (None, len(content))
    assert (second["offset"], second["event"]) == (len(content), "next")


def test_a_message_on_the_first_line_is_text_and_no_pairs() -> None:
    found = record('tvcs: Msg-Hash="1" SIPMSG: |REGISTER realm="x", nonce="y" |')
    assert (found["fields"], found["body"]) == ([("Msg-Hash", "1")], None)
    assert found["text"] == 'SIPMSG: |REGISTER realm="x", nonce="y" |'


@pytest.mark.parametrize("lines", ["\n", "\n\n", " \n", "\r\n"])
def test_blank_lines_are_no_body(lines: str) -> None:
    first, second = rows(HEADER + b"x\n" + lines.encode() + NEXT)
    assert (first["body"], first["length"]) == (None, len(HEADER + b"x\n" + lines.encode()))
    assert second["event"] == "next"


def test_a_long_message() -> None:
    body = " SIPMSG:\n |INVITE\n" + "".join(f' X-{n}: a="{n}"\n' for n in range(132)) + " |\n"
    first, second = rows(HEADER + b"x\n" + body.encode() + NEXT)
    assert first["body"] == body.removesuffix("\n")
    assert second["line"] == 1 + 135 + 1


# ── section 11: what documents do to records ────────────────────────────────────────────────


@pytest.mark.parametrize("between", [b" ", b""])
def test_records_joined_on_a_line_stay_one(between: bytes) -> None:
    joined = HEADER.decode() + 'tvcs: Module="b"'
    found = record(b'tvcs: Module="a"' + between + joined.encode())
    assert (found["module"], found["fields"]) == ("a", [("Module", "a"), ("Module", "b")])
    assert found["text"] == HEADER.decode() + "tvcs:"


@pytest.mark.parametrize("said", ['Level="INFO":\u00a0 Detail="x"', 'Level="INFO"  Detail="x" **'])
def test_odd_blanks_and_marks_do_no_harm(said: str) -> None:
    assert record("tvcs: " + said)["fields"] == [("Level", "INFO"), ("Detail", "x")]


# ── section 14: the traps ───────────────────────────────────────────────────────────────────


def test_trap_01_odd_keys_and_quotes_in_markup() -> None:
    found = record(
        'tvcs: Src-ip="10.0.0.1" isLeg()="true" a->b()="false" script="<?xml version="1.0"?><a b="c"/>" z="1"'
    )
    assert found["fields"] == [
        ("Src-ip", "10.0.0.1"),
        ("isLeg()", "true"),
        ("a->b()", "false"),
        ("script", '<?xml version="1.0"?><a b="c"/>'),
        ("z", "1"),
    ]


def test_trap_02_both_values_of_a_repeated_key() -> None:
    found = record(
        'UTCTime="2018-01-02 08:04:05,677" Node="a@10.0.0.1" Msg-name="m" Node="b@10.0.0.2" Msg-name="n"'
    )
    assert found["fields"][1:] == [
        ("Node", "a@10.0.0.1"),
        ("Msg-name", "m"),
        ("Node", "b@10.0.0.2"),
        ("Msg-name", "n"),
    ]


def test_trap_03_the_first_word_with_a_colon_is_not_always_the_tag() -> None:
    untagged = record('UTCTime="2018-01-02 08:04:05,677" Level="INFO":  Detail="a: b"')
    assert (untagged["process"], untagged["subprocess"], untagged["detail"]) == (None, None, "a: b")
    free = record('connection lost: retry Detail="x"')
    assert (free["process"], free["text"]) == (None, "connection lost: retry")
    two = record('httpd[1]: web: Event="x"')
    assert (two["process"], two["subprocess"]) == ("httpd", "web")


def test_trap_04_fractions_are_optional_and_not_always_padded() -> None:
    whole = record(
        'httpd[1]: web: UTCTime="2015-01-02 08:04:05"', header=b"2015-01-02T03:04:05-05:00 expc01 "
    )
    assert whole["time"] == whole["header_time"] == utc("2015-01-02T08:04:05")
    short = record('UTCTime="2015-01-02 08:04:05,92"', header=b"2015-01-02T03:04:05-05:00 expc01 ")
    assert short["time"] == utc("2015-01-02T08:04:05.092")


def test_trap_05_rows_stand_in_the_order_of_the_file() -> None:
    times = ["08:04:05,679", "08:04:05,677", "08:04:05,678"]
    found = rows(b"".join(HEADER + f'UTCTime="2018-01-02 {time}"\n'.encode() for time in times))
    assert [row["time"].microsecond for row in found] == [679000, 677000, 678000]
    assert [row["line"] for row in found] == [1, 2, 3]


def test_trap_06_level_is_word_padded_word_or_digit() -> None:
    assert [record(f'Level="{level}"')["level"] for level in ("1", "INFO ", "VBOSE")] == [
        "1",
        "INFO",
        "VBOSE",
    ]


def test_trap_07_not_every_time_starts_a_record() -> None:
    stamp = "2020-01-02T03:04:05.678Z expc02 x"
    found = record(f"tvcs: seen at {stamp}")
    assert found["text"] == f"seen at {stamp}"
    body = f" SIPMSG:\n |INVITE\n Date: {stamp}\n {stamp}\n |"
    first, second = rows(HEADER + f"tvcs: x\n{body}\n".encode() + NEXT)
    assert (first["body"], second["event"]) == (body, "next")


def test_trap_07_nor_one_in_a_message_that_begins_on_the_first_line() -> None:
    below = " 2020-01-02T03:04:05.678Z expc02 x\n |"
    first, second = rows(HEADER + f"tvcs: SIPMSG: |INVITE\n{below}\n".encode() + NEXT)
    assert (first["body"], second["event"]) == (below, "next")


def test_trap_08_an_empty_line_ends_no_record() -> None:
    body = " SIPMSG:\n |INVITE\n\n \n\n v=0\n |"
    first, _ = rows(HEADER + f"tvcs: x\n{body}\n\n".encode() + NEXT)
    assert first["body"] == body + "\n"


def test_trap_09_a_bar_ends_no_body() -> None:
    body = " SIPMSG:\n |INVITE\n X: a|b\n |\n still the body\n</x>|"
    first, _ = rows(HEADER + f"tvcs: x\n{body}\n".encode() + NEXT)
    assert first["body"] == body


def test_trap_10_pairs_in_bodies_are_no_fields() -> None:
    body = (
        ' SIPMSG:\n |REGISTER\n Authorization: Digest username="a", realm="b", nonce="c"\n Event: service\n |'
    )
    first, _ = rows(HEADER + f'tvcs: Msg-Hash="1"\n{body}\n'.encode() + NEXT)
    assert (first["fields"], first["event"], first["body"]) == ([("Msg-Hash", "1")], None, body)


def test_trap_11_text_glued_to_a_closing_quote() -> None:
    found = record('tvcs: a="true"OutboundLegmode=on x="y"')
    assert (found["fields"], found["text"]) == ([("a", "true"), ("x", "y")], "OutboundLegmode=on")


def test_trap_12_a_comma_between_pairs() -> None:
    found = record('management: Detail="Path change detected", Path="/x"')
    assert (found["fields"], found["text"]) == ([("Detail", "Path change detected"), ("Path", "/x")], None)


def test_trap_13_a_quote_in_the_wrong_place() -> None:
    wrong, right = record('tvcs: lic_type="abc tokens=2"'), record('tvcs: lic_type="abc" tokens=2')
    assert (wrong["fields"], wrong["text"]) == ([("lic_type", "abc tokens=2")], None)
    assert (right["fields"], right["text"]) == ([("lic_type", "abc")], "tokens=2")


def test_trap_14_a_port_without_an_address() -> None:
    found = record('tvcs: Src-port="5061" Dst-ip="10.0.0.2" Dst-port="5062"')
    assert found["fields"] == [("Src-port", "5061"), ("Dst-ip", "10.0.0.2"), ("Dst-port", "5062")]


def test_trap_15_numbers_stay_text() -> None:
    pairs = [("Msg-Hash", "18446744073709551615"), ("port", "4294967295"), ("Duration", "0ms")]
    pairs += [("Thread", "0x7f00"), ("Thread", "pool-1"), ("PID", "<0.159.0>"), ("Id", "007")]
    found = record(" ".join(f'{key}="{value}"' for key, value in pairs))
    assert (found["fields"], found["pid"]) == (pairs, None)


def test_trap_16_truth_values_stay_text() -> None:
    pairs = [("a", "null"), ("b", "True"), ("c", "false"), ("d", "YES")]
    assert record(" ".join(f'{key}="{value}"' for key, value in pairs))["fields"] == pairs


def test_trap_17_single_quotes_in_details() -> None:
    detail = "xconfiguration name='' changed from: 'x' to: 'y'"
    found = record(f'httpd[1]: web: Event="System Configuration Changed" Detail="{detail}" User="admin"')
    assert (found["detail"], found["fields"][2], found["text"]) == (detail, ("User", "admin"), None)


def test_trap_18_a_record_without_a_pair() -> None:
    found = record("traffic_server[2]: [ET_NET 0] ERROR: no route to 10.0.0.9")
    assert (found["fields"], found["text"]) == ([], "[ET_NET 0] ERROR: no route to 10.0.0.9")


def test_trap_19_lines_before_the_first_record() -> None:
    tables = read_bytes(b' v=0\n\n |\r\nModule="cut"\n' + NEXT)
    assert [
        (row["line"], row["offset"], row["length"], row["text"]) for row in tables.unparsed.to_pylist()
    ] == [
        (1, 0, 5, " v=0"),
        (2, 5, 1, ""),
        (3, 6, 4, " |"),
        (4, 10, 13, 'Module="cut"'),
    ]
    assert set(tables.unparsed["reason"].to_pylist()) == {ORPHAN}
    assert tables.records["offset"].to_pylist() == [23]
    (member,) = tables.members
    assert (member.kind, member.records, member.unparsed, member.unparsed_bytes) == ("log", 1, 4, 23)


def test_trap_20_the_same_change_twice_is_two_records() -> None:
    erlang = 'UTCTime="2018-01-02 08:04:05,677" Event="System Configuration Changed" Node="a" Detail="x"'
    web = 'httpd[1]: web: Event="System Configuration Changed" Detail="x" UTCTime="2018-01-02 08:04:05"'
    found = rows(
        HEADER + erlang.encode() + b"\n" + HEADER + web.encode() + b"\n" + HEADER + web.encode() + b"\n"
    )
    assert [(row["process"], row["event"]) for row in found] == [
        (None, "System Configuration Changed"),
        ("httpd", "System Configuration Changed"),
        ("httpd", "System Configuration Changed"),
    ]


# ── bytes ───────────────────────────────────────────────────────────────────────────────────


def test_crlf() -> None:
    body = " SIPMSG:\r\n |INVITE\r\n \r\n |"
    content = (
        b"lost\r\n" + HEADER + f'tvcs: Event="x" done\r\n{body}\r\n'.encode() + NEXT.replace(b"\n", b"\r\n")
    )
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert tables.unparsed["text"].to_pylist() == ["lost"]
    first, second = rows(content)
    assert (first["fields"], first["text"], first["body"]) == ([("Event", "x")], "done", body)
    assert (second["line"], second["event"], second["text"]) == (7, "next", None)


def test_a_lone_carriage_return_is_no_line_end() -> None:
    found = record(b"a\rb")
    assert (found["text"], found["line"]) == ("a\rb", 1)


def test_a_log_that_ends_without_a_line_end() -> None:
    content = NEXT + HEADER + b'tvcs: Event="last" done'
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert [(row["event"], row["text"], row["body"]) for row in rows(content)] == [
        ("next", None, None),
        ("last", "done", None),
    ]


def test_bytes_that_are_not_utf_8() -> None:
    content = b"lost \xff\n" + HEADER + b'tvcs: Detail="\xe9t\xe9" \xfe\nbody \xc3\n' + NEXT
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert tables.unparsed["text"].to_pylist() == ["lost \ufffd"]
    first, second = rows(content)
    assert (first["detail"], first["text"], first["body"]) == ("\ufffdt\ufffd", "\ufffd", "body \ufffd")
    assert (first["offset"], first["length"]) == (7, len(content) - len(NEXT) - 7)
    assert second["offset"] == len(content) - len(NEXT)


def test_offsets_mean_bytes_and_not_characters() -> None:
    content = HEADER + 'Detail="한국어"\n'.encode() + NEXT
    first, second = rows(content)
    assert (first["detail"], first["length"], second["offset"]) == (
        "한국어",
        len(HEADER) + 19,
        len(HEADER) + 19,
    )


@pytest.mark.parametrize("first", [b"", b"lost\n", b"2018-13-01T00:00:00Z expc01 x\n"])
def test_a_byte_order_mark_belongs_to_the_first_row(first: bytes) -> None:
    content = b"\xef\xbb\xbf" + first + NEXT
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert tables.records["event"].to_pylist() == ["next"]
    assert tables.records["offset"].to_pylist() == [3 + len(first) if first else 0]
    assert tables.unparsed.num_rows == (1 if first else 0)


def test_coverage_of_a_log() -> None:
    content = b"lost\n" + HEADER + b'UTCTime="2018-01-02 08:04:06,000"\n' + HEADER + b"x\n"
    (member,) = read_bytes(content).members
    assert (member.snapshot, member.source, member.kind) == ("expc01", "messages.log", "log")
    assert (member.size, member.records, member.unparsed, member.unparsed_bytes) == (len(content), 2, 1, 5)
    assert (member.record_bytes, member.reasons) == (len(content) - 5, {ORPHAN: 1})
    assert (member.first, member.last) == (HEADER_TIME, utc("2018-01-02T08:04:06"))
    assert (member.reason, member.repair, member.faults) == (None, None, ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "holds no log record"),
        (b"some notes\nfor the team\n", "holds no log record"),
        (b"\x00\x01\x02", "binary data; holds no log record"),
    ],
)
def test_a_file_without_records_is_no_log(content: bytes, reason: str) -> None:
    tables = read_bytes(content)
    (member,) = tables.members
    assert (member.kind, member.size, tables.unparsed.num_rows) == ("other", len(content), 0)
    assert (member.reason, member.repair) == (reason, None)


def test_records_behind_the_part_that_is_searched_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "SEARCHED", 1000)
    near, far = (read_bytes(b"x" * size + b"\n" + NEXT, step=10).members[0] for size in (900, 1100))
    assert (near.kind, far.kind) == ("log", "other")
    assert far.size == 1101 + len(NEXT)


@pytest.mark.parametrize("line", [b"2018-01-02T03:04:05Z {\n", b"2018-13-02T03:04:05Z expc01 x\n"])
def test_many_lines_that_start_no_record(line: bytes) -> None:
    """A whole log of such lines has a bounded number of rows."""
    content = NEXT + line * 20_000
    tables = read_bytes(content)
    assert tables.records["length"].to_pylist() == [len(NEXT)]
    assert tables.unparsed.num_rows < 2 * EACH
    assert tables.members[0].unparsed == 20_000


# ── properties ──────────────────────────────────────────────────────────────────────────────

AWKWARD = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=30).map(b"".join)


def columns(content: bytes, *without: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in without} for row in rows(content)]


@settings(deadline=None, max_examples=125)
@given(AWKWARD, st.sampled_from([b"", NEXT, HEADER]))
def test_rows_tile_any_log(before: bytes, after: bytes) -> None:
    content = before + after
    assume(not is_pasted(content))  # tests/test_pasted.py has these
    tables = read_bytes(content)
    (member,) = tables.members
    assert member.size == len(content)
    if member.kind == "other":
        assert (tables.records.num_rows, tables.unparsed.num_rows) == (0, 0)
        return
    assert_tiled(tables, content)
    assert (member.records, member.unparsed) == (tables.records.num_rows, tables.unparsed.num_rows)
    assert member.record_bytes == sum(tables.records["length"].to_pylist())
    assert member.unparsed_bytes == sum(tables.unparsed["length"].to_pylist())
    assert sum(member.reasons.values()) == member.unparsed
    for row in columns(content):
        alone = content[row["offset"] : row["offset"] + row["length"]]
        moved = {"line", "offset"}
        assert columns(alone, *moved) == [{key: value for key, value in row.items() if key not in moved}]


@settings(deadline=None, max_examples=125)
@given(AWKWARD, AWKWARD, st.integers(1, 200), st.sampled_from([1, 3, 50, 1000]))
def test_pieces_change_nothing(before: bytes, after: bytes, chunk: int, step: int) -> None:
    content = before + NEXT + after
    whole = read_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunker, "_CHUNK_BYTES", chunk)
        parts = read_bytes(content, step)
    assert parts.records.equals(whole.records)
    assert parts.unparsed.equals(whole.unparsed)
    assert parts.members == whole.members


def test_a_big_log_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b' SIPMSG:\n |INVITE\n Via: a="b"\n \n |\n\n'
    some = (
        NEXT
        + HEADER
        + b'Detail="a\nb" Event="x"\n'
        + HEADER
        + b"x\n"
        + body
        + b"2018-13-01T00:00:00Z expc01 x\n"
    )
    content = b"lost\n" + some * 300
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 1 << 30)
    whole = read_bytes(content)
    assert whole.records.num_rows == 900
    assert_tiled(whole, content)
    for chunk in (200, 5000):
        monkeypatch.setattr(chunker, "_CHUNK_BYTES", chunk)
        parts = read_bytes(content, step=777)
        assert parts.records.equals(whole.records)
        assert parts.unparsed.equals(whole.unparsed)
        assert parts.members == whole.members


KEY = st.from_regex(r"[A-Za-z_]([A-Za-z0-9_.()\-]|->){0,8}", fullmatch=True).filter(
    lambda key: key != "UTCTime"
)
VALUE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"<\n“”'), max_size=12)
WORD = st.text("abcdefxyz0123456789;|~", min_size=1, max_size=8)
NOISE = st.lists(st.text(string.ascii_letters + ' "=:<>|é', max_size=12), max_size=3)
TAG = st.tuples(
    st.sampled_from(["tvcs", "httpd", "traffic_server", "XCP_CM2", "x-y.z"]),
    st.none() | st.integers(0, (1 << 31) - 1),
    st.none() | st.sampled_from(["web", "sub_1"]),
)
MINUTES = st.integers(-14 * 60, 14 * 60)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


@st.composite
def made_records(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """A record and noise below it, and what its columns have to say."""
    moment, minutes = draw(MOMENT), draw(MINUTES)
    host = draw(st.sampled_from(["expc01", "EXPE-02", "10.0.0.1", "<removed>"]))
    process, pid, subprocess = draw(st.none() | TAG) or (None, None, None)
    utc_time = draw(st.none() | st.integers(-3, 6).map(lambda early: moment - timedelta(milliseconds=early)))
    fields: Pairs = draw(st.lists(st.tuples(KEY, VALUE), max_size=5))
    if utc_time is not None:
        said = utc_time.strftime("%Y-%m-%d %H:%M:%S,") + f"{utc_time.microsecond // 1000:03d}"
        fields.insert(draw(st.integers(0, len(fields))), ("UTCTime", said))
    word = draw(st.none() | WORD)
    noise = draw(NOISE)

    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    line = f"{local.isoformat(timespec='milliseconds')} {host}"
    if process is not None:
        line += f" {process}" + ("" if pid is None else f"[{pid}]") + ":"
        line += "" if subprocess is None else f" {subprocess}:"
    line += "".join(f' {key}="{value}"' for key, value in fields)
    line += f" {word}" if word is not None else "" if fields else " "
    below = "\n".join(noise)
    expected = {
        "header_time": moment,
        "time": moment if utc_time is None else utc_time,
        "utc_offset": minutes,
        "host": host,
        "process": process,
        "pid": pid,
        "subprocess": subprocess,
        "fields": fields,
        "detail": next((value for key, value in fields if key == "Detail"), None),
        "text": word,
        "body": below if below.strip() else None,
    }
    return f"{line}\n".encode() + "".join(f"{text}\n" for text in noise).encode(), expected


@settings(deadline=None, max_examples=100)
@given(NOISE, st.lists(made_records(), min_size=1, max_size=5))
def test_records_come_back_as_they_went_in(lost: list[str], made: list[tuple[bytes, dict[str, Any]]]) -> None:
    before = "".join(f"{text}\n" for text in lost).encode()
    content = before + b"".join(raw for raw, _ in made)
    assume(not is_pasted(content))
    tables = read_bytes(content)
    assert_tiled(tables, content)
    assert tables.unparsed["text"].to_pylist() == lost
    assert tables.records["length"].to_pylist() == [len(raw) for raw, _ in made]
    found = rows(content)
    assert [{key: row[key] for key in made[0][1]} for row in found] == [expected for _, expected in made]
