"""Python functions as machine code that runs without the GIL, compiled once on a machine."""

from collections.abc import Callable
from typing import Any

import numba

from logdiag import cache

_FOLDER = cache.folder()
if _FOLDER is not None:
    numba.config.CACHE_DIR = str(_FOLDER / "machine-code")  # type: ignore[attr-defined]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as machine code, from the cache where it is there. Indices are not checked."""
    found: Callable[..., Any] = numba.njit(cache=_FOLDER is not None, nogil=True)(function)
    return found
