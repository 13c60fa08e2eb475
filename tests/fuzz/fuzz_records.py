"""Fuzz target: bytes after the header of a record, read by both readers. The first byte selects the size of the pieces."""

from unittest.mock import patch

from mutations import kept
from records_from import FRAGMENTS, HEADER, assert_tiled

from logdiag.records import chunker

WORDS = [word for word in (*FRAGMENTS, HEADER) if len(word) < 64]

_CHUNK_BYTES = 64
"""Bytes that are read at a time, for some inputs: a log is then cut at many places."""


def run_input(data: bytes) -> None:
    """Read one log with both readers, and check that rows cover it and are the same."""
    from test_compiled import assert_the_same, tables_of

    if not data:
        return
    content = data[1:] if data[0] & 1 else HEADER + data[1:]
    if data[0] & 2:
        with patch.object(chunker, "_CHUNK_BYTES", _CHUNK_BYTES):
            assert_the_same(content, step=1 + (data[0] >> 3) * 9, jobs=1 + (data[0] >> 2 & 1))
    else:
        assert_the_same(content)
    tables = tables_of(content, "compiled")
    (member,) = tables.members
    # Pasted records and other encodings are put together again, so that their bytes are not in order.
    if member.kind == "log" and member.repair is None:
        assert_tiled(tables, content)


def seeds() -> list[bytes]:
    """Return texts, each after a header and without one, and the kept inputs."""
    from fuzz_reader import texts
    from test_compiled import ODD

    odd = [b"".join(FRAGMENTS), *(HEADER + b"tvcs: " + one + b"\n" for one in ODD), b"".join(ODD)]
    return [bytes([first]) + one for first in (0, 1, 0x1F) for one in (*texts(), *odd)] + kept("records")
