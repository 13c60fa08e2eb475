"""What a file is, by its first bytes. The diagnosis and the redaction ask the same function."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from logdiag.dumps import DumpKind, kind_of
from logdiag.grammar import record_start
from logdiag.i18n import gettext
from logdiag.reading.unread_reasons import IN_PART, NO_YEARS, unread_reason
from logdiag.records import lacks_year
from logdiag.records.pasted import is_pasted
from logdiag.records.utf16 import Encoding, Transcoded, utf16_of
from logdiag.snapshots import Member

SEARCHED = 8 << 20
"""A member in whose first 8 MiB no record starts is no log; one that is longer was not pasted."""

# A dump can begin with the output of other commands; its first setting is looked for in this many bytes.
_DUMP_HEAD = 1 << 20
_SNIFFED_BYTES = 4096
_BOM = b"\xef\xbb\xbf"
# A tag of XML in UTF-16 without a byte order mark.
_MARKUP: dict[bytes, Encoding] = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


@dataclass(frozen=True)
class Classified:
    """A member whose beginning was read.

    ``head`` is the beginning and ``chunks`` are all of it, to be read once. ``transcoded`` is set if it is in
    UTF-16: both are in UTF-8 then. ``log`` is the form in which it may contain records.
    """

    member: Member
    head: bytes
    chunks: Iterator[bytes]
    transcoded: Transcoded | None
    encoding: Encoding | None
    log: Literal["pasted", "plain"] | None

    @property
    def is_whole(self) -> bool:
        """Whether ``head`` is all of it."""
        return len(self.head) < SEARCHED

    @property
    def lacks_year(self) -> bool:
        """Whether its lines start with times that have no year."""
        return lacks_year(self.head[:_SNIFFED_BYTES])

    def dump_kind(self) -> DumpKind | None:
        """Return the kind of dump, for files without records; None if it is no dump."""
        return kind_of(self.head[:_DUMP_HEAD].removeprefix(_BOM), self.member.source)

    def why_not_read(self) -> str:
        """Return the reason why it is not read."""
        reason = NO_YEARS if self.lacks_year else unread_reason(self.head)
        if not self.is_whole and reason in IN_PART:
            return gettext(IN_PART[reason]).format(size=f"{SEARCHED >> 20} MiB")
        return gettext(reason)


def classify(member: Member, *, markup: bool) -> Classified:
    """Return what a member is, by its first bytes.

    Args:
        member: the member; its chunks are taken from it.
        markup: whether XML in UTF-16 is transcoded as well. A parser of XML reads UTF-16 itself; code that
            looks at lines cannot.

    """
    head, chunks = _begun(member.chunks)
    encoding = utf16_of(head)
    if _is_markup(head):
        encoding = (_MARKUP.get(head[:2]) or encoding) if markup else None
    transcoded = Transcoded(chunks, encoding) if encoding is not None else None
    if transcoded is not None:
        head, chunks = _begun(transcoded.chunks())
    return Classified(member, head, chunks, transcoded, encoding, _log_in(head))


def _log_in(head: bytes) -> Literal["pasted", "plain"] | None:
    if len(head) < SEARCHED and is_pasted(head):
        return "pasted"
    return "plain" if record_start().search(head) else None


def _is_markup(head: bytes) -> bool:
    return head[:2] in _MARKUP or b"<\0?\0" in head[:8]


def _begun(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first `SEARCHED` bytes or more, fewer at the end, and all chunks with these in front again."""
    rest = iter(chunks)
    parts: list[bytes] = []
    taken = 0
    for chunk in rest:
        parts.append(chunk)
        taken += len(chunk)
        if taken >= SEARCHED:
            break
    return b"".join(parts), itertools.chain(parts, rest)
