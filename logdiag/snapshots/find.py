"""Find the snapshots in the inputs: a file, an archive, a folder, or a folder of snapshots."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from logdiag.errors import InputError
from logdiag.files.unique_names import Numbering
from logdiag.grammar import record_start
from logdiag.i18n import N_, gettext
from logdiag.model import Fault
from logdiag.snapshots.compression import ARCHIVE_SUFFIXES
from logdiag.snapshots.file_systems import shown
from logdiag.snapshots.limits import Meter
from logdiag.snapshots.locations import Location, Stream, open_location
from logdiag.snapshots.member import Member
from logdiag.snapshots.streams import open_members

# A folder with one of these in it is an unpacked archive and not a folder of snapshots.
_UNPACKED_FOLDERS = {"mnt", "tmp", "var", "etc", "opt", "log", "logs", "tandberg"}
# `logdiag redact` writes these next to its archives.
_LISTINGS = ("redaction.txt", "redaction.json")
_SKIPPED = {"link": N_("a link is not followed"), "device": N_("a device is not read")}
# The usual messages of the system about a file, for the catalogue; `gettext` is called with what it says.
_SYSTEM_MESSAGES = (
    N_("Permission denied"),
    N_("Input/output error"),
    N_("No such file or directory"),
    N_("No space left on device"),
)

# A server can list folders inside folders without end.
_MAX_DEPTH = 100
_MAX_FOLDERS = 100_000


@dataclass(frozen=True)
class Snapshot:
    """The evidence of one peer: a log file, an archive, a folder or standard input.

    ``name`` is the last name of its location, with ``#2``, ``#3``… if names come twice. ``given`` is the
    input that contains it, without the secrets of a URL. ``content`` are the children of a folder, if they
    are known already or not all of them belong to the snapshot.
    """

    name: str
    given: str
    location: Location = field(repr=False)
    content: tuple[Location, ...] | None = field(default=None, repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once."""
        return isinstance(self.location, Stream)

    def members(self, meter: Meter) -> Iterator[Member]:
        """Yield its members, each to be read before the next, as far as ``meter`` allows."""
        if self.location.kind != "folder":
            yield from _members(self.location.name, self.location, meter, whole=True)
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

    def files(self) -> Iterator[tuple[str, Location | Fault]]:
        """Yield everything but folders in a folder and its subfolders, with its path, sorted by name.

        A folder that cannot be read has a fault instead, under its own name if it is the snapshot itself.
        """
        waiting = [("", self.location)]
        opened = 0
        while waiting:
            path, location = waiting.pop()
            if location.kind != "folder":
                yield path, location
                continue
            opened += 1
            if opened > _MAX_FOLDERS:
                said = gettext("of a snapshot no more than {number} folders are read")
                yield path, Fault("limit", said.format(number=f"{_MAX_FOLDERS:,}"))
                return
            if path.count("/") >= _MAX_DEPTH:
                said = gettext("folders inside each other more than {number} deep are not read")
                yield path, Fault("limit", said.format(number=_MAX_DEPTH))
                continue
            try:
                known = self.content if location is self.location else None
                children = location.children() if known is None else known
            except OSError as error:
                said = gettext("the folder cannot be read: {reason}").format(reason=_reason(error))
                yield path or self.location.name, Fault("unreadable", said)
                continue
            below = f"{path}/" if path else ""
            waiting += [(below + child.name, child) for child in reversed(children)]


def find_snapshots(inputs: Sequence[str | Path | Location]) -> list[Snapshot]:
    """Return the snapshots in the inputs, in the order of their names.

    An input is a path, a URL that fsspec opens, ``-`` for standard input, or a location. A local path wins
    over a URL with the same spelling.

    Raises:
        InputError: an input does not exist or cannot be read; all of them are named.

    """
    found: list[Snapshot] = []
    problems: list[str] = []
    for one in inputs:
        given = str(one) if isinstance(one, str | Path) else one.name
        try:
            location = open_location(given) if isinstance(one, str | Path) else one
            if isinstance(location, Stream) and any(location == known.location for known in found):
                continue  # it can be read once
            found.extend(_split(location, shown(given)))
        except OSError as error:
            problems.append(f"{shown(given)}: {error.strerror}")
    if problems:
        raise InputError(*problems)
    return _named(found)


def _split(location: Location, given: str) -> list[Snapshot]:
    if location.kind != "folder":
        return [Snapshot(location.name, given, location)]
    children = location.children()
    folders = [child for child in children if child.kind == "folder"]
    archives = [child for child in children if child.kind == "file" and child.name.endswith(ARCHIVE_SUFFIXES)]
    listings = _LISTINGS if archives else ()
    rest = [
        child
        for child in children
        if child.kind != "folder" and child not in archives and child.name not in listings
    ]
    if (
        not (folders or archives)
        or any(folder.name in _UNPACKED_FOLDERS for folder in folders)
        or any(_contains_records(child) for child in rest)
    ):
        return [Snapshot(location.name, given, location, tuple(children))]
    loose = [Snapshot(location.name, given, location, tuple(rest))] if rest else []
    return [*loose, *(Snapshot(child.name, given, child) for child in (*folders, *archives))]


def _contains_records(location: Location) -> bool:
    """Return whether a record starts in the first chunk of a file, plain or compressed."""
    if location.kind != "file":
        return False
    try:
        head = location.head()
    except OSError:
        return False  # reported once it is read
    first = next(open_members(location.name, iter([head])), None)
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
    """Return a digest of the names and contents of its files, which are all read for it."""
    sha256 = hashlib.sha256()
    for path, found in () if snapshot.is_stream else snapshot.files():
        sha256.update(path.encode() + b"\0")
        if not isinstance(found, Fault) and found.kind == "file":
            own = hashlib.sha256()
            for chunk in _read(found, []):
                own.update(chunk)
            sha256.update(own.digest())
    return sha256.hexdigest()


def _members(source: str, location: Location, meter: Meter, *, whole: bool) -> Iterator[Member]:
    faults: list[Fault] = []
    yield from open_members(source, meter.given(_read(location, faults)), meter, whole=whole, faults=faults)


def _read(location: Location, faults: list[Fault]) -> Iterator[bytes]:
    """The bytes of a file as far as they can be read; the reason for missing ones goes to ``faults``."""
    begun = False
    try:
        for chunk in location.chunks():
            yield chunk
            begun = True
    except OSError as error:
        said = gettext("cut: {reason}") if begun else gettext("cannot be read: {reason}")
        faults.append(Fault("cut" if begun else "unreadable", said.format(reason=_reason(error))))


def _reason(error: OSError) -> str:
    return gettext(error.strerror or str(error))
