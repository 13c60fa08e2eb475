"""Cases: zip archives."""

import itertools
import lzma
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from archives import (
    DEFLATED,
    Entry,
    bz2_zeros,
    deflated,
    end,
    gz,
    honest_zip,
    listed,
    local,
    overlapping_zip,
    stored,
    zipped,
)
from backports import zstd
from case import NOTHING_READ, PARTIAL, RAN, Case, file
from of_streams import cut
from texts import log

LOGS = [deflated(b"log/%d" % n, log(100, start=n)) for n in range(3)]
FIRST = stored(b"messages", log())
GIGA = 1 << 30


def without_list(entries: list[Entry]) -> bytes:
    return b"".join(local(entry) + entry.packed for entry in entries)


ODD = {
    "a zip that lies of its list": (zipped(LOGS)[:-10] + b"\xff\xff\xff\x7f" * 2 + b"\0\0", PARTIAL, 300),
    "a zip with an empty list": (without_list(LOGS) + end(3, 0, 0), PARTIAL, 300),
    "a zip with a list of one": (
        without_list(LOGS) + listed(LOGS[0], 0) + end(1, len(listed(LOGS[0], 0)), len(without_list(LOGS))),
        PARTIAL,
        100,
    ),
    "a zip with names that differ in list and file": (
        zipped(LOGS).replace(b"log/1", b"log/X", 1),
        RAN,
        300,
    ),
    "a zip with a wrong sum": (zipped([LOGS[0], LOGS[1]._replace(crc=1), LOGS[2]]), PARTIAL, None),
    "a zip with a wrong size": (zipped([LOGS[0], LOGS[1]._replace(size=1 << 31)]), RAN, 200),
    "a zip with an unknown method": (zipped([LOGS[0], LOGS[1]._replace(method=77)]), PARTIAL, 100),
    "a zip with a nameless file": (zipped([LOGS[0]._replace(name=b""), LOGS[1]]), RAN, 200),
    "a zip with a name that is a NUL": (zipped([LOGS[0]._replace(name=b"\0x"), LOGS[1]]), RAN, 200),
    "an encrypted zip": (zipped([LOGS[0], LOGS[1]._replace(flags=1)]), RAN, 100),
    "a zip with only an end": (end(0, 0, 0), NOTHING_READ, 0),
    "a zip with a comment full of marks": (
        zipped(LOGS)[:-2] + b"\xfc\xff" + b"PK\5\6" * 16383,
        RAN,
        300,
    ),
    "a zip without its list": (without_list(LOGS), PARTIAL, 300),
    "a zip without its list and sizes": (without_list([LOGS[0]._replace(flags=8), LOGS[1]]), PARTIAL, 200),
    "5,000 empty files without a list": (without_list([Entry(b"x", b"")] * 5000), NOTHING_READ, 0),
    "20,000 folders without a list": (without_list([Entry(b"x/", b"")] * 20_000), NOTHING_READ, 0),
    "5,000 broken files without a list": (
        without_list([Entry(b"x", b"PK", DEFLATED)] * 5000),
        NOTHING_READ,
        0,
    ),
}
"""A zip archive, with its exit code and number of records."""


def zip_of_zips(levels: int) -> bytes:
    inside = honest_zip(("0.dll", bytes(64 << 20)))
    for _ in range(levels):
        inside = honest_zip(*((f"lib {n}.zip", inside) for n in range(16)))
    return honest_zip(("messages", log()), ("in.zip", inside))


def bzip2_bomb() -> bytes:
    """A gigabyte in 900 bytes: all of it comes out of the first piece that is read."""
    return zipped([FIRST, Entry(b"zeros", bz2_zeros(24), zipfile.ZIP_BZIP2, 24 * 45_000_000)])


def lzma_bomb() -> bytes:
    """The program reads more at a time of what is packed than the whole of this."""
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "preset": 0}])
    packed = b"".join(packer.compress(bytes(GIGA >> 6)) for _ in range(20)) + packer.flush()
    properties = struct.pack("<BBH", 9, 4, 5) + b"\x5d" + struct.pack("<I", 1 << 20)
    return zipped([FIRST, Entry(b"zeros", properties + packed, zipfile.ZIP_LZMA, 20 * (GIGA >> 6))])


def deflated_bomb() -> bytes:
    block = deflated(b"zeros", bytes(GIGA // 16))
    return zipped([FIRST, *(block._replace(name=b"zeros%d" % n) for n in range(16))])


def many_entries(count: int) -> bytes:
    return gz(zipped([FIRST, *(stored(b"note%d" % n, b"x") for n in range(count))]))


def long_list(count: int) -> Iterator[bytes]:
    """Millions of names that all stand for one file."""
    some = listed(stored(b"x", log()), 0) * 100_000
    front = local(stored(b"x", log())) + log()
    yield zstd.compress(front)
    yield from itertools.repeat(zstd.compress(some), count // 100_000)
    yield zstd.compress(end(count, len(some) * (count // 100_000), len(front)))


def two_lists(folder: Path) -> None:
    """An archive behind an archive: some programs read the one, some the other."""
    file("a.zip", lambda: zipped([FIRST]) + zipped(LOGS))(folder)


def cases() -> Iterator[Case]:
    for name, (content, code, records) in ODD.items():
        yield Case(name, file("a.zip", lambda content=content: content), code, records)
    yield Case(
        "a zip cut at many places", lambda folder: cut(folder, "zip", zipped(LOGS)), PARTIAL, None, ("cut",)
    )
    yield Case("a zip behind a zip", two_lists, PARTIAL, 300, ("no member in its list",))
    yield Case("1 GB of zeros in a zip", file("a.zip", deflated_bomb), PARTIAL, 3, ("ratio",), heavy=True)
    yield Case(
        "1 GB of zeros in a zip by bzip2",
        file("a.zip", bzip2_bomb),
        PARTIAL,
        3,
        ("packed by bzip2, not read",),
    )
    yield Case(
        "320 MB of zeros in a zip by LZMA",
        file("a.zip", lzma_bomb),
        PARTIAL,
        3,
        ("packed by LZMA, not read",),
    )
    yield Case(
        "zips in zips, 16 times 16 times 16", file("a.zip", lambda: zip_of_zips(4)), PARTIAL, 3, ("ratio",)
    )
    yield Case(
        "files of a zip on top of each other",
        file("a.zip", lambda: overlapping_zip(FIRST, 200, bytes(4 << 20))),
        PARTIAL,
        3,
        ("members of the archive overlap",),
    )
    yield Case(
        "50,000 members in a zip",
        file("a.zip.gz", lambda: many_entries(50_000)),
        PARTIAL,
        3,
        ("members",),
        ("--limit", "members=5000"),
        heavy=True,
    )
    yield Case(
        "3 million names in a zip",
        file("a.zip.zst", lambda: long_list(3_000_000)),
        PARTIAL,
        None,
        ("members",),
        ("--limit", "ratio=1000000"),
        heavy=True,
    )
