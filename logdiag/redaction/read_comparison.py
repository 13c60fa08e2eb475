"""Compare the two reads of each member: what was not read when literals were learnt must not be written."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator

from logdiag.i18n import gettext
from logdiag.snapshots import Member


class Read:
    """One read of a member. The second read ends where the ``first`` one ended."""

    def __init__(self, first: "Read | None" = None) -> None:
        self._first = first
        self._size = self._added = 0
        self._digest = hashlib.blake2b()

    def tap(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the bytes up to the end of the first read, and count the others."""
        for chunk in chunks:
            kept = chunk if self._first is None else chunk[: self._first._size - self._size]
            self._added += len(chunk) - len(kept)
            if kept:
                self._size += len(kept)
                self._digest.update(kept)
                yield kept

    @property
    def change(self) -> str | None:
        """How the bytes differ from those of the first read, if they do."""
        first = self._first
        if first is None or (first._size, first._digest.digest()) == (self._size, self._digest.digest()):
            return None
        text = gettext(
            "it changed between two reads, from {before} to {after} bytes; run logdiag redact again"
        )
        return text.format(before=f"{first._size:,}", after=f"{self._size + self._added:,}")

    @property
    def growth(self) -> str | None:
        """How many bytes were added since the first read, if there are any."""
        if not self._added:
            return None
        text = gettext("it grew between two reads; its last {number} bytes are left out")
        return text.format(number=f"{self._added:,}")


class ReadComparison:
    """The first reads of all members by the names of snapshot and member, which several may share."""

    def __init__(self) -> None:
        self._first: defaultdict[tuple[str, str], deque[Read]] = defaultdict(deque)

    def watch_first(self, snapshot: str, member: Member) -> None:
        """Watch the first read of a member, which is about to begin."""
        read = Read()
        self._first[snapshot, member.source].append(read)
        member.chunks = read.tap(member.chunks)

    def watch_second(self, snapshot: str, member: Member) -> Read | None:
        """Watch the second read of a member; None if there was no first one."""
        first = self._first[snapshot, member.source]
        if not first:
            return None
        read = Read(first.popleft())
        member.chunks = read.tap(member.chunks)
        return read

    def missing(self, snapshot: str) -> list[str]:
        """Return the members of a snapshot that had a first read and no second one."""
        return [member for (name, member), reads in self._first.items() if name == snapshot for _ in reads]
