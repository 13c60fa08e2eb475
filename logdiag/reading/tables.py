"""What was read: Arrow tables, dumps, and the ledger."""

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

Place = tuple[str, str]
"""A snapshot and a member of it."""


@dataclass(frozen=True)
class Dump:
    """What a dump or the certificates of a peer say.

    ``lines`` are its first and last line in the member. ``host`` is the peer's name as far as the evidence
    has it, ``taken`` when the dump was made, as far as it or its file's name says so.
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
        """Whether a line of a member is one of the dump's."""
        return (snapshot, source) == (self.snapshot, self.source) and self.lines[0] <= line <= self.lines[1]


@dataclass(frozen=True)
class Tables:
    """What was read: Arrow tables, and the ledger of every snapshot and member.

    ``records`` has those columns of `RECORDS` that were wanted, ``unparsed`` has `UNPARSED`, ``config`` (from
    xConfiguration dumps and certificates) and ``status`` (from xStatus dumps) those of `SETTINGS`.
    Records stand in the order of snapshot, then of members by their first record, then of offset;
    they are those that were wanted. ``numbers`` are their places among all records of their members,
    ``texts`` what they say as it was logged, where that was wanted. ``spans`` (when which host was
    logging) are of all records of each member, and so are ``digests``, where they were wanted.
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
    spans: Mapping[Place, Sequence[Span]]
    digests: Mapping[Place, npt.NDArray[np.uint64]]

    def with_records(self, kept: npt.NDArray[np.bool_]) -> "Tables":
        """The same with some of the records."""
        mask = pa.array(kept, pa.bool_())
        return replace(
            self,
            records=self.records.filter(mask),
            texts=self.texts.filter(mask) if len(self.texts) else self.texts,
            numbers=self.numbers[kept],
        )
