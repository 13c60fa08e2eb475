"""The fast reader of logs: chunks to batches, by the compiled grammar, on several cores.

The rows are those of ``logdiag/records/rows.py``, whatever the bytes.
"""

import bisect
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logdiag.grammar.lexer import scan
from logdiag.grammar.machine_code import MachineCode
from logdiag.grammar.tables import Tables
from logdiag.records.batches import COUNTED, Batch, Part, batch
from logdiag.records.chunker import NO_YEAR, ORPHAN, Unrecognised
from logdiag.records.compiled import buffers
from logdiag.records.compiled.arrow import to_table
from logdiag.records.compiled.buffers import NAMES, BufferPool, Columns, Numbers, Wanted, cut
from logdiag.records.compiled.roles import ROLES
from logdiag.records.digests import SEED
from logdiag.records.record import Unparsed
from logdiag.records.rows import NO_INSTANT, Cursor
from logdiag.records.want import READ, SELECTING, Want

_REASONS = {buffers.NO_INSTANT: NO_INSTANT, buffers.BEFORE_RECORDS: ORPHAN, buffers.NO_YEAR: NO_YEAR}

_KERNEL = "logdiag.records.compiled.columns"
_count_at_most = MachineCode(_KERNEL, "count_at_most", results=2)
_write_columns = MachineCode(_KERNEL, "write_columns", results=5)
_write_digests = MachineCode(_KERNEL, "write_digests", results=0)

_Chunk = memoryview | Unrecognised


class _Parsed(NamedTuple):
    """A chunk: its records, its stretches in no record (start, end, line, reason), and its line ends."""

    records: Batch
    stretches: list[list[int]]
    lines: int


class Reader:
    """Reads logs by the tables of a grammar, on as many cores as there are ``jobs``."""

    def __init__(self, tables: Tables, jobs: int, want: Want) -> None:
        self._tables, self._want = tables, want
        # A function that selects rows may look at any column.
        read_all = want.select is not None
        names = [name for name in READ.names if read_all or name in COUNTED or want.wants(name)]
        self._schema = pa.schema([READ.field(name) for name in names])
        detail, fields, text, body = (name in names for name in ("detail", "fields", "text", "body"))
        self._wanted = Wanted(detail, fields, text, body, tuple(name in names for name in NAMES))
        self._roles = np.array([ROLES.get(name, 0) for name in tables.terminals], np.uint8)
        self._threads = ThreadPoolExecutor(jobs) if jobs > 1 else None
        self._ahead = 2 * jobs if jobs > 1 else 0
        self._own = threading.local()

    def rows(self, chunks: Iterable[_Chunk]) -> Iterator[Batch | Unparsed]:
        """Return the rows of one member, in order, records as batches."""
        cursor = Cursor()
        for chunk, parsed in self._parsed(chunks):
            if isinstance(chunk, Unrecognised):
                yield from cursor.pass_unrecognised(chunk)
            elif parsed is not None:
                yield _moved(parsed.records, cursor.line, cursor.offset)
                yield from _unparsed(cursor, chunk, parsed.stretches)
                cursor.advance(parsed.lines, len(chunk))

    def together(self, logs: Mapping[int, Sequence[_Chunk]]) -> tuple[Part, list[list[Unparsed]]]:
        """Return the records of small logs, by the numbers of these, and for each log its unparsed lines.

        A log has its unrecognised bytes, and then one chunk that starts where a log may be cut.
        """
        joined = bytearray()
        starts: list[int] = []
        ends: list[int] = []
        line_starts = [0]
        for log in logs.values():
            starts.append(len(joined))
            joined += b"".join(chunk for chunk in log if not isinstance(chunk, Unrecognised))
            ends.append(len(joined))
            if not joined.endswith(b"\n"):
                joined += b"\n"  # so that the next log starts a line
            line_starts.append(line_starts[-1] + joined.count(b"\n", starts[-1]))
        content = memoryview(joined)
        log_bytes = np.frombuffer(content, np.uint8)
        columns, _ = self._columns(log_bytes, starts)
        log_numbers = np.searchsorted(starts, columns.offset, "right") - 1
        # A line end that was added is no part of a record.
        lengths = np.minimum(columns.length, np.array(ends)[log_numbers] - columns.offset).astype(np.int32)
        columns = columns._replace(length=lengths, offset=columns.offset.copy())
        stretches: list[list[list[int]]] = [[] for _ in starts]
        for start, end, line, reason in columns.stretches.T.tolist():
            number = bisect.bisect_right(starts, start) - 1
            stretches[number].append([start, min(end, ends[number]), line, reason])
        unparsed: list[list[Unparsed]] = []
        moves = np.zeros((2, len(starts)), np.int64)
        for number, log in enumerate(logs.values()):
            cursor = Cursor()
            rows: list[Unparsed] = []
            for chunk in log:
                if isinstance(chunk, Unrecognised):
                    rows += cursor.pass_unrecognised(chunk)
            cursor.advance(-line_starts[number], -starts[number])
            moves[:, number] = cursor.line, cursor.offset
            rows += _unparsed(cursor, content, stretches[number])
            unparsed.append(rows)
        line_moves, offset_moves = moves[:, log_numbers]
        own = columns._replace(line=columns.line + line_moves, offset=columns.offset + offset_moves)
        table = to_table(own, content, self._schema, copied=True)
        counts = np.bincount(log_numbers, minlength=len(starts)).tolist()
        texts = _texts(content, columns)
        return Part(table, list(logs), counts, texts, self._digests(log_bytes, columns)), unparsed

    def _parsed(self, chunks: Iterable[_Chunk]) -> Iterator[tuple[_Chunk, _Parsed | None]]:
        """Return the chunks in their order, those of records parsed; threads parse some ahead."""
        waiting: deque[tuple[_Chunk, Callable[[], _Parsed] | None]] = deque()
        for chunk in chunks:
            waiting.append((chunk, None if isinstance(chunk, Unrecognised) else self._submit(chunk)))
            if len(waiting) > self._ahead:
                first, result = waiting.popleft()
                yield first, None if result is None else result()
        for first, result in waiting:
            yield first, None if result is None else result()

    def _submit(self, chunk: memoryview) -> Callable[[], _Parsed]:
        """Return a function that parses a chunk, or waits for the thread that does."""
        if self._threads is None:
            return partial(self._parse, chunk)
        return self._threads.submit(self._parse, chunk).result

    def _parse(self, chunk: memoryview) -> _Parsed:
        log = np.frombuffer(chunk, np.uint8)
        columns, lines = self._columns(log)
        digests = self._digests(log, columns)
        # Selected rows are copied anyway; other tables must not use the memory, which the next chunk
        # overwrites.
        schema = self._schema if self._want.select is None else SELECTING
        table = to_table(columns, chunk, schema, copied=self._want.select is None)
        records = batch(table, _texts(chunk, columns), digests, self._want)
        return _Parsed(records, columns.stretches.T.tolist(), lines)

    def _digests(self, log: Numbers, columns: Columns) -> npt.NDArray[np.uint64]:
        digests = np.empty(len(columns.offset) if self._want.digests else 0, np.uint64)
        if self._want.digests:
            _write_digests(log, columns.offset, columns.length, np.uint64(SEED), digests)
        return digests

    def _columns(self, log: Numbers, starts: Sequence[int] = (0,)) -> tuple[Columns, int]:
        """Return the columns, in the memory of this thread, and the number of line ends."""
        pool: BufferPool | None = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = BufferPool()
        roles, places = pool.tokens(len(log))
        count = scan(log, self._tables, self._roles, roles, places)
        out = pool.columns(len(log), count, *_count_at_most(roles, count))
        log_starts = np.array(starts, np.int64)
        *sizes, lines = _write_columns(log, roles, places, count, log_starts, self._wanted, out)
        return cut(out, *sizes), lines


def _texts(chunk: memoryview, columns: Columns) -> Callable[[npt.NDArray[np.int64]], list[str]]:
    def texts(rows: npt.NDArray[np.int64]) -> list[str]:
        places = zip(columns.offset[rows].tolist(), columns.length[rows].tolist(), strict=True)
        return [str(chunk[start : start + length], "utf-8", "replace") for start, length in places]

    return texts


def _unparsed(cursor: Cursor, chunk: memoryview, stretches: Iterable[Sequence[int]]) -> Iterator[Unparsed]:
    """Return the rows of the stretches of a chunk that starts at the cursor."""
    for start, end, line, reason in stretches:
        raw = bytes(chunk[start:end])
        yield from cursor.unparsed(Unrecognised(raw, len(raw), _REASONS[reason]), line, start)


def _moved(found: Batch, line: int, offset: int) -> Batch:
    """Return the batch with the lines and offsets of the member."""
    records = found.records
    for name, start in (("line", line), ("offset", offset)):
        if name in records.column_names:
            column = pc.add(records.column(name), pa.scalar(start, pa.int64()))
            records = records.set_column(records.column_names.index(name), READ.field(name), column)
    return replace(found, records=records)
