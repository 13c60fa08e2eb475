"""The fast reader of one log: pieces to stretches of columns, by the compiled grammar.

The rows are those of ``logdiag/records/rows.py``, whatever the bytes.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from logdiag.grammar.kernel import scan
from logdiag.grammar.tables import Tables
from logdiag.records.compiled.columns import ROLES, Columns, columns
from logdiag.records.pieces import LONGEST_RECORD, ORPHAN, Apart
from logdiag.records.rows import EACH, NO_INSTANT, Unparsed, unparsed_rows


@dataclass(frozen=True)
class Stretch:
    """Records that follow each other, as columns. ``line`` and ``offset`` are where their piece starts.

    ``names`` are the values that ``columns.codes`` points at.
    """

    columns: Columns
    names: list[str]
    line: int
    offset: int

    def __len__(self) -> int:
        return len(self.columns.times)


class Reader:
    """Reads logs by the tables of a grammar, on as many cores as there are ``jobs``."""

    def __init__(self, tables: Tables, jobs: int) -> None:
        self._tables = tables
        self._roles = np.array([ROLES.get(name, 0) for name in tables.terminals], np.uint8)
        self._threads = ThreadPoolExecutor(jobs) if jobs > 1 else None
        self._ahead = 2 * jobs

    def rows(self, pieces: Iterable[bytes | Apart], *, with_raw: bool) -> Iterator[Stretch | Unparsed]:
        """The rows of one member, in order, records by the stretch."""
        offset, line, each = 0, 1, EACH
        for piece, found in self._parsed(pieces, with_raw=with_raw):
            if isinstance(piece, Apart):
                for row in unparsed_rows(piece, line, offset, each):
                    yield row
                    line += row.lines
                    each -= 1
                offset += piece.length
            elif found is not None:
                names = [
                    piece[start:end].decode("utf-8", "replace")
                    for start, end in zip(found.name_starts.tolist(), found.name_ends.tolist(), strict=True)
                ]
                yield Stretch(found, names, line, offset)
                for start, end, behind, is_orphan in found.apart.tolist():
                    apart = Apart(piece[start:end], end - start, ORPHAN if is_orphan else NO_INSTANT)
                    yield from unparsed_rows(apart, line + behind, offset + start, EACH)
                offset += len(piece)
                line += found.breaks

    def _parsed(
        self, pieces: Iterable[bytes | Apart], *, with_raw: bool
    ) -> Iterator[tuple[bytes | Apart, Columns | None]]:
        """Pieces in their order, those of records with their columns; some are parsed ahead."""
        waiting: deque[tuple[bytes | Apart, Future[Columns] | None]] = deque()
        for piece in pieces:
            if self._threads is None:
                yield piece, None if isinstance(piece, Apart) else self._columns(piece, with_raw)
                continue
            future = None
            if not isinstance(piece, Apart):
                future = self._threads.submit(self._columns, piece, with_raw)
            waiting.append((piece, future))
            if len(waiting) > self._ahead:
                first, parsed = waiting.popleft()
                yield first, None if parsed is None else parsed.result()
        for piece, parsed in waiting:
            yield piece, None if parsed is None else parsed.result()

    def _columns(self, piece: bytes, with_raw: bool) -> Columns:
        tables = self._tables
        log = np.frombuffer(piece, np.uint8)
        terminals = np.empty(len(log), np.uint8)
        places = np.empty(len(log), np.int32)
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
            terminals,
            places,
        )
        if count < 0:
            # A grammar accepts every byte in every state: a test holds it to that.
            raise AssertionError(f"the grammar has no way on at byte {place} of {piece[:100]!r}")
        found: Columns = columns(log, self._roles, terminals, places, count, LONGEST_RECORD, with_raw)
        return found
