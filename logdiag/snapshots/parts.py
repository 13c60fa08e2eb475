"""A snapshot in parts that can be read anywhere and in any order: each file of a folder, each archive.

A limit on a whole snapshot is not known to its parts. `Reach` tells how far they came, and whether that
is how far the snapshot had come.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from logdiag.model import Fault
from logdiag.snapshots.file_systems import told
from logdiag.snapshots.find import Snapshot, read
from logdiag.snapshots.limits import RATIO_FROM, Limits, Meter
from logdiag.snapshots.locations import Local, Place, Remote, Web


def parts(snapshot: Snapshot) -> list[Snapshot]:
    """What can be read by itself, in order: each thing in a folder. A file or an archive is one part."""
    if snapshot.place.kind != "folder":
        return [snapshot]
    return [replace(snapshot, content=None, only=found) for found in snapshot.files()]


def size(part: Snapshot) -> int:
    """The bytes of a part as they are given, as far as they are known before; 0 where they are not."""
    found = _place(part)
    try:
        if isinstance(found, Local):
            return found.path.stat().st_size
        # Not every web server tells, and each file would be asked for by itself.
        if isinstance(found, Remote) and not isinstance(found, Web):
            with told():
                known = found.files.info(found.path).get("size")
            return known if isinstance(known, int) else 0
    except OSError:
        pass  # why stands in the ledger, once it is read
    return 0


def sha256(read_of: Iterable[tuple[Snapshot, int]]) -> str | None:
    """The digest of parts that follow each other, so many bytes of each; None where one has fewer."""
    digest = hashlib.sha256()
    for part, left in read_of:
        found = _place(part)
        for chunk in read(found, []) if found is not None and left else ():
            digest.update(chunk[:left])
            left -= min(left, len(chunk))
            if not left:
                break
        if left:
            return None
    return digest.hexdigest()


def _place(part: Snapshot) -> Place | None:
    found = part.place if part.only is None else part.only[1]
    return None if isinstance(found, Fault) or found.kind != "file" else found


@dataclass(frozen=True)
class Reach:
    """How far the reading of a part came: what its meter counted."""

    read: int
    total: int
    unpacked: int
    members: int
    in_proportion: bool
    """Whether what was unpacked was never more than the ratio gives."""
    whole: bool
    """Whether no limit on a whole snapshot was reached."""


def reach(meter: Meter) -> Reach:
    """How far a part came."""
    whole = meter.stopped is None and not meter.wasted
    return Reach(meter.read, meter.total, meter.unpacked, meter.members, not meter.in_front, whole)


def within(limits: Limits, snapshots: Iterable[Iterable[Reach]]) -> bool:
    """Whether snapshots that are read as a whole, one after the other, give what their parts gave.

    That is so if no limit is reached, whatever the order. The seconds count for each part by itself.
    """
    total = 0
    for snapshot in map(tuple, snapshots):
        total += sum(one.total for one in snapshot)
        if not all(one.whole for one in snapshot) or sum(one.members for one in snapshot) > limits.members:
            return False
        few = sum(one.unpacked for one in snapshot) <= RATIO_FROM
        if not few and not all(one.in_proportion for one in snapshot):
            return False
    return total <= limits.total
