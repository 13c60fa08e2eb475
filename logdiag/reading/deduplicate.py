"""Remove records that several members have: rotated logs overlap, and the same log is given twice."""

import numpy as np
import numpy.typing as npt

from logdiag.reading.tables import Tables
from logdiag.records.batches import whole
from logdiag.tables.arrays import arrow


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
    columns = [whole(tables.records.column(name)) for name in ("snapshot", "source")]
    codes = np.stack([column.indices.to_numpy() for column in columns])
    is_first = np.any(np.diff(codes, prepend=-1), axis=0)
    members = zip(
        *(column.take(arrow(np.flatnonzero(is_first))).to_pylist() for column in columns), strict=True
    )
    of_members = np.array([starts[member] for member in members], np.int64)
    return np.repeat(of_members, np.diff(np.flatnonzero(np.r_[is_first, True])))


def _kept(digests: npt.NDArray[np.uint64], members: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each record counts. The numbers of the members ascend."""
    size = len(digests)
    order = np.argsort(digests, kind="stable")
    digests, members = digests[order], members[order]
    # Runs of one digest in one member, and the longest run of each digest; the first of equals.
    starts = np.flatnonzero(np.r_[True, (digests[1:] != digests[:-1]) | (members[1:] != members[:-1])])
    lengths = np.diff(np.r_[starts, size])
    by_digest = np.lexsort((-lengths, digests[starts]))
    first = np.r_[True, digests[starts][by_digest][1:] != digests[starts][by_digest][:-1]]
    chosen = np.zeros(len(starts), dtype=np.bool_)
    chosen[by_digest[first]] = True
    kept = np.zeros(size, dtype=np.bool_)
    kept[order] = np.repeat(chosen, lengths)
    return kept
