"""Stores for the output of a batch: a folder of this machine, or one with a URL.

A file is written completely or not at all, and so is a folder of this machine. In a folder with a URL only
each file is, because object stores offer no more.
"""

import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import as_os_error, file_system, is_local, is_url, shown

UNFINISHED = ".unfinished"
"""The folder of what is not complete yet."""


@dataclass(frozen=True)
class _Folder:
    """A folder of this machine. Everything is written to ``.unfinished/`` and then renamed.

    Paths have ``/`` between folders. Methods raise ``OSError``, which names the file.
    """

    path: Path
    shown: str

    def create(self) -> None:
        """Create the store, if only as an empty folder. Raises `InputError` if that is not possible."""
        if not self.path.parent.is_dir() or (self.path.exists() and not self.path.is_dir()):
            raise InputError(gettext("{out}: not a folder, and cannot be created").format(out=self.shown))
        self.path.mkdir(exist_ok=True)

    @contextmanager
    def lock(self, mark: str) -> Iterator[None]:
        """Lock the file ``mark`` against other runs. Raises `InputError` if another run has it."""
        if sys.platform == "win32":
            yield
            return
        import fcntl

        # Opened for writing: network file systems lock nothing else.
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
        """Return the sorted names in a folder; none if it does not exist."""
        path = self.path / folder
        return sorted(one.name for one in path.iterdir()) if path.is_dir() else []

    def read(self, file: str) -> bytes:
        """Return the content of a file."""
        return (self.path / file).read_bytes()

    def put_file(self, file: str, content: bytes) -> None:
        """Write a file, or replace it."""
        new = self._unfinished()
        new.write_bytes(content)
        (self.path / file).parent.mkdir(exist_ok=True)
        new.replace(self.path / file)

    def put_folder(self, folder: str, fill: Callable[[Path], None]) -> None:
        """Write a folder, or replace it. ``fill`` writes its files to an empty folder elsewhere first."""
        # Two steps; after a kill between them there is no folder, and its job is not finished.
        new = self._unfinished()
        new.mkdir()
        fill(new)
        (self.path / folder).parent.mkdir(exist_ok=True)
        self.remove(folder)
        try:
            new.rename(self.path / folder)
        except OSError:
            # A worker that was taken for dead did the same meanwhile: the same files.
            if not (self.path / folder).is_dir():
                raise

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        # One step; `remove_unfinished` deletes it.
        with suppress(FileNotFoundError):
            (self.path / name).rename(self._unfinished())

    def remove_unfinished(self) -> None:
        """Remove what a killed run did not complete."""
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)

    def _unfinished(self) -> Path:
        """Return a new path next to the output, from which a rename is one step."""
        (self.path / UNFINISHED).mkdir(exist_ok=True)
        return self.path / UNFINISHED / uuid.uuid4().hex


@dataclass(frozen=True)
class _Objects:
    """The same for a folder with a URL, such as a prefix of a bucket. ``files`` is its file system."""

    files: Any = field(repr=False)
    path: str = field(repr=False)
    shown: str

    def create(self) -> None:
        pass  # folders come with the files in them

    def lock(self, mark: str) -> AbstractContextManager[None]:
        return nullcontext()  # object stores have no locks

    def names(self, folder: str) -> list[str]:
        with self._named_errors(folder), suppress(FileNotFoundError):
            self.files.invalidate_cache()  # other processes write there, too
            listed = self.files.ls(self._path(folder), detail=False)
            found = {str(path).rstrip("/") for path in listed} - {self._path(folder)}
            return sorted(path.rpartition("/")[2] for path in found)
        return []

    def read(self, file: str) -> bytes:
        with self._named_errors(file):
            content: bytes = self.files.cat_file(self._path(file))
        return content

    def put_file(self, file: str, content: bytes) -> None:
        with self._named_errors(file):
            self.files.pipe_file(self._path(file), content)

    def put_folder(self, folder: str, fill: Callable[[Path], None]) -> None:
        with tempfile.TemporaryDirectory(prefix="logdiag-") as new:
            fill(Path(new))
            paths = sorted(path.relative_to(new) for path in Path(new).rglob("*") if path.is_file())
            for path in paths:
                with self._named_errors(folder):
                    self.files.put_file(str(new / path), self._path(f"{folder}/{path.as_posix()}"))
        for name in set(self.names(folder)) - {path.parts[0] for path in paths}:
            self.remove(f"{folder}/{name}")

    def remove(self, name: str) -> None:
        with self._named_errors(name), suppress(FileNotFoundError):
            self.files.invalidate_cache()
            for path in self.files.find(self._path(name)):  # fsspec's own removal reads names as patterns
                self.files.rm_file(path)

    def remove_unfinished(self) -> None:
        self.remove(UNFINISHED)

    def _path(self, name: str) -> str:
        return f"{self.path}/{name}" if name else self.path

    @contextmanager
    def _named_errors(self, name: str) -> Iterator[None]:
        try:
            with as_os_error():
                yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{self.shown.rstrip('/')}/{name}") from None


def open_store(given: str) -> _Folder | _Objects:
    """Return the store that a path or a URL names.

    Raises:
        InputError: nothing can be written to such a URL.

    """
    if not is_url(given) or Path(given).exists():
        return _Folder(Path(given).absolute(), given)
    try:
        files, path = file_system(given)
    except OSError as error:
        raise InputError(f"{shown(given)}: {error.strerror}") from None
    return _Folder(Path(path), given) if is_local(files) else _Objects(files, path.rstrip("/"), shown(given))
