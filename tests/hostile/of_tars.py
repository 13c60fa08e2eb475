"""Cases: tar archives."""

from collections.abc import Iterator

from archives import END, base256, gz, header, member, old_sparse, padded, pax, sparse_places
from backports import zstd
from case import PARTIAL, RAN, Case, file
from texts import log

LOG = member(b"messages", log())
"""A member that is read in front of the trouble."""

BEHIND = member(b"behind", log(start=3))

TERA = 1 << 40


def sparse_1_0(places: bytes) -> bytes:
    keys = ((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"hole"))
    return pax(*keys, (b"GNU.sparse.realsize", b"%d" % TERA)) + member(b"hole", places)


def sparse_0_1(places: bytes, size: bytes = b"%d" % TERA) -> bytes:
    return pax((b"GNU.sparse.map", places), (b"GNU.sparse.size", size)) + member(b"hole", b"x" * 512)


def many_members(count: int) -> bytes:
    """Tiny members, a thousand names over and over."""
    some = b"".join(member(b"note%d" % n, b"x") for n in range(1000))
    return gz(LOG) + gz(some) * (count // 1000) + gz(END)


def long_header(kind: bytes, size: int) -> bytes:
    block = zstd.compress(b"x" * (1 << 20))
    return (
        zstd.compress(LOG + header(b"long", size, kind))
        + block * (size >> 20)
        + zstd.compress(member(b"x") + END)
    )


TARS = {
    "a sparse file of 1 TB, old format": (
        old_sparse(b"hole", TERA, [(0, 512), (TERA - 1, 1)], b"x" * 1024),
        "sparse file, not read",
    ),
    "a sparse file of 1 TB, format 0.1": (sparse_0_1(b"0,512,%d,0" % TERA), "sparse file, not read"),
    "a sparse file of 1 TB, format 1.0": (
        sparse_1_0(b"1\n0\n5\n".ljust(512, b"\0") + b"hello"),
        "sparse file, not read",
    ),
    "a sparse file with holes of 8 EB": (
        old_sparse(b"hole", 1 << 62, [(0, 512)], b"x" * 512),
        "sparse file, not read",
    ),
    "sparse places out of order": (sparse_0_1(b"%d,9,5,-3,0,%d,7,7" % (TERA, TERA)), "sparse file, not read"),
    "sparse places that are no numbers": (sparse_0_1(b"1,x,y,"), "sparse file, not read"),
    "sparse places in an odd number": (sparse_0_1(b"1,2,3"), "sparse file, not read"),
    "a sparse size that is no number": (sparse_0_1(b"0,1", b"many"), "sparse file, not read"),
    "sparse places without a line end": (sparse_1_0(b"9" * 512), "sparse file, not read"),
    "sparse places that are missing": (sparse_1_0(b"1000\n1\n".ljust(512, b"1")), "sparse file, not read"),
    "sparse places that are no lines of numbers": (
        sparse_1_0(b"2\nx\n\n\n\n".ljust(512, b"\0")),
        "sparse file, not read",
    ),
    "a sparse count that is negative": (sparse_1_0(b"-5\n".ljust(512, b"\0")), "sparse file, not read"),
    "a nameless file": (member(b"", b"x"), ""),
    "a file that claims 8 GB": (header(b"big", (1 << 33) - 1) + b"x" * 512, "cut"),
    "a file that claims 8 TB": (header(b"big", size_field=base256(TERA << 3)) + b"x" * 512, "cut"),
    "a file that claims more than there is on earth": (
        header(b"big", size_field=base256(1 << 87)) + b"x" * 512,
        "cut",
    ),
    "a file of less than nothing": (header(b"big", size_field=base256(-1)) + b"x" * 512, ""),
    "a file of much less than nothing": (header(b"big", size_field=base256(-(1 << 80))) + b"x" * 512, ""),
    "a size that is no number": (header(b"big", size_field=b"many bytes\0\0") + b"x" * 512, "damaged"),
    "a header over the size of the header": (pax((b"size", b"-1")) + member(b"x", b"y"), ""),
    "a header with numbers that are none": (
        pax((b"size", b"1e9"), (b"mtime", b"nan"), (b"uid", b"inf")) + member(b"x", b"y"),
        "",
    ),
    "a header with a length of zero": (
        header(b"p", 16, b"x") + padded(b"0 path=x\n") + member(b"x", b"y"),
        "",
    ),
    "a header with a length of its own": (
        header(b"p", 60, b"x") + padded(b"99999999999999999999 path=x\n") + member(b"x", b"y"),
        "",
    ),
    "a header with an odd character set": (
        pax((b"hdrcharset", b"rot13"), (b"path", b"caf\xe9")) + member(b"x", b"y"),
        "",
    ),
    "a header of a megabyte of digits": (
        header(b"p", 1 << 20, b"x") + b"1" * (1 << 20) + member(b"x", b"y"),
        "",
    ),
    "2,000 headers in a row": (pax((b"path", b"x")) * 2000 + member(b"x", b"y"), ""),
    "2,000 global headers in a row": (
        (header(b"g", 9, b"g") + padded(b"9 a=bcd\n")) * 2000 + member(b"x", b"y"),
        "",
    ),
    "2,000 long names in a row": (
        (header(b"L", 9, b"L") + padded(b"long-name")) * 2000 + member(b"x", b"y"),
        "",
    ),
    "an end behind a header for the next": (pax((b"path", b"x")), ""),
    "an unknown kind with a size of 1 TB": (header(b"odd", kind=b"Q", size_field=base256(TERA)), ""),
}
"""What stands between two logs in a tar archive, with a part of the reason that must be given."""


WHOLE = {"a nameless file", "a header with an odd character set", "2,000 global headers in a row"}
"""Those of them in which nothing is wrong."""


def of_tars() -> Iterator[Case]:
    for name, (content, says) in TARS.items():
        code = PARTIAL if says else RAN if name in WHOLE else None
        build = file("a.tar", lambda content=content: LOG + content + BEHIND + END)
        yield Case(name, build, code, None if says else 6, (says,) if says else ())
    yield Case(
        "places of a sparse file for 256 MB",
        file("a.tar.zst", lambda: endless_sparse(256)),
        PARTIAL,
        3,
        heavy=True,
    )
    yield Case(
        "places of a sparse file that never end",
        file("a.tar.zst", lambda: endless_places(256)),
        PARTIAL,
        3,
        heavy=True,
    )
    yield Case(
        "an extended header of 1 GB",
        file("a.tar.zst", lambda: long_header(b"x", 1 << 30)),
        PARTIAL,
        3,
        ("header",),
        heavy=True,
    )
    yield Case(
        "a global header of 1 GB",
        file("a.tar.zst", lambda: long_header(b"g", 1 << 30)),
        PARTIAL,
        3,
        ("header",),
        heavy=True,
    )
    yield Case(
        "a long name of 100 MB",
        file("a.tar.zst", lambda: long_header(b"L", 100 << 20)),
        PARTIAL,
        3,
        ("header",),
        heavy=True,
    )
    yield Case(
        "a long link of 100 MB",
        file("a.tar.zst", lambda: long_header(b"K", 100 << 20)),
        PARTIAL,
        3,
        ("header",),
        heavy=True,
    )
    yield Case(
        "6,000 members in a tar",
        file("a.tar.gz", lambda: many_members(6_000)),
        PARTIAL,
        3,
        ("members",),
        ("--limit", "members=5000"),
        heavy=True,
    )


def endless_sparse(megabytes: int) -> bytes:
    first = old_sparse(b"hole", TERA, [(1, 1)] * 4, b"", more=sparse_places(1, last=False))
    block = zstd.compress(sparse_places(2048, last=False))
    return zstd.compress(LOG + first) + block * megabytes + zstd.compress(END)


def endless_places(megabytes: int) -> bytes:
    keys = ((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"hole"))
    first = pax(*keys, (b"GNU.sparse.realsize", b"1")) + header(b"hole", (1 << 33) - 1)
    block = zstd.compress(b"1\n" * (1 << 19))
    return zstd.compress(LOG + first + b"999999999999\n") + block * megabytes
