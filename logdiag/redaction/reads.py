"""Compares both reads of a file: what was not there when literals were learnt must not be written."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from logdiag.i18n import gettext
from logdiag.snapshots import Member

_Key = tuple[str, str, int]
"""The names of a snapshot and of a member, and how many members had that name so far."""


class Read:
    """One read of a member; the second one goes no further than the first (``before``) went."""

    def __init__(self, before: "Read | None" = None) -> None:
        self._before = before
        self._size = self._more = 0
        self._digest = hashlib.blake2b()

    def tap(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the bytes up to the end of the first read, and count the others."""
        for chunk in chunks:
            kept = chunk if self._before is None else chunk[: self._before._size - self._size]
            self._more += len(chunk) - len(kept)
            if kept:
                self._size += len(kept)
                self._digest.update(kept)
                yield kept

    @property
    def change(self) -> str | None:
        """How the bytes differ from those of the first read, if they do."""
        before = self._before
        if before is None or (before._size, before._digest.digest()) == (self._size, self._digest.digest()):
            return None
        said = gettext(
            "it changed between two reads, from {before} to {after} bytes; run logdiag redact again"
        )
        return said.format(before=f"{before._size:,}", after=f"{self._size + self._more:,}")

    @property
    def growth(self) -> str | None:
        """How many bytes were added since the first read, if there are any."""
        if not self._more:
            return None
        said = gettext("it grew between two reads; its last {number} bytes are left out")
        return said.format(number=f"{self._more:,}")


class Reads:
    """The first read of each member of all snapshots, to compare it with the second."""

    def __init__(self) -> None:
        self._first: dict[_Key, Read] = {}
        self._times: Counter[tuple[str, str]] = Counter()

    def first(self, snapshot: str, member: Member) -> None:
        """Watch the first read of a member, which is about to begin."""
        read = self._first[self._key(snapshot, member.source)] = Read()
        member.chunks = read.tap(member.chunks)

    def again(self) -> None:
        """Begin with the second reads."""
        self._times.clear()

    def second(self, snapshot: str, member: Member) -> Read | None:
        """Watch the second read of a member; None if it was not there at the first."""
        before = self._first.pop(self._key(snapshot, member.source), None)
        if before is None:
            return None
        read = Read(before)
        member.chunks = read.tap(member.chunks)
        return read

    def missing(self, snapshot: str) -> list[str]:
        """Return the members of a snapshot that were read once and then were gone."""
        return [member for name, member, _ in self._first if name == snapshot]

    def _key(self, snapshot: str, source: str) -> _Key:
        self._times[snapshot, source] += 1
        return snapshot, source, self._times[snapshot, source]
