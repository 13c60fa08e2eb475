"""Snapshots into tables, member by member: what each is, its rows, and the ledger of its bytes."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.deadline import Deadline
from logdiag.model import MemberCoverage, SnapshotCoverage
from logdiag.numbering import Numbering
from logdiag.reading.engines import Engine, LogReader
from logdiag.reading.members import End, Kept, MemberReader, Piece, Read, Several
from logdiag.reading.tables import Dump, Place, Tables
from logdiag.records import SETTINGS, UNPARSED, Joined, Rows, Span, Want, gathered
from logdiag.snapshots import Limits, Member, Meter, Snapshot

_EVERYTHING = Want()
_MOST_PARTS = 12  # of the name of a file


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
        engine: what reads logs: Lark, the compiled grammar, or by itself the one that is sooner done.
        jobs: how many cores the compiled grammar uses; all of them by itself.
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
    """What reads members so; ``jobs`` are all cores by itself."""
    return MemberReader(limits, LogReader(engine, want, jobs or os.cpu_count() or 1))


_Beside = Mapping[tuple[str, str | None], Mapping[str, str]]


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
        self._settings = {"config": Rows(SETTINGS), "status": Rows(SETTINGS)}
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
        kind = end.coverage.kind
        self._members.append(replace(end.coverage, snapshot=snapshot, source=source))
        if end.digests is not None:
            self._spans[place], self._digests[place] = end.spans, end.digests
            self._hosts.setdefault(_folder(*place), set()).update(span.host for span in end.spans)
        if end.facts is not None and kind != "log" and kind != "other":
            self._dumps.append(Dump(snapshot, source, kind, end.facts))
            table = self._settings["status" if kind == "xstatus" else "config"]
            for setting in end.settings:
                table.add(snapshot, source, setting)

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
            texts=pa.chunked_array(gathered(texts), pa.string()),
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
