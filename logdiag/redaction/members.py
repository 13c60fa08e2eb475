"""Members of snapshots, as far as they are redacted: what they are, and their text in whole lines."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, NamedTuple

from logdiag.dumps import Kind as DumpKind
from logdiag.dumps import kind_of
from logdiag.dumps.kinds import is_xml
from logdiag.grammar import record_start
from logdiag.reading.unread_reasons import why_not_read
from logdiag.records import lacks_year
from logdiag.records.pasted import is_pasted
from logdiag.records.utf16 import Encoding, Transcoded, utf16_of
from logdiag.redaction.texts import Form
from logdiag.snapshots import Member

SEARCHED = 8 << 20
"""Bytes in which a record must start, as where logs are read."""
_DUMP_HEAD = 1 << 20
_LOOKED_AT = 4096
_LOT = 1 << 20
_MARKUP: dict[bytes, Encoding] = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}

MemberKind = DumpKind | Literal["log"]


class Opened(NamedTuple):
    """A member with what it is; ``kind`` is None where it is left out, for a ``reason``.

    ``chunks`` are in UTF-8, whatever it was written in.
    """

    kind: MemberKind | None
    reason: str | None
    form: Form
    encoding: Encoding | None
    chunks: Iterable[bytes]


def opened(member: Member) -> Opened:
    """What a member is, by its first bytes; to be read at once."""
    head, chunks = _taken(iter(member.chunks))
    encoding = _MARKUP.get(head[:2]) or utf16_of(head)
    if encoding is not None:
        head, chunks = _taken(Transcoded(chunks, encoding).chunks())
    kind: MemberKind | None
    if record_start().search(head) or (len(head) < SEARCHED and is_pasted(head)):
        kind = "log"
    else:
        kind = kind_of(head[:_DUMP_HEAD].removeprefix(b"\xef\xbb\xbf"), member.source)
    reason = member.skipped
    if kind is None and reason is None:
        searched = None if len(head) < SEARCHED else f"{SEARCHED >> 20} MiB"
        reason = why_not_read(head, yearless=lacks_year(head[:_LOOKED_AT]), searched=searched)
    form: Form = "log" if kind == "log" else "xml" if is_xml(head) else "text"
    return Opened(kind, reason, form, encoding, chunks)


def lines(chunks: Iterable[bytes], form: Form, longest: int) -> Iterator[bytes | int]:
    """Whole lines, many at a time, and the length of each that is too long and so left out.

    XML may be one line: there a tag's end is as good.
    """
    rest = b""
    dropped = 0
    for chunk in chunks:
        text = rest + chunk
        if dropped:
            end = text.find(b"\n")
            dropped += len(text) if end < 0 else end
            if end < 0:
                rest = b""
                continue
            yield dropped
            text, dropped = text[end + 1 :], 0
        cut = text.rfind(b"\n") + 1
        if not cut and form == "xml":
            cut = text.rfind(b">") + 1
        if cut:
            yield from _without_long(text[:cut], longest)
        rest = text[cut:]
        if len(rest) > longest:
            dropped, rest = len(rest), b""
    if dropped:
        yield dropped
    elif rest:
        yield rest


def _without_long(block: bytes, longest: int) -> Iterator[bytes | int]:
    if len(block) <= longest:
        yield block
        return
    for line in block.splitlines(keepends=True):
        yield line if len(line) <= longest else len(line) - 1


def gathered(cut: Iterable[bytes | int]) -> Iterator[bytes | int]:
    """The same lines, more of them at a time: each lot is worth being handed to somebody."""
    parts: list[bytes] = []
    size = 0
    for one in cut:
        if isinstance(one, bytes):
            parts.append(one)
            size += len(one)
        if parts and (size >= _LOT or isinstance(one, int)):
            yield b"".join(parts)
            parts, size = [], 0
        if isinstance(one, int):
            yield one
    if parts:
        yield b"".join(parts)


def _taken(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    parts: list[bytes] = []
    taken = 0
    for chunk in chunks:
        parts.append(chunk)
        taken += len(chunk)
        if taken >= SEARCHED:
            break
    return b"".join(parts), chain(parts, chunks)
