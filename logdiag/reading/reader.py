"""Read snapshots into tables, member by member: what each is, its rows, and the coverage of its bytes."""

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from logdiag.dumps import DumpKind, Section, Setting, find_pages, find_sections, read_settings
from logdiag.dumps.pages import MAX_PAGE_BYTES
from logdiag.files.unique_names import Numbering
from logdiag.i18n import N_, gettext
from logdiag.model import Fault, MemberCoverage
from logdiag.reading.builder import TableBuilder
from logdiag.reading.classify import Classified, classify
from logdiag.reading.engines import Engine, LogReader, SmallLog
from logdiag.reading.tables import Tables
from logdiag.reading.unread_reasons import NO_RECORD, NO_YEARS
from logdiag.records import EACH, Batch, Record, Spans, Unparsed, Want, instant, pieces, rows
from logdiag.records.pasted import pasted_rows
from logdiag.snapshots import Limits, Member, Meter, Snapshot
from logdiag.snapshots.deadline import Deadline

PASTED = N_("pasted text, put together again")
"""The repair of a member with pasted records in the coverage."""

TRANSCODED = N_("UTF-16, read as UTF-8")

_SMALL, _TOGETHER = 1 << 16, 1 << 22
"""Bytes of a member that is read together with others, and of all that are read together.

To select the records of a log that the rules want takes 4 ms, however short the log is.
"""
_OVERHEAD = 1 << 9
"""Bytes that a member costs beyond its content, so that thousands of empty ones are not held at once."""

# The tables hold the settings of all members, so each member has a limit. Further problems are counted.
_MAX_SETTINGS = 100_000
_MAX_PROBLEMS = 100

_MIN_PAGE_BYTES = 20
"""A peer or an alarm with its state is longer, and an archive may have very many shorter files."""

_EVERYTHING = Want()
_Rows = Iterator[Batch | Unparsed]


def read(
    snapshots: Iterable[Snapshot],
    limits: Limits | None = None,
    *,
    want: Want = _EVERYTHING,
    engine: Engine = "auto",
    jobs: int | None = None,
    deadline: Deadline | None = None,
    share: float = 1.0,
) -> Tables:
    """Read snapshots whole. No content raises: problems are in ``members`` and ``unparsed``.

    Args:
        snapshots: what to read.
        limits: how much of it.
        want: which records are kept, and whether their texts are.
        engine: reads logs: Lark, the compiled grammar, or the one that takes less time (default).
        jobs: number of cores that the compiled grammar uses (default: all).
        deadline: when the run has to end (default: after the seconds of the limits).
        share: the share of the time until then that reading may use up.

    """
    meter = Meter(limits or Limits(), deadline, share, digesting=want.sha256)
    builder = TableBuilder(want)
    reader = _MemberReader(builder, meter.limits, LogReader(engine, want, jobs or os.cpu_count() or 1))
    for snapshot in snapshots:
        meter.begin()
        reader.read(snapshot.name, snapshot.members(meter))
        builder.add_snapshot(snapshot.name, meter.read, meter.sha256)
    meter.watch(None, 0)
    return builder.tables()


def read_texts(files: Mapping[str, bytes]) -> Tables:
    """Read files whose bytes are given. ``expa01/server.pem`` is a member of the snapshot ``expa01``.

    A file without a folder in its name is a snapshot of one member with the same name.
    """
    want = Want(texts=True, digests=True)
    builder = TableBuilder(want)
    reader = _MemberReader(builder, Limits(), LogReader("auto", want, 1))
    snapshots: dict[str, list[Member]] = {}
    sizes: Counter[str] = Counter()
    for name, content in sorted(files.items()):
        snapshot, slash, source = name.partition("/")
        snapshots.setdefault(snapshot, []).append(Member(source if slash else name, iter([content])))
        sizes[snapshot] += len(content)
    for snapshot, members in snapshots.items():
        reader.read(snapshot, members)
        builder.add_snapshot(snapshot, sizes[snapshot], None)
    return builder.tables()


class _MemberReader:
    """Reads members into the tables. The result for a member does not depend on the members before it."""

    def __init__(self, builder: TableBuilder, limits: Limits, engine: LogReader) -> None:
        self._builder, self._limits, self._engine = builder, limits, engine

    def read(self, snapshot: str, members: Iterable[Member]) -> None:
        numbering = Numbering()
        small: list[tuple[str, Classified]] = []
        size = 0
        for member in members:
            found = classify(member, markup=False)
            source = numbering.name(member.source)
            if is_small := len(found.head) <= _SMALL:
                small.append((source, found))
                size += len(found.head) + _OVERHEAD
            if not is_small or size > _TOGETHER:
                self._read_small(snapshot, small)
                small, size = [], 0
            if not is_small:
                self._read(snapshot, source, found, self._rows(found))
        self._read_small(snapshot, small)

    def _read_small(self, snapshot: str, small: Sequence[tuple[str, Classified]]) -> None:
        if sum(found.log is not None for _, found in small) < 2:
            for source, found in small:
                self._read(snapshot, source, found, self._rows(found))
            return
        logs = {n: self._small_log(found) for n, (_, found) in enumerate(small) if found.log is not None}
        together, unparsed = self._engine.together(logs, len(small))
        self._builder.add_together([(snapshot, source) for source, _ in small], together)
        for n, (source, found) in enumerate(small):
            read: _Rows | None = None
            if n in logs:
                read = itertools.chain(unparsed[n], [together.batches[n]])
            self._read(snapshot, source, found, read)

    def _rows(self, found: Classified) -> _Rows | None:
        """The rows of a possible log."""
        if found.log is None:
            return None
        if found.log == "plain" and found.transcoded is None:
            return self._engine.read(pieces(found.chunks, self._limits.line), len(found.head))
        return self._engine.batched(self._one_by_one(found))

    def _small_log(self, found: Classified) -> SmallLog:
        if found.log == "plain" and found.transcoded is None:
            return self._engine.small(pieces(found.chunks, self._limits.line), len(found.head))
        return list(self._one_by_one(found))

    def _one_by_one(self, found: Classified) -> Iterator[Record | Unparsed]:
        pasted = found.log == "pasted"
        read = pasted_rows(found.head) if pasted else rows(pieces(found.chunks, self._limits.line))
        return read if found.transcoded is None else found.transcoded.placed(read)

    def _read(self, snapshot: str, source: str, found: Classified, read: _Rows | None) -> None:
        coverage = MemberCoverage(
            snapshot=snapshot,
            source=source,
            kind="other",
            size=0,
            reason=found.member.skipped,
            repair=PASTED if found.log == "pasted" else TRANSCODED if found.transcoded is not None else None,
        )
        if read is not None:
            coverage, dumps = self._read_log(coverage, found, read)
        else:
            coverage, dumps = self._read_other(coverage, found)
        # The faults of a member are complete when its bytes are used up.
        faults = (*coverage.faults, *found.member.faults)
        self._builder.add_member(replace(coverage, faults=faults), dumps)

    def _read_log(
        self, coverage: MemberCoverage, found: Classified, read: _Rows
    ) -> tuple[MemberCoverage, Sequence[Section]]:
        member = coverage.snapshot, coverage.source
        size = records = asked = apart = 0
        spans = Spans()
        digests: list[npt.NDArray[np.uint64]] = []
        reasons: Counter[str] = Counter()
        waiting: list[Unparsed] = []  # until a record shows that this is a log
        for row in read:
            if isinstance(row, Unparsed):
                size += row.length
                apart += row.length
                reasons[row.reason] += row.lines
                waiting.append(row)
            else:
                self._builder.add_records(member, row, records)
                digests.append(row.digests)
                spans.add(row.spans)
                size += row.bytes
                records += len(row)
                asked += row.asked
            if records:
                for unparsed in waiting:
                    self._builder.add_unparsed(member, unparsed)
                waiting.clear()
        if not records:
            reason = gettext(NO_YEARS if found.lacks_year else NO_RECORD)
            return replace(coverage, size=size, reason=reason, repair=None), ()
        all_spans = spans.all()
        self._builder.add_log(member, all_spans, np.concatenate(digests))
        coverage = replace(
            coverage,
            kind="log",
            size=size,
            records=records,
            record_bytes=size - apart,
            asked=asked,
            unparsed=sum(reasons.values()),
            unparsed_bytes=apart,
            reasons=dict(sorted(reasons.items())),
            first=instant(min(span.first for span in all_spans)),
            last=instant(max(span.last for span in all_spans)),
        )
        return _with_pages(coverage, found)

    def _read_other(
        self, coverage: MemberCoverage, found: Classified
    ) -> tuple[MemberCoverage, Sequence[Section]]:
        size = 0

        def chunks() -> Iterator[bytes]:
            nonlocal size
            for chunk in found.chunks:
                size += len(chunk)
                yield chunk

        kind = found.dump_kind() if coverage.reason is None else None
        dumps: Sequence[Section] = ()
        if kind is not None:
            coverage, dumps = self._read_dump(replace(coverage, kind=kind), kind, found, chunks())
        for _ in chunks():
            pass
        coverage = replace(coverage, size=size if found.transcoded is None else found.transcoded.size)
        if kind is not None:
            return coverage, dumps
        if coverage.reason is None and coverage.size:
            paged, dumps = _with_pages(replace(coverage, kind="page"), found)
            if dumps:
                return paged, dumps
        reason = coverage.reason
        if reason is None and (coverage.size or not found.member.faults):
            reason = found.why_not_read()
        return replace(coverage, reason=reason, repair=None), ()

    def _read_dump(
        self, coverage: MemberCoverage, kind: DumpKind, found: Classified, chunks: Iterator[bytes]
    ) -> tuple[MemberCoverage, Sequence[Section]]:
        member = coverage.snapshot, coverage.source
        problems: list[str] = []
        said: list[Setting] = []
        faults: list[Fault] = []
        reasons: Counter[str] = Counter()
        apart = 0
        for row in read_settings(kind, found.member.source, chunks, problems):
            if isinstance(row, Setting):
                if len(said) == _MAX_SETTINGS:
                    text = gettext("of a dump no more than {number} values are read")
                    faults.append(Fault("limit", text.format(number=f"{_MAX_SETTINGS:,}")))
                    break
                said.append(row)
            else:
                if reasons.total() < EACH:  # the others are only counted
                    self._builder.add_unparsed(member, Unparsed(*row))
                reasons[row.reason] += 1
                apart += row.length
        if len(problems) > _MAX_PROBLEMS:
            more = gettext("{number} more parts cannot be read")
            problems[_MAX_PROBLEMS:] = [more.format(number=f"{len(problems) - _MAX_PROBLEMS:,}")]
        dumps = find_sections(kind, said)
        coverage = replace(
            coverage,
            kind=dumps[0].kind if dumps else kind,
            holds=tuple(dump.kind for dump in dumps),
            settings=len(said),
            unparsed=sum(reasons.values()),
            unparsed_bytes=apart,
            reasons=dict(sorted(reasons.items())),
            faults=(*faults, *(Fault("damaged", problem) for problem in problems)),
        )
        return coverage, dumps


def _with_pages(coverage: MemberCoverage, found: Classified) -> tuple[MemberCoverage, Sequence[Section]]:
    """The coverage with the pages of the web interface that were pasted into the text."""
    is_text = found.is_whole and _MIN_PAGE_BYTES <= len(found.head) <= MAX_PAGE_BYTES
    pasted = find_pages(found.head.decode("utf-8", "replace")) if is_text else []
    if not pasted:
        return coverage, ()
    settings = sum(len(one.settings) for one in pasted)
    return replace(coverage, settings=settings, holds=tuple(one.kind for one in pasted)), pasted
