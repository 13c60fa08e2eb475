"""Which snapshots the inputs are: a file, an archive, a folder, or a folder of snapshots."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from logdiag.errors import InputError
from logdiag.files.unique_names import Numbering
from logdiag.grammar import record_start
from logdiag.i18n import N_, gettext
from logdiag.model import Fault
from logdiag.snapshots.file_systems import shown
from logdiag.snapshots.limits import Meter
from logdiag.snapshots.locations import Place, Stream, open_place
from logdiag.snapshots.member import Member
from logdiag.snapshots.streams import members

_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".zip")
# Where a folder holds one of these, it is an unpacked archive and not a folder of snapshots.
_LAYOUT = {"mnt", "tmp", "var", "etc", "opt", "log", "logs", "tandberg"}
# What `logdiag redact` writes beside its archives to tell what is in them.
_LISTINGS = ("redaction.txt", "redaction.json")
_SKIPPED = {"link": N_("a link is not followed"), "device": N_("a device is not read")}
# What the system says most often of a file that it does not give; `gettext` is asked for what it says.
_OF_THE_SYSTEM = (
    N_("Permission denied"),
    N_("Input/output error"),
    N_("No such file or directory"),
    N_("No space left on device"),
)

# A server can list folders inside folders without end.
_DEEPEST = 100
_MOST_FOLDERS = 100_000


@dataclass(frozen=True)
class Snapshot:
    """What one peer handed over: a log file, an archive, a folder or standard input.

    ``name`` is the last name of its place; where names come twice they carry ``#2``, ``#3``…
    ``given`` is the input that it was found in, without the secrets of a URL. ``content`` is what
    is meant of a folder, as far as that was looked at already; ``only`` is the one thing in it that
    is meant, in a part of a snapshot.
    """

    name: str
    given: str
    place: Place = field(repr=False)
    content: tuple[Place, ...] | None = field(default=None, repr=False)
    only: tuple[str, Place | Fault] | None = field(default=None, repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once."""
        return isinstance(self.place, Stream)

    def members(self, meter: Meter) -> Iterator[Member]:
        """Its members, each to be read before the next, as far as ``meter`` lets them be read."""
        if self.place.kind != "folder":
            yield from _members(self.place.name, self.place, meter, whole=True)
            return
        for source, found in self.files():
            if not isinstance(found, Fault) and found.kind not in _SKIPPED:
                yield from _members(source, found, meter, whole=False)
            elif not meter.admits():
                yield Member(source, iter(()), [meter.stopped] if meter.stopped is not None else [])
            elif isinstance(found, Fault):
                yield Member(source, iter(()), [found])
            else:
                yield Member(source, iter(()), skipped=gettext(_SKIPPED[found.kind]))
            if meter.stopped is not None:
                return

    def files(self) -> Iterator[tuple[str, Place | Fault]]:
        """All that lies in a folder and in the folders in it, in the order of names, but no folder.

        Each has its path from the folder on. In the place of a folder that cannot be looked into
        stands why, under the folder's name where it is this one.
        """
        if self.only is not None:
            yield self.only
            return
        waiting = [("", self.place)]
        opened = 0
        while waiting:
            path, place = waiting.pop()
            if place.kind != "folder":
                yield path, place
                continue
            opened += 1
            if opened > _MOST_FOLDERS:
                said = gettext("of a snapshot no more than {number} folders are read")
                yield path, Fault("limit", said.format(number=f"{_MOST_FOLDERS:,}"))
                return
            if path.count("/") >= _DEEPEST:
                said = gettext("folders inside each other more than {number} deep are not read")
                yield path, Fault("limit", said.format(number=_DEEPEST))
                continue
            try:
                known = self.content if place is self.place else None
                children = place.children() if known is None else known
            except OSError as error:
                said = gettext("the folder cannot be read: {reason}")
                said = said.format(reason=gettext(error.strerror or str(error)))
                yield path or self.place.name, Fault("unreadable", said)
                continue
            below = f"{path}/" if path else ""
            waiting += [(below + child.name, child) for child in reversed(children)]


def find_snapshots(inputs: Sequence[str | Path]) -> list[Snapshot]:
    """The snapshots that the inputs hold, in the order of their names.

    An input is a path, a URL that fsspec opens, or ``-`` for standard input. What exists here by
    the name of an input is meant before what a URL would name.

    Raises:
        InputError: an input does not exist or cannot be read; all of them are named.

    """
    found: list[Snapshot] = []
    problems: list[str] = []
    for given in map(str, inputs):
        try:
            place = open_place(given)
            if isinstance(place, Stream) and any(place == one.place for one in found):
                continue  # it can be read once
            found.extend(_split(place, shown(given)))
        except OSError as error:
            problems.append(f"{shown(given)}: {error.strerror}")
    if problems:
        raise InputError(*problems)
    return _named(found)


def _split(place: Place, given: str) -> list[Snapshot]:
    if place.kind != "folder":
        return [Snapshot(place.name, given, place)]
    children = place.children()
    folders = [child for child in children if child.kind == "folder"]
    archives = [child for child in children if child.kind == "file" and child.name.endswith(_ARCHIVES)]
    listings = _LISTINGS if archives else ()
    rest = [
        child
        for child in children
        if child.kind != "folder" and child not in archives and child.name not in listings
    ]
    if (
        not (folders or archives)
        or any(folder.name in _LAYOUT for folder in folders)
        or any(_holds_records(child) for child in rest)
    ):
        return [Snapshot(place.name, given, place, tuple(children))]
    loose = [Snapshot(place.name, given, place, tuple(rest))] if rest else []
    return [*loose, *(Snapshot(child.name, given, child) for child in (*folders, *archives))]


def _holds_records(place: Place) -> bool:
    """Whether a record starts in the first chunk of a file, plain or compressed."""
    if place.kind != "file":
        return False
    try:
        head = place.head()
    except OSError:
        return False  # why stands in the ledger, once it is read
    first = next(members(place.name, iter([head])), None)
    return first is not None and bool(record_start().search(next(first.chunks, b"")))


def _named(found: list[Snapshot]) -> list[Snapshot]:
    names: dict[str, list[Snapshot]] = {}
    for snapshot in found:
        names.setdefault(snapshot.name, []).append(snapshot)
    # Numbered by content, so that the order of the inputs changes nothing.
    ordered = [sorted(same, key=digest) if len(same) > 1 else same for _, same in sorted(names.items())]
    numbering = Numbering()
    named = [replace(same[0], name=numbering.name(same[0].name)) for same in ordered]
    named += [replace(one, name=numbering.name(one.name)) for same in ordered for one in same[1:]]
    return sorted(named, key=lambda snapshot: snapshot.name)


def digest(snapshot: Snapshot) -> str:
    """What its files are called and hold, as a digest; all of them are read for it."""
    sha256 = hashlib.sha256()
    if not snapshot.is_stream:
        for path, found in snapshot.files():
            sha256.update(path.encode() + b"\0")
            if not isinstance(found, Fault) and found.kind == "file":
                sha256.update(_file_digest(found))
    return sha256.hexdigest()


def _file_digest(place: Place) -> bytes:
    sha256 = hashlib.sha256()
    for chunk in read(place, []):
        sha256.update(chunk)
    return sha256.digest()


def _members(source: str, place: Place, meter: Meter, *, whole: bool) -> Iterator[Member]:
    faults: list[Fault] = []
    yield from members(source, meter.given(read(place, faults)), meter, whole=whole, faults=faults)


def read(place: Place, faults: list[Fault]) -> Iterator[bytes]:
    """The bytes of a file as far as they can be had; why there are no more in ``faults``."""
    begun = False
    try:
        for chunk in place.chunks():
            yield chunk
            begun = True
    except OSError as error:
        said = gettext("cut: {reason}") if begun else gettext("cannot be read: {reason}")
        said = said.format(reason=gettext(error.strerror or str(error)))
        faults.append(Fault("cut" if begun else "unreadable", said))
