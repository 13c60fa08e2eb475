"""Archives that no honest program writes, byte by byte."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from backports import zstd

Wrap = Callable[[bytes], bytes]


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


COMPRESSIONS: dict[str, Wrap] = {"gz": gz, "xz": lzma.compress, "zst": zstd.compress, "bz2": bz2.compress}

_BLOCK = 16 << 20


def zeros(wrap: Wrap, size: int) -> bytes:
    """As many zeros, packed in parts that follow each other: quick to make, whatever the size."""
    return wrap(bytes(_BLOCK)) * (size // _BLOCK)


def bz2_zeros(blocks: int) -> bytes:
    """Zeros in one part of bzip2, 45 MB a block: the blocks follow each other bit by bit."""
    bits = f"{int.from_bytes(bz2.compress(bytes(_BZ2_BLOCK)), 'big'):b}".zfill(8)
    bits = bits.zfill(-len(bits) % 8 + len(bits))
    start, block = bits[:32], bits[32 : bits.rindex(_BZ2_END)]
    own, total = int(block[48:80], 2), 0
    for _ in range(blocks):
        total = (total << 1 | total >> 31) & 0xFFFFFFFF ^ own
    whole = f"{start}{block * blocks}{_BZ2_END}{total:032b}"
    whole += "0" * (-len(whole) % 8)
    return int(whole, 2).to_bytes(len(whole) // 8, "big")


_BZ2_BLOCK = 45_000_000
_BZ2_END = f"{0x177245385090:048b}"


# ── tar ─────────────────────────────────────────────────────────────────────────────────────

END = bytes(1024)


def header(
    name: bytes,
    size: int = 0,
    kind: bytes = b"0",
    link: bytes = b"",
    size_field: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A header block; ``size_field`` is 12 bytes in place of the size, ``tail`` stands from byte 345 on."""
    before = name[:100].ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2
    before += (size_field or b"%011o\0" % size) + b"00000000000\0"
    behind = (kind + link[:100].ljust(100, b"\0") + b"ustar\x0000").ljust(345 - 156, b"\0") + tail
    block = (before + b" " * 8 + behind).ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def member(name: bytes, content: bytes = b"", kind: bytes = b"0", link: bytes = b"") -> bytes:
    return header(name, len(content), kind, link) + padded(content)


def tar(*members: tuple[bytes, bytes]) -> bytes:
    return b"".join(member(name, content) for name, content in members) + END


def base256(number: int) -> bytes:
    """A size field for numbers that octal digits cannot hold, or that are negative."""
    return b"\x80" + number.to_bytes(11, "big") if number >= 0 else number.to_bytes(12, "big", signed=True)


def pax(*pairs: tuple[bytes, bytes]) -> bytes:
    """An extended header for the member behind it."""
    records = b"".join(map(_pax_record, pairs))
    return header(b"pax", len(records), b"x") + padded(records)


def _pax_record(pair: tuple[bytes, bytes]) -> bytes:
    said = b" " + pair[0] + b"=" + pair[1] + b"\n"
    size = len(said) + len(str(len(said)))
    return b"%d" % (len(said) + len(str(size))) + said


def long_name(name: bytes, content: bytes) -> bytes:
    return pax((b"path", name)) + member(b"short", content)


def old_sparse(
    name: bytes, real_size: int, blocks: Sequence[tuple[int, int]], content: bytes, more: bytes = b""
) -> bytes:
    """A sparse file in the old format of GNU tar; ``more`` are further blocks with places of data."""
    places = b"".join(_octal(number) for block in blocks for number in block).ljust(96, b"\0")
    tail = bytes(41) + places + (b"\1" if more else b"\0") + base256(real_size)
    return header(name, len(content), b"S", tail=tail) + more + padded(content)


def sparse_places(blocks: int, *, last: bool) -> bytes:
    """A block of places of data, each of one byte, as it follows the header of a sparse file."""
    return (_octal(1) * 42 + (b"\0" if last else b"\1")).ljust(512, b"\0") * blocks


def _octal(number: int) -> bytes:
    return b"%011o\0" % number


# ── zip ─────────────────────────────────────────────────────────────────────────────────────

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


class Entry(NamedTuple):
    """A file of a zip archive, packed as ``method`` says."""

    name: bytes
    packed: bytes
    method: int = STORED
    size: int = 0
    crc: int = 0
    mode: int = 0o100644
    flags: int = 0


def stored(name: bytes, content: bytes, mode: int = 0o100644) -> Entry:
    return Entry(name, content, STORED, len(content), zlib.crc32(content), mode)


def deflated(name: bytes, content: bytes) -> Entry:
    return Entry(name, deflate(content), DEFLATED, len(content), zlib.crc32(content))


def deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


def local(entry: Entry) -> bytes:
    """The header that stands before a file."""
    sizes = (entry.crc, len(entry.packed), entry.size, len(entry.name), 0)
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, entry.flags, entry.method, 0, 33, *sizes) + entry.name


def listed(entry: Entry, place: int) -> bytes:
    """A file's entry in the list at the end."""
    fixed = (20, 20, entry.flags, entry.method, 0, 33, entry.crc, len(entry.packed), entry.size)
    behind = (len(entry.name), 0, 0, 0, 0, entry.mode << 16, place)
    return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fixed, *behind) + entry.name


def end(count: int, size: int, place: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, min(count, 65535), min(count, 65535), size, place, 0)


def zipped(entries: Iterable[Entry]) -> bytes:
    front, list_ = io.BytesIO(), io.BytesIO()
    count = 0
    for entry in entries:
        count += 1
        list_.write(listed(entry, front.tell()))
        front.write(local(entry) + entry.packed)
    return front.getvalue() + list_.getvalue() + end(count, list_.tell(), front.tell())


def honest_zip(*members: tuple[str, bytes], method: int = DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def overlapping_zip(first: Entry, count: int, kernel: bytes) -> bytes:
    """Many files that share one deflated stream: each quotes the header of the next and goes on into it.

    After David Fifield, "A better zip bomb" (2019).
    """
    packed, content = deflate(kernel), kernel
    entries = [Entry(b"%06d" % count, packed, DEFLATED, len(content), zlib.crc32(content))]
    for number in range(count - 1, 0, -1):
        quoted = local(entries[-1])
        packed = struct.pack("<BHH", 0, len(quoted), 0xFFFF ^ len(quoted)) + quoted + packed
        content = quoted + content
        entries.append(Entry(b"%06d" % number, packed, DEFLATED, len(content), zlib.crc32(content)))
    entries.reverse()
    front = local(first) + first.packed
    places = [len(front)]
    for entry in entries[:-1]:
        places.append(places[-1] + len(local(entry)) + 5)
    list_ = listed(first, 0) + b"".join(map(listed, entries, places))
    front += local(entries[0]) + entries[0].packed
    return front + list_ + end(count + 1, len(list_), len(front))
