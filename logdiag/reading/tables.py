"""The result of reading: Arrow tables, dumps, and the coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.dumps import DumpKind, Facts
from logdiag.model import MemberCoverage, SnapshotCoverage
from logdiag.records import Span
from logdiag.tables.arrays import arrow

MemberKey = tuple[str, str]
"""The names of a snapshot and of a member in it."""


@dataclass(frozen=True)
class Dump:
    """A dump or the certificates of a peer.

    ``lines`` are its first and last line in the member. ``host`` is the peer's name and ``taken`` the time of
    the dump, if the evidence shows them.
    """

    snapshot: str
    source: str
    kind: DumpKind
    facts: Facts
    lines: tuple[int, int]
    host: str | None = None
    taken: datetime | None = None

    @property
    def table(self) -> Literal["config", "status"]:
        """The table that has its values."""
        return "status" if self.kind in ("xstatus", "page") else "config"

    def has(self, snapshot: str, source: str, line: int) -> bool:
        """Return whether a line of a member belongs to the dump."""
        return (snapshot, source) == (self.snapshot, self.source) and self.lines[0] <= line <= self.lines[1]


@dataclass(frozen=True)
class Tables:
    """Everything that was read: Arrow tables, and the coverage of every snapshot and member.

    ``records`` has the wanted records with the wanted columns of `RECORDS`, in the order of snapshot, then of
    members by their first record, then of offset. ``unparsed`` has `UNPARSED`; ``config`` (from
    xConfiguration dumps and certificates) and ``status`` (from xStatus dumps) have `SETTINGS`. ``numbers``
    are the places of the records among all records of their members, ``texts`` their texts as logged, if
    these were wanted. ``spans`` (when which host was logging) and ``digests`` (if wanted) are of all records
    of each member.
    """

    records: pa.Table
    unparsed: pa.Table
    config: pa.Table
    status: pa.Table
    dumps: tuple[Dump, ...]
    members: tuple[MemberCoverage, ...]
    snapshots: tuple[SnapshotCoverage, ...]
    texts: pa.ChunkedArray
    numbers: npt.NDArray[np.int64]
    spans: Mapping[MemberKey, Sequence[Span]]
    digests: Mapping[MemberKey, npt.NDArray[np.uint64]]

    def with_records(self, kept: npt.NDArray[np.bool_]) -> "Tables":
        """Return the tables with some of the records."""
        mask = arrow(kept)
        return replace(
            self,
            records=self.records.filter(mask),
            texts=self.texts.filter(mask) if len(self.texts) else self.texts,
            numbers=self.numbers[kept],
        )
