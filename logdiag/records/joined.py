"""Joins batches of records into one table."""

import io
import mmap
import sys
import tempfile
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from logdiag.errors import ResourceError
from logdiag.i18n import gettext
from logdiag.records.batches import whole
from logdiag.records.columns import RECORDS, Names
from logdiag.records.want import PLACE, Want
from logdiag.tables.arrays import arrow

_CHUNK_ROWS = 1 << 14

_Member = tuple[str, str]


class Joined:
    """The records of all members: they are added batch by batch, and `table` returns them member by member.

    With ``spooled``, the table is in a temporary file, because it can be larger than the memory.
    """

    def __init__(self, want: Want) -> None:
        self._schema = want.kept(RECORDS)
        self._spool = _Spool() if want.spooled else None
        self._names = {one.name: Names() for one in self._schema if pa.types.is_dictionary(one.type)}
        self._tables: dict[_Member, list[list[pa.Array]]] = {}

    def add(self, snapshot: str, source: str, records: pa.Table) -> None:
        """Add the records of a batch to those of a member."""
        self.add_all([(snapshot, source)], [records.num_rows], records)

    def add_all(self, members: Sequence[_Member], shares: Sequence[int], records: pa.Table) -> None:
        """Add records to those of several members, as many to each as its share."""
        arrays = []
        for name in self._schema.names:
            if name in PLACE:
                own = [self._names[name].number_of(member[PLACE.index(name)]) for member in members]
                arrays.append(arrow(np.repeat(np.array(own, np.int32), shares)))
            else:
                array = whole(records.column(name))
                arrays.append(self._names[name].numbers(array) if name in self._names else array)
        if self._spool is not None:
            arrays = self._spool.put(arrays)
        start = 0
        for member, size in zip(members, shares, strict=True):
            if size:
                own = [array.slice(start, size) for array in arrays] if size < len(records) else arrays
                self._tables.setdefault(member, []).append(own)
            start += size

    def table(self, members: Iterable[_Member]) -> pa.Table:
        """Return the records of some members, one after the other. Nothing can be added afterwards."""
        if self._spool is not None:
            self._spool.close()  # the mapped parts stay readable
        parts = [part for member in members for part in self._tables.get(member, ())]
        columns = []
        for number, field in enumerate(self._schema):
            chunks = [part[number] for part in parts]
            names = self._names.get(field.name)
            if self._spool is None:
                # Few chunks, even of many small members: each has a cost in every operation on the column.
                # Numbers of names become one chunk, as Arrow writes the dictionary again for each chunk.
                chunks = gathered(chunks, _CHUNK_ROWS if names is None else sys.maxsize)
            if names is not None:
                values = names.values()
                chunks = [pa.DictionaryArray.from_arrays(chunk, values) for chunk in chunks]
            columns.append(pa.chunked_array(chunks, field.type))
        return pa.table(columns, schema=self._schema)


def gathered(chunks: Iterable[pa.Array], rows: int = _CHUNK_ROWS) -> list[pa.Array]:
    """Merge chunks, so that each but the last has ``rows`` rows or more."""
    found: list[pa.Array] = []
    waiting: list[pa.Array] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= rows:
            found.append(pa.concat_arrays(waiting) if len(waiting) > 1 else chunk)
            waiting, size = [], 0
    return found + ([pa.concat_arrays(waiting)] if waiting else [])


class _Spool:
    """A temporary file with arrays, which is mapped into memory: arrays are read when they are used."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="logdiag-")  # noqa: SIM115
        self.close = self._file.close

    def put(self, arrays: list[pa.Array]) -> list[pa.Array]:
        """Write arrays to the file, and return them as parts of it."""
        content = io.BytesIO()
        batch = pa.record_batch(arrays, [str(number) for number in range(len(arrays))])
        with pa.ipc.new_stream(content, batch.schema) as writer:
            writer.write_batch(batch)
        # Only what begins on a page can be mapped.
        start = -(-self._file.tell() // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        try:
            self._file.seek(start)
            size = self._file.write(content.getbuffer())
            self._file.flush()
        except OSError as error:
            message = gettext(
                "{folder}: {reason}: records are kept there while they are read, {size} bytes so far; "
                "set TMPDIR to a folder with more room"
            ).format(
                folder=tempfile.gettempdir(),
                reason=gettext(error.strerror or str(error)),
                size=f"{start + len(content.getbuffer()):,}",
            )
            raise ResourceError(message) from None
        mapped = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ, offset=start)
        with pa.ipc.open_stream(pa.py_buffer(mapped)) as reader:
            return list(reader.read_next_batch().columns)
