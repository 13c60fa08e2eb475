"""Members of snapshots as batches of whole lines, which workers process one by one."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from logdiag.dumps import DumpKind
from logdiag.dumps.kinds import is_xml
from logdiag.reading.classify import classify
from logdiag.records.utf16 import Encoding
from logdiag.redaction.line_parts import BEGIN_MARK, LineForm, PemBlocks, PemState
from logdiag.snapshots import Member

_BATCH_BYTES = 1 << 20

MemberKind = DumpKind | Literal["log"]


class OpenedMember(NamedTuple):
    """A member and its kind; ``kind`` is None if it is left out for a ``reason``. ``chunks`` are in UTF-8."""

    kind: MemberKind | None
    reason: str | None
    form: LineForm
    encoding: Encoding | None
    chunks: Iterable[bytes]


class LineBatch(NamedTuple):
    """Whole lines of a member in UTF-8; ``encoding`` is that of the member."""

    lines: bytes
    form: LineForm
    encoding: Encoding | None = None
    pem: PemState = "outside"

    @property
    def text(self) -> str:
        """The lines; bytes that are not UTF-8 are surrogates."""
        return self.lines.decode("utf-8", "surrogateescape")


def open_member(member: Member) -> OpenedMember:
    """Read the beginning of a member, which says what it is."""
    found = classify(member, markup=True)
    kind: MemberKind | None = "log" if found.log is not None else found.dump_kind()
    reason = member.skipped
    if kind is None and reason is None:
        reason = found.why_not_read()
    form: LineForm = "log" if kind == "log" else "xml" if is_xml(found.head) else "text"
    return OpenedMember(kind, reason, form, found.encoding, found.chunks)


def read_batches(member: OpenedMember, max_line: int) -> Iterator[LineBatch | None]:
    """Yield the lines of a member, and None for each line that is too long."""
    blocks = PemBlocks()
    for lines in _gathered(_whole_lines(member.chunks, member.form, max_line)):
        if lines is None:
            yield None
            continue
        batch = LineBatch(lines, member.form, member.encoding, blocks.state)
        yield batch
        if blocks.state != "outside" or BEGIN_MARK.encode() in lines:
            for line in batch.text.removesuffix("\n").split("\n"):
                blocks.next(line)


def encode(text: str, encoding: Encoding | None) -> bytes:
    """Return a text in the encoding of its member."""
    return text.encode(encoding or "utf-8", "replace" if encoding else "surrogateescape")


def _whole_lines(chunks: Iterable[bytes], form: LineForm, max_line: int) -> Iterator[bytes | None]:
    """Yield the whole lines of each chunk. XML may be one line: there the end of a tag is good enough."""
    long_line = re.compile(rb"(?m)^[^\n]{%d,}\n?" % max_line)
    rest, is_dropping = b"", False
    for chunk in chunks:
        if is_dropping:
            _, newline, chunk = chunk.partition(b"\n")
            is_dropping = not newline
        lines = rest + chunk
        end = lines.rfind(b"\n") + 1
        if not end and form == "xml":
            end = lines.rfind(b">") + 1
        lines, rest = lines[:end], lines[end:]
        start = 0
        for match in long_line.finditer(lines) if end > max_line else ():
            yield lines[start : match.start()]
            yield None
            start = match.end()
        yield lines[start:]
        if len(rest) > max_line:
            yield None
            rest, is_dropping = b"", True
    yield rest


def _gathered(pieces: Iterable[bytes | None]) -> Iterator[bytes | None]:
    """Join pieces until a batch is worth the way to a worker."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        if piece is not None:
            parts.append(piece)
            size += len(piece)
        if size and (size >= _BATCH_BYTES or piece is None):
            yield b"".join(parts)
            parts, size = [], 0
        if piece is None:
            yield None
    if size:
        yield b"".join(parts)
