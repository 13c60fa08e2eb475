"""Cases: compressed streams, cut, damaged, endless, and inside each other."""

import lzma
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from archives import COMPRESSIONS, END, Wrap, gz, header, member, tar, zeros
from backports import zstd
from case import NOTHING_READ, PARTIAL, RAN, Case, file, put
from texts import log

LOG = member(b"messages", log())
"""A member that is read in front of the trouble."""

GIGA = 1 << 30


def bomb(wrap: Wrap) -> bytes:
    return wrap(LOG + header(b"zeros", 4 * GIGA)) + zeros(wrap, 4 * GIGA) + wrap(END)


def of_streams() -> Iterator[Case]:
    for suffix, wrap in COMPRESSIONS.items():
        yield Case(
            f"4 GB of zeros in a tar.{suffix}",
            file(f"a.tar.{suffix}", lambda wrap=wrap: bomb(wrap)),
            PARTIAL,
            3,
            ("ratio",),
        )
        yield Case(
            f"4 GB of zeros in {suffix}",
            file(f"a.{suffix}", lambda wrap=wrap: zeros(wrap, 4 * GIGA)),
            NOTHING_READ,
            0,
            ("ratio",),
        )
        yield Case(
            f"{suffix} in {suffix}, 20 deep",
            file(f"a.{suffix}", lambda wrap=wrap: nested(wrap, log())),
            NOTHING_READ,
            0,
            ("depth",),
        )
        yield Case(
            f"20,000 empty parts of {suffix}",
            file(f"a.{suffix}.zst", lambda wrap=wrap: empty_parts(wrap)),
            RAN,
            6,
            options=("--limit", "ratio=1000000"),
            heavy=True,
        )
        yield Case(
            f"a tar.{suffix} cut at many places",
            lambda folder, wrap=wrap, suffix=suffix: cut(folder, f"tar.{suffix}", wrap(three())),
            PARTIAL,
            None,
            ("cut",),
        )
        yield Case(
            f"a log in {suffix} cut at many places",
            lambda folder, wrap=wrap, suffix=suffix: cut(folder, suffix, wrap(log(100))),
            PARTIAL,
            None,
            ("cut",),
        )
        yield Case(
            f"a damaged log in {suffix}",
            lambda folder, wrap=wrap, suffix=suffix: damaged(folder, suffix, wrap(log(100))),
            PARTIAL,
        )
        yield Case(f"nothing in {suffix}", file(f"a.{suffix}", lambda wrap=wrap: wrap(b"")), NOTHING_READ, 0)
    yield Case(
        "one frame of 1 GB of zeros",
        file("a.zst", lambda: zstd.compress(bytes(GIGA))),
        NOTHING_READ,
        0,
        ("ratio",),
    )
    yield Case("a window of 1.5 GB", file("a.xz", wide_window), NOTHING_READ, 0, ("emory",))
    yield Case(
        "a window of 2 GB in zst",
        file("a.zst", lambda: b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x55\x00\x00" * 9),
        NOTHING_READ,
    )
    yield Case(
        "a gzip header with a name of 100 MB",
        file("a.gz.zst", gzip_name),
        RAN,
        3,
        options=("--limit", "ratio=1000000"),
    )
    yield Case(
        "20,000 frames to skip",
        file(
            "a.zst",
            lambda: (
                zstd.compress(log()) + (b"\x50\x2a\x4d\x18" + struct.pack("<I", 8) + b"notes   ") * 20_000
            ),
        ),
        RAN,
        3,
    )
    yield Case("archives inside each other, 20 deep", file("a.tar.gz", deep), PARTIAL, 3, ("depth",))
    yield Case("a bomb in standard input", file("a", lambda: bomb(gz)), PARTIAL, 3, ("ratio",), stdin=True)


def nested(wrap: Wrap, content: bytes) -> bytes:
    for _ in range(20):
        content = wrap(content)
    return content


def deep() -> bytes:
    content = tar((b"messages", log()))
    for _ in range(20):
        content = gz(tar((b"in.tar.gz", content)))
    return gz(tar((b"messages", log()), (b"in.tar.gz", content)))


def empty_parts(wrap: Wrap) -> bytes:
    block = zstd.compress(wrap(b"") * 4_000)
    return zstd.compress(wrap(log())) + block * 5 + zstd.compress(wrap(log(start=3)))


def wide_window() -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1536 << 20}]
    small = lzma.compress(log(1000), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    return b"".join(_xz_with_dictionary(small, filters, log(1000)))


def _xz_with_dictionary(packed: bytes, filters: list[dict[str, int]], content: bytes) -> Iterator[bytes]:
    """An xz stream whose header asks for a large dictionary, without having needed one to pack it."""
    start = b"\xfd7zXZ\0\0\1"
    yield start + struct.pack("<I", zlib.crc32(start[6:]))
    block = bytes([2, 0, 0x21, 1, 37, 0, 0, 0])
    yield block + struct.pack("<I", zlib.crc32(block)) + packed + bytes(-len(packed) % 4)
    yield struct.pack("<I", zlib.crc32(content))
    unpadded = len(block) + 4 + len(packed) + 4
    index = b"\0\1" + _number(unpadded) + _number(len(content))
    index += bytes(-len(index) % 4)
    yield index + struct.pack("<I", zlib.crc32(index))
    footer = struct.pack("<I", (len(index) + 4) // 4 - 1) + b"\0\1"
    yield struct.pack("<I", zlib.crc32(footer)) + footer + b"YZ"


def _number(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def gzip_name() -> bytes:
    plain = gz(log())
    head = plain[:3] + b"\x08" + plain[4:10]
    return zstd.compress(head) + zstd.compress(b"n" * (1 << 20)) * 100 + zstd.compress(b"\0" + plain[10:])


def three() -> bytes:
    return tar(*((b"log/%d" % n, log(100, start=n)) for n in range(3)))


def cut(folder: Path, suffix: str, content: bytes) -> None:
    """Each place is a snapshot of its own, beside one that is whole."""
    put(folder / "whole.log", log())
    for number in range(1, 10):
        put(folder / f"cut{number}.{suffix}", content[: len(content) * number // 10])
    put(folder / f"last.{suffix}", content[:-1])
    put(folder / f"first.{suffix}", content[:7])


def damaged(folder: Path, suffix: str, content: bytes) -> None:
    put(folder / "whole.log", log())
    places = random.Random(suffix)
    for number in range(8):
        broken = bytearray(content)
        broken[places.randrange(20, len(broken))] ^= 1 << number
        put(folder / f"damaged{number}.{suffix}", bytes(broken))
