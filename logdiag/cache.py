"""Where results that can be made again are kept between runs.

A cache that cannot be read or written is as good as none: nothing here raises.
"""

import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path

import platformdirs


@cache
def folder() -> Path | None:
    """The folder of the cache; None where there can be none.

    ``LOGDIAG_CACHE`` names another one, and switches the cache off where it is empty.
    """
    named = os.environ.get("LOGDIAG_CACHE")
    if named == "":
        return None
    path = Path(named) if named else Path(platformdirs.user_cache_dir("logdiag", appauthor=False))
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError:
        return None


def kept(name: str) -> bytes | None:
    """What was kept under a name; None where nothing was."""
    place = folder()
    try:
        return None if place is None else (place / name).read_bytes()
    except OSError:
        return None


def keep(name: str, content: bytes) -> None:
    """Keep something under a name. Another run never sees a half of it."""
    place = folder()
    if place is None:
        return
    with contextlib.suppress(OSError):
        number, path = tempfile.mkstemp(dir=place)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(path).replace(place / name)
        except OSError:
            Path(path).unlink()
