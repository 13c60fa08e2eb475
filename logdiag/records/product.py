"""Recognises records of the product: lines of other products have a time and a host as well."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.tables.arrays import arrow

_PROCESSES = re.compile(
    "tvcs|traffic_server|licensemanager|edgeconfigprovisioning|b2bua|presencerelay|portforwarding|XCP_.+"
)
"""Processes that only this product has; httpd and sshd run everywhere."""


def of_product(records: pa.Table) -> npt.NDArray[np.bool_]:
    """Return for each record whether it has a trait of the product.

    Traits are a UTCTime, a Module, an Event, a process that only this product has, and the name of a
    cluster database node. Without the columns that show them, every record passes.
    """
    if not {"process", "module", "event", "fields"}.issubset(records.column_names):
        return np.ones(records.num_rows, np.bool_)
    has_module, has_event = (records.column(name).is_valid().to_numpy() for name in ("module", "event"))
    traits: npt.NDArray[np.bool_] = has_module | has_event
    process = records.column("process").unify_dictionaries().combine_chunks()
    process = process if isinstance(process, pa.DictionaryArray) else process.chunk(0)
    known = [name is not None and bool(_PROCESSES.fullmatch(name)) for name in process.dictionary.to_pylist()]
    traits |= np.array([*known, False])[process.indices.fill_null(-1).to_numpy()]
    rest = np.flatnonzero(~traits)
    start = 0
    for chunk in records.column("fields").take(arrow(rest)).chunks:
        pairs = chunk.flatten()
        key, value = pc.struct_field(pairs, "key"), pc.struct_field(pairs, "value")
        node = pc.and_(pc.equal(key, "Node"), pc.match_substring(value, "@"))
        rows = pc.list_parent_indices(chunk).filter(pc.or_(pc.equal(key, "UTCTime"), node))
        traits[rest[start + rows.to_numpy()]] = True
        start += len(chunk)
    return traits
