"""How Python passes arguments to machine code: as words in memory, after those for the results."""

import ctypes
from collections.abc import Iterable
from typing import Any

import numpy as np

RESULTS = 8
"""The number of words for what a function returns."""


def memory(arguments: Iterable[Any]) -> ctypes.Array[ctypes.c_int64]:
    """Return the words for arguments, in the order of numba's; the memory of arrays is the caller's.

    Arguments are NumPy arrays, numbers, and tuples of those.
    """
    words = [0] * RESULTS
    _add_words(arguments, words)
    return (ctypes.c_int64 * len(words))(*words)


def _add_words(values: Iterable[Any], words: list[int]) -> None:
    for value in values:
        if isinstance(value, np.ndarray):
            words += 0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides
        elif isinstance(value, tuple):
            _add_words(value, words)
        else:
            words.append(int(value))


def symbol(name: str, arguments: Iterable[Any]) -> str:
    """Return the name of a function for arguments of such types."""
    return f"{name} {' '.join(map(_kind, arguments))}"


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str}[{value.ndim if value.flags.c_contiguous else '?'}]"
    return f"({' '.join(map(_kind, value))})" if isinstance(value, tuple) else "n"
