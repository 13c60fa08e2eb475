"""Helpers of the tests: bytes in, records out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logdiag.reading import Tables, read
from logdiag.snapshots import Member, Meter

HEADER = b"2018-01-02T03:04:05.678-05:00 expc01 "
HEADER_TIME = datetime(2018, 1, 2, 8, 4, 5, 678000, tzinfo=UTC)

FRAGMENTS = [
    HEADER,
    HEADER + b"tvcs: ",
    b" " + HEADER,
    b"Line 7: " + HEADER,
    b"<166> " + HEADER,
    b"1 " + HEADER,
    b"2018-13-01T00:00:00Z expc01 ",
    b"2018-01-02T03:04:05Z\n",
    b'2018-01-02T03:04:05Z "',
    *[b"\n"] * 3,
    *(b"\r", b"\r\n", b" ", b"  ", b":", b",", b'"', b"=", b'="', b'x="', b"x=", b'a->b()="', b'UTCTime="'),
    *(
        b"<a ",
        b"<",
        b">",
        b"</a>",
        b'<a b="c"',
        b" SIPMSG:",
        b"HTTPMSG:",
        b" |",
        b"tvcs: ",
        b"httpd[1]: web: ",
    ),
    *(b"\xe2\x80\x9c", b"\xe2\x80\x9d", b"\xe2\x80", b"\xe2", b"\x80", b"\xef\xbb\xbf", b"\x00", b"\xff"),
    *(b"relay - - - ", b"\\0x0a", b"<removed> ", b"word ", b"&", b"-", b"[", b"]"),
]
"""What makes records hard to read, to be put together at random."""


@dataclass(frozen=True)
class OneLog:
    """A snapshot with one member, which comes in pieces of ``step`` bytes."""

    content: bytes
    step: int = 1 << 18
    name: str = "expc01"

    def members(self, meter: Meter) -> Iterator[Member]:
        pieces = (self.content[at : at + self.step] for at in range(0, len(self.content), self.step))
        yield Member("messages.log", iter(pieces))


def read_bytes(content: bytes, step: int = 1 << 18) -> Tables:
    """The tables of a log."""
    return read([OneLog(content, step)])  # type: ignore[list-item]


def rows(content: bytes) -> list[dict[str, Any]]:
    """The records of a log, each as a dictionary with its fields as pairs."""
    found: list[dict[str, Any]] = read_bytes(content).records.to_pylist()
    for row in found:
        row["fields"] = [(pair["key"], pair["value"]) for pair in row["fields"]]
    return found


def record(said: str | bytes, header: bytes = HEADER) -> dict[str, Any]:
    """The one record that a header and what stands behind it make."""
    said = said.encode() if isinstance(said, str) else said
    content = header + said + b"\n"
    found = rows(content)
    assert [(row["offset"], row["length"]) for row in found] == [(0, len(content))]
    return found[0]


def utc(text: str) -> datetime:
    """A time in UTC, as ISO 8601 without an offset."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def assert_tiled(tables: Tables, content: bytes) -> None:
    """Each byte of a log stands in exactly one row, and each row says where it stands."""
    both = tables.records.to_pylist() + tables.unparsed.to_pylist()
    at = 0
    for row in sorted(both, key=lambda row: row["offset"]):
        assert row["offset"] == at
        assert row["length"] > 0
        assert row["line"] == content.count(b"\n", 0, at) + 1
        at += row["length"]
    assert at == len(content)
    for row in tables.unparsed.to_pylist():
        raw = content[row["offset"] : row["offset"] + row["length"]]
        assert row["text"] == raw.rstrip(b"\r\n").decode("utf-8", "replace")
