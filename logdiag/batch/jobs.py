"""Find the jobs in some folders. Only names and the beginnings of files are read for it.

- A folder with logs in it, an unpacked archive, an archive and a log are snapshots, as for `diagnose`.
- A folder of snapshots is one job: the snapshots of a cluster lie together.
- A folder of folders of snapshots is a collection. Each folder in it is a job of its own, or a collection
  again; the archives in it are one job together.

The snapshots of a job may belong to several clusters: a diagnosis separates them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath, PurePosixPath

from logdiag.batch.rows import Job
from logdiag.errors import InputError
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.snapshots import digest, find_snapshots
from logdiag.snapshots.file_systems import is_url, shown
from logdiag.snapshots.locations import Location, open_location

# Object stores and servers can list folders without end. A folder name longer than 80 breaks on some systems.
_MAX_DEPTH = 100
_MAX_NAME_CHARS = 80

_Inputs = tuple[str, ...]
"""The paths or URLs of a job's snapshots."""


@dataclass(frozen=True)
class FoundJobs:
    """The jobs, in the order of their names, and the files next to them that belong to no job."""

    jobs: tuple[Job, ...]
    other_files: tuple[str, ...]


@dataclass(frozen=True)
class _Children:
    """The folders (name and address), archives (addresses) and other files (names) in a folder."""

    folders: tuple[tuple[str, str], ...]
    archives: _Inputs
    other_files: tuple[str, ...]


def absolute(given: str | Path) -> str:
    """Return an input as a worker with another current folder can open it; a URL unchanged."""
    text = str(given)
    return text if is_url(text) and not Path(text).exists() else str(Path(text).absolute())


def find_jobs(given: Sequence[str | Path], out: str | Path) -> FoundJobs:
    """Return the jobs in some folders, the same for any order of the folders. ``out`` is passed over.

    Raises:
        InputError: a folder does not exist, or ``out`` is in a folder that is read.

    """
    written = comparable(str(out))
    jobs: dict[tuple[PurePath, ...], tuple[str, _Inputs]] = {}

    def add(label: str, inputs: _Inputs) -> None:
        # A job that is found twice, because a folder and one inside it were given, is one.
        key = tuple(map(comparable, inputs))
        jobs[key] = min(jobs.get(key, (label, inputs)), (label, inputs))

    other_files: set[str] = set()
    locations = _open_all(map(str, given))
    for location in locations:
        if location.kind != "folder":
            add(location.name, (location.address,))
    waiting = [(one.name, one.address, 0) for one in locations if one.kind == "folder"]
    children_of = cache(lambda address: _children(address, written))
    while waiting:
        label, address, depth = waiting.pop()
        children = children_of(address) if depth < _MAX_DEPTH else None
        if children is None or not any(children_of(folder) for _, folder in children.folders):
            add(label, (address,))
            continue
        waiting += [(f"{label}/{name}", folder, depth + 1) for name, folder in children.folders]
        other_files |= {f"{label}/{name}" for name in children.other_files}
        if children.archives:
            add(label, children.archives)
    for inputs in jobs:
        if any(written.is_relative_to(path) for path in inputs):
            said = gettext("{out}: it is in a folder that is read; choose a folder outside")
            raise InputError(said.format(out=shown(str(out))))
    return FoundJobs(tuple(_named(list(jobs.values()))), tuple(sorted(other_files)))


def _open_all(given: Iterable[str]) -> list[Location]:
    found, problems = [], []
    for address in given:
        try:
            found.append(open_location(address))
        except OSError as error:
            problems.append(f"{shown(address)}: {error.strerror}")
    if problems:
        raise InputError(*problems)
    return found


def comparable(address: str) -> PurePath:
    """Return an address in the form in which equal addresses are equal."""
    local = Path(address).exists() or not is_url(address)
    return Path(address).resolve() if local else PurePosixPath(address)


def _children(address: str, out: PurePath) -> _Children | None:
    """The content of a folder of snapshots; None if the folder is a snapshot itself, or cannot be read."""
    try:
        found = find_snapshots([address])
    except InputError:
        return None  # the diagnosis reports the reason
    inner = [one.location for one in found if one.content is None]
    if not inner:
        return None
    folders = [(one.name, one.address) for one in inner if one.kind == "folder"]
    return _Children(
        folders=tuple((name, folder) for name, folder in folders if comparable(folder) != out),
        archives=tuple(one.address for one in inner if one.kind == "file"),
        other_files=tuple(location.name for one in found for location in one.content or ()),
    )


def _named(jobs: list[tuple[str, _Inputs]]) -> list[Job]:
    """Return the jobs with the names of their folders, numbered by content if labels are the same."""
    times = Counter(label for label, _ in jobs)
    ordered = sorted(jobs, key=lambda job: (job[0], _content(job[1]) if times[job[0]] > 1 else ""))
    numbering = Numbering("-", fold=True)
    named = [Job(numbering.name(_folder_name(label)), label, inputs) for label, inputs in ordered]
    return sorted(named, key=lambda job: job.name)


def _content(inputs: _Inputs) -> str:
    return " ".join(digest(snapshot) for snapshot in find_snapshots(inputs))


def _folder_name(label: str) -> str:
    """Return a name that every file system takes and that has no meaning to a shell or in a URL."""
    name = re.sub(r"[^\w.]+", "-", label.partition("/")[2] or label)
    return name.strip("-.")[:_MAX_NAME_CHARS].rstrip("-.") or "cluster"
