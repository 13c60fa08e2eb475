"""Zip archives: the list of members is at their end, so they are kept in a nameless file meanwhile.

An archive that is cut has no such list. The headers before its members are then read in order. Not `zipfile`
and not `stream-unzip`: the first needs the list, the second reads only the headers, so that it does not see a
list that differs, and it stops at the first damaged member.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.limits import Limits, format_size
from logdiag.snapshots.member import Member
from logdiag.snapshots.zip_data import DEFLATED, STORED, PackedData, unpack
from logdiag.snapshots.zip_headers import (
    END,
    SIGNATURE,
    Directory,
    Entry,
    find_directory,
    listed_entries,
    local_entry,
    next_local,
    read_at,
)

_IN_MEMORY = 1 << 20
_MARK = b"PK"
# A local header without a name has 30 bytes; a data descriptor with 64-bit sizes has 24.
_SMALLEST_MEMBER = 30
_DESCRIPTOR = 24
"""Bytes at most of the sizes that follow the data of a member, if they are not in its header."""

_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}

_Packed = tuple[Entry, int, int]
"""A member, and the start and the end of its packed data."""


def begins(head: bytes) -> bool:
    """Return whether a stream with this beginning is a zip archive."""
    return head.startswith((SIGNATURE, END))


def read_entries(chunks: Iterator[bytes], faults: list[Fault], limits: Limits) -> Iterator[Member]:
    """Yield the files of an archive; the archive's own faults in ``faults``."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="logdiag-") as file:
        size = _copy(chunks, file, faults, limits.member)
        if size is None:
            return
        data = PackedData(file, size)
        directory = find_directory(file, size)
        if directory is None:
            said = gettext("cut or damaged: the zip archive has no list of its members")
            faults.append(Fault("cut", said))
        passed = 0
        for found in _by_headers(file, data) if directory is None else _by_list(file, directory, faults):
            if found is not None:
                yield _member(*found, data)
                continue
            passed += 1
            if passed > limits.members:
                said = gettext(
                    "of a zip archive no more than {number} folders and second names "
                    "are passed over (members)"
                )
                faults.append(Fault("limit", said.format(number=f"{limits.members:,}")))
                return


def _copy(chunks: Iterator[bytes], file: IO[bytes], faults: list[Fault], largest: int) -> int | None:
    """Write an archive to a file. Return its size; None if it is too large."""
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > largest:
                said = gettext("a zip archive of more than {size} is not opened (member)")
                faults.append(Fault("limit", said.format(size=format_size(largest))))
                return None
            file.write(chunk)
    except OSError as error:
        size += sum(map(len, chunks))
        said = gettext(
            "the zip archive has to be kept in {folder} while it is read, which takes {size}: {reason}; "
            "set TMPDIR to a folder with more room"
        )
        needed = gettext("{number} bytes").format(number=f"{size:,}")
        reason = gettext(error.strerror or str(error))
        faults.append(Fault("space", said.format(folder=tempfile.gettempdir(), size=needed, reason=reason)))
        return None
    return size


def _member(entry: Entry, start: int, end: int, data: PackedData) -> Member:
    if entry.is_encrypted:
        return Member(entry.name, iter(()), skipped=gettext("is encrypted"))
    if entry.is_link:
        return Member(entry.name, iter(()), skipped=gettext("a link in the archive is not followed"))
    if entry.method not in (STORED, DEFLATED):
        said = gettext("packed by {method}, not read: unpack the archive and give the folder instead")
        method = _METHODS.get(entry.method) or gettext("method {number}").format(number=entry.method)
        return Member(entry.name, iter(()), [Fault("unreadable", said.format(method=method))])
    faults: list[Fault] = []
    if start < 0:
        said = gettext("damaged: there is no such member, or another, where the list of the archive says")
        faults.append(Fault("damaged", said))
        return Member(entry.name, iter(()), faults)
    return Member(entry.name, unpack(data, entry, start, end, faults), faults, packed=entry.method != STORED)


def _by_list(file: IO[bytes], directory: Directory, faults: list[Fault]) -> Iterator[_Packed | None]:
    """The members in the list, None for each without content; what is wrong with the list in ``faults``."""
    count = again = covered = 0
    seen: set[int] = set()
    for entry in listed_entries(file, directory):
        count += 1
        if entry.offset in seen:
            again += 1
            yield None
            continue
        seen.add(entry.offset)
        own = local_entry(file, entry.offset)
        start = -1 if own is None else own[1]
        if own is not None:
            covered += start - entry.offset + entry.packed + (_DESCRIPTOR if own[0].crc is None else 0)
        yield None if entry.is_folder else (entry, start, start + entry.packed)
    said = []
    if count & 0xFFFF != directory.members & 0xFFFF:
        many = gettext("its list has {number} members and not {said}")
        said.append(many.format(number=f"{count:,}", said=f"{directory.members:,}"))
    if again:
        many = gettext("{number} names in its list are of members that have another")
        said.append(many.format(number=f"{again:,}"))
    if directory.start - covered >= _SMALLEST_MEMBER:
        many = gettext("{number} bytes belong to no member in its list")
        said.append(many.format(number=f"{directory.start - covered:,}"))
    if directory.trailing:
        said.append(gettext("{number} bytes follow it").format(number=f"{directory.trailing:,}"))
    if said:
        damage = gettext("damaged zip archive: {problems}").format(problems="; ".join(said))
        faults.append(Fault("damaged", damage))


def _by_headers(file: IO[bytes], data: PackedData) -> Iterator[_Packed | None]:
    """Yield the members of an archive without a list, in order; None for a folder."""
    offset = next_local(file, 0)
    while offset is not None and (own := local_entry(file, offset)) is not None:
        entry, start = own
        end = start + entry.packed
        if entry.crc is None:  # then the size is not known either
            end = data.size if entry.method != STORED else next_local(file, start) or data.size
        data.read_to = start
        yield None if entry.is_folder else (entry, start, end)
        # If the size is right, another header or the list follows; else continue after the data.
        offset = next_local(file, end if read_at(file, end, 2) == _MARK else max(start, data.read_to))
