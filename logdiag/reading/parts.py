"""Parts of snapshots that are read where the tables are not: what was read lies in files meanwhile.

`keep` reads parts into a folder; `joined` makes of all such folders what `read` makes of the snapshots.
The files are Arrow streams and JSON: nothing in them is ever run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from logdiag.dumps import Facts, Kind, Section, Setting
from logdiag.model import MemberCoverage
from logdiag.reading.members import End, Kept, Piece
from logdiag.reading.reader import Given, Growing, member_reader
from logdiag.reading.tables import Tables
from logdiag.records import Span, Unparsed, Want
from logdiag.records.batches import READ, whole
from logdiag.snapshots import Limits, Meter, Snapshot
from logdiag.snapshots.parts import Reach, reach, sha256, within

_UNPARSED = pa.schema(
    [
        ("line", pa.int64()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("text", pa.string()),
        ("reason", pa.string()),
        ("lines", pa.int64()),
    ]
)
_SETTINGS = pa.schema(
    [("path", pa.string()), ("value", pa.string()), ("line", pa.int64()), ("kind", pa.string())]
)
_DIGESTS = pa.schema([("digest", pa.uint64())])
_ROWS = 1 << 14


@dataclass(frozen=True)
class _Dump:
    """A dump of a member: how many of the member's settings are its own, and what they say."""

    kind: Kind
    settings: int
    facts: Facts


@dataclass(frozen=True)
class _Member:
    """A member of a part: what is no table, and how many batches of each table are its own."""

    source: str
    coverage: MemberCoverage
    spans: tuple[Span, ...]
    dumps: tuple[_Dump, ...]
    batches: dict[str, int]


@dataclass(frozen=True)
class _Part:
    reach: Reach
    members: tuple[_Member, ...]


_PARTS = TypeAdapter(tuple[_Part, ...])


def _schemas(want: Want) -> dict[str, pa.Schema]:
    numbered = want.kept(READ).append(pa.field("number", pa.int64()))
    records = numbered.append(pa.field("logged", pa.string())) if want.texts else numbered
    return {"records": records, "unparsed": _UNPARSED, "settings": _SETTINGS, "digests": _DIGESTS}


# ── from parts to files ─────────────────────────────────────────────────────────────────────


def keep(
    parts: Sequence[Snapshot], room: Path, limits: Limits, *, want: Want, jobs: int | None = None
) -> None:
    """Read parts of a snapshot that follow each other, and put what is read into a folder."""
    reader = member_reader(limits, want, "auto", jobs)
    done = []
    with ExitStack() as stack:
        files = _Files(room, _schemas(want), stack)
        for part in parts:
            meter = Meter(limits)
            members = [files.put(one.source, reader.pieces(one)) for one in part.members(meter)]
            done.append(_Part(reach(meter), tuple(members)))
    (room / "parts.json").write_bytes(_PARTS.dump_json(tuple(done)))


class _Files:
    """The tables of a folder while they are written."""

    def __init__(self, room: Path, schemas: dict[str, pa.Schema], stack: ExitStack) -> None:
        self._schemas = schemas
        self._writers = {
            name: stack.enter_context(pa.ipc.new_stream(str(room / f"{name}.arrow"), schema))
            for name, schema in schemas.items()
        }

    def put(self, source: str, pieces: Iterable[Piece]) -> _Member:
        """Write what is read of a member."""
        batches = dict.fromkeys(self._schemas, 0)
        waiting: list[Unparsed] = []

        def write(table: str, columns: list[Any]) -> None:
            self._writers[table].write_batch(pa.record_batch(columns, schema=self._schemas[table]))
            batches[table] += 1

        def write_rows(table: str, rows: Sequence[object]) -> None:
            for start in range(0, len(rows), _ROWS):
                some = rows[start : start + _ROWS]
                write(table, [[getattr(row, name) for row in some] for name in self._schemas[table].names])

        for piece in pieces:
            if isinstance(piece, Kept):
                columns = [whole(column) for column in piece.records.columns]
                texts = [piece.texts] if "logged" in self._schemas["records"].names else []
                write("records", [*columns, pa.array(piece.numbers), *texts])
            elif isinstance(piece, End):
                end = piece
            else:
                waiting.append(piece)
                if len(waiting) == _ROWS:
                    write_rows("unparsed", waiting)
                    waiting.clear()
        write_rows("unparsed", waiting)
        write_rows("settings", [setting for dump in end.dumps for setting in dump.settings])
        if end.digests is not None:
            write("digests", [pa.array(end.digests)])
        dumps = tuple(_Dump(dump.kind, len(dump.settings), dump.facts) for dump in end.dumps)
        return _Member(source, end.coverage, tuple(end.spans), dumps, batches)


# ── from files to tables ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stored:
    """Parts of a snapshot that were read, and what gives the content of a file that `keep` wrote of them."""

    parts: tuple[Snapshot, ...]
    content: Callable[[str], bytes]


def joined(snapshots: Sequence[tuple[str, Sequence[Stored]]], limits: Limits, *, want: Want) -> Tables | None:
    """The tables of snapshots, each with its name and all its parts in order.

    None where the parts do not tell what the snapshots are as a whole: one of the limits on a whole
    snapshot may have been reached, or a file has changed since.

    Raises:
        OSError: a folder is not there any more.
        ValueError: a folder does not hold what `keep` puts there.

    """
    told = [
        [_PARTS.validate_json(folder.content("parts.json")) for folder in folders] for _, folders in snapshots
    ]
    reached = [[part.reach for parts in folders for part in parts] for folders in told]
    if not within(limits, reached):
        return None
    growing = Growing(want)
    for (name, folders), of_folders, reaches in zip(snapshots, told, reached, strict=True):
        files = [part for folder in folders for part in folder.parts]
        sizes = [one.read for one in reaches]
        digest = sha256(zip(files, sizes, strict=True)) if want.sha256 else None
        if want.sha256 and digest is None:
            return None
        stored = zip(folders, of_folders, strict=True)
        growing.add(name, (one for folder, parts in stored for one in _members(folder, parts, want)))
        growing.given[name] = Given(sum(sizes), digest)
    return growing.tables()


def _members(folder: Stored, parts: Sequence[_Part], want: Want) -> Iterator[tuple[str, Iterator[Piece]]]:
    streams = {
        name: _batches(folder.content(f"{name}.arrow"), schema) for name, schema in _schemas(want).items()
    }
    for part in parts:
        for member in part.members:
            yield member.source, _pieces(member, streams)


def _batches(content: bytes, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_stream(content) as reader:
        if reader.schema != schema:
            raise ValueError(f"another schema: {reader.schema}")
        yield from reader


def _pieces(member: _Member, streams: dict[str, Iterator[pa.RecordBatch]]) -> Iterator[Piece]:
    def own(table: str) -> Iterator[pa.RecordBatch]:
        return islice(streams[table], member.batches[table])

    for batch in own("records"):
        records = batch.select([name for name in batch.schema.names if name in READ.names])
        texts = batch.column("logged") if "logged" in batch.schema.names else pa.array([], pa.string())
        yield Kept(pa.Table.from_batches([records]), batch.column("number").to_numpy(), texts)
    for batch in own("unparsed"):
        yield from (Unparsed(**row) for row in batch.to_pylist())
    settings = iter([Setting(**row) for batch in own("settings") for row in batch.to_pylist()])
    dumps = [Section(dump.kind, tuple(islice(settings, dump.settings)), dump.facts) for dump in member.dumps]
    digests = [batch.column("digest").to_numpy() for batch in own("digests")]
    whole_digests = np.concatenate(digests) if digests else None
    yield End(member.coverage, member.spans, whole_digests, dumps)
