"""From snapshots to tables and the ledger: pieces, lines and records without end, UTF-16, sums."""

import codecs
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from records_from import FRAGMENTS, HEADER, OneLog, read_bytes

from logdiag.cluster import find_clusters
from logdiag.cluster.coverage import measure_coverage
from logdiag.conditions import compile_condition
from logdiag.model import Coverage, Fault
from logdiag.reading import Tables, read, read_texts
from logdiag.reading.unread_reasons import NO_YEARS
from logdiag.records import ORPHAN, Record, Unparsed, Want, chunker, pieces, rows
from logdiag.records.chunker import (
    BEHIND_LONG_LINE,
    BEHIND_LONG_RECORD,
    LONG_LINE,
    LONGEST_RECORD,
    Unrecognised,
)
from logdiag.records.rows import EACH
from logdiag.records.utf16 import Transcoded, utf16_of
from logdiag.rules.selection import Selection
from logdiag.snapshots import Limits, Member, Meter

PIECES = import_module("logdiag.records.chunker")  # the package has a function of this name
READER_MODULE = import_module("logdiag.reading.reader")
NODES = HEADER + b'cdb: Node="c@a" Detail="d" Node="c@b"\n'
LINE = HEADER + b'tvcs: Event="x"\n'

# ── pieces ──────────────────────────────────────────────────────────────────────────────────

BYTES = st.lists(st.sampled_from([*FRAGMENTS, LINE, b"y" * 70, b"z" * 2000]), max_size=40).map(b"".join)
STEPS = st.sampled_from([1, 3, 50, 1000])


def in_steps(content: bytes, step: int) -> Iterator[bytes]:
    return (content[at : at + step] for at in range(0, len(content), step))


def cut(content: bytes, step: int, line: int) -> list[bytes | Unrecognised]:
    found = pieces(in_steps(content, step), line)
    return [one if isinstance(one, Unrecognised) else bytes(one) for one in found]


@settings(deadline=None, max_examples=200)
@given(BYTES, STEPS, st.integers(1, 200), st.integers(1, 300), st.integers(1, 3000))
def test_pieces_are_the_bytes_in_their_order(
    content: bytes, step: int, piece: int, line: int, longest: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunker, "_CHUNK_BYTES", piece)
        patch.setattr(chunker, "LONGEST_RECORD", longest)
        found = cut(content, step, line)
    at = 0
    for one in found:
        if isinstance(one, bytes):
            assert one
            assert content.startswith(one, at)
            at += len(one)
        else:
            assert one.length > 0
            assert content[at : at + one.length].startswith(one.raw[: one.length])
            assert at + one.length == len(content) or content[at + one.length - 1 : at + one.length] == b"\n"
            at += one.length
    assert at == len(content)


@settings(deadline=None, max_examples=200)
@given(BYTES, STEPS, st.integers(1, 200), st.integers(1, 300), st.integers(1, 3000))
def test_rows_of_pieces_of_any_size_tile_the_bytes(
    content: bytes, step: int, piece: int, line: int, longest: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunker, "_CHUNK_BYTES", piece)
        patch.setattr(chunker, "LONGEST_RECORD", longest)
        found = list(rows(cut(content, step, line)))
    at = 0
    for row in found:
        assert (row.offset, row.line) == (at, content.count(b"\n", 0, at) + 1)
        assert row.length > 0
        if isinstance(row, Record):
            assert bytes(row.raw) == content[at : at + row.length]
            lines = row.raw.split(b"\n")
            assert max(map(len, lines)) < line or max(map(len, lines[:-1]), default=0) < line
        at += row.length
    assert at == len(content)


@settings(deadline=None, max_examples=200)
@given(BYTES, STEPS, st.integers(1, 300))
def test_no_line_of_a_record_is_longer_than_the_limit_and_no_shorter_one_is_called_long(
    content: bytes, step: int, line: int
) -> None:
    at = 0
    for row in rows(cut(content, step, line)):
        raw = content[at : at + row.length]
        longest = max(len(one) for one in raw.splitlines(keepends=True)) if b"\r" not in raw else None
        if longest is not None and isinstance(row, Record):
            assert longest <= line
        if longest is not None and isinstance(row, Unparsed) and row.reason == LONG_LINE:
            assert longest > line
        at += row.length


def sums(tables: Tables) -> tuple[int, int]:
    """The bytes of records and of lines without one; together they are in order and without a gap."""
    places = [
        (offset, length)
        for table in (tables.records, tables.unparsed)
        for offset, length in zip(table["offset"].to_pylist(), table["length"].to_pylist(), strict=True)
    ]
    at = 0
    for offset, length in sorted(places):
        assert offset == at
        at += length
    return sum(tables.records["length"].to_pylist()), sum(tables.unparsed["length"].to_pylist())


def test_a_line_of_three_megabytes_is_set_apart() -> None:
    long = b'tvcs: Detail="' + b"x" * (3 << 20) + b'"\n'
    content = LINE + HEADER + long + b" below\n" + LINE
    tables = read_bytes(content)
    (member,) = tables.members
    assert (member.records, member.record_bytes) == (2, 2 * len(LINE))
    assert member.reasons == {LONG_LINE: 1, BEHIND_LONG_LINE: 1}
    assert sums(tables) == (member.record_bytes, member.unparsed_bytes)
    assert member.unparsed_bytes == len(HEADER + long) + 7
    assert max(map(len, tables.unparsed["text"].to_pylist())) <= 1000
    assert tables.records["line"].to_pylist() == [1, 4]
    assert member.faults == ()


def test_a_line_of_three_megabytes_that_never_ends_is_set_apart() -> None:
    tables = read_bytes(LINE + b"x" * (3 << 20))
    (member,) = tables.members
    assert (member.records, member.unparsed, member.unparsed_bytes) == (1, 1, 3 << 20)
    assert sums(tables) == (len(LINE), 3 << 20)


def test_a_record_with_many_empty_lines_behind_it_is_whole() -> None:
    content = LINE + b"\n" * 900_000 + b" |\n" + b"\n" * 1000 + LINE
    tables = read_bytes(content)
    assert tables.records["length"].to_pylist() == [len(content) - len(LINE), len(LINE)]
    assert tables.records["line"].to_pylist() == [1, 901_003]
    assert tables.records["body"].to_pylist()[0].count("\n") == 901_000


BSD = b'<166>Aug  2 14:57:43 expc01 tvcs: Event="x" Level="1"\n'
BSD_DATED = BSD.replace(b'Level="1"', b'UTCTime="2021-08-02 12:57:43"')


def test_records_whose_time_has_no_year_take_it_from_the_next_record_that_has_one() -> None:
    content = b"an old line\n" + BSD + b"below\n" + BSD.removeprefix(b"<166>") * 2 + LINE
    tables = read_bytes(content)
    (member,) = tables.members
    assert (member.records, member.unparsed) == (4, 1)
    assert member.reasons == {ORPHAN: 1}
    assert sums(tables) == (len(content) - len(b"an old line\n"), len(b"an old line\n"))


def test_a_log_whose_times_have_no_year_is_not_read_and_says_why() -> None:
    (member,) = read_bytes(b"\n" + BSD * 1000).members
    assert (member.kind, member.records, member.reason) == ("other", 0, NO_YEARS)
    assert member.size == len(BSD) * 1000 + 1


def test_a_member_is_searched_for_a_record_only_so_far_and_says_so() -> None:
    (member,) = read_bytes(b"x" * 70 + b"\n" + b"an old line\n" * 800_000 + LINE).members
    assert (member.kind, member.reason) == ("other", "holds no log record in its first 8 MiB")


def test_a_relays_time_without_a_year_does_not_hide_the_records_own() -> None:
    (member,) = read_bytes(b"Aug  2 14:57:43 relay " + LINE).members
    assert (member.records, member.unparsed) == (1, 0)


def test_of_a_record_of_five_megabytes_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 1 << 21)
    body = b" |" + b"x" * 77 + b"\n"
    content = LINE + body * ((5 << 20) // len(body)) + LINE
    tables = read_bytes(content)
    (member,) = tables.members
    first, second = tables.records["length"].to_pylist()
    assert LONGEST_RECORD <= first < LONGEST_RECORD + 2 * chunker._CHUNK_BYTES
    assert second == len(LINE)
    assert set(member.reasons) == {BEHIND_LONG_RECORD}
    assert sums(tables) == (member.record_bytes, member.unparsed_bytes)
    assert member.size == len(content)
    assert member.unparsed == member.unparsed_bytes // len(body)


def test_a_record_that_times_that_are_none_make_long_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunker, "LONGEST_RECORD", 50_000)
    monkeypatch.setattr(chunker, "_CHUNK_BYTES", 10_000)
    content = LINE + b"2018-13-02T03:04:05Z expc01 x\n" * 10_000 + LINE
    tables = read_bytes(content, step=5000)
    assert tables.members[0].size == len(content)
    assert max(tables.records["length"].to_pylist()) < 100_000


def test_a_dump_with_very_many_lines_that_are_none_counts_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdiag.reading.reader.EACH", 5)
    good = b'*c xConfiguration SystemUnit Name: "expc01"\n'
    (member,) = (tables := read_bytes(good * 30 + b"= junk\n" * 20)).members
    assert (member.kind, member.settings, member.unparsed) == ("xconfiguration", 30, 20)
    assert (member.unparsed_bytes, tables.unparsed.num_rows) == (20 * len(b"= junk\n"), 5)


def test_of_a_dump_with_more_values_than_are_read_the_first_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdiag.reading.reader._MAX_SETTINGS", 12)
    dump = b"".join(b"*c xConfiguration Zones Zone %d Name: z\n" % n for n in range(13))
    for content, faults in ((dump, 1), (dump[: dump.index(b"*c xConfiguration Zones Zone 12")], 0)):
        (member,) = (tables := read_bytes(content)).members
        assert (member.settings, member.size, len(member.faults)) == (12, len(content), faults)
        assert tables.config["value"].to_pylist() == ["z"] * 12
    assert Fault("limit", "of a dump no more than 12 values are read") in read_bytes(dump).members[0].faults


@pytest.mark.parametrize("behind", ["a record", "a record without end"])
def test_fifty_thousand_lines_without_a_record_are_all_counted_and_share_rows(behind: str) -> None:
    lines = b"an old line\n" * 50_000
    before = LINE + b"x" * (1 << 21) + b"\n" if behind == "a record without end" else b""
    content = before + lines + LINE
    tables = read_bytes(content)
    (member,) = tables.members
    assert sums(tables) == (member.record_bytes, member.unparsed_bytes)
    assert member.reasons[BEHIND_LONG_LINE if before else ORPHAN] == 50_000
    assert tables.records["line"].to_pylist()[-1] == content.count(b"\n")
    assert tables.unparsed.num_rows <= 2 * EACH


# ── UTF-16 ──────────────────────────────────────────────────────────────────────────────────

ENCODINGS = [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)]
RECORD = LINE.decode()
TEXTS = st.lists(
    st.sampled_from(
        [RECORD, RECORD.replace("x", "한국어 😀 é"), "\n", "\r\n", " |", '="', "“", "below 한 😀\n"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    max_size=20,
).map("".join)


def without_place(tables: Tables) -> list[dict[str, Any]]:
    rows_ = [*tables.records.to_pylist(), *tables.unparsed.to_pylist()]
    return [{key: value for key, value in row.items() if key not in ("offset", "length")} for row in rows_]


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS)
@settings(deadline=None, max_examples=60)
@given(text=TEXTS, marked=st.booleans(), step=st.sampled_from([1, 7, 1000]))
def test_a_log_in_utf_16_holds_the_records_of_its_twin_in_utf_8(
    encoding: str, mark: bytes, text: str, marked: bool, step: int
) -> None:
    text = RECORD * 2 + text
    content = (mark if marked else b"") + text.encode(encoding)
    twin = ("\ufeff" if marked else "") + text
    found, expected = read_bytes(content, step), read_bytes(twin.encode())
    assert without_place(found) == without_place(expected)
    sums(found)
    (member,) = found.members
    assert (member.size, member.repair is not None) == (len(content), True)
    assert member.record_bytes + member.unparsed_bytes == len(content)
    (of_twin,) = expected.members
    same = {"size": 0, "record_bytes": 0, "unparsed_bytes": 0, "repair": None}
    assert dataclasses.replace(member, **same) == dataclasses.replace(of_twin, **same)  # type: ignore[arg-type]
    raw = twin.encode()
    for own, other in zip(found.records.to_pylist(), expected.records.to_pylist(), strict=True):
        part = content[own["offset"] : own["offset"] + own["length"]].decode(encoding)
        assert part.encode() == raw[other["offset"] : other["offset"] + other["length"]]


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS)
@settings(deadline=None, max_examples=60)
@given(rest=st.binary(max_size=40), step=st.sampled_from([1, 2, 7, 1000]))
def test_rows_tile_utf_16_that_is_broken(encoding: str, mark: bytes, rest: bytes, step: int) -> None:
    content = mark + RECORD.encode(encoding) + rest
    tables = read_bytes(content, step)
    (member,) = tables.members
    assert member.size == len(content)
    assert sums(tables) == (member.record_bytes, member.unparsed_bytes)
    assert member.record_bytes + member.unparsed_bytes == len(content)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60), st.sampled_from(["utf-16-le", "utf-16-be"]), st.integers(1, 9))
def test_what_is_transcoded_does_not_depend_on_how_it_comes(content: bytes, encoding: Any, step: int) -> None:
    once = b"".join(Transcoded([content], encoding).chunks())
    stream = Transcoded(in_steps(content, step), encoding)
    assert b"".join(stream.chunks()) == once
    assert stream.size == len(content)


@pytest.mark.parametrize(
    "content", [b"", b"x", LINE, LINE * 3, b"\0" * 100, b"x\0" * 40, "no record\n".encode("utf-16-le") * 9]
)
def test_what_is_not_utf_16_is_not_taken_for_it(content: bytes) -> None:
    assert utf16_of(content) is None


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS)
def test_a_file_in_utf_16_that_is_no_log_is_no_log(encoding: str, mark: bytes) -> None:
    content = mark + "notes for the team\n".encode(encoding)
    (member,) = read_bytes(content).members
    assert (member.kind, member.size, member.repair) == ("other", len(content), None)
    assert member.reason is not None


# ── the ledger ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Several:
    """A snapshot of several members, of which some are not whole."""

    name: str
    files: dict[str, bytes]
    cut: frozenset[str] = frozenset()

    def members(self, meter: Meter) -> Iterator[Member]:
        for name, content in self.files.items():
            faults = [Fault("cut", "cut here")] if name in self.cut else []
            yield Member(name, meter.content(meter.given(iter([content])), faults), faults)


def ledger(tables: Tables) -> Coverage:
    return measure_coverage(tables, find_clusters(tables), repeated=0)


def assert_adds_up(told: Coverage) -> None:
    """Members add up to their snapshots and to all; so do peers and what is of no peer."""
    for name in ("size", "records", "unparsed", "unparsed_bytes"):
        of_members = sum(getattr(member, name) for member in told.members)
        assert getattr(told, name) == of_members, name
        assert sum(getattr(one, name) for one in told.snapshots) == of_members, name
        for one in told.snapshots:
            own = [member for member in told.members if member.snapshot == one.snapshot]
            assert getattr(one, name) == sum(getattr(member, name) for member in own), name
            assert (one.members, one.faults) == (len(own), sum(bool(member.faults) for member in own))
    assert told.settings == sum(member.settings for member in told.members)
    for member in told.members:
        if member.kind == "log":
            assert member.record_bytes + member.unparsed_bytes == member.size
        assert sum(member.reasons.values()) == member.unparsed
    logs = [member for member in told.members if member.kind == "log"]
    others = sum(member.size for member in told.members if member.kind != "log")
    assert sum(peer.records for peer in told.peers) == told.records
    of_peers = sum(peer.record_bytes for peer in told.peers)
    assert of_peers + sum(member.unparsed_bytes for member in logs) + others == told.size
    assert len({peer.peer for peer in told.peers}) == len(told.peers)


def line_of(host: str, said: str = 'Event="x"') -> bytes:
    return f"2024-03-05T09:00:00.000+00:00 {host} tvcs: {said}\n".encode()


XCONF = b'*c xConfiguration SystemUnit Name: "expc01"\n*c xConfiguration SIP Domain: "x"\nno shape\n'
HOSTS = ["expc01", "EXPC01", "expc01.example.com", "expc02", "10.0.0.1", "2001:DB8::1", "<removed>"]
CONTENTS = st.lists(
    st.sampled_from([line_of(host) for host in HOSTS])
    | st.sampled_from([b"a line of an older record\n", b"\xff\n", b"2024-13-05T09:00:00Z expc01 x\n"]),
    max_size=8,
).map(b"".join) | st.sampled_from(
    [b"", XCONF, b"\x89PNG\r\n\x1a\n", b"notes\n", (LINE * 2).decode().encode("utf-16")]
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("xyz"), CONTENTS)))
def test_the_ledger_adds_up_whatever_was_given(given_: dict[str, dict[str, bytes]]) -> None:
    snapshots: Any = [
        Several(name, files, frozenset("x") & set(files)) for name, files in sorted(given_.items())
    ]
    told = ledger(read(snapshots))
    assert_adds_up(told)
    assert told.size == sum(len(content) for files in given_.values() for content in files.values())
    for one in told.snapshots:
        assert one.given == one.size == sum(map(len, given_[one.snapshot].values()))


@pytest.mark.parametrize(
    "hosts",
    [
        ("expc01.one.example", "expc01.two.example"),
        ("expc01..", "expc01.x"),
        ("expc01", "expc01.one.example"),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_the_ledger_adds_up_where_peers_of_two_domains_have_one_name(
    hosts: tuple[str, ...], apart: bool
) -> None:
    files = {f"{host}.log": line_of(host) for host in hosts}
    assert_adds_up(ledger(read_texts(files if apart else {"one.log": b"".join(files.values())})))


def test_the_ledger_adds_up_where_two_clusters_have_peers_of_one_name() -> None:
    def of_domain(domain: str) -> bytes:
        node = f'Module="x" Node="clusterdb@expc01.{domain}" Node="clusterdb@expc02.{domain}"'
        return line_of("expc01", node) + line_of("expc02")

    tables = read_texts({"a.log": of_domain("one.example"), "b.log": of_domain("two.example") * 2})
    told = ledger(tables)
    assert_adds_up(told)
    peers = {peer.peer: peer.records for peer in told.peers}
    assert (peers["expc01.one.example"], peers["expc01.two.example"]) == (1, 2)


def test_a_dump_counts_its_values_and_the_lines_without_a_shape() -> None:
    tables = read_texts({"xconf_dump_expc01.txt": XCONF, "a.log": LINE})
    (dump,) = [member for member in tables.members if member.kind == "xconfiguration"]
    assert (dump.size, dump.settings, dump.unparsed, dump.unparsed_bytes) == (len(XCONF), 2, 1, 9)
    assert sum(dump.reasons.values()) == 1
    assert tables.config.num_rows == 2
    assert set(tables.config["host"].to_pylist()) == {"expc01"}
    assert tables.dumps[0].host == "expc01"
    assert ledger(tables).settings == 2
    assert_adds_up(ledger(tables))


def test_records_stand_in_the_order_in_which_rotated_logs_were_written() -> None:
    def of(hour: int) -> bytes:
        return f"2024-03-05T{hour:02}:00:00.000+00:00 expc01 tvcs: hour {hour}\n".encode()

    files = {"messages": of(3) + of(4), "messages.1": of(1) + of(2), "messages.2": of(0)}
    snapshots: Any = [Several("expc01", files)]
    tables = read(snapshots, want=Want(texts=True, digests=True))
    assert tables.records["text"].to_pylist() == [f"hour {hour}" for hour in range(5)]
    assert tables.texts is not None
    assert [text.split()[-1] for text in tables.texts.to_pylist()] == list("01234")
    assert [member.source for member in tables.members] == sorted(files)


def test_a_limit_on_lines_reaches_the_log() -> None:
    (member,) = read([OneLog(LINE + b"z" * 300 + b"\n" + LINE)], Limits(line=200)).members  # type: ignore[list-item]
    assert (member.records, member.reasons) == (2, {LONG_LINE: 1})


# ── small members ───────────────────────────────────────────────────────────────────────────

MEMBERS = st.lists(
    st.one_of(
        BYTES,
        st.lists(st.sampled_from([*FRAGMENTS, LINE, NODES]), max_size=8).map(
            lambda own: LINE + b"".join(own)
        ),
        st.lists(
            st.sampled_from([BSD, BSD_DATED, b"below\n", b"2018-13-01T00:00:00Z expc01 x\n"]), max_size=4
        ).map(b"".join),
        st.sampled_from(
            [
                b"",
                b'*c xConfiguration SystemUnit Name: "expa01"\n',
                b"\xff\xfe" + LINE.decode().encode("utf-16-le"),
            ]
        ),
    ),
    min_size=2,
    max_size=6,
)


@dataclass(frozen=True)
class Logs:
    """A snapshot with several members."""

    contents: list[bytes]
    name: str = "expc01"

    def members(self, _: Meter) -> Iterator[Member]:
        return (Member(f"{n}.log", iter([own])) for n, own in enumerate(self.contents))


@settings(deadline=None, max_examples=300)
@given(MEMBERS, st.sampled_from(["lark", "compiled"]), st.booleans(), st.sampled_from([100, 1 << 22]))
@example([HEADER, HEADER + b"\\0x0a"], "compiled", False, 1 << 22)  # a line end that is cut
@example([HEADER + b"x \r", HEADER + b"\r"], "compiled", False, 1 << 22)
def test_small_members_that_are_read_together_give_what_each_gives(
    contents: list[bytes], engine: Any, selected: bool, together: int
) -> None:
    select = Selection([compile_condition({"Event": "x"})]) if selected else None
    want = Want(select, texts=True, digests=True)
    found = []
    for small in (-1, 1 << 16):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(READER_MODULE, "_SMALL", small)
            patch.setattr(READER_MODULE, "_TOGETHER", together)
            found.append(read([Logs(contents)], want=want, engine=engine, jobs=1))  # type: ignore[list-item]
    alone, joined = found
    joined.records.validate(full=True)
    for name in ("records", "unparsed", "config", "status"):
        assert getattr(alone, name).to_pylist() == getattr(joined, name).to_pylist(), name
    assert alone.texts.to_pylist() == joined.texts.to_pylist()
    assert (alone.members, alone.dumps, alone.spans) == (joined.members, joined.dumps, joined.spans)
    assert alone.numbers.tolist() == joined.numbers.tolist()
    assert {k: v.tolist() for k, v in alone.digests.items()} == {
        k: v.tolist() for k, v in joined.digests.items()
    }
