"""What reads logs: Lark, or the compiled grammar."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from logdiag.records import Batch, Record, Unparsed, Want, batched, rows
from logdiag.records.pieces import Apart
from logdiag.records.utf16 import Transcoded

if TYPE_CHECKING:
    from logdiag.records.compiled import Reader

Engine = Literal["auto", "compiled", "lark"]

_FEW = 2 << 20
"""Bytes of logs that Lark has read before machine code is even loaded."""


class LogReader:
    """What reads logs: Lark for a few bytes, which needs no machine code, the compiled grammar for many."""

    def __init__(self, engine: Engine, want: Want, jobs: int) -> None:
        self._want, self._jobs = want, jobs
        self._left = {"auto": _FEW, "compiled": -1, "lark": sys.maxsize}[engine]
        self._compiled: Reader | None = None

    def read(self, cut: Iterator[memoryview | Apart], size: int) -> Iterator[Batch | Unparsed]:
        """The rows of a log of ``size`` bytes or more."""
        self._left -= size
        if self._left >= 0:
            return self.batched(rows(cut), None)
        if self._compiled is None:
            from logdiag.grammar.kept import tables
            from logdiag.records.compiled import Reader

            self._compiled = Reader(tables("expressway"), self._jobs, self._want)
        return self._compiled.rows(cut)

    def batched(
        self, found: Iterator[Record | Unparsed], transcoded: Transcoded | None
    ) -> Iterator[Batch | Unparsed]:
        """Rows that were read one by one."""
        return batched(found if transcoded is None else transcoded.placed(found), self._want)
