"""The engines that read logs: Lark, or the compiled grammar."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from logdiag.records import Batch, Record, Together, Unparsed, Want, batched, part_of, rows, together
from logdiag.records.chunker import Unrecognised, is_cut

if TYPE_CHECKING:
    from logdiag.records.compiled import Reader

Engine = Literal["auto", "compiled", "lark"]

_FOR_LARK = 1 << 17
"""Bytes of logs that Lark has read in about the time that loading the machine code takes."""


@dataclass(frozen=True)
class Pieces:
    """A small log that the compiled grammar can read together with others."""

    pieces: list[memoryview | Unrecognised]


SmallLog = Pieces | list[Record | Unparsed]
"""A small log for `LogReader.together`: in pieces, or in rows that were read one by one."""


class LogReader:
    """Reads logs: few bytes with Lark, which needs no machine code, many with the compiled grammar."""

    def __init__(self, engine: Engine, want: Want, jobs: int) -> None:
        self._want, self._jobs = want, jobs
        self._for_lark = {"auto": _FOR_LARK, "compiled": -1, "lark": sys.maxsize}[engine]
        self._compiled: Reader | None = None

    def read(self, cut: Iterator[memoryview | Unrecognised], size: int) -> Iterator[Batch | Unparsed]:
        """Yield the rows of a log of ``size`` bytes or more."""
        return self.batched(rows(cut)) if self._takes_lark(size) else self._reader().rows(cut)

    def batched(self, found: Iterator[Record | Unparsed]) -> Iterator[Batch | Unparsed]:
        """Yield rows that were read one by one, records in batches."""
        return batched(found, self._want)

    def small(self, cut: Iterator[memoryview | Unrecognised], size: int) -> SmallLog:
        """Return a small log of ``size`` bytes for `together`."""
        if self._takes_lark(size):
            return list(rows(cut))
        pieces = list(cut)
        is_plain = [isinstance(piece, Unrecognised) or is_cut(piece) for piece in pieces]
        logs = [piece for piece in pieces if not isinstance(piece, Unrecognised)]
        # Logs are joined by a line end: after these endings it would be read as a part of the record.
        if all(is_plain) and len(logs) == 1 and not bytes(logs[0][-5:]).endswith((b"\\0x0a", b" ", b"\r")):
            return Pieces(pieces)
        return list(rows(pieces))

    def together(self, logs: Mapping[int, SmallLog], size: int) -> tuple[Together, dict[int, list[Unparsed]]]:
        """Return the records of numbered small logs, and their other lines; numbers are below ``size``."""
        in_pieces = {number: log for number, log in logs.items() if isinstance(log, Pieces)}
        in_rows = {number: log for number, log in logs.items() if not isinstance(log, Pieces)}
        unparsed = {n: [row for row in log if isinstance(row, Unparsed)] for n, log in in_rows.items()}
        records = {n: [row for row in log if isinstance(row, Record)] for n, log in in_rows.items()}
        parts = [part_of(records, self._want)]
        if in_pieces:
            part, apart = self._reader().together({n: log.pieces for n, log in in_pieces.items()})
            unparsed.update(zip(in_pieces, apart, strict=True))
            parts.append(part)
        return together(parts, size, self._want), unparsed

    def _takes_lark(self, size: int) -> bool:
        self._for_lark -= size
        return self._for_lark >= 0

    def _reader(self) -> "Reader":
        if self._compiled is None:
            from logdiag.grammar.table_cache import tables
            from logdiag.records.compiled import Reader

            self._compiled = Reader(tables("expressway"), self._jobs, self._want)
        return self._compiled
