"""The time spans in which a host was logging, as one member shows them."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SILENCE = 10_000_000
"""Microseconds without a record that end a span. The virtual machine of a peer that its cluster loses in a
pause is silent for longer, and the log of a busy peer has few such silences."""


class Span(NamedTuple):
    """Records of one host without a silence between them; times in microseconds since 1970."""

    host: str
    first: int
    last: int
    records: int
    bytes: int
    utc_offset: int
    """Of the last record, in minutes."""
    product: bool = True
    """Whether any record has a trait of the product (see `of_product`)."""


def spans_of(
    hosts: pa.DictionaryArray,
    times: pa.Array,
    lengths: pa.Array,
    offsets: pa.Array,
    product: npt.NDArray[np.bool_],
    sizes: npt.NDArray[np.int64],
) -> list[list[Span]]:
    """Return the spans of consecutive members, host by host; ``sizes`` are the members' numbers of records.

    ``product`` says which records have a trait of the product.
    """
    spans: list[list[Span]] = [[] for _ in sizes]
    if not len(hosts):
        return spans
    names = hosts.dictionary
    codes = hosts.indices.to_numpy() + np.repeat(np.arange(len(sizes)) * len(names), sizes)
    arrays = [codes, times.cast(pa.int64()).to_numpy(), lengths.to_numpy().astype(np.int64)]
    arrays += [offsets.to_numpy(), product]
    if (codes != codes[0]).any():
        order = np.argsort(codes, kind="stable")
        arrays = [array[order] for array in arrays]
    codes, moments, bytes_, zones, product = arrays
    # In the order of the log: times that go back a little are still one span.
    ends = (codes[1:] != codes[:-1]) | (np.abs(np.diff(moments)) > SILENCE)
    starts = np.flatnonzero(np.r_[True, ends])
    next_starts = np.r_[starts[1:], len(codes)]
    columns = (
        codes[starts],
        np.minimum.reduceat(moments, starts),
        np.maximum.reduceat(moments, starts),
        next_starts - starts,
        np.add.reduceat(bytes_, starts),
        zones[next_starts - 1],
        np.logical_or.reduceat(product, starts),
    )
    for code, *rest in zip(*(column.tolist() for column in columns), strict=True):
        member, host = divmod(code, len(names))
        spans[member].append(Span(names[host].as_py(), *rest))
    return spans


class Spans:
    """The spans of a member while it is read: spans that touch are joined."""

    def __init__(self) -> None:
        self._done: list[Span] = []
        self._last: dict[str, Span] = {}

    def add(self, spans: Iterable[Span]) -> None:
        """Add spans that follow the earlier ones."""
        for span in spans:
            last = self._last.get(span.host)
            if last is not None and last.first - SILENCE <= span.last and span.first <= last.last + SILENCE:
                span = span._replace(
                    first=min(last.first, span.first),
                    last=max(last.last, span.last),
                    records=last.records + span.records,
                    bytes=last.bytes + span.bytes,
                    product=last.product or span.product,
                )
            elif last is not None:
                self._done.append(last)
            self._last[span.host] = span

    def all(self) -> list[Span]:
        """Return all spans, by their beginning."""
        return sorted((*self._done, *self._last.values()), key=lambda span: (span.first, span.host))
