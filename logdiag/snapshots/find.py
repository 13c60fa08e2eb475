"""Which snapshots the inputs are: a file, an archive, a folder, or a folder of snapshots."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logdiag.errors import InputError
from logdiag.grammar import record_start
from logdiag.snapshots.member import CHUNK, Member, readable
from logdiag.snapshots.streams import members

STDIN = "-"

_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".zip")
# Where a folder holds one of these, it is an unpacked archive and not a folder of snapshots.
_LAYOUT = {"mnt", "tmp", "var", "etc", "opt", "log", "logs", "tandberg"}


@dataclass(frozen=True)
class Snapshot:
    """What one peer handed over: a log file, an archive, a folder or standard input.

    ``name`` is the base name of its path; where names come twice they carry ``#2``, ``#3``…
    ``given`` is the input that it was found in. ``files`` are the only ones of a folder that are
    meant, where its other content is snapshots of their own.
    """

    name: str
    given: str
    path: Path | None
    files: tuple[Path, ...] | None = None

    def members(self) -> Iterator[Member]:
        """Its members, each to be read before the next."""
        if self.path is None:
            yield from members(self.name, _stdin())
        elif self.path.is_dir():
            for file in sorted(_walk(self.path)) if self.files is None else self.files:
                source = readable(file.relative_to(self.path).as_posix())
                if file.is_symlink():
                    yield Member(source, iter(()), skipped="a link is not followed")
                elif not file.is_file():
                    yield Member(source, iter(()), skipped="a device is not read")
                else:
                    yield from members(source, _file(file), whole=False)
        else:
            yield from members(readable(self.path.name), _file(self.path))


def find_snapshots(inputs: Sequence[str | Path]) -> list[Snapshot]:
    """The snapshots that the inputs hold, in the order of their names.

    Raises:
        InputError: an input does not exist or cannot be read; all of them are named.

    """
    found: list[Snapshot] = []
    problems: list[str] = []
    for given in map(str, inputs):
        path = Path(given)
        if given == STDIN:
            if given not in {snapshot.given for snapshot in found}:  # it can be read once
                found.append(Snapshot(STDIN, given, None))
        elif not path.exists():
            problems.append(f"{given}: there is no such file or folder")
        elif not path.is_file() and not path.is_dir():
            problems.append(f"{given}: is neither a file nor a folder")
        else:
            try:
                found.extend(_split(path, given))
            except OSError as error:
                problems.append(f"{given}: {error.strerror}")
    if problems:
        raise InputError("\n".join(problems))
    return _named(found)


def _split(path: Path, given: str) -> list[Snapshot]:
    if path.is_file():
        with path.open("rb"):
            return [_snapshot(path, given)]
    children = sorted(path.iterdir())
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    archives = [child for child in children if child.is_file() and child.name.endswith(_ARCHIVES)]
    loose = [child for child in children if child.is_file() and child not in archives]
    if any(_holds_records(file) for file in loose) or any(f.name in _LAYOUT for f in folders):
        return [_snapshot(path, given)]
    if not folders and not archives:
        return [_snapshot(path, given)]
    rest = [_snapshot(path, given, tuple(loose))] if loose else []
    return [*rest, *(_snapshot(child, given) for child in (*folders, *archives))]


def _snapshot(path: Path, given: str, files: tuple[Path, ...] | None = None) -> Snapshot:
    name = path.name if path.name not in ("", "..") else path.resolve().name
    return Snapshot(readable(name), given, path, files)


def _holds_records(file: Path) -> bool:
    """Whether a record starts in the first chunk of a file, plain or compressed."""
    if file.is_symlink():
        return False
    first = next(members(file.name, _file(file)), None)
    return first is not None and bool(record_start().search(next(first.chunks, b"")))


def _named(found: list[Snapshot]) -> list[Snapshot]:
    names: dict[str, list[Snapshot]] = {}
    for snapshot in found:
        names.setdefault(snapshot.name, []).append(snapshot)
    named = []
    for name, same in sorted(names.items()):
        # Numbered by content, so that the order of the inputs changes nothing.
        ordered = sorted(same, key=_digest) if len(same) > 1 else same
        named += [
            replace(snapshot, name=name if number == 1 else f"{name}#{number}")
            for number, snapshot in enumerate(ordered, start=1)
        ]
    return named


def _digest(snapshot: Snapshot) -> str:
    digest = hashlib.sha256()
    if snapshot.path is not None:
        folder = snapshot.path.is_dir()
        files = snapshot.files or (sorted(_walk(snapshot.path)) if folder else [snapshot.path])
        for file in files:
            name = file.relative_to(snapshot.path).as_posix() if folder else ""
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
            if file.is_file() and not (folder and file.is_symlink()):
                digest.update(_file_digest(file))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    for chunk in _file(path):
        digest.update(chunk)
    return digest.digest()


def _walk(folder: Path) -> Iterator[Path]:
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            yield from _walk(child)
        else:
            yield child


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _stdin() -> Iterator[bytes]:
    while chunk := sys.stdin.buffer.read(CHUNK):
        yield chunk
