"""Which snapshots the inputs are: a file, an archive, a folder, or a folder of snapshots."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from logdiag.errors import InputError
from logdiag.grammar import record_start
from logdiag.snapshots.streams import CHUNK, Member, members

STDIN = "-"

_ARCHIVES = (".tar.gz", ".tgz", ".tar")
# Where a folder holds one of these, it is an unpacked archive and not a folder of snapshots.
_LAYOUT = {"mnt", "tmp", "var", "etc", "opt", "log", "logs", "tandberg"}


@dataclass(frozen=True)
class Snapshot:
    """What one peer handed over: a log file, an archive, a folder or standard input.

    ``name`` is the input's base name; where names come twice they carry ``#2``, ``#3``…
    """

    name: str
    path: Path | None

    def members(self) -> Iterator[Member]:
        """Its members, each to be read before the next."""
        if self.path is None:
            yield from members(self.name, _stdin())
        elif self.path.is_dir():
            for file in sorted(_walk(self.path)):
                source = file.relative_to(self.path).as_posix()
                if file.is_symlink():
                    yield Member(source, iter(()), skipped="a link is not followed")
                elif not file.is_file():
                    yield Member(source, iter(()), skipped="a device is not read")
                else:
                    yield from members(source, _file(file), whole=False)
        else:
            yield from members(self.path.name, _file(self.path))


def find_snapshots(inputs: Sequence[str | Path]) -> list[Snapshot]:
    """The snapshots that the inputs hold, in the order of their names.

    Raises:
        InputError: an input does not exist or cannot be read; all of them are named.

    """
    paths: list[Path | None] = []
    problems: list[str] = []
    for given in inputs:
        path = Path(given)
        if str(given) == STDIN:
            paths.append(None)
        elif not path.exists():
            problems.append(f"{given}: there is no such file or folder")
        else:
            try:
                paths.extend(_split(path))
            except OSError as error:
                problems.append(f"{given}: {error.strerror}")
    if problems:
        raise InputError("\n".join(problems))
    return _named(paths)


def _split(path: Path) -> list[Path]:
    if path.is_file():
        with path.open("rb"):
            return [path]
    children = sorted(child for child in path.iterdir() if not child.name.startswith("."))
    folders = [child for child in children if child.is_dir() and not child.is_symlink()]
    archives = [child for child in children if child.is_file() and child.name.endswith(_ARCHIVES)]
    loose = [child for child in children if child.is_file() and child not in archives]
    if any(_holds_records(file) for file in loose) or any(f.name in _LAYOUT for f in folders):
        return [path]
    return [*folders, *archives] or [path]


def _holds_records(file: Path) -> bool:
    """Whether a record starts in the first chunk of a file, plain or compressed."""
    if file.is_symlink():
        return False
    first = next(members(file.name, _file(file)), None)
    return first is not None and bool(record_start().search(next(first.chunks, b"")))


def _named(paths: list[Path | None]) -> list[Snapshot]:
    names: dict[str, list[Path | None]] = {}
    for path in paths:
        names.setdefault(STDIN if path is None else path.resolve().name, []).append(path)
    snapshots = []
    for name, same in sorted(names.items()):
        # Numbered by content, so that the order of the inputs changes nothing.
        ordered = sorted(same, key=_digest) if len(same) > 1 else same
        for number, path in enumerate(ordered, start=1):
            snapshots.append(Snapshot(name if number == 1 else f"{name}#{number}", path))
    return snapshots


def _digest(path: Path | None) -> str:
    digest = hashlib.sha256()
    for file in sorted(_walk(path)) if path is not None and path.is_dir() else [path]:
        if file is not None and file.is_file():
            digest.update(hashlib.sha256(b"".join(_file(file))).digest())
    return digest.hexdigest()


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
