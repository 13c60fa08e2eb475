"""Files that are written whole or not at all, and the scratch files on the way to them."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".logdiag-"
_ATTEMPTS = 5


def write(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Write a file whole or not at all: into a scratch folder next to it first, then into its place.

    A link is followed. A pipe or a device is written through, since nothing can take its place.

    Args:
        path: the file. Its folder must exist.
        content: the bytes, or a function that writes a file of the name that it is given.

    Raises:
        OSError: the file cannot be written.

    """
    if path.exists() and not path.is_file():
        with tempfile.TemporaryDirectory(prefix="logdiag-") as folder, path.open("wb") as target:
            made = _made(Path(folder) / path.name, content)
            with made.open("rb") as source:
                shutil.copyfileobj(source, target)
        return
    place = path.resolve()
    with scratch_folder(place.parent) as folder:
        made = _made(folder / place.name, content)
        made.chmod(0o666 & ~_umask())
        made.replace(place)


def _made(path: Path, content: bytes | Callable[[Path], None]) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    return path


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A hidden folder for what is not complete yet. It goes away with all that is still in it.

    Folders that killed runs left in the same place go away, too.

    Raises:
        OSError: it cannot be made.

    """
    _sweep(parent)
    folder, lock = _new(parent)
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


def _new(parent: Path) -> tuple[Path, int | None]:
    """A new folder with its lock. Another run that sweeps may take it before it is locked: then one more."""
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(OSError):
            lock = _locked(folder)
            if folder.is_dir():
                break
    return folder, lock


def _sweep(parent: Path) -> None:
    """Remove the scratch folders of runs that are gone: their locks went with them."""
    for left in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = left.lstat()
            if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
                continue
            lock = _locked(left)
            if lock is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor that locks a folder as long as it is open; None if another process has the lock."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks; leftovers stay there
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
