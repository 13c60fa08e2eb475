"""Build the tables of all snapshots, member by member."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.dumps import Section, Setting, time_of
from logdiag.model import MemberCoverage, SnapshotCoverage
from logdiag.reading.owners import NearbyHosts, with_owners
from logdiag.reading.tables import Dump, MemberKey, Tables
from logdiag.records import SETTINGS, UNPARSED, Batch, Joined, Rows, Span, Together, Unparsed, Want, gathered


class TableBuilder:
    """The tables so far. `add_snapshot` is to be called for each snapshot, even one without members."""

    def __init__(self, want: Want) -> None:
        self._records, self._unparsed = Joined(want), Rows(UNPARSED)
        self._numbers: dict[MemberKey, list[npt.NDArray[np.int64]]] = {}
        self._texts: dict[MemberKey, list[pa.Array]] = {}
        self._spans: dict[MemberKey, Sequence[Span]] = {}
        self._digests: dict[MemberKey, npt.NDArray[np.uint64]] = {}
        self._settings: dict[str, list[tuple[int, Setting]]] = {"config": [], "status": []}
        self._dumps: list[Dump] = []
        self._members: dict[str, list[MemberCoverage]] = {}
        self._given: dict[str, tuple[int, str | None]] = {}

    def add_snapshot(self, name: str, size: int, sha256: str | None) -> None:
        """Add the size of a snapshot as it was given, and its digest if all of it was read."""
        self._given[name] = size, sha256
        self._members.setdefault(name, [])

    def add_records(self, member: MemberKey, batch: Batch, number: int) -> None:
        """Add wanted records of a member, the first of the batch being the member's record ``number``."""
        if len(batch.numbers):
            self._records.add(*member, batch.records)
            self._numbers.setdefault(member, []).append(batch.numbers + number)
            self._texts.setdefault(member, []).append(batch.texts)

    def add_together(self, members: Sequence[MemberKey], read: Together) -> None:
        """Add the wanted records of small members."""
        self._records.add_all(members, read.shares, read.records)
        start = 0
        for member, share in zip(members, read.shares, strict=True):
            if share:
                self._numbers[member] = [read.numbers[start : start + share]]
                self._texts[member] = [read.texts.slice(start, share)]
            start += share

    def add_unparsed(self, member: MemberKey, row: Unparsed) -> None:
        """Add a line without a record."""
        self._unparsed.add(*member, row)

    def add_log(self, member: MemberKey, spans: Sequence[Span], digests: npt.NDArray[np.uint64]) -> None:
        """Add the spans and digests of all records of a log."""
        self._spans[member], self._digests[member] = spans, digests

    def add_member(self, coverage: MemberCoverage, dumps: Sequence[Section]) -> None:
        """Add the coverage of a member that was read to its end, and the dumps in it."""
        self._members.setdefault(coverage.snapshot, []).append(coverage)
        for section in dumps:
            lines = [setting.line for setting in section.settings]
            reach = min(lines, default=1), max(lines, default=1)
            dump = Dump(coverage.snapshot, coverage.source, section.kind, section.facts, reach)
            self._settings[dump.table] += ((len(self._dumps), setting) for setting in section.settings)
            self._dumps.append(replace(dump, taken=time_of(coverage.source, section.facts)))

    def tables(self) -> Tables:
        """Return everything that was read."""
        dumps = with_owners(self._dumps, self._nearby_hosts())
        taken = {(dump.snapshot, dump.source): dump.taken for dump in dumps}
        members = [
            replace(one, taken=taken.get((one.snapshot, one.source), one.taken))
            for name in sorted(self._members)
            for one in sorted(self._members[name], key=lambda one: one.source)
        ]
        logs = sorted((one.snapshot, one.first, one.source) for one in members if one.first is not None)
        order = [(snapshot, source) for snapshot, _, source in logs]
        texts = [text for member in order for text in self._texts.get(member, ())]
        numbers = itertools.chain.from_iterable(self._numbers.get(member, ()) for member in order)
        return Tables(
            records=self._records.table(order),
            unparsed=self._unparsed.table(),
            config=_with_hosts(self._settings["config"], dumps),
            status=_with_hosts(self._settings["status"], dumps),
            dumps=dumps,
            members=tuple(members),
            snapshots=tuple(self._snapshot(name) for name in sorted(self._members)),
            texts=pa.chunked_array(gathered(texts), pa.string()),
            numbers=np.concatenate([np.zeros(0, np.int64), *numbers]),
            spans={member: self._spans[member] for member in order},
            digests={member: self._digests[member] for member in order},
        )

    def _nearby_hosts(self) -> NearbyHosts:
        hosts: dict[tuple[str, str | None], set[str]] = {}
        for (snapshot, source), spans in self._spans.items():
            for folder in (source.rpartition("/")[0], None):
                hosts.setdefault((snapshot, folder), set()).update(span.host for span in spans)
        return {folder: {name.lower(): name for name in sorted(names)} for folder, names in hosts.items()}

    def _snapshot(self, name: str) -> SnapshotCoverage:
        members = self._members[name]
        size, sha256 = self._given[name]
        return SnapshotCoverage(
            snapshot=name,
            given=size,
            sha256=sha256,
            size=sum(member.size for member in members),
            members=len(members),
            faults=sum(bool(member.faults) for member in members),
            **record_sums(members),
        )


def record_sums(members: Sequence[MemberCoverage]) -> dict[str, Any]:
    """Return the fields of a snapshot's coverage that are sums over the records of its members."""
    return {
        "records": sum(member.records for member in members),
        "unparsed": sum(member.unparsed for member in members),
        "unparsed_bytes": sum(member.unparsed_bytes for member in members),
        "first": min((member.first for member in members if member.first is not None), default=None),
        "last": max((member.last for member in members if member.last is not None), default=None),
    }


def _with_hosts(rows: Sequence[tuple[int, Setting]], dumps: Sequence[Dump]) -> pa.Table:
    """The values of dumps, each with the number of its dump, as a table."""
    table = Rows(SETTINGS)
    for number, setting in rows:
        table.add(dumps[number].snapshot, dumps[number].source, setting)
    column = pa.array([dumps[number].host for number, _ in rows], pa.string())
    return table.table().add_column(2, pa.field("host", pa.string()), column)
