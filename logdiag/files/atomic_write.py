"""Files that are written whole or not at all, and the scratch folders on the way to them."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".logdiag-"
_ATTEMPTS = 5

Content = bytes | Callable[[Path], None]
"""Bytes, or a function that writes a file with the name that it gets."""


def write(path: Path, content: Content) -> None:
    """Write a file whole or not at all: into a scratch folder next to it, then into its place.

    A link is followed. A pipe or a device is written through, since nothing can take its place.

    Raises:
        OSError: the file cannot be written.

    """
    if path.exists() and not path.is_file():
        with tempfile.TemporaryDirectory(prefix="logdiag-") as folder, path.open("wb") as target:
            new = _write_new(Path(folder) / path.name, content)
            with new.open("rb") as source:
                shutil.copyfileobj(source, target)
        return
    path = path.resolve()
    with scratch_folder(path.parent) as scratch:
        _write_new(scratch / path.name, content).replace(path)


def _write_new(path: Path, content: Content) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    return path


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a hidden folder for what is not complete yet. It is removed with all that is still in it.

    Folders that killed runs left in the same place are removed, too.

    Raises:
        OSError: it cannot be created.

    """
    _sweep(parent)
    folder, lock = _new_folder(parent)
    try:
        yield folder
    except OSError as error:
        if error.filename is None:  # the writers of Arrow and of zlib name no file
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(error.errno, reason, str(parent)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _new_folder(parent: Path) -> tuple[Path, int | None]:
    """A new folder with its lock. A run that sweeps may remove it before it is locked: then one more."""
    lock = None
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(OSError):
            lock = _lock(folder)
            if folder.is_dir():
                break
    return folder, lock


def _sweep(parent: Path) -> None:
    """Remove the scratch folders of runs that have ended: their locks ended with them."""
    for found in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = found.lstat()
            is_own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
            if is_own and stat.S_ISDIR(status.st_mode) and (lock := _lock(found)) is not None:
                shutil.rmtree(found, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """A descriptor that locks a folder as long as it is open; None if another process has the lock."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks; its leftovers stay
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
