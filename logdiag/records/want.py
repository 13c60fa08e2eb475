"""What the caller wants of the records of a log."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.records.columns import RECORDS, pairs_of

Numbers = npt.NDArray[np.int64]

PLACE = ("snapshot", "source")
"""The columns with the member of a record."""

READ = pa.schema([one for one in RECORDS if one.name not in PLACE])
"""The columns that a reader of logs fills; the table adds `PLACE`."""

SELECTING = READ.set(READ.get_field_index("fields"), pairs_of(pa.dictionary(pa.int32(), pa.string())))
"""The same with numbered keys: a function that selects records need not number them."""


class Selected(NamedTuple):
    """Ascending rows of a table: those to keep, and those that a rule asks for, which need not be kept."""

    rows: Numbers
    asked: Numbers


Select = Callable[[pa.Table, Numbers], Selected]
"""Selects rows of a table with columns of `READ` or `SELECTING`; also given the member number of each row."""


class Want(NamedTuple):
    """What to keep of the records of a log.

    Args:
        select: selects the records; all without it.
        columns: columns of the records table, all without it; other columns are not even written.
        texts: whether to keep the whole text of each record.
        digests: whether to compute digests, which show records that were given twice.
        spooled: whether to keep the records in a file: they can be more than the memory holds.
        sha256: whether to compute the digest of the input, which takes a while.

    """

    select: Select | None = None
    columns: frozenset[str] | None = None
    texts: bool = False
    digests: bool = False
    spooled: bool = False
    sha256: bool = False

    def wants(self, column: str) -> bool:
        """Return whether a column of the records is wanted."""
        return self.columns is None or column in self.columns

    def kept(self, schema: pa.Schema) -> pa.Schema:
        """Return the wanted part of a schema."""
        return pa.schema([field for field in schema if self.wants(field.name)])
