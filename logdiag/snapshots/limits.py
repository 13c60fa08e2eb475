"""How much is read before it is too much: archives are written by strangers."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.deadline import Deadline

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class Limits:
    """What may be read at most.

    One that is reached is written on the member, and the run is partial; but a line that is too long
    is only a line without a record.
    """

    member: int = field(default=4 << 30, metadata={"says": "bytes of one member"})
    total: int = field(default=64 << 30, metadata={"says": "bytes of all members"})
    members: int = field(default=100_000, metadata={"says": "members of one snapshot"})
    depth: int = field(default=8, metadata={"says": "archives inside each other"})
    ratio: int = field(default=500, metadata={"says": "bytes unpacked for each byte of a snapshot"})
    line: int = field(default=1 << 20, metadata={"says": "bytes of one line of a log"})
    disk: int = field(
        default=16 << 30, metadata={"says": "bytes of temporary files of a query, beyond the memory"}
    )
    seconds: int = field(default=3600, metadata={"says": "seconds of the whole run"})

    def changed(self, written: list[str]) -> "Limits":
        """The same with some set anew, each written ``name=value``; k, M, G and T count by 1024.

        Raises:
            InputError: one is no limit, or no whole number above 0; all of them are named.

        """
        values: dict[str, int] = {}
        problems = []
        for text in written:
            name, _, value = text.partition("=")
            number = size(value)
            if name not in self.__dataclass_fields__:
                names = ", ".join(self.__dataclass_fields__)
                problems.append(f"--limit {text}: the limits are {names}")
            elif number is None:
                problems.append(
                    f"--limit {text}: write {name}=NUMBER, such as {name}={getattr(Limits, name)}"
                )
            else:
                values[name] = number
        if problems:
            raise InputError(*problems)
        return replace(self, **values)

    def differing(self) -> str | None:
        """Those that are not as they are by themselves, as they would be written; None if all are."""
        changed = [
            f"{one.name}={getattr(self, one.name)}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        ]
        return " ".join(changed) or None


def size(written: str) -> int | None:
    """A number above 0 as it is written on a command line, ``64M`` for 64 × 1024²; None if it is none."""
    number, unit = (written[:-1], written[-1].lower()) if written[-1:].isalpha() else (written, "")
    if unit not in _UNITS or not re.fullmatch("0*[1-9][0-9]{0,14}", number):
        return None
    return int(number) * _UNITS[unit]


RATIO_FROM = 64 << 20
"""Bytes that may be unpacked before their ratio counts: a small file of zeros harms nobody."""

_BOMBS = 3
"""How many times as much as may be unpacked may turn out to have been out of proportion."""


@dataclass
class Meter:
    """What was read so far, against the limits. One serves all snapshots, one after the other.

    Streams ask it before they go on. ``stopped`` says why nothing more of a snapshot is read. Reading may use
    up the ``share`` of the time until the ``deadline``, by default all of the seconds of the limits.
    """

    limits: Limits = field(default_factory=Limits)
    deadline: Deadline | None = None
    share: float = 1.0
    digesting: bool = False
    """Whether the digest of what is given is wanted: it takes a while."""
    total: int = 0
    read: int = 0
    unpacked: int = 0
    wasted: int = 0
    in_front: bool = False
    """Whether more was ever unpacked than the ratio gives, though so few bytes that they did not count."""
    members: int = 0
    stopped: Fault | None = None
    _deadline: Deadline = field(init=False)
    _digest: "hashlib._Hash" = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.deadline or Deadline(self.limits.seconds)
        self.begin()

    def begin(self) -> None:
        """Begin with a snapshot."""
        self.read = self.unpacked = self.wasted = self.members = 0
        self.in_front = False
        self._digest = hashlib.sha256()
        # What all snapshots may hold together does not come back with the next one.
        self.stopped = self.stopped if self.total >= self.limits.total else None

    @property
    def sha256(self) -> str | None:
        """Of the bytes of the snapshot as it was given; None where it is not wanted, or not all was read."""
        return self._digest.hexdigest() if self.digesting and not self.stopped else None

    def given(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The bytes of an input as it was given, counted and timed."""
        for chunk in chunks:
            self.read += len(chunk)
            if self.digesting:
                self._digest.update(chunk)
            if self._is_late():
                return
            yield chunk

    def unpacking(self, chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[bytes]:
        """What comes out of something compressed, as long as it is not out of proportion.

        All that comes out of a snapshot counts, in whatever it was packed, against the bytes of the
        snapshot as it was given. Streams that pass that are left, and what they gave does not count
        against those behind them; but there may not be many.
        """
        if self.wasted > _BOMBS * self._in_proportion():
            said = gettext(
                "not unpacked, because too much in front of it unpacked to more than "
                "{number} times the size of what was given (ratio)"
            )
            faults.append(Fault("limit", said.format(number=f"{self.limits.ratio:,}")))
            return
        own = 0
        for chunk in chunks:
            own += len(chunk)
            self.unpacked += len(chunk)
            self.in_front |= self.unpacked > self.limits.ratio * self.read
            if self.unpacked > self._in_proportion():
                said = gettext("unpacked to more than {number} times the size of what was given (ratio)")
                faults.append(Fault("limit", said.format(number=f"{self.limits.ratio:,}")))
                self.unpacked -= own
                self.wasted += own
                return
            if self._is_late():
                return
            yield chunk

    def _in_proportion(self) -> int:
        return max(RATIO_FROM, self.limits.ratio * self.read)

    def content(self, chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[bytes]:
        """The bytes of one member, as long as there are not too many."""
        left = self.limits.member
        for chunk in chunks:
            if self._is_late():
                break
            kept = chunk[: min(left, self.limits.total - self.total)]
            self.total += len(kept)
            left -= len(kept)
            if kept:
                yield kept
            if len(kept) < len(chunk):
                if left:
                    said = gettext("of all members no more than {size} are read (total)")
                    self.stopped = Fault("limit", said.format(size=size_said(self.limits.total)))
                else:
                    said = gettext("of a member no more than {size} are read (member)")
                    faults.append(Fault("limit", said.format(size=size_said(self.limits.member))))
                break
        if self.stopped is not None:
            # That the stream seems cut is only what the stop looks like from inside.
            faults[:] = [*(fault for fault in faults if fault.kind != "cut"), self.stopped]

    def admits(self) -> bool:
        """Whether one more member may be looked at."""
        if self.members >= self.limits.members and self.stopped is None:
            said = gettext("of a snapshot no more than {number} members are read (members)")
            self.stopped = Fault("limit", said.format(number=f"{self.limits.members:,}"))
        self.members += self.stopped is None
        return self.stopped is None

    def _is_late(self) -> bool:
        if self.stopped is None and self._deadline.has_passed(self.share):
            said = gettext("the time for reading is used up: the run may take {number} seconds (seconds)")
            self.stopped = Fault("limit", said.format(number=f"{self.limits.seconds:,}"))
        return self.stopped is not None


def size_said(size: int) -> str:
    """A limit in bytes, as a person would write it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit:,} {name}"
    return gettext("{number} bytes").format(number=f"{size:,}")
