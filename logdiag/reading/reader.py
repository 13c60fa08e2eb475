"""Snapshots into tables, member by member: what each is, its rows, and the ledger of its bytes."""

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.dumps import Setting, time_of
from logdiag.files.unique_names import Numbering
from logdiag.model import MemberCoverage, SnapshotCoverage
from logdiag.reading.engines import Engine, LogReader
from logdiag.reading.members import End, Kept, MemberReader, Piece, Read, Several
from logdiag.reading.owners import Beside, with_owners
from logdiag.reading.tables import Dump, Place, Tables
from logdiag.records import SETTINGS, UNPARSED, Joined, Rows, Span, Want, gathered
from logdiag.snapshots import Limits, Member, Meter, Snapshot
from logdiag.snapshots.deadline import Deadline

_EVERYTHING = Want()


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
    """Read snapshots whole.

    No content raises: what is wrong with it stands in ``members`` and ``unparsed``.

    Args:
        snapshots: what to read.
        limits: how much of it.
        want: which records are kept, and whether their texts are.
        engine: what reads logs: Lark, the compiled grammar, or the one that takes less time (default).
        jobs: number of cores that the compiled grammar uses (default: all).
        deadline: when the run has to be over; by default after the seconds of the limits.
        share: how much of the time until then reading may use up.

    """
    meter = Meter(limits or Limits(), deadline, share, digesting=want.sha256)
    reader = member_reader(meter.limits, want, engine, jobs)
    growing = Growing(want)
    for snapshot in snapshots:
        meter.begin()
        growing.add(snapshot.name, reader.read(snapshot.members(meter)))
        growing.given[snapshot.name] = Given(meter.read, meter.sha256)
    return growing.tables()


def read_texts(files: Mapping[str, bytes]) -> Tables:
    """Read files that are at hand as bytes, each as a snapshot of one member of the same name.

    ``expa01/server.pem`` is the member ``server.pem`` of the snapshot ``expa01``.
    """
    want = Want(texts=True, digests=True)
    reader, growing = member_reader(Limits(), want, "auto", 1), Growing(want)
    snapshots: dict[str, list[Member]] = {}
    for name, content in sorted(files.items()):
        snapshot, slash, source = name.partition("/")
        snapshots.setdefault(snapshot, []).append(Member(source if slash else name, iter([content])))
        known = growing.given.get(snapshot, Given(0, None))
        growing.given[snapshot] = Given(known.size + len(content), None)
    for snapshot, members in snapshots.items():
        growing.add(snapshot, reader.read(members))
    return growing.tables()


def member_reader(limits: Limits, want: Want, engine: Engine, jobs: int | None) -> MemberReader:
    """What reads members so; ``jobs`` is the number of cores (default: all)."""
    return MemberReader(limits, LogReader(engine, want, jobs or os.cpu_count() or 1))


class Given(NamedTuple):
    """The bytes of a snapshot as they were given: how many, and their digest where all were read."""

    size: int
    sha256: str | None


class Growing:
    """Tables while they grow, member by member. ``given`` is to have each snapshot that is added."""

    def __init__(self, want: Want) -> None:
        self._records, self._unparsed = Joined(want), Rows(UNPARSED)
        self._numbers: dict[Place, list[npt.NDArray[np.int64]]] = {}
        self._texts: dict[Place, list[pa.Array]] = {}
        self._spans: dict[Place, Sequence[Span]] = {}
        self._digests: dict[Place, npt.NDArray[np.uint64]] = {}
        self._settings: dict[str, list[tuple[int, Setting]]] = {"config": [], "status": []}
        self._members: list[MemberCoverage] = []
        self._dumps: list[Dump] = []
        self._hosts: dict[tuple[str, str], set[str]] = {}
        self.given: dict[str, Given] = {}

    def add(self, snapshot: str, members: Iterable[Read]) -> None:
        """Add all members of a snapshot."""
        numbering = Numbering()
        for read in members:
            if isinstance(read, Several):
                self._add_several([(snapshot, numbering.name(source)) for source in read.sources], read)
            else:
                source, pieces = read
                self._add((snapshot, numbering.name(source)), pieces)

    def _add(self, place: Place, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Kept):
                self._records.add(*place, piece.records)
                self._numbers.setdefault(place, []).append(piece.numbers)
                self._texts.setdefault(place, []).append(piece.texts)
            elif isinstance(piece, End):
                self._end(place, piece)
            else:
                self._unparsed.add(*place, piece)

    def _add_several(self, places: Sequence[Place], read: Several) -> None:
        kept = read.records
        self._records.add_all(places, kept.shares, kept.records)
        start = 0
        for place, share, pieces in zip(places, kept.shares, read.pieces, strict=True):
            if share:
                self._numbers[place] = [kept.numbers[start : start + share]]
                self._texts[place] = [kept.texts.slice(start, share)]
            start += share
            self._add(place, pieces)

    def _end(self, place: Place, end: End) -> None:
        snapshot, source = place
        self._members.append(replace(end.coverage, snapshot=snapshot, source=source))
        if end.digests is not None:
            self._spans[place], self._digests[place] = end.spans, end.digests
            self._hosts.setdefault(_folder(*place), set()).update(span.host for span in end.spans)
        for section in end.dumps:
            numbers = [setting.line for setting in section.settings]
            reach = min(numbers, default=1), max(numbers, default=1)
            dump = Dump(snapshot, source, section.kind, section.facts, reach)
            rows = self._settings[dump.table]
            rows += ((len(self._dumps), setting) for setting in section.settings)
            self._dumps.append(replace(dump, taken=time_of(source, section.facts)))

    def tables(self) -> Tables:
        """Everything that was read."""
        order = [
            (snapshot, source)
            for snapshot, _, source in sorted(
                (one.snapshot, one.first, one.source) for one in self._members if one.first is not None
            )
        ]
        texts = [text for place in order for text in self._texts.get(place, ())]
        numbers = (self._numbers.get(place, ()) for place in order)
        snapshots = {name: self._ledger(name, members) for name, members in self._by_snapshot().items()}
        dumps = with_owners(self._dumps, self._hosts_beside())
        taken = {(dump.snapshot, dump.source): dump.taken for dump in dumps}
        return Tables(
            records=self._records.table(order),
            unparsed=self._unparsed.table(),
            config=_with_hosts(self._settings["config"], dumps),
            status=_with_hosts(self._settings["status"], dumps),
            dumps=dumps,
            members=tuple(
                replace(member, taken=time)
                if (time := taken.get((member.snapshot, member.source))) is not None
                else member
                for member in sorted(self._members, key=lambda member: (member.snapshot, member.source))
            ),
            snapshots=tuple(snapshots[name] for name in sorted(snapshots)),
            texts=pa.chunked_array(gathered(texts), pa.string()),
            numbers=np.concatenate([np.zeros(0, np.int64), *itertools.chain.from_iterable(numbers)]),
            spans={place: self._spans[place] for place in order},
            digests={place: self._digests[place] for place in order},
        )

    def _hosts_beside(self) -> Beside:
        """The hosts of the logs in each folder, and in each whole snapshot, by their names in lower case."""
        beside: dict[tuple[str, str | None], set[str]] = {}
        for (snapshot, folder), hosts in self._hosts.items():
            beside.setdefault((snapshot, folder), set()).update(hosts)
            beside.setdefault((snapshot, None), set()).update(hosts)
        return {place: {name.lower(): name for name in sorted(hosts)} for place, hosts in beside.items()}

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


def _folder(snapshot: str, source: str) -> tuple[str, str]:
    return snapshot, source.rpartition("/")[0]


def _with_hosts(rows: Sequence[tuple[int, Setting]], dumps: Sequence[Dump]) -> pa.Table:
    """The values of dumps, each with the number of its dump, as a table."""
    table = Rows(SETTINGS)
    for number, setting in rows:
        table.add(dumps[number].snapshot, dumps[number].source, setting)
    column = pa.array([dumps[number].host for number, _ in rows], pa.string())
    return table.table().add_column(2, pa.field("host", pa.string()), column)
