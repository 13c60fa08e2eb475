"""A member from bytes to pieces: what it is, its rows as they come, and what is told of it when it ends."""

import itertools
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.dumps import DumpKind, Section, Setting, pages, sections, settings
from logdiag.dumps.pages import MAX_PAGE_BYTES
from logdiag.i18n import N_, gettext
from logdiag.model import Fault, MemberCoverage
from logdiag.reading.classify import Classified, classify
from logdiag.reading.engines import LogReader, Small
from logdiag.reading.unread_reasons import NO_RECORD, NO_YEARS
from logdiag.records import EACH, Batch, Span, Spans, Together, Unparsed, instant, pieces, rows
from logdiag.records.pasted import pasted_rows
from logdiag.snapshots import Limits, Member

PASTED = N_("pasted text, put together again")
"""What the ledger says of a member whose records were pasted."""

TRANSCODED = N_("UTF-16, read as UTF-8")

_SMALL, _TOGETHER = 1 << 16, 1 << 22
"""Bytes of a member that is read together with others, and of all that are read together.

To ask a log which of its records the rules want takes 4 ms, however short it is.
"""
_EACH = 1 << 9
"""Bytes that a member costs beyond its content, so that thousands of empty ones are not held at once."""

_MOST_SETTINGS = 100_000
_MOST_PROBLEMS = 100


@dataclass(frozen=True)
class Kept:
    """Records that are wanted and follow each other.

    ``numbers`` are their places among all records of the member, ``texts`` what they say as it was logged,
    where that is kept.
    """

    records: pa.Table
    numbers: npt.NDArray[np.int64]
    texts: pa.Array


@dataclass(frozen=True)
class End:
    """What is known of a member once it is read.

    ``coverage`` lacks the names, which are given by whoever knows the other members. Of a log there are
    ``spans`` and ``digests``, of a file with dumps ``dumps``.
    """

    coverage: MemberCoverage
    spans: Sequence[Span] = ()
    digests: npt.NDArray[np.uint64] | None = None
    dumps: Sequence[Section] = ()


Piece = Kept | Unparsed | End
"""A member is read to any number of the first two, and one end."""


class Several(NamedTuple):
    """Small members that follow each other: their names, the records of all of them, and the rest of each."""

    sources: Sequence[str]
    records: Together
    pieces: Sequence[Iterator[Piece]]


Read = tuple[str, Iterator[Piece]] | Several
"""A member with its name and what is read of it, or several."""


class _Opened(NamedTuple):
    """A member of which the beginning was read, and its line of the coverage so far."""

    found: Classified
    ledger: MemberCoverage


class MemberReader:
    """Reads members, each by itself: what becomes of one does not depend on those before."""

    def __init__(self, limits: Limits, engine: LogReader) -> None:
        self._limits, self._engine = limits, engine

    def pieces(self, member: Member) -> Iterator[Piece]:
        """What is read of a member, as it is read."""
        opened = _opened(member)
        return self._whole(opened, self._found(opened))

    def read(self, members: Iterable[Member]) -> Iterator[Read]:
        """What is read of members, in their order. Small ones are read together."""
        waiting: list[_Opened] = []
        size = 0
        for member in members:
            opened = _opened(member)
            if len(opened.found.head) > _SMALL:
                yield from self._together(waiting)
                waiting, size = [], 0
                yield member.source, self._whole(opened, self._found(opened))
                continue
            waiting.append(opened)
            size += len(opened.found.head) + _EACH
            if size > _TOGETHER:
                yield from self._together(waiting)
                waiting, size = [], 0
        yield from self._together(waiting)

    def _together(self, waiting: Sequence[_Opened]) -> Iterator[Read]:
        if sum(one.found.log is not None for one in waiting) < 2:
            for one in waiting:
                yield one.found.member.source, self._whole(one, self._found(one))
            return
        logs = {number: self._small(one) for number, one in enumerate(waiting) if one.found.log is not None}
        records, unparsed = self._engine.together(logs, len(waiting))
        read = []
        for number, one in enumerate(waiting):
            found: Iterator[Batch | Unparsed] | None = None
            if number in logs:
                found = itertools.chain(unparsed[number], [records.batches[number]])
            read.append(self._whole(one, found))
        yield Several([one.found.member.source for one in waiting], records, read)

    def _small(self, opened: _Opened) -> Small:
        found = opened.found
        if found.log == "pasted":
            read = pasted_rows(found.head)
        else:
            cut = pieces(found.chunks, self._limits.line)
            if found.transcoded is None:
                return self._engine.small(cut, len(found.head))
            read = rows(cut)
        return list(read if found.transcoded is None else found.transcoded.placed(read))

    def _found(self, opened: _Opened) -> Iterator[Batch | Unparsed] | None:
        """The rows of what may be a log."""
        found = opened.found
        if found.log is None:
            return None
        if found.log == "pasted":
            return self._engine.batched(pasted_rows(found.head), found.transcoded)
        cut = pieces(found.chunks, self._limits.line)
        if found.transcoded is None:
            return self._engine.read(cut, len(found.head))
        return self._engine.batched(rows(cut), found.transcoded)

    def _whole(self, opened: _Opened, read: Iterator[Batch | Unparsed] | None) -> Iterator[Piece]:
        end = yield from self._member(opened, read)
        # The faults of a member are complete when its bytes are used up.
        if faults := opened.found.member.faults:
            end = replace(end, coverage=replace(end.coverage, faults=(*end.coverage.faults, *faults)))
        yield end

    def _member(
        self, opened: _Opened, read: Iterator[Batch | Unparsed] | None
    ) -> Generator[Piece, None, End]:
        found, ledger = opened
        if read is not None:
            end = yield from _log(ledger, read)
            if end.coverage.kind == "log":
                return _with_pages(end, found.head) if found.is_whole else end
            reason = NO_YEARS if found.lacks_year else NO_RECORD
            return End(replace(end.coverage, reason=gettext(reason), repair=None))
        kind = found.dump_kind() if ledger.reason is None else None
        if kind is not None:
            counted = _Counted(found.chunks)
            end = yield from _dump(replace(ledger, kind=kind), kind, found.member.source, counted)
            size = counted.size + sum(map(len, found.chunks))
            size = found.transcoded.size if found.transcoded is not None else size
            return replace(end, coverage=replace(end.coverage, size=size))
        size = sum(map(len, found.chunks))
        size = found.transcoded.size if found.transcoded is not None else size
        if found.is_whole and ledger.reason is None and size:
            end = _with_pages(End(replace(ledger, kind="page", size=size)), found.head)
            if end.dumps:
                return end
        why = ledger.reason
        if why is None and not (found.member.faults and not size):
            why = found.why_not_read()
        return End(replace(ledger, size=size, reason=why, repair=None))


def _opened(member: Member) -> _Opened:
    """A member, and what its beginning shows it to be."""
    ledger = MemberCoverage(snapshot="", source="", kind="other", size=0, reason=member.skipped)
    found = classify(member, markup=False)
    if found.log == "pasted":
        return _Opened(found, replace(ledger, repair=PASTED))
    return _Opened(found, replace(ledger, repair=TRANSCODED) if found.transcoded is not None else ledger)


def _log(ledger: MemberCoverage, found: Iterator[Batch | Unparsed]) -> Generator[Piece, None, End]:
    size = records = asked = lines = apart = 0
    spans = Spans()
    digests: list[npt.NDArray[np.uint64]] = []
    reasons: Counter[str] = Counter()
    waiting: list[Unparsed] = []  # until a record shows that this is a log
    for row in found:
        if isinstance(row, Unparsed):
            size += row.length
            lines += row.lines
            apart += row.length
            reasons[row.reason] += row.lines
            if records:
                yield row
            else:
                waiting.append(row)
            continue
        if len(row):  # the compiled reader gives batches of no record, too
            yield from waiting
            waiting.clear()
        if len(row.numbers):
            yield Kept(row.records, row.numbers + records, row.texts)
        digests.append(row.digests)
        spans.add(row.spans)
        size += row.bytes
        records += len(row)
        asked += row.asked
    if not records:
        return End(replace(ledger, size=size))
    all_spans = spans.all()
    ledger = replace(
        ledger,
        kind="log",
        size=size,
        records=records,
        record_bytes=size - apart,
        asked=asked,
        unparsed=lines,
        unparsed_bytes=apart,
        reasons=dict(sorted(reasons.items())),
        first=instant(min(span.first for span in all_spans)),
        last=instant(max(span.last for span in all_spans)),
    )
    return End(ledger, all_spans, np.concatenate(digests))


def _dump(
    ledger: MemberCoverage, kind: DumpKind, source: str, chunks: Iterator[bytes]
) -> Generator[Piece, None, End]:
    problems: list[str] = []
    said: list[Setting] = []
    faults: list[Fault] = []
    reasons: Counter[str] = Counter()
    apart = 0
    for row in settings(kind, source, chunks, problems):
        if isinstance(row, Setting):
            if len(said) == _MOST_SETTINGS:
                text = gettext("of a dump no more than {number} values are read")
                faults.append(Fault("limit", text.format(number=f"{_MOST_SETTINGS:,}")))
                break
            said.append(row)
        else:
            if reasons.total() < EACH:  # those beyond are counted
                yield Unparsed(*row)
            reasons[row.reason] += 1
            apart += row.length
    if len(problems) > _MOST_PROBLEMS:
        more = gettext("{number} more parts cannot be read")
        problems[_MOST_PROBLEMS:] = [more.format(number=f"{len(problems) - _MOST_PROBLEMS:,}")]
    dumps = sections(kind, said)
    ledger = replace(
        ledger,
        kind=dumps[0].kind if dumps else kind,
        holds=tuple(dump.kind for dump in dumps),
        settings=len(said),
        unparsed=sum(reasons.values()),
        unparsed_bytes=apart,
        reasons=dict(sorted(reasons.items())),
        faults=(*faults, *(Fault("damaged", problem) for problem in problems)),
    )
    return End(ledger, dumps=dumps)


_SHORTEST_PAGE = 20
"""Bytes: a peer or an alarm with its state is longer, and an archive may hold very many shorter files."""


def _with_pages(end: End, content: bytes) -> End:
    """A text with the pages of the web interface that were pasted into it."""
    is_short = _SHORTEST_PAGE <= len(content) <= MAX_PAGE_BYTES
    found = pages(content.decode("utf-8", "replace")) if is_short else []
    if not found:
        return end
    settings = sum(len(one.settings) for one in found)
    holds = tuple(one.kind for one in found)
    return replace(end, dumps=found, coverage=replace(end.coverage, settings=settings, holds=holds))


class _Counted:
    """Chunks, and how many bytes of them were taken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.size += len(chunk)
        return chunk
