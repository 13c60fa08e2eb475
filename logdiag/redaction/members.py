"""Members of snapshots, as far as they are redacted: what they are, and their text in whole lines."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from logdiag.dumps import DumpKind
from logdiag.dumps.kinds import is_xml
from logdiag.reading.classify import classify
from logdiag.records.utf16 import Encoding
from logdiag.redaction.texts import Form
from logdiag.snapshots import Member

_LOT = 1 << 20

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
    """Return what a member is, by its first bytes; to be read at once."""
    found = classify(member, markup=True)
    kind: MemberKind | None = "log" if found.log is not None else found.dump_kind()
    reason = member.skipped
    if kind is None and reason is None:
        reason = found.why_not_read()
    form: Form = "log" if kind == "log" else "xml" if is_xml(found.head) else "text"
    return Opened(kind, reason, form, found.encoding, found.chunks)


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
