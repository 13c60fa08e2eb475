"""NumPy arrays as Arrow arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Mask = npt.NDArray[np.bool_]


def arrow(values: npt.NDArray[Any], valid: _Mask | None = None) -> pa.Array:
    """Return numbers or truth values as an Arrow array, with nulls for those that are not valid.

    Numbers are not copied. ``pa.array`` would first import ``numpy.ma``, which takes as long as judging a
    small log.
    """
    is_mask = values.dtype == np.bool_
    kind = pa.bool_() if is_mask else pa.from_numpy_dtype(values.dtype)
    content = bits(values) if is_mask else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [None if valid is None else bits(valid), content])


def bits(mask: _Mask) -> pa.Buffer:
    """Return truth values as Arrow's bits."""
    return pa.py_buffer(np.packbits(mask, bitorder="little"))
