"""The columns of a piece, and the memory that they are written to."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from logdiag.records.compiled.strings import ROOM, is_plain

Numbers = npt.NDArray[Any]

NAMES = ("host", "process", "subprocess", "module", "level", "event")
"""Columns of few values."""

_SLOTS = 1 << 16


class Columns(NamedTuple):
    """The columns of a piece's records. ``*_ends`` are where strings end in the bytes that follow them.

    ``codes`` are places in the list of names (``name_starts``, ``name_ends`` in the piece, each of one
    of the ``name_columns``), -1 for none; ``has`` says of detail, text and body whether a record has one;
    ``apart`` are start, end and line of stretches without a record, and why they have none. ``slots``,
    ``spans`` and ``last`` are what the kernel works with.
    """

    times: Numbers
    header_times: Numbers
    offsets: Numbers
    pids: Numbers
    codes: Numbers
    name_starts: Numbers
    name_ends: Numbers
    name_columns: Numbers
    lines: Numbers
    begins: Numbers
    lengths: Numbers
    field_ends: Numbers
    key_ends: Numbers
    keys: Numbers
    value_ends: Numbers
    values: Numbers
    has: Numbers
    detail_ends: Numbers
    details: Numbers
    text_ends: Numbers
    texts: Numbers
    body_ends: Numbers
    bodies: Numbers
    apart: Numbers
    slots: Numbers
    spans: Numbers
    last: Numbers

    def cut(self, records: int, fields: int, names: int, apart: int) -> "Columns":
        """What was written, without the room behind it."""
        r, f = records, fields
        return self._replace(
            times=self.times[:r],
            header_times=self.header_times[:r],
            offsets=self.offsets[:r],
            pids=self.pids[:r],
            codes=self.codes[:, :r],
            name_starts=self.name_starts[:names],
            name_ends=self.name_ends[:names],
            name_columns=self.name_columns[:names],
            lines=self.lines[:r],
            begins=self.begins[:r],
            lengths=self.lengths[:r],
            field_ends=self.field_ends[: r + 1],
            key_ends=self.key_ends[: f + 1],
            keys=self.keys[: self.key_ends[f]],
            value_ends=self.value_ends[: f + 1],
            values=self.values[: self.value_ends[f]],
            has=self.has[:, :r],
            detail_ends=self.detail_ends[: r + 1],
            details=self.details[: self.detail_ends[r]],
            text_ends=self.text_ends[: r + 1],
            texts=self.texts[: self.text_ends[r]],
            body_ends=self.body_ends[: r + 1],
            bodies=self.bodies[: self.body_ends[r]],
            apart=self.apart[:apart],
        )


class Written(NamedTuple):
    """The columns that are written only where they are wanted; of `NAMES` each for itself."""

    details: bool
    fields: bool
    texts: bool
    bodies: bool
    names: tuple[bool, ...]


class Room:
    """The memory of a thread. It is used again for each piece.

    The first touch of new memory costs several times what is then written to it.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, Numbers] = {}

    def tokens(self, size: int) -> tuple[Numbers, Numbers]:
        """Where to write what the tokens of some bytes mean, and their ends."""
        return self._array("tokens", np.uint8, size), self._array("places", np.int32, size)

    def columns(self, log: Numbers, tokens: int, records: int, fields: int) -> tuple[Columns, bool]:
        """Where to write the columns of a log, and whether it is ASCII."""
        plain = bool(is_plain(log, 0, len(log)))
        # A byte that is no UTF-8 becomes three.
        text = len(log) * (1 if plain else 3) + ROOM
        r, f = records, fields
        names = r * len(NAMES) + 1
        return Columns(
            times=self._array("times", np.int64, r),
            header_times=self._array("header_times", np.int64, r),
            offsets=self._array("offsets", np.int16, r),
            pids=self._array("pids", np.int32, r),
            codes=self._array("codes", np.int32, len(NAMES) * r).reshape(len(NAMES), r),
            name_starts=self._array("name_starts", np.int32, names),
            name_ends=self._array("name_ends", np.int32, names),
            name_columns=self._array("name_columns", np.int8, names),
            lines=self._array("lines", np.int64, r),
            begins=self._array("begins", np.int64, r),
            lengths=self._array("lengths", np.int32, r),
            field_ends=self._array("field_ends", np.int32, r + 1),
            key_ends=self._array("key_ends", np.int32, f + 1),
            keys=self._array("keys", np.uint8, text),
            value_ends=self._array("value_ends", np.int32, f + 1),
            values=self._array("values", np.uint8, text),
            has=self._array("has", np.bool_, 3 * r).reshape(3, r),
            detail_ends=self._array("detail_ends", np.int32, r + 1),
            details=self._array("details", np.uint8, text),
            text_ends=self._array("text_ends", np.int32, r + 1),
            texts=self._array("texts", np.uint8, text),
            body_ends=self._array("body_ends", np.int32, r + 1),
            bodies=self._array("bodies", np.uint8, text),
            apart=self._array("apart", np.int64, 4 * (tokens + 1)).reshape(tokens + 1, 4),
            slots=self._array("slots", np.int32, min(_SLOTS, 1 << (2 * names).bit_length())),
            spans=self._array("spans", np.int64, 2 * len(NAMES)).reshape(len(NAMES), 2),
            last=self._array("last", np.int64, len(NAMES)),
        ), plain

    def _array(self, name: str, kind: npt.DTypeLike, size: int) -> Numbers:
        known = self._arrays.get(name)
        if known is None or len(known) < size:
            known = self._arrays[name] = np.empty(size, kind)
        return known[:size]
