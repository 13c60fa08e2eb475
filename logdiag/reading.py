"""From snapshots to tables: what each member is, its rows, and the ledger of its bytes.

In each log member the rows of ``records`` and ``unparsed`` tile its bytes: no gap, no overlap.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from logdiag.dumps import Facts, Setting, facts, kind_of, settings
from logdiag.dumps import Kind as DumpKind
from logdiag.grammar import record_start
from logdiag.kinds import NO_RECORD, why_not_read
from logdiag.model import Fault, MemberCoverage, SnapshotCoverage
from logdiag.numbering import Numbering
from logdiag.records import EACH, RECORDS, UNPARSED, Record, Rows, Unparsed, instant, pieces, rows
from logdiag.records.columns import SETTINGS
from logdiag.records.pasted import is_pasted, pasted_rows
from logdiag.records.utf16 import Transcoded, utf16_of
from logdiag.snapshots import Limits, Member, Meter, Snapshot

SEARCHED = 8 << 20
"""A member in whose first 8 MiB no record starts is no log; one that is longer was not pasted."""

PASTED = "pasted text, put together again"
"""What the ledger says of a member whose records were pasted."""

_DUMP_HEAD = 1 << 20
_MOST_SETTINGS = 100_000
_MOST_PROBLEMS = 100


@dataclass(frozen=True)
class Dump:
    """What a dump or the certificates of a peer say.

    ``host`` is the peer's name as far as the evidence has it. Dumps of a diagnostic log are made
    when logging starts (administrator guide X15.5): ``taken`` is when the log beside it begins, and
    None where there is none.
    """

    snapshot: str
    source: str
    kind: DumpKind
    facts: Facts
    host: str | None = None
    taken: datetime | None = None


@dataclass(frozen=True)
class Tables:
    """What was read: Arrow tables, and the ledger of every snapshot and member.

    ``records`` and ``unparsed`` have the columns of `RECORDS` and `UNPARSED`, ``config`` (from
    xConfiguration dumps and certificates) and ``status`` (from xStatus dumps) those of `SETTINGS`.
    Records stand in the order of snapshot, then of members by their first record, then of offset.
    ``texts`` holds each record as it was logged, row by row, where it was asked for.
    """

    records: pa.Table
    unparsed: pa.Table
    config: pa.Table
    status: pa.Table
    dumps: tuple[Dump, ...]
    members: tuple[MemberCoverage, ...]
    snapshots: tuple[SnapshotCoverage, ...]
    texts: pa.ChunkedArray | None = None


def read(snapshots: Iterable[Snapshot], limits: Limits | None = None, *, keep_texts: bool = False) -> Tables:
    """Read snapshots whole.

    No content raises: what is wrong with it stands in ``members`` and ``unparsed``.
    """
    meter = Meter(limits or Limits())
    reader = _Reader(meter.limits, keep_texts=keep_texts)
    for snapshot in snapshots:
        meter.begin()
        reader.snapshot(snapshot.name, snapshot.members(meter))
        reader.given[snapshot.name] = meter.read
    return reader.tables()


def read_texts(files: Mapping[str, bytes]) -> Tables:
    """Read files that are at hand as bytes, each as a snapshot of one member of the same name.

    ``expa01/server.pem`` is the member ``server.pem`` of the snapshot ``expa01``.
    """
    reader = _Reader(Limits(), keep_texts=True)
    snapshots: dict[str, list[Member]] = {}
    for name, content in sorted(files.items()):
        snapshot, slash, source = name.partition("/")
        snapshots.setdefault(snapshot, []).append(Member(source if slash else name, iter([content])))
        reader.given[snapshot] = reader.given.get(snapshot, 0) + len(content)
    for snapshot, members in snapshots.items():
        reader.snapshot(snapshot, iter(members))
    return reader.tables()


class _Reader:
    """Tables while they grow."""

    def __init__(self, limits: Limits, *, keep_texts: bool) -> None:
        kept = RECORDS.append(pa.field("raw", pa.string(), nullable=False)) if keep_texts else RECORDS
        self._limits = limits
        self._records, self._unparsed = Rows(kept), Rows(UNPARSED)
        self._settings = {"config": Rows(SETTINGS), "status": Rows(SETTINGS)}
        self._members: list[MemberCoverage] = []
        self._dumps: list[Dump] = []
        self._hosts: dict[tuple[str, str], set[str]] = {}
        self.given: dict[str, int] = {}

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
            ledger = replace(ledger, repair="UTF-16, read as UTF-8")
        whole = len(head) < SEARCHED
        found: Iterator[Record | Unparsed] | None = None
        if whole and is_pasted(head):
            ledger = replace(ledger, repair=PASTED)
            found = pasted_rows(head)
        elif record_start().search(head):
            found = rows(pieces(chunks, self._limits.line))
        if found is not None:
            found = transcoded.placed(found) if transcoded is not None else found
            ledger = self._log(ledger, found)
            if ledger.kind == "log":
                return ledger
            return replace(ledger, reason=NO_RECORD, repair=None)
        kind = kind_of(head[:_DUMP_HEAD], member.source) if ledger.reason is None else None
        if kind is not None:
            counted = _Counted(chunks)
            ledger = self._dump(replace(ledger, kind=kind), kind, counted)
            size = counted.size + sum(map(len, chunks))
            return replace(ledger, size=transcoded.size if transcoded is not None else size)
        size = sum(map(len, chunks))
        size = transcoded.size if transcoded is not None else size
        if ledger.reason is None and not (member.faults and not size):
            ledger = replace(ledger, reason=why_not_read(head))
        return replace(ledger, size=size, repair=None)

    def _log(self, ledger: MemberCoverage, found: Iterator[Record | Unparsed]) -> MemberCoverage:
        place = (ledger.snapshot, ledger.source)
        size = records = lines = apart = 0
        first = last = None
        reasons: Counter[str] = Counter()
        waiting: list[Unparsed] = []  # until a record shows that this is a log
        for row in found:
            size += row.length
            if isinstance(row, Unparsed):
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
            records += 1
            first = row.time if first is None else min(first, row.time)
            last = row.time if last is None else max(last, row.time)
            self._records.add(*place, row)
            self._hosts.setdefault(_folder(*place), set()).add(row.host)
        if not records:
            return replace(ledger, size=size)
        return replace(
            ledger,
            kind="log",
            size=size,
            records=records,
            record_bytes=size - apart,
            unparsed=lines,
            unparsed_bytes=apart,
            reasons=dict(sorted(reasons.items())),
            first=None if first is None else instant(first),
            last=None if last is None else instant(last),
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
                    text = f"of a dump no more than {_MOST_SETTINGS:,} values are read"
                    faults.append(Fault("limit", text))
                    break
                table.add(ledger.snapshot, ledger.source, row)
                said.append((row.path, row.value))
            else:
                if reasons.total() < EACH:  # those beyond are counted
                    self._unparsed.add(ledger.snapshot, ledger.source, row)
                reasons[row.reason] += 1
                apart += row.length
        if len(problems) > _MOST_PROBLEMS:
            problems[_MOST_PROBLEMS:] = [f"{len(problems) - _MOST_PROBLEMS:,} more parts cannot be read"]
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
        records = _in_order(self._records.table(), self._members)
        dumps = tuple(self._dated(dump) for dump in self._dumps)
        hosts = {(dump.snapshot, dump.source): dump.host for dump in dumps}
        taken = {(dump.snapshot, dump.source): dump.taken for dump in dumps}
        return Tables(
            records=records.select(RECORDS.names),
            unparsed=self._unparsed.table(),
            config=_with_hosts(self._settings["config"].table(), hosts),
            status=_with_hosts(self._settings["status"].table(), hosts),
            dumps=dumps,
            members=tuple(
                replace(member, taken=taken.get((member.snapshot, member.source)))
                for member in sorted(self._members, key=lambda member: (member.snapshot, member.source))
            ),
            snapshots=tuple(self._ledger(name) for name in sorted(self.given)),
            texts=records.column("raw") if "raw" in records.column_names else None,
        )

    def _dated(self, dump: Dump) -> Dump:
        """A dump with its peer's name, and when it was taken, from what lies beside it."""
        beside = self._hosts.get(_folder(dump.snapshot, dump.source), set())
        if not beside:  # the bundle may keep logs and dumps in folders of their own
            beside = set().union(
                *(hosts for place, hosts in self._hosts.items() if place[0] == dump.snapshot)
            )
        file = PurePosixPath(dump.source.rpartition("!/")[2]).name.lower()
        said = [dump.facts.fqdn.partition(".")[0]] if dump.facts.fqdn else []
        said += [dump.facts.name] if dump.facts.name else []
        here = {name.lower(): name for name in beside}
        # Members of a diagnostic log carry the peer's name: xconf_dump_<host>_<time>.txt.
        labelled = [name for name in sorted(beside) if f"_{name.lower()}_" in file]
        known = [here[name.lower()] for name in said if name.lower() in here] or labelled
        host = next(iter([*known, *said, *(beside if len(beside) == 1 else ())]), None)
        starts = [
            member.first
            for member in self._members
            if member.snapshot == dump.snapshot and member.first is not None
        ]
        return replace(dump, host=host, taken=min(starts, default=None))

    def _ledger(self, name: str) -> SnapshotCoverage:
        members = [member for member in self._members if member.snapshot == name]
        return SnapshotCoverage(
            snapshot=name,
            given=self.given[name],
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


def _folder(snapshot: str, source: str) -> tuple[str, str]:
    return snapshot, source.rpartition("/")[0]


def _in_order(records: pa.Table, members: list[MemberCoverage]) -> pa.Table:
    """Rotated logs in the order in which they were written: by each member's first record."""
    place = 0
    parts: list[tuple[str, Any, str, int, int]] = []
    for member in members:
        if member.records:
            parts.append((member.snapshot, member.first, member.source, place, member.records))
            place += member.records
    if parts == sorted(parts):
        return records
    return pa.concat_tables([records.slice(start, count) for *_, start, count in sorted(parts)])


def _with_hosts(table: pa.Table, hosts: Mapping[tuple[str, str], str | None]) -> pa.Table:
    places = zip(table.column("snapshot").to_pylist(), table.column("source").to_pylist(), strict=True)
    column = pa.array([hosts.get(place) for place in places], pa.string())
    return table.add_column(2, pa.field("host", pa.string()), column)
