"""What takes long to make, kept between runs: in the user's cache folder, or in ``LOGDIAG_CACHE``.

An empty ``LOGDIAG_CACHE`` means none. What is damaged, too large or somebody else's is as good as not
there; where nothing can be written, nothing is kept. Nothing here raises, and nothing that is kept runs.
"""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

_BEGINS = b"logdiag/1"
_LARGEST = 64 << 20


def folder() -> Path | None:
    """The folder of the cache, made where it is not there; None where there can be none."""
    chosen = os.environ.get("LOGDIAG_CACHE")
    if chosen == "":
        return None
    place = Path(chosen) if chosen is not None else platformdirs.user_cache_path("logdiag", appauthor=False)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except (OSError, ValueError):
        return None


def kept(name: str) -> bytes | None:
    """What was kept under a name; None where that is nothing, or cannot be trusted."""
    place = folder()
    if place is None:
        return None
    try:
        with (place / name).open("rb") as file:
            status = os.fstat(file.fileno())
            if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
                return None
            content = file.read(_LARGEST + 1)
    except OSError:
        return None
    head, _, body = content.partition(b"\n")
    return body if len(content) <= _LARGEST and head == _head(body) else None


def keep(name: str, body: bytes) -> None:
    """Keep something under a name, instead of what was kept before."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        handle, path = tempfile.mkstemp(dir=place, prefix=name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(body) + b"\n" + body)
            # One step: whoever reads meanwhile sees the old one or the new one.
            Path(path).replace(place / name)
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise


def _head(body: bytes) -> bytes:
    return _BEGINS + b" " + hashlib.sha256(body).hexdigest().encode()
