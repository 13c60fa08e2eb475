"""The fast reader of logs: pieces to batches, by the compiled grammar, on several cores.

The rows are those of ``logdiag/records/rows.py``, whatever the bytes.
"""

import bisect
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.grammar.kernel import scan
from logdiag.grammar.tables import Tables
from logdiag.records.batches import READ, TOLD, Batch, Part, Want, batch
from logdiag.records.chunker import NO_YEAR, ORPHAN, Apart
from logdiag.records.compiled.arrow import table
from logdiag.records.compiled.buffers import NAMES, Columns, Numbers, Room, Written
from logdiag.records.compiled.columns import OF_NO_INSTANT, OF_NO_YEAR, OF_ORPHAN, ROLES, columns, sizes
from logdiag.records.compiled.strings import digests_of
from logdiag.records.rows import EACH, NO_INSTANT, Unparsed, unparsed_rows

_REASONS = {OF_NO_INSTANT: NO_INSTANT, OF_ORPHAN: ORPHAN, OF_NO_YEAR: NO_YEAR}


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
        # Who selects rows may ask for any column.
        whole = want.select is not None
        names = READ.names if whole else [name for name in READ.names if name in TOLD or want.wants(name)]
        self._schema = pa.schema([READ.field(name) for name in names])
        details, fields, texts, bodies = (name in names for name in ("detail", "fields", "text", "body"))
        self._written = Written(details, fields, texts, bodies, tuple(name in names for name in NAMES))
        self._roles = np.array([ROLES.get(name, 0) for name in tables.terminals], np.uint8)
        self._threads = ThreadPoolExecutor(jobs) if jobs > 1 else None
        self._ahead = 2 * jobs
        self._own = threading.local()

    def rows(self, pieces: Iterable[memoryview | Apart]) -> Iterator[Batch | Unparsed]:
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
                for row in _apart_rows(piece, parsed.apart, line, offset, each):
                    yield row
                    each -= 1
                offset += len(piece)
                line += parsed.breaks

    def together(self, logs: Mapping[int, Sequence[memoryview | Apart]]) -> tuple[Part, list[list[Unparsed]]]:
        """The records of small logs, by the numbers of these, and for each the lines that belong to none.

        Each log is given in its pieces: what is set apart, and one piece that starts where a log may be cut.
        """
        joined = bytearray()
        starts: list[int] = []
        ends: list[int] = []
        line_starts = [0]
        for log in logs.values():
            starts.append(len(joined))
            joined += b"".join(piece for piece in log if not isinstance(piece, Apart))
            ends.append(len(joined))
            if not joined.endswith(b"\n"):
                joined += b"\n"  # so that the next log starts a line
            line_starts.append(line_starts[-1] + joined.count(b"\n", starts[-1]))
        log_bytes = np.frombuffer(joined, np.uint8)
        found, _ = self._columns(log_bytes, starts)
        of = np.searchsorted(starts, found.begins, "right") - 1
        # A line end that was added is no part of a record.
        found = found._replace(
            lengths=np.minimum(found.lengths, np.array(ends)[of] - found.begins).astype(np.int32),
            begins=found.begins.copy(),
        )
        stretches: list[list[list[int]]] = [[] for _ in starts]
        for start, end, line, why in found.apart.tolist():
            number = bisect.bisect_right(starts, start) - 1
            stretches[number].append([start, min(end, ends[number]), line, why])
        unparsed: list[list[Unparsed]] = []
        moved = np.zeros((2, len(starts)), np.int64)
        for number, log in enumerate(logs.values()):
            rows, line, offset = _set_apart(log)
            line, offset = line - line_starts[number], offset - starts[number]
            moved[:, number] = line, offset
            rows += _apart_rows(memoryview(joined), stretches[number], line, offset, EACH - len(rows))
            unparsed.append(rows)
        own = found._replace(lines=found.lines + moved[0, of], begins=found.begins + moved[1, of])
        records = table(own, memoryview(joined), self._schema, copied=True)
        counts = np.bincount(of, minlength=len(starts)).tolist()
        texts = _texts(memoryview(joined), found)
        return Part(records, list(logs), counts, texts, self._digests(log_bytes, found)), unparsed

    def _parsed(
        self, pieces: Iterable[memoryview | Apart]
    ) -> Iterator[tuple[memoryview | Apart, _Parsed | None]]:
        """Pieces in their order, those of records parsed; where there are threads, some ahead."""
        waiting: deque[tuple[memoryview | Apart, Future[_Parsed] | None]] = deque()
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

    def _parse(self, piece: memoryview) -> _Parsed:
        log = np.frombuffer(piece, np.uint8)
        found, breaks = self._columns(log)
        digests = self._digests(log, found)
        # Rows that are selected are copied; the table itself lies in memory that is used again.
        whole = self._want.select is None
        records = batch(
            table(found, piece, self._schema, copied=whole), _texts(piece, found), digests, self._want
        )
        return _Parsed(records, found.apart.tolist(), breaks)

    def _digests(self, log: Numbers, found: Columns) -> npt.NDArray[np.uint64]:
        digests = np.empty(len(found.begins) if self._want.digests else 0, np.uint64)
        if self._want.digests:
            digests_of(log, found.begins, found.lengths, np.uint64(self._want.seed), digests)
        return digests

    def _columns(self, log: Numbers, starts: Sequence[int] = (0,)) -> tuple[Columns, int]:
        """The columns, in the memory of this thread, and the line ends; logs begin at ``starts``."""
        room: Room | None = getattr(self._own, "room", None)
        if room is None:
            room = self._own.room = Room()
        tokens, places = room.tokens(len(log))
        count, place = scan(log, *self._tables.arrays, self._roles, tokens, places)
        if count < 0:
            # A grammar accepts every byte in every state: a test holds it to that.
            raise AssertionError(f"the grammar has no way on at byte {place} of {log[:100].tobytes()!r}")
        columns_, plain = room.columns(log, count, *sizes(tokens, count))
        *written, breaks = columns(
            log, tokens, places, count, np.array(starts, np.int64), plain, self._written, columns_
        )
        return columns_.cut(*written), breaks


def _texts(piece: memoryview, found: Columns) -> Callable[[npt.NDArray[np.int64]], list[str]]:
    """What gives the texts of some records."""

    def texts(rows: npt.NDArray[np.int64]) -> list[str]:
        places = zip(found.begins[rows].tolist(), found.lengths[rows].tolist(), strict=True)
        return [str(piece[start : start + length], "utf-8", "replace") for start, length in places]

    return texts


def _apart_rows(
    piece: memoryview, stretches: Iterable[Sequence[int]], line: int, offset: int, each: int
) -> Iterator[Unparsed]:
    """The rows of the stretches of a piece without a record; the piece starts at ``line`` and ``offset``."""
    for start, end, behind, why in stretches:
        apart = Apart(bytes(piece[start:end]), end - start, _REASONS[why])
        for row in unparsed_rows(apart, line + behind, offset + start, each):
            yield row
            each -= 1


def _set_apart(log: Sequence[memoryview | Apart]) -> tuple[list[Unparsed], int, int]:
    """The rows of what is set apart before the piece of a log, and the line and offset of that."""
    rows: list[Unparsed] = []
    offset, line, each = 0, 1, EACH
    for piece in log:
        if isinstance(piece, Apart):
            for row in unparsed_rows(piece, line, offset, each):
                rows.append(row)
                line += row.lines
                each -= 1
            offset += piece.length
    return rows, line, offset


def _moved(found: Batch, line: int, offset: int) -> Batch:
    """The batch with the lines and offsets of the member."""
    records = found.records
    for name, start in (("line", line), ("offset", offset)):
        if name not in records.column_names:
            continue
        column = pc.add(records.column(name), pa.scalar(start, pa.int64()))
        records = records.set_column(records.column_names.index(name), READ.field(name), column)
    return replace(found, records=records)
