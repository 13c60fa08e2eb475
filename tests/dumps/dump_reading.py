"""Reading dumps that are at hand as bytes, for the tests."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from logdiag.dumps import DumpKind, Setting, Unread, kind_of, read_settings

SYNTHETIC = Path(__file__).parent / "synthetic"

FRAGMENTS = [
    *(
        b"*c ",
        b"*s ",
        b"*s/end",
        b"** end",
        b"*c",
        b"\xef\xbb\xbf",
        b"xConfiguration ",
        b"xStatus ",
        b"xstatus",
    ),
    *(
        b"Alternates ",
        b"Peer 1 ",
        b"1",
        b":",
        b": ",
        b"/",
        b" /",
        b'"',
        b'"a"',
        b'"a" b',
        b"\xff",
        b"\0",
        b"-",
    ),
    *(b" ", b"\t", b"\r", b"\n", b"\r\n", b"2024-03-05T09:00:00.000+00:00 "),
]


def in_pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(
    content: bytes | Iterable[bytes], kind: DumpKind = "xstatus", name: str = "dump"
) -> list[Setting | Unread]:
    """What is read of a dump with no fault, but for the kinds that lines say themselves."""
    found, faults = read_with_faults(content, kind, name)
    assert faults == []
    return [row._replace(kind=None) if isinstance(row, Setting) else row for row in found]


def read_with_faults(
    content: bytes | Iterable[bytes], kind: DumpKind = "xstatus", name: str = "dump"
) -> tuple[list[Setting | Unread], list[str]]:
    faults: list[str] = []
    chunks = iter([content]) if isinstance(content, bytes) else iter(content)
    return list(read_settings(kind, name, chunks, faults)), faults


def pairs(content: bytes) -> list[tuple[str, str]]:
    """Paths and values of a dump in which every line can be read."""
    found = read(content)
    assert not [row for row in found if isinstance(row, Unread)]
    return [(row.path, row.value) for row in found if isinstance(row, Setting)]


def synthetic(name: str) -> list[tuple[str, str]]:
    """Paths and values of a file of the folder beside this module, as what it is taken for."""
    content = (SYNTHETIC / name).read_bytes()
    assert kind_of(content, "dump") == ("xconfiguration" if "xconf" in name else "xstatus")
    return pairs(content)
