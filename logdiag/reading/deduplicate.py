"""Remove records that several members have: rotated logs overlap, and the same log is given twice."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.reading.tables import Tables


def counted_once(tables: Tables) -> tuple[Tables, int]:
    """Return the tables without repeated records, and the number of these.

    Records with the same text, time and host are one event if they are in different members, and several if
    they are in one: of each, as many count as the member with most of them has. Their digests are compared.
    """
    sizes = [len(digests) for digests in tables.digests.values()]
    if len(sizes) < 2:
        return tables, 0
    kept = _kept(np.concatenate(list(tables.digests.values())), np.repeat(np.arange(len(sizes)), sizes))
    starts = dict(zip(tables.digests, np.cumsum([0, *sizes]).tolist(), strict=False))
    counts = kept[_starts(tables, starts) + tables.numbers]
    return tables.with_records(counts), int(len(kept) - kept.sum())


def _starts(tables: Tables, starts: dict[tuple[str, str], int]) -> npt.NDArray[np.int64]:
    """The start of the member of each record. The records of a member follow each other."""
    size = tables.records.num_rows
    changes = np.zeros(max(size - 1, 0), np.bool_)
    for name in ("snapshot", "source"):
        codes = _codes(tables.records.column(name))
        changes |= codes[1:] != codes[:-1]
    runs = np.flatnonzero(np.r_[size > 0, changes])
    firsts = tables.records.select(["snapshot", "source"]).take(pa.array(runs)).to_pylist()
    of_runs = np.array([starts[one["snapshot"], one["source"]] for one in firsts], np.int64)
    return np.repeat(of_runs, np.diff(np.r_[runs, size]))


def _kept(digests: npt.NDArray[np.uint64], members: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each record counts."""
    size = len(digests)
    order = np.lexsort((np.arange(size), members, digests))
    digests, members = digests[order], members[order]
    # Runs of one digest in one member, and the longest run of each digest; the first of equals.
    starts = np.flatnonzero(np.r_[True, (digests[1:] != digests[:-1]) | (members[1:] != members[:-1])])
    lengths = np.diff(np.r_[starts, size])
    by_digest = np.lexsort((np.arange(len(starts)), -lengths, digests[starts]))
    first = np.r_[True, digests[starts][by_digest][1:] != digests[starts][by_digest][:-1]]
    chosen = np.zeros(len(starts), dtype=np.bool_)
    chosen[by_digest[first]] = True
    kept = np.zeros(size, dtype=np.bool_)
    kept[order] = np.repeat(chosen, lengths)
    return kept


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each value of a dictionary column, the same for equal values."""
    chunks = [chunk.indices.to_numpy() for chunk in column.unify_dictionaries().chunks]
    return np.concatenate([np.zeros(0, np.int64), *chunks])
