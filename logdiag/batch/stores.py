"""Where the output of a batch lies: a folder of this machine, or one behind a URL.

They look alike from outside (`Store`). What is put is there whole or not at all: a folder of this
machine as a whole, of one behind a URL each file by itself, because object stores know no more.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import file_system, is_local, is_url, shown, told

_UNFINISHED = ".unfinished"


class Store(Protocol):
    """Files by their paths, with ``/`` between folders. The methods raise ``OSError``, which names it."""

    def make(self) -> None:
        """Be there, if only as an empty folder. Raises `InputError` where that cannot be."""

    def alone(self, mark: str) -> AbstractContextManager[None]:
        """Hold the file ``mark`` against other runs. Raises `InputError` where another one does."""

    def names(self, folder: str) -> list[str]:
        """What lies right in a folder, in order; nothing where there is none."""

    def read(self, file: str) -> bytes:
        """What a file holds."""

    def put_file(self, file: str, content: bytes) -> None:
        """Put a file in its place, instead of what was there."""

    def put_folder(self, folder: str, fill: Callable[[Path], None]) -> None:
        """Put a folder in its place, instead of what was there. ``fill`` writes it elsewhere before."""

    def remove(self, name: str) -> None:
        """Take a file away, or a folder with all that is in it."""

    def tidy(self) -> None:
        """Put away what a run that was killed left unfinished."""


def store(given: str) -> Store:
    """The store that a path or a URL names.

    Raises:
        InputError: nothing can be written to such a URL.

    """
    if not is_url(given) or Path(given).exists():
        return Folder(Path(given).absolute(), given)
    try:
        files, path = file_system(given)
    except OSError as error:
        raise InputError(f"{shown(given)}: {error.strerror}") from None
    return Folder(Path(path), given) if is_local(files) else Objects(files, path.rstrip("/"), shown(given))


@dataclass(frozen=True)
class Folder:
    """A folder of this machine. Everything is made in ``.unfinished/`` and renamed into its place."""

    path: Path
    shown: str

    def make(self) -> None:
        """Make the folder."""
        if not self.path.parent.is_dir() or (self.path.exists() and not self.path.is_dir()):
            raise InputError(gettext("{out}: it is no folder, and cannot be made").format(out=self.shown))
        self.path.mkdir(exist_ok=True)

    @contextmanager
    def alone(self, mark: str) -> Iterator[None]:
        """Lock the mark; whatever ends the process unlocks it, too."""
        if sys.platform == "win32":
            yield
            return
        import fcntl

        # For writing: network file systems lock no other.
        handle = os.open(self.path / mark, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(gettext("{out}: another run writes there").format(out=self.shown)) from None
        else:
            yield
        finally:
            os.close(handle)

    def names(self, folder: str) -> list[str]:
        """What lies right in a folder."""
        place = self.path / folder
        return sorted(path.name for path in place.iterdir()) if place.is_dir() else []

    def read(self, file: str) -> bytes:
        """What a file holds."""
        return (self.path / file).read_bytes()

    def put_file(self, file: str, content: bytes) -> None:
        """Write it elsewhere and rename it."""
        room = self._room()
        (room / "file").write_bytes(content)
        self._above(file)
        (room / "file").replace(self.path / file)
        room.rmdir()

    def put_folder(self, folder: str, fill: Callable[[Path], None]) -> None:
        """Rename it into its place. That takes two steps; whoever is killed between them leaves none."""
        room = self._room()
        fill(room)
        room.chmod(0o777 & ~_umask())
        self._above(folder)
        self.remove(folder)
        try:
            room.rename(self.path / folder)
        except OSError:
            # A worker that was taken for dead did the same meanwhile: the same files.
            if not (self.path / folder).is_dir():
                raise

    def remove(self, name: str) -> None:
        """Take it out of sight in one step; `tidy` takes it away."""
        with suppress(FileNotFoundError):
            (self.path / name).rename(self._room() / "old")

    def tidy(self) -> None:
        """Put away what was not finished, and what was replaced."""
        shutil.rmtree(self.path / _UNFINISHED, ignore_errors=True)

    def _room(self) -> Path:
        (self.path / _UNFINISHED).mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self.path / _UNFINISHED))

    def _above(self, name: str) -> None:
        (self.path / name).parent.mkdir(exist_ok=True)


@dataclass(frozen=True)
class Objects:
    """A folder behind a URL, such as a prefix of a bucket. ``files`` is its file system."""

    files: Any = field(repr=False)
    path: str = field(repr=False)
    shown: str

    def make(self) -> None:
        """Nothing: folders come with the files in them."""

    def alone(self, mark: str) -> AbstractContextManager[None]:
        """Nothing: object stores lock nothing."""
        return nullcontext()

    def names(self, folder: str) -> list[str]:
        """What the file system lists."""
        with self._told(folder), suppress(FileNotFoundError):
            self.files.invalidate_cache()  # others write there, too
            listed = self.files.ls(self._at(folder), detail=False)
            found = {str(path).rstrip("/") for path in listed} - {self._at(folder)}
            return sorted(path.rpartition("/")[2] for path in found)
        return []

    def read(self, file: str) -> bytes:
        """What a file holds."""
        with self._told(file):
            content: bytes = self.files.cat_file(self._at(file))
        return content

    def put_file(self, file: str, content: bytes) -> None:
        """Put it there in one request."""
        with self._told(file):
            self.files.pipe_file(self._at(file), content)

    def put_folder(self, folder: str, fill: Callable[[Path], None]) -> None:
        """Put its files there one by one, and take away what else was there."""
        with tempfile.TemporaryDirectory(prefix="logdiag-") as room:
            fill(Path(room))
            made = sorted(path.relative_to(room) for path in Path(room).rglob("*") if path.is_file())
            for path in made:
                with self._told(folder):
                    self.files.put_file(str(room / path), self._at(f"{folder}/{path.as_posix()}"))
        for name in set(self.names(folder)) - {path.parts[0] for path in made}:
            self.remove(f"{folder}/{name}")

    def remove(self, name: str) -> None:
        """Take away all that has this name, or a name below it."""
        with self._told(name), suppress(FileNotFoundError):
            self.files.invalidate_cache()
            for path in self.files.find(self._at(name)):  # its own removal reads names as patterns
                self.files.rm_file(path)

    def tidy(self) -> None:
        """Take away what one worker showed the others."""
        self.remove(_UNFINISHED)

    def _at(self, name: str) -> str:
        return f"{self.path}/{name}" if name else self.path

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            with told():
                yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{self.shown.rstrip('/')}/{name}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
