"""A cache of results that take long to compute, in the user's cache folder or in ``LOGDIAG_CACHE``.

An empty ``LOGDIAG_CACHE`` turns the cache off. A damaged or oversized file, and a file or folder that another
user owns or may write, count as missing. If nothing can be written, nothing is kept. Nothing here raises.
"""

import contextlib
import functools
import hashlib
import logging
import os
import sys
import tempfile
from pathlib import Path

import platformdirs

_BEGINS = b"logdiag/1"
_LARGEST = 64 << 20
_GROUP_OR_OTHERS_WRITE = 0o022

log = logging.getLogger("logdiag")
"""Warnings that are no part of a result. The command line prints them on standard error."""


def folder() -> Path | None:
    """Return the cache folder, created if it is missing; None if there can be none."""
    return _folder(os.environ.get("LOGDIAG_CACHE"))


@functools.lru_cache(maxsize=8)
def _folder(chosen: str | None) -> Path | None:
    if chosen == "":
        return None
    place = Path(chosen) if chosen is not None else platformdirs.user_cache_path("logdiag", appauthor=False)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(place.stat()):
            # A worker process leaves the warning to the process that started it.
            import multiprocessing

            if multiprocessing.parent_process() is None:
                log.warning("%s: not used as the cache: another user owns it or may write to it", place)
            return None
        with tempfile.TemporaryFile(dir=place):
            # Absolute: the current folder may change, the cache does not move with it.
            return place.absolute()
    except (OSError, ValueError):
        return None


def _is_own(status: os.stat_result) -> bool:
    """Whether only this user can have written a file or folder; true on systems without user numbers."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & _GROUP_OR_OTHERS_WRITE


def kept(name: str) -> bytes | None:
    """Return what was kept under a name; None if it is missing, damaged or not the user's own."""
    place = folder()
    if place is None:
        return None
    try:
        with (place / name).open("rb") as file:
            if not _is_own(os.fstat(file.fileno())):
                return None
            content = file.read(_LARGEST + 1)
    except OSError:
        return None
    head, _, body = content.partition(b"\n")
    return body if len(content) <= _LARGEST and head == _head(body) else None


def keep(name: str, body: bytes) -> None:
    """Keep bytes under a name and replace what was kept before."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        handle, path = tempfile.mkstemp(dir=place, prefix=name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(body) + b"\n" + body)
            # One step: a concurrent reader sees the old file or the new one.
            Path(path).replace(place / name)
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise


def kept_by_this_code(name: str, source: bytes = b"") -> bytes | None:
    """Return what `keep_by_this_code` kept under a name; None if the code or the source is another now."""
    body = kept(name)
    made_by = _made_by(source)
    return body.removeprefix(made_by) if body is not None and body.startswith(made_by) else None


def keep_by_this_code(name: str, body: bytes, source: bytes = b"") -> None:
    """Keep bytes that the code of this package made of a source; they replace those of other code."""
    keep(name, _made_by(source) + body)


def _made_by(source: bytes) -> bytes:
    return hashlib.sha256(_code() + source).digest()


@functools.cache
def _code() -> bytes:
    """Return a digest of this code: of what Python itself compares before it uses a ``.pyc``."""
    digest = hashlib.sha256(sys.version.encode())
    for folder, _, files in sorted(os.walk(Path(__file__).parent.parent)):
        for name in sorted(file for file in files if file.endswith(".py")):
            status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - 1 µs instead of 8
            digest.update(f"{folder}/{name} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.digest()


def _head(body: bytes) -> bytes:
    return _BEGINS + b" " + hashlib.sha256(body).hexdigest().encode()
