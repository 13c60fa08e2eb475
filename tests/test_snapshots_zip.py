"""Zip archives: read as by the standard library where they are whole, and without harm where they lie."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.model import Fault
from logdiag.snapshots.compression import OUTPUT
from logdiag.snapshots.limits import Limits
from logdiag.snapshots.zip_ import begins, read_entries

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]

Read = tuple[str, bytes | None, list[str]]
"""Name, content or None if it is skipped, and kinds of faults."""


def read(content: bytes, limits: Limits | None = None) -> tuple[list[Read], list[Fault]]:
    """The members of an archive, and what is wrong with it."""
    faults: list[Fault] = []
    found: list[Read] = []
    for entry in read_entries(iter([content]), faults, limits or Limits()):
        data = b"".join(entry.chunks) if entry.skipped is None else None
        found.append((entry.source, data, [fault.kind for fault in entry.faults]))
    return found, faults


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def text(number: int, size: int) -> bytes:
    noise = random.Random(number)
    return b"".join(b"%x\n" % noise.getrandbits(40) for _ in range(size // 10))


# ── whole archives ──────────────────────────────────────────────────────────────────────────

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=3000), st.sampled_from(METHODS)), max_size=6), st.binary()
)
@settings(deadline=None)
def test_an_archive_is_read_as_the_standard_library_reads_it(
    made: list[tuple[str, bytes, int]], comment: bytes
) -> None:
    file = io.BytesIO()
    names = [f"{name}{number}" for number, (name, _, _) in enumerate(made)]
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, (_, content, method) in zip(names, made, strict=True):
            archive.writestr(zipfile.ZipInfo(name), content, method)
    assert begins(file.getvalue()[:4])
    found, faults = read(file.getvalue())
    assert found == [(name, content, []) for name, (_, content, _) in zip(names, made, strict=True)]
    assert faults == []


@pytest.mark.parametrize("method", METHODS)
def test_a_member_with_sizes_of_64_bits(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        with archive.open("a", "w", force_zip64=True) as member:
            member.write(text(1, 5000))
        archive.writestr("b", text(2, 500))
    for content in (file.getvalue(), file.getvalue()[:-30]):
        assert read(content)[0] == [("a", text(1, 5000), []), ("b", text(2, 500), [])]


def test_an_archive_whose_list_has_64_bits() -> None:
    content = zipped(("a", text(1, 500)), ("b", text(2, 500)))
    at = content.rindex(b"PK\5\6")
    count, _, length, place = struct.unpack("<2H2I", content[at + 8 : at + 20])
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, place)
    wide += struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    expected = [("a", text(1, 500), []), ("b", text(2, 500), [])]
    assert read(content[:at] + wide + end) == (expected, [])
    found, (fault,) = read(b"PK\3\4 in front" * 5 + content[:at] + wide + end)
    assert found == expected
    assert fault.text == "damaged zip archive: 65 bytes belong to no member in its list"
    lying = wide.replace(struct.pack("<Q", length), b"\xff" * 8)
    found, (fault,) = read(content[:at] + lying + end)
    assert found == expected  # from the headers in front of the members
    assert fault.kind == "cut"


@pytest.mark.parametrize("method", METHODS)
def test_pieces_of_a_member_are_small(method: int) -> None:
    content = zipped(("zeros", bytes(32 << 20)), method=method)
    sizes = [len(chunk) for entry in read_entries(iter([content]), [], Limits()) for chunk in entry.chunks]
    assert sum(sizes) == 32 << 20
    assert max(sizes) <= OUTPUT


# ── archives that lie ───────────────────────────────────────────────────────────────────────


def listed(name: bytes, content: bytes, place: int) -> bytes:
    fixed = (
        20,
        20,
        0,
        0,
        0,
        33,
        zlib.crc32(content),
        len(content),
        len(content),
        len(name),
        0,
        0,
        0,
        0,
        0,
        place,
    )
    return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fixed) + name


def local(name: bytes, content: bytes, flags: int = 0, method: int = 0) -> bytes:
    sizes = (0, 0, 0) if flags & 8 else (zlib.crc32(content), len(content), len(content))
    return (
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, method, 0, 33, *sizes, len(name), 0) + name + content
    )


def end(members: int, length: int, place: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, members, members, length, place, 0)


def test_two_names_for_one_member_are_told_and_read_once() -> None:
    front, both = local(b"a", b"content"), listed(b"a", b"content", 0) + listed(b"b", b"content", 0)
    found, (fault,) = read(front + both + end(2, len(both), len(front)))
    assert found == [("a", b"content", [])]
    assert fault.text == "damaged zip archive: 1 names in its list are of members that have another"


def test_members_on_top_of_each_other_are_read_for_as_long_as_the_archive_is() -> None:
    content = bytes(200_000)
    front = b"".join(local(b"%03d" % number, b"") for number in range(100)) + content
    starts = range(0, 33 * 100, 33)
    lists = b"".join(listed(b"%03d" % n, front[at + 33 :], at) for n, at in enumerate(starts))
    front = b"".join(local(b"%03d" % n, front[at + 33 :])[:33] for n, at in enumerate(starts)) + content
    whole = front + lists + end(100, len(lists), len(front))
    found, _ = read(whole)
    assert sum(len(data or b"") for _, data, _ in found) <= len(whole)
    assert [kinds for *_, kinds in found[2:]] == [["damaged"]] * 98


def test_a_member_that_the_list_leaves_out_is_told() -> None:
    front = local(b"a", b"shown") + local(b"b", b"hidden" * 10)
    names = listed(b"a", b"shown", 0)
    found, (fault,) = read(front + names + end(1, len(names), len(front)))
    assert found == [("a", b"shown", [])]
    assert fault.text == "damaged zip archive: 91 bytes belong to no member in its list"


def test_a_list_with_fewer_members_than_it_says_and_data_behind_it() -> None:
    content = zipped(("a", b"x"), ("b", b"y"))
    at = content.rindex(b"PK\5\6")
    broken = content[: at + 8] + b"\5\0\5\0" + content[at + 12 :] + b"more"
    found, (fault,) = read(broken)
    assert [name for name, *_ in found] == ["a", "b"]
    assert fault.text == "damaged zip archive: its list has 2 members and not 5; 4 bytes follow it"


def test_a_member_that_is_not_where_the_list_says() -> None:
    content = bytearray(zipped(("a", b"x" * 50), ("b", b"y" * 50), method=zipfile.ZIP_STORED))
    content[content.rindex(b"PK\3\4")] ^= 1
    found, (fault,) = read(bytes(content))
    assert found == [("a", b"x" * 50, []), ("b", b"", ["damaged"])]
    assert fault.text == "damaged zip archive: 81 bytes belong to no member in its list"


@pytest.mark.parametrize("place", [1 << 62, (1 << 64) - 1])
def test_a_member_in_a_place_that_no_file_has(place: int) -> None:
    names = bytearray(listed(b"a", b"x", 0xFFFFFFFF) + struct.pack("<2HQ", 1, 8, place))
    names[30:32] = struct.pack("<H", 12)
    found, _ = read(local(b"a", b"x") + bytes(names) + end(1, len(names), 32))
    assert found == [("a", b"", ["damaged"])]


@pytest.mark.parametrize("length", [0, 5, 8, 13, 60_000])
def test_extra_data_that_are_cut(length: int) -> None:
    extra = struct.pack("<2H", 1, length) + b"\xff" * 13
    head = bytearray(local(b"a", extra + b"x"))
    head[14:30] = struct.pack("<3I2H", zlib.crc32(b"x"), 1, 1, 1, len(extra))
    found, (fault,) = read(bytes(head))
    assert found == [("a", b"x", [])]
    assert fault.kind == "cut"


def test_a_wrong_checksum_is_told() -> None:
    content = zipped(("a", b"x" * 50), method=zipfile.ZIP_STORED).replace(b"x" * 50, b"x" * 49 + b"y")
    assert read(content)[0] == [("a", b"x" * 49 + b"y", ["damaged"])]


def test_an_unknown_method_is_told() -> None:
    content = bytearray(zipped(("a", b"x"), ("b", b"y")))
    for at in (8, content.index(b"PK\1\2") + 10):
        content[at] = 9
    assert read(bytes(content))[0] == [("a", b"", ["unreadable"]), ("b", b"y", [])]


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA"), (1, "method 1")]
)
def test_another_method_is_named_with_what_to_do(method: int, name: str) -> None:
    content = bytearray(zipped(("a", b"x")))
    for at in (8, content.index(b"PK\1\2") + 10):
        content[at] = method
    [entry] = read_entries(iter([bytes(content)]), [], Limits())
    [fault] = entry.faults
    assert fault.text == f"packed by {name}, not read: unpack the archive and give the folder instead"


def test_what_is_called_a_folder_but_has_content_is_read() -> None:
    content = zipped(("a/", b""), ("b/", b"content"))
    assert read(content) == ([("b/", b"content", [])], [])


def test_folders_without_end_are_passed_over_up_to_a_limit() -> None:
    content = zipped(*((f"{number}/", b"") for number in range(12)), ("a", b"x"))
    assert read(content, Limits(members=12))[0] == [("a", b"x", [])]
    found, (fault,) = read(content, Limits(members=11))
    assert (found, fault.kind) == ([], "limit")


def test_without_its_list_a_size_that_lies_hides_no_member() -> None:
    packed = zlib.compress(b"content")[2:-4]
    for size in (0, 1, 5, 500_000):
        head = bytearray(local(b"a", b"", method=8) + packed)
        head[18:22] = struct.pack("<I", size)
        found, (fault,) = read(bytes(head) + local(b"b", b"behind"))
        assert found[-1] == ("b", b"behind", [])
        assert fault.kind == "cut"


def test_without_its_list_every_member_of_a_stream_is_found() -> None:
    packed = zlib.compress(b"content" * 100)[2:-4]
    broken = local(b"bad", b"\xff" * 60, flags=8, method=8)
    content = local(b"a", packed, flags=8, method=8) + broken + local(b"kept", b"stored", flags=8)
    found, _ = read(content + local(b"c", packed, flags=8, method=8) + local(b"d", b"end"))
    assert found == [
        ("a", b"content" * 100, []),
        ("bad", b"", ["damaged"]),
        ("kept", b"stored", []),
        ("c", b"content" * 100, []),
        ("d", b"end", []),
    ]


MEMBERS = [(f"log{number}", text(number, 400 * number)) for number in range(1, 5)]


@pytest.mark.parametrize("method", METHODS)
def test_of_an_archive_that_is_cut_anywhere_all_that_stands_before_is_kept(method: int) -> None:
    whole = zipped(*MEMBERS, method=method)
    starts = list(ends_of_members(whole))
    for at in range(0, len(whole), 11):
        found, faults = read(whole[:at])
        kept = [name for (name, _), stop in zip(MEMBERS, starts, strict=True) if stop <= at]
        assert [name for name, _, kinds in found if not kinds][: len(kept)] == kept
        assert [data for _, data, _ in found][: len(kept)] == [data for _, data in MEMBERS[: len(kept)]]
        assert [fault.kind for fault in faults] == ["cut"]


def ends_of_members(whole: bytes) -> Iterator[int]:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for info in archive.infolist():
            yield info.header_offset + 30 + len(info.filename) + info.compress_size


@given(
    st.sampled_from(METHODS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=5),
)
@settings(deadline=None)
def test_no_damage_raises_or_stays_silent_about_what_it_took(
    method: int, changes: list[tuple[float, int]]
) -> None:
    broken = bytearray(zipped(*MEMBERS, method=method))
    for part, change in changes:
        broken[int(part * len(broken))] ^= change
    found, faults = read(bytes(broken))
    lost = [content for _, content in MEMBERS if content not in [data for _, data, _ in found]]
    assert not lost or faults or any(kinds or data is None for _, data, kinds in found)
