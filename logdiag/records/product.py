"""Which records show that the product wrote them: lines of other products have a time and a host, too."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_PROCESSES = re.compile(
    "tvcs|traffic_server|licensemanager|edgeconfigprovisioning|b2bua|presencerelay|portforwarding|XCP_.+"
)
"""Processes that only this product has; httpd and sshd run everywhere."""

NEEDED = ("process", "module", "event", "fields")
"""Columns that show it."""


def of_product(records: pa.Table) -> npt.NDArray[np.bool_]:
    """For each record whether it has a trait of the product.

    Traits are a UTCTime, a Module, an Event, a process that only this product has, and the name of a
    cluster database node. Without the columns that show them every record passes.
    """
    if not set(NEEDED).issubset(records.column_names):
        return np.ones(records.num_rows, np.bool_)
    found = np.zeros(records.num_rows, np.bool_)
    for name in ("module", "event"):
        found |= records.column(name).is_valid().to_numpy()
    process = _dictionary(records.column("process"))
    known = [name is not None and bool(_PROCESSES.fullmatch(name)) for name in process.dictionary.to_pylist()]
    found |= np.array([*known, False])[process.indices.fill_null(-1).to_numpy()]
    rest = np.flatnonzero(~found)
    found[rest] = _paired(records.column("fields").take(pa.array(rest)))
    return found


def _paired(fields: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """For each record whether a UTCTime or the name of a node is among its pairs."""
    found = np.zeros(len(fields), np.bool_)
    start = 0
    for chunk in fields.chunks:
        pairs = chunk.flatten()
        key, value = pc.struct_field(pairs, "key"), pc.struct_field(pairs, "value")
        node = pc.and_(pc.equal(key, "Node"), pc.match_substring(value, "@"))
        rows = pc.list_parent_indices(chunk).filter(pc.or_(pc.equal(key, "UTCTime"), node))
        found[start + rows.to_numpy()] = True
        start += len(chunk)
    return found


def _dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.unify_dictionaries().combine_chunks()
    return whole if isinstance(whole, pa.DictionaryArray) else whole.chunk(0)
