"""How much is read at most: archives are written by strangers."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace

from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.deadline import Deadline

# Powers of 1,024, as sizes of files are shown on the appliance.
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class Limits:
    """What may be read at most.

    A limit that is reached is a fault of the member, and the run is partial. Only a line that is too long is
    just a line without a record.
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
        """Return the limits with some changed, each written ``name=value``; k, M, G and T count by 1024.

        Raises:
            InputError: a name is not a limit, or a value not a whole number above 0; all of them are named.

        """
        values: dict[str, int] = {}
        problems = []
        for text in written:
            name, _, value = text.partition("=")
            number = parse_size(value)
            if name not in self.__dataclass_fields__:
                names = ", ".join(self.__dataclass_fields__)
                problems.append(f"--limit {text}: the limits are {names}")
            elif number is None:
                example = f"{name}={getattr(Limits, name)}"
                problems.append(f"--limit {text}: write {name}=NUMBER, such as {example}")
            else:
                values[name] = number
        if problems:
            raise InputError(*problems)
        return replace(self, **values)

    def differing(self) -> str | None:
        """Return the limits that differ from their defaults, as ``name=value``; None if all are defaults."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        changed = [f"{name}={value}" for name, value in values.items() if value != getattr(Limits, name)]
        return " ".join(changed) or None


def parse_size(written: str) -> int | None:
    """Return the number above 0 that is written so, ``64M`` for 64 × 1024²; None if it is not a number."""
    number, unit = (written[:-1], written[-1].lower()) if written[-1:].isalpha() else (written, "")
    if unit not in _UNITS or not re.fullmatch("0*[1-9][0-9]{0,14}", number):
        return None
    return int(number) * _UNITS[unit]


Watch = Callable[[str | None, int], None]
"""Is called with the member that is read, and the bytes that were read; with None after the last."""

_watch: ContextVar[Watch] = ContextVar("watch", default=lambda source, size: None)


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Report the progress of what is read in the block."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


RATIO_FROM = 64 << 20
"""Bytes that may be unpacked before the ratio counts: a small file of zeros does no harm."""

_BOMBS = 3
"""Bytes of streams that turned out to be out of proportion, in times of what may be unpacked."""


@dataclass
class Meter:
    """What was read so far, against the limits. One meter is used for all snapshots, one after the other.

    Streams ask it before they continue. ``stopped`` is the reason why nothing more of a snapshot is read.
    Reading may use the ``share`` of the time until the ``deadline`` (default: the seconds of the limits).
    ``digesting``: whether the digest of what is given is wanted, which takes a while.
    """

    limits: Limits = field(default_factory=Limits)
    deadline: Deadline | None = None
    share: float = 1.0
    digesting: bool = False
    total: int = 0
    read: int = 0
    unpacked: int = 0
    wasted: int = 0
    members: int = 0
    stopped: Fault | None = None
    source: str = ""
    """The member that is read."""
    watch: Watch = field(default_factory=_watch.get, repr=False)
    _deadline: Deadline = field(init=False)
    _digest: "hashlib._Hash" = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.deadline or Deadline(self.limits.seconds)
        self.begin()

    def begin(self) -> None:
        """Start a new snapshot."""
        self.read = self.unpacked = self.wasted = self.members = 0
        self._digest = hashlib.sha256()
        # The total is for all snapshots together.
        self.stopped = self.stopped if self.total >= self.limits.total else None

    @property
    def sha256(self) -> str | None:
        """The digest of the snapshot as it was given; None if it is not wanted, or not all was read."""
        return self._digest.hexdigest() if self.digesting and not self.stopped else None

    def given(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the bytes of an input as it was given, counted and timed."""
        for chunk in chunks:
            self.read += len(chunk)
            self.watch(self.source, len(chunk))
            if self.digesting:
                self._digest.update(chunk)
            if self._is_late():
                return
            yield chunk

    def unpacking(self, chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[bytes]:
        """Yield unpacked bytes, as long as they are in proportion.

        All unpacked bytes of a snapshot count against its bytes as it was given. A stream that exceeds the
        ratio is not unpacked. Its bytes do not count against the streams after it, but such streams are
        limited in number.
        """
        if self.wasted > _BOMBS * self._in_proportion():
            said = gettext(
                "not unpacked, because too much before it unpacked to more than "
                "{number} times the size of what was given (ratio)"
            )
            faults.append(Fault("limit", said.format(number=f"{self.limits.ratio:,}")))
            return
        own = 0
        for chunk in chunks:
            own += len(chunk)
            self.unpacked += len(chunk)
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
        """Yield the bytes of one member, up to its limit."""
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
                    self.stopped = Fault("limit", said.format(size=format_size(self.limits.total)))
                else:
                    said = gettext("of a member no more than {size} are read (member)")
                    faults.append(Fault("limit", said.format(size=format_size(self.limits.member))))
                break
        if self.stopped is not None:
            # The stream looks cut only because reading was stopped.
            faults[:] = [*(fault for fault in faults if fault.kind != "cut"), self.stopped]

    def admits(self) -> bool:
        """Count one more member. Return whether it may be read."""
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


def format_size(size: int) -> str:
    """Return a limit in bytes as a person would write it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit:,} {name}"
    return gettext("{number} bytes").format(number=f"{size:,}")
