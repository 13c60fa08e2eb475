"""Which jobs there are in some folders. Little is read for it: names, and how files begin.

- A folder with logs in it, an unpacked archive, an archive and a log are snapshots, as for `diagnose`.
- A folder of snapshots is one job: the snapshots of a cluster lie together.
- A folder in which folders of snapshots lie is a collection. Each folder in it is a job of its own,
  or a collection again; the archives that lie in it are one job together.

Snapshots that lie together may be of several clusters: a diagnosis tells them apart.
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
from logdiag.snapshots.locations import Local, Place, Remote, Web, open_place

_DEEPEST = 100
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Found:
    """The jobs, in the order of their names, and the files that lie beside them and belong to none."""

    jobs: tuple[Job, ...]
    beside: tuple[str, ...]


@dataclass(frozen=True)
class _Inside:
    """What lies in a folder that is no snapshot: snapshots or folders of them, and files that are neither.

    Folders and archives have their addresses with them: a path, or a URL.
    """

    folders: tuple[tuple[str, str], ...]
    archives: tuple[str, ...]
    loose: tuple[str, ...]


def absolute(given: str | Path) -> str:
    """What names the same for a worker that was started elsewhere; a URL as it is."""
    text = str(given)
    return text if is_url(text) and not Path(text).exists() else str(Path(text).absolute())


def find(given: Sequence[str | Path], out: str | Path) -> Found:
    """The jobs in some folders, the same for any order of them. ``out`` is passed over.

    Raises:
        InputError: a folder does not exist, or ``out`` lies where it would be read.

    """
    written = _real(str(out))
    places: dict[tuple[PurePath, ...], tuple[str, tuple[str, ...]]] = {}
    beside: set[str] = set()
    waiting = []
    for given_address, place in _opened(map(str, given)):
        if place.kind == "folder":
            waiting.append((place.name, _address(place, given_address), 0))
        else:
            _add(places, place.name, (_address(place, given_address),))
    look = cache(lambda address: _inside(address, written))
    while waiting:
        label, address, depth = waiting.pop()
        inside = look(address) if depth < _DEEPEST else None
        if inside is None or not any(look(folder) for _, folder in inside.folders):
            _add(places, label, (address,))
            continue
        waiting += [(f"{label}/{name}", folder, depth + 1) for name, folder in inside.folders]
        beside |= {f"{label}/{name}" for name in inside.loose}
        if inside.archives:
            _add(places, label, inside.archives)
    for inputs in places:
        if any(written.is_relative_to(path) for path in inputs):
            said = gettext("{out}: it lies in a folder that is read; choose one outside")
            raise InputError(said.format(out=shown(str(out))))
    return Found(tuple(_named(list(places.values()))), tuple(sorted(beside)))


def _opened(given: Iterable[str]) -> list[tuple[str, Place]]:
    found, problems = [], []
    for address in given:
        try:
            found.append((address, open_place(address)))
        except OSError as error:
            problems.append(f"{shown(address)}: {error.strerror}")
    if problems:
        raise InputError(*problems)
    return found


def _address(place: Place, otherwise: str) -> str:
    """How a place is opened again. Of one behind a URL only the URL that led there knows its host."""
    if isinstance(place, Local):
        return str(place.path)
    return place.path if isinstance(place, Web) else otherwise


def _real(address: str) -> PurePath:
    """An address as it is compared with others."""
    local = Path(address).exists() or not is_url(address)
    return Path(address).resolve() if local else PurePosixPath(address)


def _add(
    places: dict[tuple[PurePath, ...], tuple[str, tuple[str, ...]]], label: str, inputs: tuple[str, ...]
) -> None:
    """Note a job. One that is found twice, since a folder and one in it were given, is one."""
    key = tuple(map(_real, inputs))
    known = places.get(key)
    if known is None or label < known[0]:
        places[key] = (label, inputs)


def _inside(address: str, out: PurePath) -> _Inside | None:
    """What lies in a folder; None where that is a snapshot itself, or cannot be looked into."""
    try:
        found = find_snapshots([address])
    except InputError:
        return None  # why is told once it is diagnosed
    parts = [one.place for one in found if one.content is None]
    if not parts:
        return None
    children = [(part.name, _child(address, part), part.kind) for part in parts]
    own = [content for one in found for content in one.content or ()]
    return _Inside(
        folders=tuple((name, at) for name, at, kind in children if kind == "folder" and _real(at) != out),
        archives=tuple(at for _, at, kind in children if kind == "file"),
        loose=tuple(place.name for place in own),
    )


def _child(folder: str, place: Place) -> str:
    last = place.path.rstrip("/").rpartition("/")[2] if isinstance(place, Remote) else place.name
    return _address(place, f"{folder.rstrip('/')}/{last}")


def _named(places: list[tuple[str, tuple[str, ...]]]) -> list[Job]:
    """The jobs with the names of their folders, numbered by content where labels are the same."""
    times = Counter(label for label, _ in places)
    ordered = sorted(places, key=lambda place: (place[0], _content(place[1]) if times[place[0]] > 1 else ""))
    numbering = Numbering("-", fold=True)
    jobs = [Job(numbering.name(_folder_name(label)), label, inputs) for label, inputs in ordered]
    return sorted(jobs, key=lambda job: job.name)


def _content(inputs: tuple[str, ...]) -> str:
    return " ".join(digest(snapshot) for snapshot in find_snapshots(inputs))


def _folder_name(label: str) -> str:
    """A name that every file system takes and that says nothing to a shell or in a URL."""
    name = re.sub(r"[^\w.]+", "-", label.partition("/")[2] or label)
    return name.strip("-.")[:_LONGEST_NAME].rstrip("-.") or "cluster"
