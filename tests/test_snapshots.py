"""Inputs of every kind, as members of snapshots; nothing raises but an input that is not there."""

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from records_from import HEADER

from logdiag.errors import InputError
from logdiag.model import Fault, MemberCoverage
from logdiag.reading import Tables, read
from logdiag.snapshots import Limits, compression, find_snapshots
from logdiag.snapshots.compression import COMPRESSIONS, OUTPUT, decompress

LINE = HEADER + b'tvcs: Event="x"\n'


def log(number: int = 0, records: int = 3) -> bytes:
    """A log that does not compress well, another for each number."""
    noise = random.Random(number)
    return b"".join(HEADER + b'tvcs: Event="%x"\n' % noise.getrandbits(256) for _ in range(records))


def tar(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def parse(*inputs: Path | str) -> Tables:
    return read(find_snapshots(inputs))


def listed(tables: Tables) -> list[tuple[str, str, int]]:
    """Snapshot, source and number of records of each member."""
    return [(member.snapshot, member.source, member.records) for member in tables.members]


def member(tables: Tables, source: str) -> MemberCoverage:
    (found,) = [member for member in tables.members if member.source == source]
    return found


def kinds(member: MemberCoverage) -> list[str]:
    """In what ways a member is not all there."""
    return [fault.kind for fault in member.faults]


# ── kinds of inputs ─────────────────────────────────────────────────────────────────────────

Wrap = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("name", "wrap", "source"),
    [
        ("messages.log", lambda content: content, "messages.log"),
        ("messages", lambda content: content, "messages"),
        ("messages.log.gz", gz, "messages.log"),
        ("odd.txt", gz, "odd.txt"),
        ("expc01.tar", lambda content: tar(("var/log/messages", content)), "var/log/messages"),
        ("expc01.tar.gz", lambda content: gz(tar(("var/messages", content))), "var/messages"),
        ("expc01.tgz", lambda content: gz(tar(("var/messages", content))), "var/messages"),
        ("expc01.tar", lambda content: tar(("messages.1.gz", gz(content))), "messages.1"),
        ("renamed.bin", lambda content: gz(tar(("messages", content))), "messages"),
    ],
)
def test_one_file(tmp_path: Path, name: str, wrap: Wrap, source: str) -> None:
    content = log()
    tables = parse(put(tmp_path / name, wrap(content)))
    assert listed(tables) == [(name, source, 3)]
    assert (tables.members[0].size, tables.members[0].faults) == (len(content), ())
    assert set(tables.records["snapshot"].to_pylist()) == {name}
    assert set(tables.records["source"].to_pylist()) == {source}


def test_the_bytes_of_a_member_are_the_same_in_every_wrapping(tmp_path: Path) -> None:
    content = log(records=4000)
    wrapped = [content, gz(content), tar(("m", content)), gz(tar(("m", content)))]
    read_ = [parse(put(tmp_path / str(number), raw)) for number, raw in enumerate(wrapped)]
    tables = [found.records.drop_columns(["snapshot", "source"]) for found in read_]
    assert tables[0].num_rows == 4000
    assert all(table.equals(tables[0]) for table in tables)


def test_a_folder_with_a_log_in_it_is_a_snapshot(tmp_path: Path) -> None:
    put(tmp_path / "expc01" / "messages", log())
    put(tmp_path / "expc01" / "more" / "deep" / "network_log.1.gz", gz(log(1)))
    assert listed(parse(tmp_path / "expc01")) == [
        ("expc01", "messages", 3),
        ("expc01", "more/deep/network_log.1", 3),
    ]


@pytest.mark.parametrize("layout", ["var", "mnt", "tandberg"])
def test_a_folder_with_the_layout_of_an_archive_is_a_snapshot(tmp_path: Path, layout: str) -> None:
    put(tmp_path / "expc01" / layout / "log" / "messages", log())
    put(tmp_path / "expc01" / "etc" / "messages", log(1))
    assert listed(parse(tmp_path / "expc01")) == [
        ("expc01", "etc/messages", 3),
        ("expc01", f"{layout}/log/messages", 3),
    ]


def test_a_folder_of_snapshots(tmp_path: Path) -> None:
    put(tmp_path / "case" / "expc01" / "messages", log(1))
    put(tmp_path / "case" / "expc02.tar.gz", gz(tar(("messages", log(2)))))
    put(tmp_path / "case" / "expc03.tgz", gz(tar(("messages", log(3)))))
    put(tmp_path / "case" / "expc04.tar", tar(("messages", log(4))))
    put(tmp_path / "case" / "README.txt", b"What the customer said\n")
    put(tmp_path / "case" / ".hidden" / "messages", log(5))
    snapshots = ("expc01", "expc02.tar.gz", "expc03.tgz", "expc04.tar")
    assert listed(parse(tmp_path / "case")) == [
        (".hidden", "messages", 3),
        ("case", "README.txt", 0),  # a loose file is no snapshot, but it is not left out
        *((name, "messages", 3) for name in snapshots),
    ]


def test_a_folder_without_anything(tmp_path: Path) -> None:
    tables = parse(tmp_path)
    assert (tables.members, tables.records.num_rows, tables.unparsed.num_rows) == ((), 0, 0)


def test_snapshots_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    paths = [put(tmp_path / name, log()) for name in ("c.log", "a.log", "b.log")]
    assert [name for name, *_ in listed(parse(*paths))] == ["a.log", "b.log", "c.log"]
    assert parse(*paths).records.equals(parse(*reversed(paths)).records)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gz(tar(("messages", log()))))))
    assert listed(parse("-")) == [("-", "messages", 3)]


def test_standard_input_beside_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log())))
    assert listed(parse(put(tmp_path / "a.log", log(1)), "-")) == [("-", "-", 3), ("a.log", "a.log", 3)]


def test_archives_inside_archives(tmp_path: Path) -> None:
    inner = tar(("logs/messages", log()))
    outer = gz(tar(("a.tar", inner), ("deep/b.tar.gz", gz(inner)), ("c.tgz", gz(inner))))
    tables = parse(put(tmp_path / "outer.tar.gz", outer))
    assert listed(tables) == [
        ("outer.tar.gz", f"{name}!/logs/messages", 3) for name in ("a.tar", "c.tar", "deep/b.tar")
    ]


def test_an_archive_in_a_folder_with_a_log(tmp_path: Path) -> None:
    put(tmp_path / "expc01" / "messages", log())
    put(tmp_path / "expc01" / "outer.tar", tar(("inner.tar.gz", gz(tar(("old", log(1)))))))
    assert listed(parse(tmp_path / "expc01")) == [
        ("expc01", "messages", 3),
        ("expc01", "outer.tar!/inner.tar!/old", 3),
    ]


def test_archives_too_deep_inside_each_other_are_named_and_not_opened(tmp_path: Path) -> None:
    content = log()
    for _ in range(20):
        content = tar(("in.tar", content))
    (found,) = parse(put(tmp_path / "out.tar", content)).members
    assert (found.kind, found.records, found.size) == ("other", 0, 0)
    assert found.source == "!/".join(["in.tar"] * Limits().depth)
    (fault,) = found.faults
    assert fault == Fault("limit", "archives inside each other more than 8 deep are not opened (depth)")


# ── names ───────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_vanishes_before_it_is_read_is_a_fault(tmp_path: Path) -> None:
    paths = [put(tmp_path / "expc01" / name, log(n)) for n, name in enumerate("abc")]
    found = find_snapshots([tmp_path / "expc01"])
    paths[1].unlink()
    tables = read(found)
    assert [(member.source, member.records, member.faults) for member in tables.members] == [
        ("a", 3, ()),
        ("b", 0, (Fault("unreadable", "cannot be read: No such file or directory"),)),
        ("c", 3, ()),
    ]


def test_a_folder_that_vanishes_before_it_is_read_is_a_fault(tmp_path: Path) -> None:
    closed = put(tmp_path / "case" / "expc01" / "messages", log()).parent
    put(tmp_path / "case" / "expc02" / "messages", log(1))
    found = find_snapshots([tmp_path / "case"])
    shutil.rmtree(closed)
    tables = read(found)
    assert [(one.snapshot, one.source, one.records, one.faults) for one in tables.members] == [
        (
            "expc01",
            "expc01",
            0,
            (Fault("unreadable", "the folder cannot be read: No such file or directory"),),
        ),
        ("expc02", "messages", 3, ()),
    ]


def test_same_names_are_numbered_by_content(tmp_path: Path) -> None:
    paths = [put(tmp_path / str(number) / "peer.log", log(number)) for number in range(3)]
    names: dict[str, str] = {}
    for order in (paths, paths[::-1], [paths[1], paths[2], paths[0]]):
        found = {snapshot.name: snapshot.given for snapshot in find_snapshots(order)}
        assert list(found) == ["peer.log", "peer.log#2", "peer.log#3"]
        assert names in ({}, found)
        names = found
    assert sorted(names.values()) == list(map(str, paths))


def test_same_names_of_folders_are_numbered_by_content(tmp_path: Path) -> None:
    one, two = (put(tmp_path / str(number) / "peer" / "messages", log(number)).parent for number in range(2))
    found = [[(s.name, s.given) for s in find_snapshots(order)] for order in ([one, two], [two, one])]
    assert found[0] == found[1]
    assert [name for name, _ in found[0]] == ["peer", "peer#2"]


def test_folders_that_differ_in_names_only_are_numbered_whatever_the_order(tmp_path: Path) -> None:
    one = put(tmp_path / "1" / "peer" / "messages", log()).parent
    two = put(tmp_path / "2" / "peer" / "messages.1", log()).parent
    assert listed(parse(one, two)) == listed(parse(two, one))


def test_a_name_that_looks_like_a_numbered_one_keeps_its_number(tmp_path: Path) -> None:
    paths = [put(tmp_path / str(n) / name, log(n)) for n, name in enumerate(("peer", "peer", "peer#2"))]
    for order in (paths, paths[::-1]):
        found = {snapshot.name: Path(snapshot.given).name for snapshot in find_snapshots(order)}
        assert found == {"peer": "peer", "peer#2": "peer#2", "peer#3": "peer"}


@pytest.mark.parametrize("order", [(1, 1, 2), (2, 1, 1), (1, 2, 1)])
def test_a_member_that_looks_like_a_numbered_one_is_told_from_it(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    names = {1: "messages", 2: "messages#2"}
    path = put(tmp_path / "a.tar", tar(*((names[one], log(n)) for n, one in enumerate(order))))
    sources = [source for _, source, records in listed(parse(path)) if records == 3]
    assert len(set(sources)) == len(sources) == 3


def test_the_same_name_twice_in_an_archive(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tar", tar(("messages", log(1)), ("messages", log(2, records=5))))
    assert listed(parse(path)) == [("a.tar", "messages", 3), ("a.tar", "messages#2", 5)]


def test_a_log_and_its_compressed_namesake(tmp_path: Path) -> None:
    put(tmp_path / "expc01" / "messages", log(1))
    put(tmp_path / "expc01" / "messages.gz", gz(log(2, records=5)))
    assert listed(parse(tmp_path / "expc01")) == [("expc01", "messages", 3), ("expc01", "messages#2", 5)]


def test_a_file_whose_name_is_a_suffix(tmp_path: Path) -> None:
    tables = parse(put(tmp_path / ".gz", gz(log())))
    assert [(snapshot, records) for snapshot, _, records in listed(tables)] == [(".gz", 3)]


def test_a_name_in_an_archive_that_is_not_utf_8(tmp_path: Path) -> None:
    content = tar(("caf@.log", log())).replace(b"caf@.log", b"caf\xe9.log")
    header = bytearray(content[:512])
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    tables = parse(put(tmp_path / "a.tar", bytes(header) + content[512:]))
    assert [(snapshot, records) for snapshot, _, records in listed(tables)] == [("a.tar", 3)]


def test_a_name_in_a_folder_that_is_not_utf_8(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.log")).write_bytes(log())
    except OSError:
        pytest.skip("the file system takes no such name")
    assert [records for *_, records in listed(parse(tmp_path))] == [3]


@pytest.mark.parametrize("name", ["../up.log", "/abs.log", "a/../../b.log"])
def test_names_in_archives_are_labels(tmp_path: Path, name: str) -> None:
    tables = parse(put(tmp_path / "in" / "a.tar", tar((name, log()))))
    assert listed(tables) == [("a.tar", name, 3)]
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.tar"]


# ── what is not read ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"some notes\n", "holds no log record"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture, which is not read"),
        (b"\xd4\xc3\xb2\xa1\2\0\4\0", "a packet capture, which is not read"),
        (b"\x0a\x0d\x0d\x0a\0\0", "a packet capture, which is not read"),
        (b"\x7fELF\2\1", "a program or a core dump, which is not read"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        (b"\0\1\2", "binary data; holds no log record"),
        (b"text at first, \0 binary then", "binary data; holds no log record"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n", "keys, or something else in PEM"),
    ],
)
def test_a_file_that_is_neither_log_nor_dump_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    tables = parse(put(tmp_path / "notes.txt", content))
    (found,) = tables.members
    assert (found.kind, found.source, found.size) == ("other", "notes.txt", len(content))
    assert (found.reason or "").startswith(words)
    assert found.faults == ()
    assert (tables.records.num_rows, tables.unparsed.num_rows) == (0, 0)


def test_links_and_devices_in_an_archive(tmp_path: Path) -> None:
    kinds = {
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "char": tarfile.CHRTYPE,
        "block": tarfile.BLKTYPE,
        "fifo": tarfile.FIFOTYPE,
        "folder": tarfile.DIRTYPE,
    }
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind in kinds.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "messages"
            archive.addfile(entry)
        entry = tarfile.TarInfo("messages")
        entry.size = len(LINE)
        archive.addfile(entry, io.BytesIO(LINE))
    tables = parse(put(tmp_path / "a.tar", file.getvalue()))
    assert [(found.source, found.kind, found.records) for found in tables.members] == [
        *((name, "other", 0) for name in ("block", "char", "fifo", "hardlink")),
        ("messages", "log", 1),
        ("symlink", "other", 0),
    ]
    reasons = [found.reason or "" for found in tables.members]
    assert [next((word for word in ("link", "device") if word in reason), None) for reason in reasons] == [
        *("device", "device", "device", "link", None, "link"),
    ]
    assert [found.faults for found in tables.members] == [()] * 6


def test_links_and_devices_in_a_folder(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "messages", log())
    put(tmp_path / "expc01" / "messages", log(1))
    (tmp_path / "expc01" / "file_link").symlink_to(outside)
    (tmp_path / "expc01" / "folder_link").symlink_to(outside.parent)
    (tmp_path / "expc01" / "loop").symlink_to(tmp_path / "expc01")
    os.mkfifo(tmp_path / "expc01" / "pipe")
    tables = parse(tmp_path / "expc01")
    assert listed(tables) == [
        ("expc01", "file_link", 0),
        ("expc01", "folder_link", 0),
        ("expc01", "loop", 0),
        ("expc01", "messages", 3),
        ("expc01", "pipe", 0),
    ]
    assert [found.reason for found in tables.members] == [
        *["a link is not followed"] * 3,
        None,
        "a device is not read",
    ]


def test_all_missing_inputs_are_named(tmp_path: Path) -> None:
    here = put(tmp_path / "here.log", log())
    with pytest.raises(InputError) as raised:
        find_snapshots([tmp_path / "one.log", here, tmp_path / "folder" / "two.log"])
    message = str(raised.value)
    assert [name in message for name in ("one.log", "two.log", "here.log")] == [True, True, False]
    assert len(message.splitlines()) == 2


# ── what is not whole ───────────────────────────────────────────────────────────────────────


def readable(packed: bytes) -> int:
    """How many bytes can be had of cut gzip data."""
    return len(zlib.decompressobj(31).decompress(packed))


def assert_kept(tables: Tables, source: str, size: int) -> None:
    """All bytes were kept; a decompressor may hold back its last symbol, of 258 bytes at most."""
    kept = member(tables, source).size
    assert size - 258 <= kept <= size
    lengths = zip(*(tables.records[name].to_pylist() for name in ("source", "length")), strict=True)
    assert sum(length for name, length in lengths if name == source) == kept


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("records", [1000, 4000])
def test_a_cut_gzip_file(tmp_path: Path, part: float, records: int) -> None:
    content = log(records=records)
    packed = gz(content)
    packed = packed[: int(len(packed) * part)]
    tables = parse(put(tmp_path / "messages.gz", packed))
    assert_kept(tables, "messages", readable(packed))
    assert kinds(member(tables, "messages")) == ["cut"]


@pytest.mark.parametrize("left", [2, 5, 9])
def test_a_gzip_file_that_is_cut_in_its_head(tmp_path: Path, left: int) -> None:
    tables = parse(put(tmp_path / "messages.gz", gz(log())[:left]))
    (found,) = tables.members
    assert (found.kind, found.size, found.records) == ("other", 0, 0)
    assert kinds(found) == ["cut"]


def test_a_gzip_file_without_its_last_bytes(tmp_path: Path) -> None:
    content = log()
    (found,) = parse(put(tmp_path / "messages.gz", gz(content)[:-4])).members
    assert (found.records, found.size) == (3, len(content))
    assert kinds(found) == ["cut"]


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    packed = bytearray(gz(log(records=20_000)))
    half = len(packed) // 2
    packed[half : half + 2000] = b"\xff" * 2000
    tables = parse(put(tmp_path / "messages.gz", bytes(packed)))
    (found,) = tables.members
    (fault,) = found.faults
    assert fault.kind == "damaged"
    assert fault.text.startswith("damaged gzip data")
    assert found.records > 5000


def test_a_gzip_file_that_is_damaged_early_keeps_what_stands_before(tmp_path: Path) -> None:
    content = log(records=2000)
    packed = bytearray(gz(content))
    half = len(packed) // 2
    packed[half : half + 2000] = b"\xff" * 2000
    tables = parse(put(tmp_path / "messages.gz", bytes(packed)))
    (found,) = tables.members
    (fault,) = found.faults
    assert fault.kind == "damaged"
    assert fault.text.startswith("damaged gzip data")
    assert found.records > 500


def test_a_gzip_file_with_a_wrong_checksum(tmp_path: Path) -> None:
    content = log(records=1000)
    packed = bytearray(gz(content))
    packed[-6] ^= 0xFF
    (found,) = parse(put(tmp_path / "messages.gz", bytes(packed))).members
    (fault,) = found.faults
    assert fault.kind == "damaged"
    assert fault.text.startswith("damaged gzip data")
    assert found.records > 0


@pytest.mark.parametrize("between", [b"", b"\0" * 100])
def test_a_gzip_file_of_many_parts(tmp_path: Path, between: bytes) -> None:
    parts = [gz(log(number)) for number in range(5)]
    (found,) = parse(put(tmp_path / "messages.gz", between.join(parts) + between)).members
    assert (found.records, found.faults) == (15, ())


def test_a_gzip_file_whose_second_part_is_cut(tmp_path: Path) -> None:
    whole, part = log(1), log(2, records=1000)
    packed = gz(part)[:20_000]
    tables = parse(put(tmp_path / "messages.gz", gz(whole) + packed))
    assert_kept(tables, "messages", len(whole) + readable(packed))
    assert kinds(tables.members[0]) == ["cut"]


@pytest.mark.parametrize("other", [b"x" * 1000, b"some text\n", b"junk", b"\n"])
def test_other_data_behind_gzip_data(tmp_path: Path, other: bytes) -> None:
    content = log()
    (found,) = parse(put(tmp_path / "messages.gz", gz(content) + other)).members
    assert (found.records, found.size) == (3, len(content))
    assert found.faults == (Fault("damaged", "other data after the gzip data"),)


LOGS = [log(number, records=2000) for number in range(3)]
THREE = tar(*((f"log/{number}", content) for number, content in enumerate(LOGS)))
SECOND = THREE.index(b"log/1\0")


@pytest.mark.parametrize("inside", [1, 1000, 100_000])
def test_a_tar_that_is_cut_inside_a_member(tmp_path: Path, inside: int) -> None:
    tables = parse(put(tmp_path / "a.tar", THREE[: SECOND + 512 + inside]))
    assert member(tables, "log/0").records == 2000
    assert member(tables, "log/0").faults == ()
    cut = member(tables, "log/1")
    assert kinds(cut) == ["cut"]
    assert member(tables, "a.tar").faults
    assert "log/2" not in [found.source for found in tables.members]
    assert cut.size == inside


@pytest.mark.parametrize("at", [SECOND, SECOND + 100])
def test_a_tar_that_is_cut_between_members(tmp_path: Path, at: int) -> None:
    tables = parse(put(tmp_path / "a.tar", THREE[:at]))
    assert [(found.source, found.records, bool(found.faults)) for found in tables.members] == [
        ("a.tar", 0, True),
        ("log/0", 2000, False),
    ]


def test_a_cut_tar_gz(tmp_path: Path) -> None:
    packed = gz(THREE)
    packed = packed[: len(packed) // 2]
    left = readable(packed)
    assert SECOND + 512 < left < SECOND + len(LOGS[1])
    tables = parse(put(tmp_path / "a.tar.gz", packed))
    assert member(tables, "log/0").records == 2000
    cut = member(tables, "log/1")
    assert kinds(cut) == ["cut"]
    assert kinds(member(tables, "a.tar"))[0] == "cut"
    assert_kept(tables, "log/1", left - SECOND - 512)


def test_a_tar_gz_without_its_last_bytes(tmp_path: Path) -> None:
    tables = parse(put(tmp_path / "a.tar.gz", gz(THREE)[:-4]))
    assert [(found.source, found.records, len(found.faults)) for found in tables.members] == [
        ("a.tar", 0, 1),
        ("log/0", 2000, 0),
        ("log/1", 2000, 0),
        ("log/2", 2000, 0),
    ]


def test_a_cut_gzip_file_in_a_whole_tar(tmp_path: Path) -> None:
    cut = gz(LOGS[0])[:40_000]
    tables = parse(put(tmp_path / "a.tar", tar(("0.gz", cut), ("1", LOGS[1]))))
    assert [(found.source, len(found.faults)) for found in tables.members] == [("0", 1), ("1", 0)]
    assert_kept(tables, "0", readable(cut))


def test_a_cut_archive_in_a_whole_tar(tmp_path: Path) -> None:
    tables = parse(put(tmp_path / "a.tar", tar(("in.tar", THREE[:SECOND]), ("1", LOGS[1]))))
    assert [(found.source, found.records, bool(found.faults)) for found in tables.members] == [
        ("1", 2000, False),
        ("in.tar", 0, True),
        ("in.tar!/log/0", 2000, False),
    ]


def test_a_tar_with_a_damaged_header_in_its_middle(tmp_path: Path) -> None:
    damaged = bytearray(THREE)
    damaged[SECOND] ^= 1
    tables = parse(put(tmp_path / "a.tar", bytes(damaged)))
    assert member(tables, "log/0").records == 2000
    assert member(tables, "a.tar").faults


# ── nothing is written ──────────────────────────────────────────────────────────────────────


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for variable in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(variable, str(tmp_path / "temporary"))
    nested = gz(tar(("in.tar.gz", gz(THREE)), ("../up.log", log())))
    put(tmp_path / "case" / "a.tar.gz", nested)
    put(tmp_path / "case" / "cut.tar", THREE[:5000])
    put(tmp_path / "case" / "expc01" / "messages", log())

    def state() -> list[tuple[Path, int, int]]:
        return [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(tmp_path.rglob("*"))]

    before = state()
    assert parse(tmp_path / "case").records.num_rows >= 6006
    assert state() == before


# ── xz, Zstandard, bzip2 and zip ────────────────────────────────────────────────────────────


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


COMPRESSED: dict[str, Wrap] = {
    ".gz": gz,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
    ".bz2": bz2.compress,
}
NAMES = {".gz": "gzip", ".xz": "xz", ".zst": "Zstandard", ".bz2": "bzip2"}


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_every_compression(tmp_path: Path, suffix: str) -> None:
    wrap = COMPRESSED[suffix]
    tables = parse(put(tmp_path / f"messages{suffix}", wrap(log())))
    assert listed(tables) == [(f"messages{suffix}", "messages", 3)]
    tables = parse(put(tmp_path / f"expc01.tar{suffix}", wrap(tar(("var/messages", log())))))
    assert listed(tables) == [(f"expc01.tar{suffix}", "var/messages", 3)]
    assert tables.members[0].faults == ()


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_several_parts_are_one_stream(tmp_path: Path, suffix: str) -> None:
    wrap = COMPRESSED[suffix]
    tables = parse(put(tmp_path / f"m{suffix}", wrap(log(1)) + wrap(log(2))))
    assert listed(tables) == [(f"m{suffix}", "m", 6)]


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_of_a_cut_stream_what_was_readable_is_kept(tmp_path: Path, suffix: str) -> None:
    packed = COMPRESSED[suffix](log(records=12_000))
    tables = parse(put(tmp_path / f"m{suffix}", packed[: len(packed) * 3 // 4]))
    (found,) = tables.members
    assert found.faults == (Fault("cut", f"cut: the {NAMES[suffix]} data ends before its end mark"),)
    assert found.records > 4000


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_small_stream_that_unpacks_to_much_comes_in_pieces(suffix: str) -> None:
    packed = COMPRESSED[suffix](bytes(64 << 20))
    faults: list[Fault] = []
    compression = next(one for one in COMPRESSIONS if suffix == one.suffix)
    sizes = [len(piece) for piece in decompress(compression, iter([packed]), faults)]
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= OUTPUT
    assert faults == []


SKIPPED = b"\x53\x2a\x4d\x18" + (9).to_bytes(4, "little") + b"some note"


@pytest.mark.parametrize(
    "content",
    [
        zstd.compress(log()) + SKIPPED,
        SKIPPED + zstd.compress(log()),
        SKIPPED * 2 + zstd.compress(LINE) + SKIPPED + zstd.compress(LINE * 2) + SKIPPED,
    ],
)
def test_frames_that_zstandard_skips_are_skipped(tmp_path: Path, content: bytes) -> None:
    (found,) = parse(put(tmp_path / "m.zst", content)).members
    assert (found.source, found.records, found.faults) == ("m", 3, ())


def test_a_frame_to_skip_that_is_cut(tmp_path: Path) -> None:
    (found,) = parse(put(tmp_path / "m.zst", zstd.compress(log()) + SKIPPED[:-1])).members
    assert (found.records, kinds(found)) == (3, ["cut"])


def far(suffix: str, log_of_window: int) -> bytes:
    """A stream that wants as much memory as a power of 2 of bytes."""
    if suffix == ".xz":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << log_of_window}]
        return lzma.compress(log(), filters=filters)
    options = {zstd.CompressionParameter.window_log: log_of_window}
    packer = zstd.ZstdCompressor(options=options)
    return packer.compress(log()) + packer.flush()


@pytest.mark.parametrize("suffix", [".xz", ".zst"])
def test_a_stream_that_wants_too_much_memory_is_not_unpacked(tmp_path: Path, suffix: str) -> None:
    for window, records in ((26, 3), (27, 3), (28, 0)):
        (found,) = parse(put(tmp_path / f"m{window}{suffix}", far(suffix, window))).members
        assert (found.records, kinds(found)) == (records, [] if records else ["damaged"])
    inside = tar(*((f"{window}{suffix}", far(suffix, window)) for window in (26, 27)))
    tables = parse(put(tmp_path / "a.tgz", gz(tar(("b.tar", inside)))))
    assert [(found.records, kinds(found)) for found in tables.members] == [(3, []), (0, ["damaged"])]


def test_a_stream_of_parts_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_MAX_FRAMES", 5)
    (found,) = parse(put(tmp_path / "m.gz", gz(LINE) * 9)).members
    assert (found.records, kinds(found)) == (5, ["limit"])


def test_a_zip_archive(tmp_path: Path) -> None:
    packed = zipped(("logs/messages", log(1)), ("logs/", b""), ("old.gz", gz(log(2))), ("note.txt", b"x"))
    assert listed(parse(put(tmp_path / "expc01.zip", packed))) == [
        ("expc01.zip", "logs/messages", 3),
        ("expc01.zip", "note.txt", 0),
        ("expc01.zip", "old", 3),
    ]


def test_archives_of_one_kind_in_another(tmp_path: Path) -> None:
    inner = zipped(("a", log(1)))
    outer = lzma.compress(tar(("in.zip", inner), ("in.tar.zst", zstd.compress(tar(("b", log(2)))))))
    assert listed(parse(put(tmp_path / "x.tar.xz", outer))) == [
        ("x.tar.xz", "in.tar!/b", 3),
        ("x.tar.xz", "in.zip!/a", 3),
    ]


def test_of_a_zip_archive_without_its_end_what_its_members_say_is_kept(tmp_path: Path) -> None:
    packed = zipped(("a", log(1, records=500)), ("b/", b""), ("b/c.gz", gz(log(2))))
    tables = parse(put(tmp_path / "expc01.zip", packed[:-30]))
    assert listed(tables) == [
        ("expc01.zip", "a", 500),
        ("expc01.zip", "b/c", 3),
        ("expc01.zip", "expc01.zip", 0),
    ]
    (fault,) = member(tables, "expc01.zip").faults
    assert fault.kind == "cut"
    assert fault.text.startswith("cut or damaged: the zip archive has no list of its members")
    assert (member(tables, "a").faults, member(tables, "b/c").faults) == ((), ())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_of_a_zip_archive_that_is_cut_inside_a_member_the_part_is_kept(tmp_path: Path, method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a", log(1))
        archive.writestr("b", log(2, records=5000))
    tables = parse(put(tmp_path / "expc01.zip", file.getvalue()[: len(file.getvalue()) // 2]))
    assert (member(tables, "a").records, member(tables, "a").faults) == (3, ())
    assert kinds(member(tables, "b")) == ["cut"]
    assert 1000 < member(tables, "b").records < 5000


def test_a_zip_archive_that_was_written_as_a_stream_and_is_cut(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """A file that cannot be gone back in: sizes then stand behind the members."""

        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.content += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr("a", log(1))
        archive.writestr("b", log(2, records=4))
    tables = parse(put(tmp_path / "expc01.zip", pipe.content[:-40]))
    assert listed(tables)[:2] == [("expc01.zip", "a", 3), ("expc01.zip", "b", 4)]


def test_a_damaged_member_of_a_zip_archive(tmp_path: Path) -> None:
    packed = bytearray(zipped(("a", log(1, records=5000)), ("b", log(2))))
    packed[60_000] ^= 0xFF
    tables = parse(put(tmp_path / "expc01.zip", bytes(packed)))
    (fault,) = member(tables, "a").faults
    assert fault.kind == "damaged"
    assert fault.text.startswith("damaged: the archive cannot give this member whole")
    assert member(tables, "b").records == 3


def test_an_encrypted_member_of_a_zip_archive(tmp_path: Path) -> None:
    packed = bytearray(zipped(("secret", b"x" * 30), ("plain", log())))
    for at in (packed.find(b"PK\x03\x04") + 6, packed.find(b"PK\x01\x02") + 8):
        packed[at] |= 1
    tables = parse(put(tmp_path / "expc01.zip", bytes(packed)))
    assert member(tables, "secret").reason == "is encrypted"
    assert member(tables, "plain").records == 3


def test_a_link_of_a_zip_archive_is_not_followed(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "expc01.zip", "w") as archive:
        archive.writestr(link, "/etc/hostname")
    (found,) = parse(tmp_path / "expc01.zip").members
    assert (found.reason, found.size) == ("a link in the archive is not followed", 0)


def test_an_input_that_is_neither_file_nor_folder() -> None:
    with pytest.raises(InputError, match="/dev/zero: is neither a file nor a folder"):
        find_snapshots(["/dev/zero"])


def test_standard_input_is_read_once_however_often_it_is_named() -> None:
    assert [snapshot.name for snapshot in find_snapshots(["-", "-"])] == ["-"]
