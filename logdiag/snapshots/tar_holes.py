"""Sparse files in tar archives: what is data in them, and where. Four formats tell of it."""

from collections.abc import Iterator
from typing import NamedTuple

from logdiag.i18n import gettext
from logdiag.model import Fault
from logdiag.snapshots.member import CHUNK
from logdiag.snapshots.tar_headers import (
    BLOCK,
    MOST_NUMBERS,
    Extension,
    Header,
    HeaderError,
    decimal,
    number,
)
from logdiag.snapshots.tar_stream import Data, Stream

_HOLE = bytes(CHUNK)
_OLD = b"S"


class Piece(NamedTuple):
    """Data between holes."""

    offset: int
    length: int


class Layout(NamedTuple):
    """Where the data of a sparse file belong."""

    pieces: tuple[Piece, ...]
    size: int


def layout_of(header: Header, said: Extension, stream: Stream, data: Data) -> Layout | None:
    """How a file is laid out, if it is sparse; read from the headers, and from what stands before its data.

    Raises:
        HeaderError: what tells of its holes cannot be true.

    """
    if header.kind != _OLD and not (said.values or said.numbers):
        return None
    version = said.of_holes(b"major"), said.of_holes(b"minor")
    if header.kind == _OLD:
        numbers, size = _numbers_of_blocks(header.block, stream), number(header.block[483:495])
    elif version == (b"1", b"0"):
        numbers, size = _numbers_of_lines(data), decimal(said.of_holes(b"realsize"))
    elif said.numbers:
        numbers = list(map(decimal, said.numbers))
        size = decimal(said.of_holes(b"size", b"realsize"))
    else:
        return None
    _check_count(len(numbers))
    pieces = tuple(Piece(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False))
    at = 0
    for piece in pieces:
        if piece.offset < at:
            raise HeaderError(gettext("they are out of order"))
        at = piece.offset + piece.length
    if len(numbers) % 2 or at > size or sum(piece.length for piece in pieces) > data.left:
        raise HeaderError(gettext("they do not fit its size"))
    return Layout(pieces, size)


def filled(layout: Layout, data: Data, faults: list[Fault]) -> Iterator[bytes]:
    """The file with its holes filled with zeros."""
    at = 0
    for piece in layout.pieces:
        yield from _hole(piece.offset - at)
        left = piece.length
        while left:
            content = data.piece(min(left, CHUNK))
            if not content:
                data.note_cut(faults)
                return
            left -= len(content)
            yield content
        at = piece.offset + piece.length
    yield from _hole(layout.size - at)
    if data.left:
        said = gettext("damaged: {number} bytes stand behind its last data")
        faults.append(Fault("damaged", said.format(number=f"{data.left:,}")))


def _hole(size: int) -> Iterator[bytes]:
    while size:
        yield _HOLE[:size]
        size -= min(size, CHUNK)


def _numbers_of_blocks(block: bytes, stream: Stream) -> list[int]:
    """As the old format of GNU tar has them: in the header, and in blocks behind it."""
    numbers = list(_numbers_of_block(block[386:482]))
    has_more = block[482]
    while has_more:
        block = stream.take(BLOCK)
        found = list(_numbers_of_block(block[:504])) if len(block) == BLOCK else []
        if not found:
            raise HeaderError(gettext("they are not listed whole"))
        numbers += found
        _check_count(len(numbers))
        has_more = block[504]
    return numbers


def _numbers_of_block(places: bytes) -> Iterator[int]:
    for at in range(0, len(places), 24):
        if not places[at + 12]:
            return
        yield number(places[at : at + 12])
        yield number(places[at + 12 : at + 24])


def _numbers_of_lines(data: Data) -> list[int]:
    """As pax 1.0 has them: in lines in front of the data, of which the first is their count."""
    numbers: list[int] = []
    count = 1
    rest = b""
    while len(numbers) < count:
        block = data.take(BLOCK)
        *lines, rest = (rest + block).split(b"\n")
        numbers += map(decimal, lines[: count - len(numbers)])
        if len(block) < BLOCK or len(rest) > BLOCK:
            raise HeaderError(gettext("they are not listed whole"))
        if count == 1 and numbers:
            count += 2 * numbers[0]
            _check_count(count)
            numbers += map(decimal, lines[1:count])
    return numbers[1:]


def _check_count(numbers: int) -> None:
    if numbers > MOST_NUMBERS:
        raise HeaderError(gettext("they are too many"))
