"""From chunks of bytes to members: what is compressed or an archive is opened, in one forward pass.

Content decides, not names. Nothing is extracted, and what is wrong is written on the member.
"""

import itertools
from collections.abc import Iterator

from logdiag.snapshots import tar, zip_
from logdiag.snapshots.compression import compression_of, decompress, unpacked_name
from logdiag.snapshots.member import Member

DEPTH = 8
"""How many archives may stand inside each other before the rest is named but not opened."""

_ARCHIVES = (tar, zip_)


def members(
    source: str,
    chunks: Iterator[bytes],
    *,
    whole: bool = True,
    depth: int = 0,
    faults: list[str] | None = None,
) -> Iterator[Member]:
    """What a stream of bytes holds: itself, or the members of the archive that it is.

    An archive that is not whole comes last, as a member without bytes that carries the fault.

    Args:
        source: the stream's name, a label only.
        chunks: its bytes.
        whole: whether the stream is a whole input; the names of the members of an archive that
            is not whole start with its own name and ``!/``.
        depth: how many archives the stream stands in.
        faults: where to write what is wrong with the stream; the compression around it may have
            written there already.

    """
    faults = [] if faults is None else faults
    head, chunks = _peek(chunks, tar.HEAD)
    compression = compression_of(head)
    archive = next((one for one in _ARCHIVES if one.begins(head)), None)
    if (compression or archive) and depth >= DEPTH:
        reason = f"archives inside each other more than {DEPTH} deep are not opened"
        yield Member(source, iter(()), skipped=reason)
    elif compression is not None:
        unpacked = decompress(compression, chunks, faults)
        yield from members(unpacked_name(source), unpacked, whole=whole, depth=depth + 1, faults=faults)
    elif archive is not None:
        for entry in archive.entries(chunks, faults):
            name = entry.source if whole else f"{source}!/{entry.source}"
            if entry.skipped is not None:
                yield Member(name, iter(()), skipped=entry.skipped)
            else:
                yield from members(name, entry.chunks, whole=False, depth=depth + 1, faults=entry.faults)
        if faults:
            yield Member(source, iter(()), faults)
    else:
        yield Member(source, chunks, faults)


def _peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head[:size], itertools.chain([head] if head else [], chunks)
