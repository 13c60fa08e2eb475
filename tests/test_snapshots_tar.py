"""Tar archives: what honest programs write is read as by them, and of what is broken all that is left."""

import io
import itertools
import shutil
import subprocess
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logdiag.model import Fault
from logdiag.snapshots.tar import begins, read_entries

BLOCK = 512
END = bytes(2 * BLOCK)

Read = tuple[str, bytes | None, list[str]]
"""Name, content or None if it is skipped, and kinds of faults."""


def read(content: bytes, step: int = 1 << 16) -> tuple[list[Read], list[Fault]]:
    """The members of an archive that comes ``step`` bytes at a time, and what is wrong with it."""
    faults: list[Fault] = []
    chunks = (content[at : at + step] for at in range(0, len(content), step))
    found: list[Read] = []
    for entry in read_entries(chunks, faults):
        data = b"".join(entry.chunks) if entry.skipped is None else None
        found.append((entry.source, data, [fault.kind for fault in entry.faults]))
    return found, faults


def by_tarfile(content: bytes) -> list[Read]:
    """The same as the standard library has it."""
    found: list[Read] = []
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for entry in archive:
            name = entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if entry.isfile():
                file = archive.extractfile(entry)
                assert file is not None
                found.append((name, file.read(), []))
            elif not entry.isdir():
                found.append((name, None, []))
    return found


def archived(members: list[tarfile.TarInfo], contents: list[bytes], form: int) -> bytes:
    file = io.BytesIO()
    headers = {"comment": "made by hand"} if form == tarfile.PAX_FORMAT else None
    with tarfile.open(fileobj=file, mode="w", format=form, pax_headers=headers) as archive:
        for member, content in zip(members, contents, strict=True):
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def tar(*members: tuple[str, bytes]) -> bytes:
    infos = [tarfile.TarInfo(name) for name, _ in members]
    for info, (_, content) in zip(infos, members, strict=True):
        info.size = len(content)
    return archived(infos, [content for _, content in members], tarfile.GNU_FORMAT)


def header(name: bytes, size: int, kind: bytes = b"0", magic: bytes = b"ustar\x0000") -> bytes:
    """A header block with the right sum."""
    block = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    block = (block + b" " * 8 + kind + bytes(100) + magic).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def pax(*pairs: tuple[str, str]) -> bytes:
    records = b""
    for key, value in pairs:
        said = f" {key}={value}\n".encode()
        size = len(said) + len(str(len(said)))
        size = len(said) + len(str(size))
        records += b"%d" % size + said
    return header(b"pax", len(records), b"x") + padded(records)


# ── what honest programs write ──────────────────────────────────────────────────────────────

KINDS = {
    "file": tarfile.REGTYPE,
    "old file": tarfile.AREGTYPE,
    "folder": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "pipe": tarfile.FIFOTYPE,
}
PARTS = st.text(
    st.characters(exclude_characters="/\0\n", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda part: part.strip("."))
NAMES = st.lists(PARTS, min_size=1, max_size=8).map("/".join)


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(draw(NAMES))
    info.type = KINDS[draw(st.sampled_from(["file", "file", *KINDS]))]
    # The standard library takes a file of the old type for a folder if its header, which has the beginning of
    # a long name, ends with a slash.
    assume(info.type != tarfile.AREGTYPE or len(info.name.encode()) < 100)
    info.linkname = draw(NAMES) if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    content = draw(st.binary(max_size=1500)) if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else b""
    info.size = len(content)
    info.mtime = draw(st.one_of(st.integers(0, 1 << 35), st.floats(0, 1e10)))
    info.uid = draw(st.integers(0, 1 << 22))
    return info, content


@given(
    st.lists(members(), min_size=1, max_size=6),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 3000),
)
@settings(deadline=None)
def test_an_archive_is_read_as_the_standard_library_reads_it(
    made: list[tuple[tarfile.TarInfo, bytes]], form: int, step: int
) -> None:
    if form == tarfile.USTAR_FORMAT:
        for number, (info, _) in enumerate(made):  # its names and numbers are short
            info.name, info.linkname = f"{'d' * 90}/{'e' * 50}/{number}", info.linkname and "target"
            info.mtime, info.uid = 1, 1
    content = archived([info for info, _ in made], [content for _, content in made], form)
    assert begins(content[:BLOCK])
    found, faults = read(content, step)
    assert found == by_tarfile(content)
    assert faults == []


PLACES = [(number * 5000, 700) for number in range(30)]
FLAT = [number for place in PLACES for number in place]
LINES = b"".join(b"%d\n" % number for number in (len(PLACES), *FLAT))
DATA = b"x" * (700 * len(PLACES))


def sparse(*pairs: tuple[str, str], front: bytes = b"") -> bytes:
    """A sparse file in one of the formats of pax."""
    extended = pax(*((f"GNU.sparse.{key}", value) for key, value in pairs))
    return extended + header(b"hole", len(padded(front)) + len(DATA)) + padded(front) + padded(DATA)


@pytest.mark.parametrize("form", ["old", "0.0", "0.1", "1.0"])
def test_a_sparse_file_of_any_format_is_reported_and_the_next_member_is_read(form: str) -> None:
    numbers = zip(("offset", "numbytes") * len(PLACES), map(str, FLAT), strict=True)
    content = {
        "old": old_sparse(PLACES, 150_000, DATA),
        "0.0": sparse(("size", "150000"), *numbers),
        "0.1": sparse(("size", "150000"), ("map", ",".join(map(str, FLAT)))),
        "1.0": sparse(("major", "1"), ("minor", "0"), ("name", "hole"), ("realsize", "9"), front=LINES),
    }[form]
    found, faults = read(content + header(b"behind", 1) + padded(b"x") + END)
    assert found == [("hole", b"", ["unreadable"]), ("behind", b"x", [])]
    assert faults == []


def test_a_sparse_file_says_what_to_do() -> None:
    [entry] = read_entries(iter([old_sparse(PLACES, 150_000, DATA) + END]), [])
    [fault] = entry.faults
    assert fault.text == "sparse file, not read: unpack the archive with tar and give the folder instead"


def old_sparse(places: list[tuple[int, int]], size: int, data: bytes) -> bytes:
    said = [b"%011o\0%011o\0" % place for place in places]
    rest = [said[at : at + 21] for at in range(4, len(said), 21)]
    head = bytearray(header(b"hole", len(data), b"S", b"ustar  \0"))
    head[386:482] = b"".join(said[:4]).ljust(96, b"\0")
    head[482] = bool(rest)
    head[483:495] = b"%011o\0" % size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    more = b"".join(
        b"".join(part).ljust(504, b"\0") + bytes([part is not rest[-1]]) + bytes(7) for part in rest
    )
    return bytes(head) + more + padded(data)


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar here")
@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_what_gnu_tar_writes(tmp_path: Path, form: str, version: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    contents = {"plain": b"x" * 1000, "ünicode": b"y", "empty": b""}
    if form in ("gnu", "posix"):
        contents["n" * 180] = b"long"
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with (folder / "hole").open("wb") as file:
        for place in range(0, 40 * 65536, 2 * 65536):
            file.seek(place)
            file.write(b"data")
        file.truncate(50 * 65536)
    contents["hole"] = (folder / "hole").read_bytes()
    options = ["--sparse", f"--sparse-version={version}"] if form in ("oldgnu", "gnu", "posix") else []
    words = ["tar", f"--format={form}", *options, "-cf", "a.tar", "-C", "in", *contents]
    if subprocess.run(words, cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("this tar has no such format")
    content = (tmp_path / "a.tar").read_bytes()
    assert begins(content[:BLOCK])
    found, faults = read(content)
    is_sparse = "--sparse" in options
    assert {name: data for name, data, _ in found} == (contents | {"hole": b""} if is_sparse else contents)
    assert [name for name, _, kinds in found if kinds] == (["hole"] if is_sparse else [])
    assert faults == []


def test_large_numbers_are_not_octal() -> None:
    head = bytearray(header(b"big", 0))
    head[124:136] = b"\x80" + (5).to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    assert read(bytes(head) + padded(b"hello") + END) == ([("big", b"hello", [])], [])


def test_a_sum_of_signed_bytes_is_right_too() -> None:
    head = bytearray(header("é".encode(), 1))
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(byte - 256 * (byte > 127) for byte in head)
    assert read(bytes(head) + padded(b"x") + END) == ([("é", b"x", [])], [])


def test_a_name_that_never_ends_is_shortened() -> None:
    content = pax(("path", "a" * 50_000 + ".log")) + header(b"x", 1) + padded(b"x") + END
    ((name, *_),), _ = read(content)
    assert len(name) == 1024
    assert name.endswith("aaa.log")


# ── what is broken ──────────────────────────────────────────────────────────────────────────

CONTENTS = [bytes([65 + number]) * (700 * number) for number in range(5)]
WHOLE = tar(*((f"log{number}", content) for number, content in enumerate(CONTENTS)))


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_of_an_archive_that_is_cut_anywhere_all_that_stands_before_is_kept(form: int) -> None:
    infos = [tarfile.TarInfo(f"{'long' * 40}{number}") for number in range(4)]
    contents = [bytes([65 + number]) * (400 * number) for number in range(4)]
    for info, content in zip(infos, contents, strict=True):
        info.size = len(content)
    whole = archived(infos, contents, form).rstrip(b"\0")
    whole = padded(whole) + END
    starts = list(where_contents_start(whole, contents))
    for at in range(0, len(whole), 7):
        found, faults = read(whole[:at], step=1000)
        left = [content[: max(0, at - start)] for start, content in starts if at >= start]
        assert [data for _, data, _ in found] == left
        assert [kinds for *_, kinds in found] == [
            [] if len(data) == len(content) else ["cut"]
            for data, content in zip(left, contents, strict=False)
        ]
        assert [fault.kind for fault in faults] in (["cut"], ["cut", "damaged"])


def where_contents_start(whole: bytes, contents: list[bytes]) -> Iterator[tuple[int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        for info, content in zip(archive, contents, strict=True):
            yield info.offset_data, content


@pytest.mark.parametrize("at", [0, 100, 130, 148, 156, 260, 400])
def test_behind_a_damaged_header_the_next_one_is_found(at: int) -> None:
    packed = bytearray(tar(("a", b"x" * 1000), ("b", b"y" * 3000), ("c", b"z" * 10)))
    second = packed.index(b"b\0")
    packed[second + at] ^= 1
    found, (fault,) = read(bytes(packed))
    assert found == [("a", b"x" * 1000, []), ("c", b"z" * 10, [])]
    assert fault.kind == "damaged"
    assert fault.text.endswith("3,584 bytes were passed over")


def test_a_thousand_damaged_headers_are_told_in_one_line() -> None:
    content = (header(b"a", 1)[:-1] + b"x" + padded(b"x") + header(b"b", 1) + padded(b"y")) * 1000
    found, (fault,) = read(content + END)
    assert found == [("b", b"y", [])] * 1000
    assert fault == Fault(
        "damaged",
        "damaged archive: 1,000 of its headers cannot be read, first one with a wrong sum; "
        "1,024,000 bytes were passed over",
    )


def test_an_archive_behind_an_archive_is_read_and_told() -> None:
    found, (fault,) = read(tar(("a", b"1")) + tar(("b", b"2")))
    assert [name for name, *_ in found] == ["a", "b"]
    assert fault == Fault("damaged", "damaged archive: other data after its end mark")


def test_other_data_behind_the_end_are_told() -> None:
    for behind in (b"x" * 700, padded(b"x" * 600) + bytes(188) + b"x", padded(b"x" * 188 + END + b"x") + END):
        found, (fault,) = read(header(b"a", 1) + padded(b"1") + END + behind)
        assert found == [("a", b"1", [])]
        assert fault.text.startswith("damaged archive: 1 of its headers cannot be read")
        assert "other data after its end mark" in fault.text


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), min_size=1, max_size=4))
@settings(deadline=None)
def test_no_damage_raises_or_stays_silent_about_what_it_took(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(WHOLE)
    for at, change in changes:
        broken[at] ^= change
    found, faults = read(bytes(broken), 700)
    if len(found) < len(CONTENTS):
        assert faults


def test_memory_is_a_chunk_however_large_a_member() -> None:
    piece = bytes(1 << 16)
    chunks = itertools.chain([header(b"big", 512 << 20)], itertools.repeat(piece, 8192), [END])
    tracemalloc.start()
    sizes = {len(chunk) for entry in read_entries(chunks, []) for chunk in entry.chunks}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == {len(piece)}
    assert peak < 4 << 20
