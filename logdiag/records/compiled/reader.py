"""The fast reader of logs: pieces to batches, by the compiled grammar, on several cores.

The rows are those of ``logdiag/records/rows.py``, whatever the bytes.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.grammar.kernel import scan
from logdiag.grammar.tables import Tables
from logdiag.records.batches import READ, Batch, Want, batch
from logdiag.records.compiled.arrow import table
from logdiag.records.compiled.columns import ROLES, Columns, columns
from logdiag.records.digests import SEED
from logdiag.records.pieces import LONGEST_RECORD, ORPHAN, Apart
from logdiag.records.rows import EACH, NO_INSTANT, Unparsed, unparsed_rows


class _Parsed(NamedTuple):
    """A piece: its records, the stretches of it that are none, and its line ends."""

    records: Batch
    apart: list[list[int]]
    breaks: int


class Reader:
    """Reads logs by the tables of a grammar, on as many cores as there are ``jobs``."""

    def __init__(self, tables: Tables, jobs: int, want: Want) -> None:
        self._tables = tables
        self._want = want
        self._roles = np.array([ROLES.get(name, 0) for name in tables.terminals], np.uint8)
        self._threads = ThreadPoolExecutor(jobs) if jobs > 1 else None
        self._ahead = 2 * jobs
        self._own = threading.local()

    def rows(self, pieces: Iterable[bytes | Apart]) -> Iterator[Batch | Unparsed]:
        """The rows of one member, in order, records by the batch."""
        offset, line, each = 0, 1, EACH
        for piece, parsed in self._parsed(pieces):
            if isinstance(piece, Apart):
                for row in unparsed_rows(piece, line, offset, each):
                    yield row
                    line += row.lines
                    each -= 1
                offset += piece.length
            elif parsed is not None:
                yield _moved(parsed.records, line, offset)
                for start, end, behind, is_orphan in parsed.apart:
                    apart = Apart(piece[start:end], end - start, ORPHAN if is_orphan else NO_INSTANT)
                    yield from unparsed_rows(apart, line + behind, offset + start, EACH)
                offset += len(piece)
                line += parsed.breaks

    def _parsed(self, pieces: Iterable[bytes | Apart]) -> Iterator[tuple[bytes | Apart, _Parsed | None]]:
        """Pieces in their order, those of records parsed; where there are threads, some ahead."""
        waiting: deque[tuple[bytes | Apart, Future[_Parsed] | None]] = deque()
        for piece in pieces:
            if self._threads is None:
                yield piece, None if isinstance(piece, Apart) else self._parse(piece)
                continue
            future = None if isinstance(piece, Apart) else self._threads.submit(self._parse, piece)
            waiting.append((piece, future))
            if len(waiting) > self._ahead:
                first, parsed = waiting.popleft()
                yield first, None if parsed is None else parsed.result()
        for first, parsed in waiting:
            yield first, None if parsed is None else parsed.result()

    def _parse(self, piece: bytes) -> _Parsed:
        found = self._columns(piece)

        def texts(rows: npt.NDArray[np.int64]) -> list[str]:
            starts, lengths = found.begins[rows].tolist(), found.lengths[rows].tolist()
            return [
                piece[start : start + length].decode("utf-8", "replace")
                for start, length in zip(starts, lengths, strict=True)
            ]

        records = batch(table(found, piece), texts, found.digests, self._want)
        return _Parsed(records, found.apart.tolist(), found.breaks)

    def _room(self, size: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        """Where a thread writes its tokens; memory that was used before costs less than new one."""
        room: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]] | None
        room = getattr(self._own, "room", None)
        if room is None or len(room[0]) < size:
            room = self._own.room = np.empty(size, np.uint8), np.empty(size, np.int32)
        return room

    def _columns(self, piece: bytes) -> Columns:
        tables = self._tables
        log = np.frombuffer(piece, np.uint8)
        roles, places = self._room(len(log))
        count, place = scan(
            log,
            tables.next,
            tables.found,
            tables.begin,
            tables.action,
            tables.goto,
            tables.pops,
            tables.makes,
            tables.ends,
            self._roles,
            roles,
            places,
        )
        if count < 0:
            # A grammar accepts every byte in every state: a test holds it to that.
            raise AssertionError(f"the grammar has no way on at byte {place} of {piece[:100]!r}")
        found: Columns = columns(log, roles, places, count, LONGEST_RECORD, np.uint64(SEED))
        return found


def _moved(found: Batch, line: int, offset: int) -> Batch:
    """The batch with the lines and offsets of the member."""
    records = found.records
    for name, start in (("line", line), ("offset", offset)):
        column = pc.add(records.column(name), pa.scalar(start, pa.int64()))
        records = records.set_column(READ.get_field_index(name), READ.field(name), column)
    return replace(found, records=records)
