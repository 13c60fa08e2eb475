"""Python functions as machine code that runs without the GIL, compiled once on a machine."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from logdiag import cache

_FOLDER = cache.folder()
if _FOLDER is not None:
    numba.config.CACHE_DIR = str(_FOLDER / "machine-code")  # type: ignore[attr-defined]


nth = np.uint64
"""An index into an array. Of signed ones it is looked at each time whether they count from the end."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as machine code, from the cache where it is there. Indices are not checked.

    It makes no arrays: the caller owns all memory. So nothing counts references to them, which would
    cost more than most of what is done to a few bytes.
    """
    return _compiled(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what is so short that a call costs more than it does."""
    return _compiled(function, inline="always")


def _compiled(function: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    how |= {"cache": _FOLDER is not None, "nogil": True, "_nrt": False}
    made: Callable[..., Any] = numba.njit(**how)
    found: Callable[..., Any] = made(function)
    return found
