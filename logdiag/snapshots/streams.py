"""From chunks of bytes to members: compressed streams and archives are opened, in one forward pass.

The content decides, not the name.
"""

import itertools
from collections.abc import Iterator

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots import tar, zip_
from logdiag.snapshots.compression import compression_of, decompress, unpacked_name
from logdiag.snapshots.limits import Meter
from logdiag.snapshots.member import Member


def open_members(
    source: str,
    chunks: Iterator[bytes],
    meter: Meter | None = None,
    *,
    whole: bool = True,
    depth: int = 0,
    faults: list[Fault] | None = None,
) -> Iterator[Member]:
    """Yield a stream of bytes as a member, or the members of the archive in it.

    A damaged archive is also the last member, without bytes and with the fault.

    Args:
        source: the stream's name, a label only.
        chunks: its bytes.
        meter: what may still be read. When it stops the reading, the members end.
        whole: whether the stream is a whole input. If not, the names of an archive's members start with the
            name of the archive and ``!/``.
        depth: the number of archives and compressions around the stream.
        faults: the faults of the stream, to be extended; may contain those of the compression around it.

    """
    faults = [] if faults is None else faults
    meter = Meter() if meter is None else meter
    head, chunks = _peek(chunks, tar.HEAD)
    compression = compression_of(head)
    is_tar, is_zip = tar.begins(head), zip_.begins(head)
    if (compression or is_tar or is_zip) and depth >= meter.limits.depth:
        said = gettext("archives inside each other more than {number} deep are not opened (depth)")
        said = said.format(number=meter.limits.depth)
        yield from _admitted(Member(source, iter(()), [Fault("limit", said)]), meter)
    elif compression is not None:
        unpacked = meter.unpacking(decompress(compression, chunks, faults, depth), faults)
        yield from open_members(
            unpacked_name(source), unpacked, meter, whole=whole, depth=depth + 1, faults=faults
        )
    elif (is_tar or is_zip) and not whole and not meter.admits():
        # Archives count as members: there may be many empty ones.
        yield from _admitted(Member(source, iter(()), faults), meter)
    elif is_tar or is_zip:
        entries = (
            tar.read_entries(chunks, faults) if is_tar else zip_.read_entries(chunks, faults, meter.limits)
        )
        for entry in entries:
            name = entry.source if whole else f"{source}!/{entry.source}"
            if entry.skipped is not None:
                yield from _admitted(Member(name, iter(()), skipped=entry.skipped), meter)
            else:
                unpacked = meter.unpacking(entry.chunks, entry.faults) if entry.packed else entry.chunks
                yield from open_members(
                    name, unpacked, meter, whole=False, depth=depth + 1, faults=entry.faults
                )
            if meter.stopped is not None:
                return
        if meter.stopped is not None:
            yield Member(source, iter(()), [meter.stopped])
        elif faults:
            yield Member(source, iter(()), faults)
    else:
        yield from _admitted(Member(source, meter.content(chunks, faults), faults), meter)


def _admitted(member: Member, meter: Meter) -> Iterator[Member]:
    """Yield the member, or the limit that prevents reading the member and all after it."""
    if meter.stopped is None and meter.admits():
        meter.source = member.source
        meter.watch(member.source, 0)
        yield member
    elif meter.stopped is not None:
        yield Member(member.source, iter(()), [*member.faults, meter.stopped])


def _peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head[:size], itertools.chain([head] if head else [], chunks)
