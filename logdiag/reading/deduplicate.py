"""Records that several members hold: rotated logs overlap, and the same log is given twice."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.reading import Place, Tables


def counted_once(tables: Tables) -> tuple[Tables, int]:
    """The tables with the records that count, and how many there are that do not.

    Records that are the same to the letter (time and host included) are one event where they stand
    in different members, and several where they stand in one: of each, as many count as the member
    that holds most of them has. What is told apart is told by the records' digests.
    """
    sizes = [len(digests) for digests in tables.digests.values()]
    if len(sizes) < 2:
        return tables, 0
    kept = _kept(np.concatenate(list(tables.digests.values())), np.repeat(np.arange(len(sizes)), sizes))
    starts = dict(zip(tables.digests, np.cumsum([0, *sizes]).tolist(), strict=False))
    counts = kept[_starts(tables, starts) + tables.numbers]
    return tables.with_records(counts), int(len(kept) - kept.sum())


def _starts(tables: Tables, starts: Mapping[Place, int]) -> npt.NDArray[np.int64]:
    """For each record where its member starts. The records of a member stand together."""
    size = tables.records.num_rows
    codes = [_numbers(tables.records.column(name)) for name in ("snapshot", "source")]
    changes = np.zeros(max(size - 1, 0), np.bool_)
    for column in codes:
        changes |= column[1:] != column[:-1]
    runs = np.flatnonzero(np.r_[size > 0, changes])
    firsts = tables.records.select(["snapshot", "source"]).take(pa.array(runs)).to_pylist()
    return np.repeat(
        np.array([starts[one["snapshot"], one["source"]] for one in firsts], np.int64),
        np.diff(np.r_[runs, size]),
    )


def _kept(digests: npt.NDArray[np.uint64], members: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of some records count."""
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


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each value of a dictionary column, the same for the same."""
    chunks = [chunk.indices.to_numpy() for chunk in column.unify_dictionaries().chunks]
    return np.concatenate([np.zeros(0, np.int64), *chunks])
