"""Snapshots into tables, member by member: what each is, its rows, and the ledger of its bytes."""

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.dumps import Kind as DumpKind
from logdiag.dumps import Setting, facts, kind_of, settings
from logdiag.grammar import record_start
from logdiag.kinds import NO_RECORD, why_not_read
from logdiag.language import N_, gettext
from logdiag.model import Fault, MemberCoverage, SnapshotCoverage
from logdiag.numbering import Numbering
from logdiag.reading.engines import Engine, LogReader
from logdiag.reading.tables import Dump, Place, Tables
from logdiag.records import (
    EACH,
    SETTINGS,
    UNPARSED,
    Batch,
    Joined,
    Rows,
    Span,
    Spans,
    Unparsed,
    Want,
    instant,
    lacks_year,
    pieces,
    rows,
)
from logdiag.records.pasted import is_pasted, pasted_rows
from logdiag.records.utf16 import Transcoded, utf16_of
from logdiag.snapshots import Limits, Member, Meter, Snapshot

_EVERYTHING = Want()

SEARCHED = 8 << 20
"""A member in whose first 8 MiB no record starts is no log; one that is longer was not pasted."""

PASTED = N_("pasted text, put together again")
"""What the ledger says of a member whose records were pasted."""

TRANSCODED = N_("UTF-16, read as UTF-8")

_DUMP_HEAD = 1 << 20
_LOOKED_AT = 4096
_MOST_SETTINGS = 100_000
_MOST_PROBLEMS = 100
_MOST_PARTS = 12  # of the name of a file


def read(
    snapshots: Iterable[Snapshot],
    limits: Limits | None = None,
    *,
    want: Want = _EVERYTHING,
    engine: Engine = "auto",
    jobs: int | None = None,
) -> Tables:
    """Read snapshots whole.

    No content raises: what is wrong with it stands in ``members`` and ``unparsed``.

    Args:
        snapshots: what to read.
        limits: how much of it.
        want: which records are kept, and whether their texts are.
        engine: what reads logs: Lark, the compiled grammar, or by itself the one that is sooner done.
        jobs: how many cores the compiled grammar uses; all of them by itself.

    """
    meter = Meter(limits or Limits(), digesting=want.sha256)
    reader = _Reader(meter.limits, want, engine, jobs)
    for snapshot in snapshots:
        meter.begin()
        reader.snapshot(snapshot.name, snapshot.members(meter))
        reader.given[snapshot.name] = Given(meter.read, meter.sha256)
    return reader.tables()


def read_texts(files: Mapping[str, bytes]) -> Tables:
    """Read files that are at hand as bytes, each as a snapshot of one member of the same name.

    ``expa01/server.pem`` is the member ``server.pem`` of the snapshot ``expa01``.
    """
    reader = _Reader(Limits(), Want(texts=True, digests=True), "auto", 1)
    snapshots: dict[str, list[Member]] = {}
    for name, content in sorted(files.items()):
        snapshot, slash, source = name.partition("/")
        snapshots.setdefault(snapshot, []).append(Member(source if slash else name, iter([content])))
        known = reader.given.get(snapshot, Given(0, None))
        reader.given[snapshot] = Given(known.size + len(content), None)
    for snapshot, members in snapshots.items():
        reader.snapshot(snapshot, iter(members))
    return reader.tables()


_Beside = Mapping[tuple[str, str | None], Mapping[str, str]]


class Given(NamedTuple):
    """The bytes of a snapshot as they were given: how many, and their digest where all were read."""

    size: int
    sha256: str | None


class _Reader:
    """Tables while they grow."""

    def __init__(self, limits: Limits, want: Want, engine: Engine, jobs: int | None) -> None:
        self._limits = limits
        self._engine = LogReader(engine, want, jobs or os.cpu_count() or 1)
        self._records, self._unparsed = Joined(want), Rows(UNPARSED)
        self._numbers: dict[Place, list[npt.NDArray[np.int64]]] = {}
        self._texts: dict[Place, list[pa.Array]] = {}
        self._spans: dict[Place, list[Span]] = {}
        self._digests: dict[Place, npt.NDArray[np.uint64]] = {}
        self._settings = {"config": Rows(SETTINGS), "status": Rows(SETTINGS)}
        self._members: list[MemberCoverage] = []
        self._dumps: list[Dump] = []
        self._hosts: dict[tuple[str, str], set[str]] = {}
        self.given: dict[str, Given] = {}

    def snapshot(self, name: str, members: Iterator[Member]) -> None:
        """Read all members of a snapshot."""
        numbering = Numbering()
        for member in members:
            source = numbering.name(member.source)
            ledger = MemberCoverage(snapshot=name, source=source, kind="other", size=0, reason=member.skipped)
            ledger = self._member(ledger, member)
            # The faults of a member are complete when its bytes are used up.
            self._members.append(replace(ledger, faults=(*ledger.faults, *member.faults)))

    def _member(self, ledger: MemberCoverage, member: Member) -> MemberCoverage:
        head, chunks = _taken(member.chunks, SEARCHED)
        encoding = None if head[:2] in (b"<\0", b"\0<") or b"<\0?\0" in head[:8] else utf16_of(head)
        transcoded = Transcoded(chunks, encoding) if encoding is not None else None
        if transcoded is not None:
            head, chunks = _taken(transcoded.chunks(), SEARCHED)
            ledger = replace(ledger, repair=TRANSCODED)
        whole = len(head) < SEARCHED
        found: Iterator[Batch | Unparsed] | None = None
        if whole and is_pasted(head):
            ledger = replace(ledger, repair=PASTED)
            found = self._engine.batched(pasted_rows(head), transcoded)
        elif record_start().search(head):
            cut = pieces(chunks, self._limits.line)
            if transcoded is None:
                found = self._engine.read(cut, len(head))
            else:
                found = self._engine.batched(rows(cut), transcoded)
        if found is not None:
            ledger = self._log(ledger, found)
            if ledger.kind == "log":
                return ledger
            return replace(ledger, reason=gettext(NO_RECORD), repair=None)
        kind = kind_of(head[:_DUMP_HEAD], member.source) if ledger.reason is None else None
        if kind is not None:
            counted = _Counted(chunks)
            ledger = self._dump(replace(ledger, kind=kind), kind, counted)
            size = counted.size + sum(map(len, chunks))
            return replace(ledger, size=transcoded.size if transcoded is not None else size)
        size = sum(map(len, chunks))
        size = transcoded.size if transcoded is not None else size
        if ledger.reason is None and not (member.faults and not size):
            yearless = lacks_year(head[:_LOOKED_AT])
            searched = None if whole else f"{SEARCHED >> 20} MiB"
            ledger = replace(ledger, reason=why_not_read(head, yearless=yearless, searched=searched))
        return replace(ledger, size=size, repair=None)

    def _log(self, ledger: MemberCoverage, found: Iterator[Batch | Unparsed]) -> MemberCoverage:
        place = (ledger.snapshot, ledger.source)
        size = records = lines = apart = 0
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
                    self._unparsed.add(*place, row)
                else:
                    waiting.append(row)
                continue
            for orphan in waiting:
                self._unparsed.add(*place, orphan)
            waiting.clear()
            self._records.add(*place, row.records)
            self._numbers.setdefault(place, []).append(row.numbers + records)
            self._texts.setdefault(place, []).append(row.texts)
            digests.append(row.digests)
            spans.add(row.spans)
            size += row.bytes
            records += len(row)
        if not records:
            return replace(ledger, size=size)
        self._spans[place] = spans.all()
        self._digests[place] = np.concatenate(digests)
        self._hosts.setdefault(_folder(*place), set()).update(span.host for span in self._spans[place])
        return replace(
            ledger,
            kind="log",
            size=size,
            records=records,
            record_bytes=size - apart,
            unparsed=lines,
            unparsed_bytes=apart,
            reasons=dict(sorted(reasons.items())),
            first=instant(min(span.first for span in self._spans[place])),
            last=instant(max(span.last for span in self._spans[place])),
        )

    def _dump(self, ledger: MemberCoverage, kind: DumpKind, chunks: Iterator[bytes]) -> MemberCoverage:
        table = self._settings["status" if kind == "xstatus" else "config"]
        problems: list[str] = []
        said: list[tuple[str, str]] = []
        faults: list[Fault] = []
        reasons: Counter[str] = Counter()
        apart = 0
        for row in settings(kind, ledger.source, chunks, problems):
            if isinstance(row, Setting):
                if len(said) == _MOST_SETTINGS:
                    text = gettext("of a dump no more than {number} values are read")
                    faults.append(Fault("limit", text.format(number=f"{_MOST_SETTINGS:,}")))
                    break
                table.add(ledger.snapshot, ledger.source, row)
                said.append((row.path, row.value))
            else:
                if reasons.total() < EACH:  # those beyond are counted
                    self._unparsed.add(ledger.snapshot, ledger.source, row)
                reasons[row.reason] += 1
                apart += row.length
        if len(problems) > _MOST_PROBLEMS:
            more = gettext("{number} more parts cannot be read")
            problems[_MOST_PROBLEMS:] = [more.format(number=f"{len(problems) - _MOST_PROBLEMS:,}")]
        self._dumps.append(Dump(ledger.snapshot, ledger.source, kind, facts(said)))
        return replace(
            ledger,
            settings=len(said),
            unparsed=sum(reasons.values()),
            unparsed_bytes=apart,
            reasons=dict(sorted(reasons.items())),
            faults=(*faults, *(Fault("damaged", problem) for problem in problems)),
        )

    def tables(self) -> Tables:
        """Everything that was read."""
        order = [
            (snapshot, source)
            for snapshot, _, source in sorted(
                (one.snapshot, one.first, one.source) for one in self._members if one.first is not None
            )
        ]
        texts = [text for place in order for text in self._texts[place]]
        numbers = (self._numbers[place] for place in order)
        snapshots = {name: self._ledger(name, members) for name, members in self._by_snapshot().items()}
        starts = {name: one.first for name, one in snapshots.items() if one.first is not None}
        beside = self._hosts_beside()
        dumps = tuple(self._dated(dump, beside, starts) for dump in self._dumps)
        hosts = {(dump.snapshot, dump.source): dump.host for dump in dumps}
        taken = {(dump.snapshot, dump.source): dump.taken for dump in dumps}
        return Tables(
            records=self._records.table(order),
            unparsed=self._unparsed.table(),
            config=_with_hosts(self._settings["config"].table(), hosts),
            status=_with_hosts(self._settings["status"].table(), hosts),
            dumps=dumps,
            members=tuple(
                replace(member, taken=taken.get((member.snapshot, member.source)))
                for member in sorted(self._members, key=lambda member: (member.snapshot, member.source))
            ),
            snapshots=tuple(snapshots[name] for name in sorted(snapshots)),
            texts=pa.chunked_array(texts, pa.string()),
            numbers=np.concatenate([np.zeros(0, np.int64), *itertools.chain.from_iterable(numbers)]),
            spans={place: self._spans[place] for place in order},
            digests={place: self._digests[place] for place in order},
        )

    def _hosts_beside(self) -> _Beside:
        """The hosts of the logs in each folder, and in each whole snapshot, by their names in lower case."""
        beside: dict[tuple[str, str | None], set[str]] = {}
        for (snapshot, folder), hosts in self._hosts.items():
            beside.setdefault((snapshot, folder), set()).update(hosts)
            beside.setdefault((snapshot, None), set()).update(hosts)
        return {place: {name.lower(): name for name in sorted(hosts)} for place, hosts in beside.items()}

    def _dated(self, dump: Dump, hosts: _Beside, starts: Mapping[str, datetime]) -> Dump:
        """A dump with its peer's name, and when it was taken, from what lies beside it."""
        # The bundle may keep logs and dumps in folders of their own.
        beside = hosts.get(_folder(dump.snapshot, dump.source)) or hosts.get((dump.snapshot, None), {})
        file = PurePosixPath(dump.source.rpartition("!/")[2]).name.lower()
        said = [dump.facts.fqdn.partition(".")[0]] if dump.facts.fqdn else []
        said += [dump.facts.name] if dump.facts.name else []
        # Members of a diagnostic log carry the peer's name: xconf_dump_<host>_<time>.txt.
        labelled = [beside[label] for label in _labels(file) if label in beside]
        known = [beside[name.lower()] for name in said if name.lower() in beside] or labelled
        host = next(iter([*known, *said, *(beside.values() if len(beside) == 1 else ())]), None)
        return replace(dump, host=host, taken=starts.get(dump.snapshot))

    def _by_snapshot(self) -> dict[str, list[MemberCoverage]]:
        members: dict[str, list[MemberCoverage]] = {name: [] for name in self.given}
        for member in self._members:
            members[member.snapshot].append(member)
        return members

    def _ledger(self, name: str, members: Sequence[MemberCoverage]) -> SnapshotCoverage:
        return SnapshotCoverage(
            snapshot=name,
            given=self.given[name].size,
            sha256=self.given[name].sha256,
            size=sum(member.size for member in members),
            members=len(members),
            records=sum(member.records for member in members),
            unparsed=sum(member.unparsed for member in members),
            unparsed_bytes=sum(member.unparsed_bytes for member in members),
            first=min((member.first for member in members if member.first is not None), default=None),
            last=max((member.last for member in members if member.last is not None), default=None),
            faults=sum(bool(member.faults) for member in members),
        )


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


def _taken(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first ``size`` bytes or more, fewer at the end, and all chunks with these in front again."""
    parts: list[bytes] = []
    taken = 0
    for chunk in chunks:
        parts.append(chunk)
        taken += len(chunk)
        if taken >= size:
            break
    return b"".join(parts), itertools.chain(parts, chunks)


def _labels(file: str) -> Iterator[str]:
    """What stands between underscores in the name of a file: each part, and parts that follow each other."""
    parts = file.split("_")[:_MOST_PARTS]
    for start, end in itertools.combinations(range(1, len(parts)), 2):
        yield "_".join(parts[start:end])


def _folder(snapshot: str, source: str) -> tuple[str, str]:
    return snapshot, source.rpartition("/")[0]


def _with_hosts(table: pa.Table, hosts: Mapping[tuple[str, str], str | None]) -> pa.Table:
    places = zip(table.column("snapshot").to_pylist(), table.column("source").to_pylist(), strict=True)
    column = pa.array([hosts.get(place) for place in places], pa.string())
    return table.add_column(2, pa.field("host", pa.string()), column)
