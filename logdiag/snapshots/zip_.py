"""Zip archives: their list of members stands at the end, so they are kept in a nameless file meanwhile.

One that is cut has no such list. What its members' own headers still tell is then read in order.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.limits import Limits, size_said
from logdiag.snapshots.member import Member
from logdiag.snapshots.zip_data import KNOWN_METHODS, STORED, Packed, unpacked
from logdiag.snapshots.zip_list import (
    END,
    SIGNATURE,
    Entry,
    Listing,
    listed,
    listing_of,
    local,
    next_local,
    read_at,
)

HEAD = 4
"""How many bytes `begins` wants to see."""

_IN_MEMORY = 1 << 20

_MARK = b"PK"
_SMALLEST_MEMBER = 30
_SIZES_BEHIND = 24

_Found = tuple[Entry, int, int]
"""A member, and where its packed data start and end."""


def begins(head: bytes) -> bool:
    """Whether a stream that begins so is a zip archive."""
    return head.startswith((SIGNATURE, END))


def entries(chunks: Iterator[bytes], faults: list[Fault], limits: Limits) -> Iterator[Member]:
    """The files of an archive; what is wrong with it as a whole in ``faults``."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="logdiag-") as kept:
        size = _keep(chunks, kept, faults, limits.member)
        if size is None:
            return
        packed = Packed(kept, size)
        listing = listing_of(kept, size)
        if listing is None:
            said = gettext("cut or damaged: the zip archive has no list of its members")
            faults.append(Fault("cut", said))
        passed = 0
        for found in _walked(kept, packed) if listing is None else _listed(kept, listing, faults):
            if found is not None:
                yield _member(*found, packed)
                continue
            passed += 1
            if passed > limits.members:
                said = gettext(
                    "of a zip archive no more than {number} folders and second names "
                    "are passed over (members)"
                )
                faults.append(Fault("limit", said.format(number=f"{limits.members:,}")))
                return


def _keep(chunks: Iterator[bytes], kept: IO[bytes], faults: list[Fault], largest: int) -> int | None:
    """Write an archive to a file; its size, or None where it cannot be kept."""
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > largest:
                said = gettext("a zip archive of more than {size} is not opened (member)")
                faults.append(Fault("limit", said.format(size=size_said(largest))))
                return None
            kept.write(chunk)
    except OSError as error:
        size += sum(map(len, chunks))  # how much room it needs
        said = gettext(
            "the zip archive has to be kept in {folder} while it is read, which takes {size}: {reason}; "
            "set TMPDIR to a folder with more room"
        )
        reason, needed = gettext(error.strerror or str(error)), gettext("{number} bytes")
        said = said.format(
            folder=tempfile.gettempdir(), size=needed.format(number=f"{size:,}"), reason=reason
        )
        faults.append(Fault("space", said))
        return None
    return size


def _member(entry: Entry, start: int, end: int, packed: Packed) -> Member:
    if entry.is_encrypted:
        return Member(entry.name, iter(()), skipped=gettext("is encrypted"))
    if entry.is_link:
        return Member(entry.name, iter(()), skipped=gettext("a link in the archive is not followed"))
    if entry.method not in KNOWN_METHODS:
        said = gettext("damaged, or packed in a way that is not known here")
        return Member(entry.name, iter(()), [Fault("damaged", said)])
    faults: list[Fault] = []
    if start < 0:
        said = gettext("damaged: there is no such member, or another, where the list of the archive says")
        faults.append(Fault("damaged", said))
        return Member(entry.name, iter(()), faults)
    content = unpacked(packed, entry, start, end, faults)
    return Member(entry.name, content, faults, packed=entry.method != STORED)


def _listed(file: IO[bytes], listing: Listing, faults: list[Fault]) -> Iterator[_Found | None]:
    """The members of the list, None for each that has nothing to read, and what is wrong with it."""
    count = again = covered = 0
    seen: set[int] = set()
    for entry in listed(file, listing):
        count += 1
        if entry.place in seen:
            again += 1
            yield None
            continue
        seen.add(entry.place)
        own = local(file, entry.place)
        start = -1 if own is None else own[1]
        if own is not None:
            covered += start - entry.place + entry.packed + (_SIZES_BEHIND if own[0].crc is None else 0)
        yield None if entry.is_folder else (entry, start, start + entry.packed)
    said = []
    if count & 0xFFFF != listing.members & 0xFFFF:
        many = gettext("its list has {number} members and not {said}")
        said.append(many.format(number=f"{count:,}", said=f"{listing.members:,}"))
    if again:
        many = gettext("{number} names in its list are of members that have another")
        said.append(many.format(number=f"{again:,}"))
    if listing.start - covered >= _SMALLEST_MEMBER:
        many = gettext("{number} bytes belong to no member in its list")
        said.append(many.format(number=f"{listing.start - covered:,}"))
    if listing.behind:
        said.append(gettext("{number} bytes stand behind it").format(number=f"{listing.behind:,}"))
    if said:
        damage = gettext("damaged zip archive: {problems}").format(problems="; ".join(said))
        faults.append(Fault("damaged", damage))


def _walked(file: IO[bytes], packed: Packed) -> Iterator[_Found | None]:
    """The members whose own headers stand in the archive, in order; None for a folder."""
    place = next_local(file, 0)
    while place is not None and (own := local(file, place)) is not None:
        entry, start = own
        end = start + entry.packed
        if entry.crc is None:  # then the size is not known either
            end = packed.size if entry.method != STORED else next_local(file, start) or packed.size
        packed.place = start
        yield None if entry.is_folder else (entry, start, end)
        # Where the size is right another header or the list follows; else where the reading came to.
        place = next_local(file, end if read_at(file, end, 2) == _MARK else max(start, packed.place))
