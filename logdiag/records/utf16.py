"""Reads logs in UTF-16 as UTF-8. Lines, offsets and sizes are those of the file.

Editors and shells on Windows save UTF-16: a log that went through one of them would be unreadable otherwise.
"""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

from logdiag.grammar import record_start
from logdiag.records.record import Record, Unparsed

Encoding = Literal["utf-16-le", "utf-16-be"]

_MARKS: dict[bytes, Encoding] = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_FIRST_ZERO: dict[Encoding, int] = {"utf-16-le": 1, "utf-16-be": 0}
_SEARCHED_BYTES = 1 << 16


def utf16_of(head: bytes) -> Encoding | None:
    """Return the encoding of a file by its beginning: a byte order mark, or a record."""
    if head[:2] in _MARKS:
        return _MARKS[head[:2]]
    for encoding, first_zero in _FIRST_ZERO.items():
        # Every other byte of plain text in UTF-16 is zero: most files need no further look.
        zeros = head[first_zero:64:2]
        if zeros.count(0) > len(zeros) // 2:
            text = head[:_SEARCHED_BYTES].decode(encoding, "replace").encode()
            if record_start().search(text):
                return encoding
    return None


class Transcoded:
    """A stream of UTF-16 as UTF-8 that knows the original size of each part.

    ``size`` is the number of bytes of UTF-16 that were taken so far.
    """

    def __init__(self, chunks: Iterable[bytes], encoding: Encoding) -> None:
        self._source = iter(chunks)
        self._encoding = encoding
        self._text = bytearray()  # without a row so far
        self.size = 0
        self._placed = 0

    def chunks(self) -> Iterator[bytes]:
        """Return the stream as UTF-8; invalid UTF-16 becomes U+FFFD."""
        decoder = codecs.getincrementaldecoder(self._encoding)("replace")
        for chunk in chain(self._source, [None]):
            self.size += len(chunk or b"")
            text = decoder.decode(chunk or b"", final=chunk is None).encode("utf-8", "replace")
            self._text += text
            if text:
                yield text

    def placed(self, rows: Iterable[Record | Unparsed]) -> Iterator[Record | Unparsed]:
        """Return rows of the UTF-8 stream with the offsets and lengths of the UTF-16."""
        last: Record | Unparsed | None = None
        for row in rows:
            if last is not None:
                text = self._text[: last.length].decode("utf-8")
                del self._text[: last.length]
                yield self._place(last, len(text.encode(self._encoding)))
            last = row
        if last is not None:
            # Half a character at the very end has no counterpart: the last row reaches to the end.
            yield self._place(last, self.size - self._placed)

    def _place(self, row: Record | Unparsed, length: int) -> Record | Unparsed:
        row.offset, row.length = self._placed, length
        self._placed += length
        return row
