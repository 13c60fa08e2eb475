"""Fuzz target: bytes as an input, read to tables. The first byte selects the size of the pieces."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from mutations import ARCHIVE_WORDS, LARGEST, SAMPLES, kept, with_tar_checksums
from records_from import FRAGMENTS

from logdiag.reading import Tables, read
from logdiag.snapshots import Limits, Member, Meter
from logdiag.snapshots.streams import open_members

LIMITS = Limits(member=1 << 18, total=1 << 20, members=40, depth=3, ratio=20, line=1 << 12, seconds=60)
"""Limits low enough that every input is read fast."""


WORDS = [*ARCHIVE_WORDS, *(word for word in FRAGMENTS if len(word) < 64)]


def run_input(data: bytes) -> None:
    """Read one input, and check that no byte is lost."""
    if data:
        content = with_tar_checksums(data[1:]) if data[0] & 1 else data[1:]
        check(read([_Input(content, 50 + (data[0] >> 1) * 9)], LIMITS))  # type: ignore[list-item]


@dataclass(frozen=True)
class _Input:
    """A snapshot in memory that is read in pieces of ``step`` bytes."""

    content: bytes
    step: int
    name: str = "input"

    def members(self, meter: Meter) -> Iterator[Member]:
        pieces = (self.content[at : at + self.step] for at in range(0, len(self.content), self.step))
        return open_members(self.name, meter.given(pieces), meter)


def check(tables: Tables) -> None:
    """Check that rows cover each log without gaps, and that the coverage adds up."""
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for table in (tables.records, tables.unparsed):
        columns = (table.column(name).to_pylist() for name in ("source", "offset", "length"))
        for source, offset, length in zip(*columns, strict=True):
            rows[source].append((offset, length))
    for member in tables.members:
        if member.kind != "log":
            continue
        at = 0
        for offset, length in sorted(rows[member.source]):
            assert offset == at
            assert length > 0
            at += length
        assert at == member.size == member.record_bytes + member.unparsed_bytes
    (snapshot,) = tables.snapshots
    assert snapshot.members == len(tables.members) == len({member.source for member in tables.members})
    for key in ("size", "records", "unparsed", "unparsed_bytes"):
        assert getattr(snapshot, key) == sum(getattr(member, key) for member in tables.members)
    assert tables.records.num_rows == snapshot.records


def seeds() -> list[bytes]:
    """Return texts, archives and the kept inputs."""
    return [bytes([step]) + content for step in (1, 0xFE) for content in (*texts(), *archives())] + kept(
        "reader"
    )


def texts() -> list[bytes]:
    """Return the beginnings of the samples, and small texts of the hostile corpus."""
    from texts import AWKWARD, HEADER, log, odd_times, xml_dump

    samples = [path.read_bytes()[:LARGEST] for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    utf16 = [log().decode().encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be")]
    awkward = [HEADER + b"expc01 tvcs: " + one[:600] + b"\n" for one in AWKWARD]
    pasted = [
        b"```\n" + b"".join(b"> " + line + b"\n" for line in log().split()) + b"```\n",
        b"".join(FRAGMENTS),
    ]
    return [*samples, odd_times()[-2000:], xml_dump(b"<x>1</x>"), *utf16, *awkward, *pasted]


def archives() -> list[bytes]:
    """Return small archives of the hostile corpus."""
    from archives import (
        COMPRESSIONS,
        END,
        deflated,
        gz,
        header,
        honest_zip,
        long_name,
        member,
        old_sparse,
        pax,
        stored,
        tar,
        zipped,
    )
    from texts import log

    skipped = b"\x50\x2a\x4d\x18\4\0\0\0note" + COMPRESSIONS["zst"](log())
    packed = [
        skipped,
        *(wrap(tar((b"messages", log()), (b"x.gz", gz(log())))) for wrap in COMPRESSIONS.values()),
    ]
    sparse = pax((b"GNU.sparse.map", b"0,5,900,3"), (b"GNU.sparse.size", b"1000")) + member(b"hole", b"x" * 8)
    newer = pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.realsize", b"9"))
    tars = [
        tar((b"messages", log()), (b"messages", b"")),
        long_name(b"n" * 200, log())
        + header(b"L", 9, b"L")
        + b"long-name".ljust(512, b"\0")
        + member(b"y")
        + END,
        old_sparse(b"hole", 2000, [(0, 5), (1000, 3)], b"x" * 8) + END,
        sparse + newer + member(b"hole", b"1\n0\n5\n".ljust(512, b"\0") + b"hello") + END,
        b"".join(
            member(b"kind" + kind, b"", kind, b"target")
            for kind in (b"1", b"2", b"3", b"5", b"6", b"g", b"Q")
        )
        + END,
    ]
    entries = [stored(b"messages", log()), deflated(b"d/other", log()), stored(b"link", b"x", 0o120777)]
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    honest = [
        honest_zip(("messages", log()), ("d/", b""), ("x.gz", gz(log())), method=one) for one in methods
    ]
    streamed = zipped([one._replace(flags=8) for one in entries])
    zips = [zipped(entries), zipped(entries)[:-40], streamed, *honest, *(one[:-40] for one in honest)]
    return [*packed, *tars, *zips]
