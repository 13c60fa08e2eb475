"""What reads logs: Lark, or the compiled grammar."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from logdiag.records import Batch, Record, Together, Unparsed, Want, batched, part_of, rows, together
from logdiag.records.chunker import Unrecognised, is_cut
from logdiag.records.utf16 import Transcoded

if TYPE_CHECKING:
    from logdiag.records.compiled import Reader

Engine = Literal["auto", "compiled", "lark"]

_FEW = 2 << 20
"""Bytes of logs that Lark has read before machine code is even loaded."""


@dataclass(frozen=True)
class Pieces:
    """A small log that the compiled grammar can read together with others."""

    pieces: list[memoryview | Unrecognised]


Small = Pieces | list[Record | Unparsed]
"""A small log, as it is read together with others: in pieces, or in rows that were read one by one."""


class LogReader:
    """What reads logs: Lark for a few bytes, which needs no machine code, the compiled grammar for many."""

    def __init__(self, engine: Engine, want: Want, jobs: int) -> None:
        self._want, self._jobs = want, jobs
        self._left = {"auto": _FEW, "compiled": -1, "lark": sys.maxsize}[engine]
        self._compiled: Reader | None = None

    def read(self, cut: Iterator[memoryview | Unrecognised], size: int) -> Iterator[Batch | Unparsed]:
        """The rows of a log of ``size`` bytes or more."""
        return self.batched(rows(cut), None) if self._is_for_lark(size) else self._reader().rows(cut)

    def small(self, cut: Iterator[memoryview | Unrecognised], size: int) -> Small:
        """A small log of ``size`` bytes, as `together` takes it."""
        if self._is_for_lark(size):
            return list(rows(cut))
        pieces = list(cut)
        is_plain = [isinstance(piece, Unrecognised) or is_cut(piece) for piece in pieces]
        logs = [piece for piece in pieces if not isinstance(piece, Unrecognised)]
        # A line end is added to what goes together: behind these it would be read as one with them.
        if all(is_plain) and len(logs) == 1 and not bytes(logs[0][-5:]).endswith((b"\\0x0a", b" ", b"\r")):
            return Pieces(pieces)
        return list(rows(pieces))

    def together(self, logs: Mapping[int, Small], size: int) -> tuple[Together, dict[int, list[Unparsed]]]:
        """The records of small logs, by their numbers below ``size``, and the lines that belong to none."""
        in_pieces = {number: log for number, log in logs.items() if isinstance(log, Pieces)}
        in_rows = {number: log for number, log in logs.items() if not isinstance(log, Pieces)}
        unparsed = {n: [row for row in log if isinstance(row, Unparsed)] for n, log in in_rows.items()}
        parts = [
            part_of(
                {n: [row for row in log if isinstance(row, Record)] for n, log in in_rows.items()}, self._want
            )
        ]
        if in_pieces:
            part, apart = self._reader().together({n: log.pieces for n, log in in_pieces.items()})
            unparsed.update(zip(in_pieces, apart, strict=True))
            parts.append(part)
        return together(parts, size, self._want), unparsed

    def _is_for_lark(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0

    def _reader(self) -> "Reader":
        if self._compiled is None:
            from logdiag.grammar.table_cache import tables
            from logdiag.records.compiled import Reader

            self._compiled = Reader(tables("expressway"), self._jobs, self._want)
        return self._compiled

    def batched(
        self, found: Iterator[Record | Unparsed], transcoded: Transcoded | None
    ) -> Iterator[Batch | Unparsed]:
        """Rows that were read one by one."""
        return batched(found if transcoded is None else transcoded.placed(found), self._want)
