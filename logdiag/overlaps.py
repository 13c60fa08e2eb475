"""Records that several members hold: rotated logs overlap, and the same log is given twice."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.reading import Tables


def counted_once(tables: Tables) -> npt.NDArray[np.bool_]:
    """For each record whether it counts.

    Records that are the same to the letter (time and host included) are one event where they stand
    in different members, and several where they stand in one: of each, as many count as the member
    that holds most of them has.

    Raises:
        ValueError: the tables were read without their texts.

    """
    if tables.texts is None:
        raise ValueError("overlaps can only be told from the texts of records")
    size = tables.records.num_rows
    members = _codes(tables.records.column("snapshot")) * size + _codes(tables.records.column("source"))
    if size == 0 or (members == members[0]).all():
        return np.ones(size, dtype=np.bool_)
    texts = _codes(tables.texts)
    order = np.lexsort((np.arange(size), members, texts))
    texts, members = texts[order], members[order]
    # Runs of one text in one member, and the longest run of each text; the first of equals.
    starts = np.flatnonzero(np.r_[True, (texts[1:] != texts[:-1]) | (members[1:] != members[:-1])])
    lengths = np.diff(np.r_[starts, size])
    by_text = np.lexsort((np.arange(len(starts)), -lengths, texts[starts]))
    first = np.r_[True, texts[starts][by_text][1:] != texts[starts][by_text][:-1]]
    chosen = np.zeros(len(starts), dtype=np.bool_)
    chosen[by_text[first]] = True
    kept = np.zeros(size, dtype=np.bool_)
    kept[order] = np.repeat(chosen, lengths)
    return kept


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each value, the same for the same."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    encoded = column.dictionary_encode().unify_dictionaries()
    codes = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    return np.concatenate(codes).astype(np.int64) if codes else np.zeros(0, dtype=np.int64)
