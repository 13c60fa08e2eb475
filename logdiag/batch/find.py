"""Which jobs there are in some folders. Little is read for it: names, and how files begin.

- A folder with logs in it, an unpacked archive, an archive and a log are snapshots, as for `diagnose`.
- A folder of snapshots is one job: the snapshots of a cluster lie together.
- A folder in which folders of snapshots lie is a collection. Each folder in it is a job of its own,
  or a collection again; the archives that lie in it are one job together.

Snapshots that lie together may be of several clusters: a diagnosis tells them apart.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from logdiag.batch.rows import Job
from logdiag.errors import InputError
from logdiag.language import gettext
from logdiag.numbering import Numbering
from logdiag.snapshots import digest, find_snapshots
from logdiag.snapshots.places import Local

_DEEPEST = 100
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Found:
    """The jobs, in the order of their names, and the files that lie beside them and belong to none."""

    jobs: tuple[Job, ...]
    beside: tuple[str, ...]


@dataclass(frozen=True)
class _Inside:
    """What lies in a folder that is no snapshot: snapshots or folders of them, and files that are neither."""

    folders: tuple[Local, ...]
    archives: tuple[Local, ...]
    loose: tuple[str, ...]


def find(given: Sequence[Path], out: Path) -> Found:
    """The jobs in some folders, the same for any order of them. ``out`` is passed over.

    Raises:
        InputError: a folder does not exist, or ``out`` lies where it would be read.

    """
    missing = [f"{path}: {gettext('there is no such file or folder')}" for path in given if not path.exists()]
    if missing:
        raise InputError("\n".join(missing))
    out = out.resolve()
    places: dict[tuple[Path, ...], tuple[str, tuple[Path, ...]]] = {}
    beside: set[str] = set()
    look = cache(lambda path: _inside(path, out))
    waiting = [(Local(path, "folder").name, path, 0) for path in given]
    while waiting:
        label, path, depth = waiting.pop()
        inside = look(path) if depth < _DEEPEST else None
        if inside is None or not any(look(folder.path) for folder in inside.folders):
            _add(places, label, (path,))
            continue
        waiting += [(f"{label}/{folder.name}", folder.path, depth + 1) for folder in inside.folders]
        beside |= {f"{label}/{name}" for name in inside.loose}
        if inside.archives:
            _add(places, label, tuple(archive.path for archive in inside.archives))
    for inputs in places:
        if any(out.is_relative_to(path) for path in inputs):
            said = gettext("{out}: it lies in a folder that is read; choose one outside")
            raise InputError(said.format(out=out))
    return Found(tuple(_named(list(places.values()))), tuple(sorted(beside)))


def _add(
    places: dict[tuple[Path, ...], tuple[str, tuple[Path, ...]]], label: str, inputs: tuple[Path, ...]
) -> None:
    """Note a job. One that is found twice, since a folder and one in it were given, is one."""
    key = tuple(path.resolve() for path in inputs)
    known = places.get(key)
    if known is None or label < known[0]:
        places[key] = (label, inputs)


def _inside(path: Path, out: Path) -> _Inside | None:
    """What lies in a folder; None where it is a snapshot itself, or cannot be looked into."""
    try:
        found = find_snapshots([path])
    except InputError:
        return None  # why is told once it is diagnosed
    parts = [one.place for one in found if isinstance(one.place, Local) and one.place.path != path]
    if not parts:
        return None
    own = [content for one in found if one.place not in parts for content in one.content or ()]
    return _Inside(
        folders=tuple(part for part in parts if part.kind == "folder" and part.path.resolve() != out),
        archives=tuple(part for part in parts if part.kind == "file"),
        loose=tuple(place.name for place in own),
    )


def _named(places: list[tuple[str, tuple[Path, ...]]]) -> list[Job]:
    """The jobs with the names of their folders, numbered by content where labels are the same."""
    times = Counter(label for label, _ in places)
    ordered = sorted(places, key=lambda place: (place[0], _content(place[1]) if times[place[0]] > 1 else ""))
    numbering = Numbering("-", fold=True)
    jobs = [
        Job(numbering.name(_folder_name(label)), label, tuple(map(str, inputs))) for label, inputs in ordered
    ]
    return sorted(jobs, key=lambda job: job.name)


def _content(inputs: tuple[Path, ...]) -> str:
    return " ".join(digest(snapshot) for snapshot in find_snapshots(inputs))


def _folder_name(label: str) -> str:
    """A name that every file system takes and that says nothing to a shell or in a URL."""
    name = re.sub(r"[^\w.]+", "-", label.partition("/")[2] or label)
    return name.strip("-.")[:_LONGEST_NAME].rstrip("-.") or "cluster"
