"""Logs in UTF-16, as an editor or a shell on Windows saves them: read as UTF-8, counted as they are."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Literal

from logdiag.grammar import record_start
from logdiag.records.record import Record, Unparsed

Encoding = Literal["utf-16-le", "utf-16-be"]

_MARKS: dict[bytes, Encoding] = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LOOKED_AT = 1 << 16


def utf16_of(head: bytes) -> Encoding | None:
    """The encoding of a file that begins so; without a byte order mark only where a record starts in it."""
    if head[:2] in _MARKS:
        return _MARKS[head[:2]]
    # Every other byte of plain text in UTF-16 is zero: most others need not be looked at.
    for encoding, zeros in (("utf-16-le", head[1:64:2]), ("utf-16-be", head[0:64:2])):
        if zeros.count(0) > len(zeros) // 2:
            text = head[:_LOOKED_AT].decode(encoding, "replace").encode()
            if record_start().search(text):
                return "utf-16-le" if encoding == "utf-16-le" else "utf-16-be"
    return None


class Transcoded:
    """A stream of UTF-16 as UTF-8, which remembers how many bytes each part of it was.

    ``size`` is how many bytes of UTF-16 were taken so far.
    """

    def __init__(self, chunks: Iterable[bytes], encoding: Encoding) -> None:
        self._source = iter(chunks)
        self._encoding = encoding
        self._tape = bytearray()
        self.size = 0
        self._placed = 0

    def chunks(self) -> Iterator[bytes]:
        """The stream as UTF-8; what is no UTF-16 becomes U+FFFD."""
        decoder = codecs.getincrementaldecoder(self._encoding)("replace")
        for chunk in self._source:
            self.size += len(chunk)
            text = decoder.decode(chunk).encode("utf-8", "replace")
            self._tape += text
            if text:
                yield text
        text = decoder.decode(b"", final=True).encode("utf-8", "replace")
        self._tape += text
        if text:
            yield text

    def placed(self, rows: Iterable[Record | Unparsed]) -> Iterator[Record | Unparsed]:
        """Rows of the stream as UTF-8, with the offsets and lengths that they have as they were given."""
        held: Record | Unparsed | None = None
        for row in rows:
            if held is not None:
                yield self._place(held, self._take(held.length))
            held = row
        if held is not None:
            # Half a character at the very end has no counterpart: the last row reaches to the end.
            yield self._place(held, self.size - self._placed)

    def _take(self, length: int) -> int:
        raw = bytes(self._tape[:length])
        del self._tape[:length]
        return len(raw.decode("utf-8").encode(self._encoding))

    def _place(self, row: Record | Unparsed, length: int) -> Record | Unparsed:
        row.offset, row.length = self._placed, length
        self._placed += length
        return row
