"""Tar archives, as streams: no more of one is kept than a chunk and what stands in front of a member.

One that is damaged is read on from the next header that is whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from logdiag.i18n import N_, gettext
from logdiag.model import Fault
from logdiag.snapshots.member import CHUNK, Member, readable
from logdiag.snapshots.tar_headers import (
    BLOCK,
    LONGEST,
    MAGIC,
    Extension,
    Header,
    HeaderError,
    extension_of,
    header_of,
)
from logdiag.snapshots.tar_holes import Layout, filled, layout_of
from logdiag.snapshots.tar_stream import Data, Stream

HEAD = BLOCK
"""How many bytes `begins` wants to see."""

_EMPTY = bytes(BLOCK)
_NOTHING = Extension()

_EXTENDS = (b"x", b"X")
_EXTENDS_ALL = b"g"
_LONG_NAME, _LONG_LINK = b"L", b"K"
_LINKS = (b"1", b"2")
_DEVICES = (b"3", b"4", b"6")
_FOLDER, _FOLDER_WITH_NAMES = b"5", b"D"
_OLD_FILE = b"\0"
_LINK = N_("a link in the archive is not followed")
_DEVICE = N_("a device in the archive is not followed")


def begins(head: bytes) -> bool:
    """Whether a stream that begins so is a tar archive."""
    try:
        return head[257:262] == MAGIC or header_of(head) is not None
    except HeaderError:
        return False


def entries(chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[Member]:
    """The files of an archive, each to be read before the next.

    What is wrong with the archive as a whole is written to ``faults``.
    """
    stream, damage = Stream(chunks), _Damage()
    said, long_name = _NOTHING, b""
    for header in _headers(stream, damage):
        if header.kind in (*_EXTENDS, _EXTENDS_ALL, _LONG_NAME, _LONG_LINK):
            content = _extension(stream, header, damage)
            if header.kind == _LONG_NAME:
                long_name = content.partition(b"\0")[0]
            elif header.kind in _EXTENDS:
                more, problem = extension_of(content)
                said = said.with_(more)
                damage.note(problem)
            continue  # what is said of all members, such as a comment, or of links changes nothing
        name = long_name or header.name
        if said is not _NOTHING:
            name = said.of_holes(b"name") or said.values.get(b"path") or name
        label = readable(name.decode("utf-8", "surrogateescape"))
        if header.kind in _LINKS or header.kind in _DEVICES:
            yield Member(label, iter(()), skipped=gettext(_LINK if header.kind in _LINKS else _DEVICE))
        elif header.kind != _FOLDER:  # links, devices and folders have no data, whatever their size
            data = Data(stream, int(said.values.get(b"size", header.size)))
            if not (header.kind == _FOLDER_WITH_NAMES or (header.kind == _OLD_FILE and name.endswith(b"/"))):
                yield _file(label, header, said, stream, data)
            data.skip()
        said, long_name = _NOTHING, b""
    if said.values or long_name:
        damage.note(gettext("a header for a member that does not follow"))
    damage.tell(faults)


def _file(label: str, header: Header, said: Extension, stream: Stream, data: Data) -> Member:
    faults: list[Fault] = []
    layout: Layout | None = None
    try:
        layout = layout_of(header, said, stream, data)
    except HeaderError as error:
        unknown = gettext("damaged: holes of it are not known, and left out ({reason})")
        faults.append(Fault("damaged", unknown.format(reason=error)))
    if layout is None:
        return Member(label, _content(data, faults), faults)
    return Member(label, filled(layout, data, faults), faults, packed=True)


def _content(data: Data, faults: list[Fault]) -> Iterator[bytes]:
    while piece := data.piece(CHUNK):
        yield piece
    data.note_cut(faults)


def _extension(stream: Stream, header: Header, damage: "_Damage") -> bytes:
    data = Data(stream, header.size)
    content = b""
    if header.size > LONGEST:
        damage.note(gettext("a header of {number} bytes").format(number=f"{header.size:,}"))
    elif header.kind in (*_EXTENDS, _LONG_NAME):
        content = data.take(header.size)
    data.skip()
    return content


# ── from header to header ───────────────────────────────────────────────────────────────────


@dataclass
class _Damage:
    """What is wrong with an archive, told in few words however much it is."""

    headers: int = 0
    first: str = ""
    passed: int = 0
    is_over: bool = False
    """Whether its end mark was seen, and no header behind it."""
    goes_on: bool = False
    """Whether anything stands behind an end mark."""

    def note(self, problem: str | None) -> None:
        """One more header that is damaged, if it is."""
        if problem is not None:
            self.headers += 1
            self.first = self.first or problem

    def tell(self, faults: list[Fault]) -> None:
        """What is wrong, as faults."""
        if not self.is_over and not faults:
            faults.append(Fault("cut", gettext("cut: the archive ends before its end mark")))
        said = []
        if self.headers:
            unread = gettext("{number} of its headers cannot be read, first {first}")
            said.append(unread.format(number=f"{self.headers:,}", first=self.first))
        if self.goes_on:
            said.append(gettext("other data behind its end mark"))
        if self.passed:
            said.append(gettext("{number} bytes were passed over").format(number=f"{self.passed:,}"))
        if said:
            damaged = gettext("damaged archive: {problems}").format(problems="; ".join(said))
            faults.append(Fault("damaged", damaged))


def _headers(stream: Stream, damage: _Damage) -> Iterator[Header]:
    """The headers of an archive; between two of them the data of the first is to be read."""
    empty = 0
    is_lost = False
    while len(block := stream.take(BLOCK)) == BLOCK:
        if block == _EMPTY:
            empty += 1
            continue
        if empty >= 2 and not is_lost:
            damage.is_over = damage.goes_on = True
        header, problem = _header(block, is_lost)
        if header is not None:
            damage.is_over = False
            yield header
        elif is_lost:
            damage.passed += (empty + 1) * BLOCK
        else:
            damage.note(problem)
            damage.passed += BLOCK
        is_lost = header is None
        empty = 0
    damage.passed += len(block) if is_lost and any(block) else 0
    damage.is_over |= empty >= 2 and not any(block)


def _header(block: bytes, is_lost: bool) -> tuple[Header | None, str]:
    """The header that a block is, or why it is none. Where the place was lost, more is asked of it."""
    if is_lost and block[257:262] != MAGIC:
        return None, ""
    try:
        return header_of(block), gettext("one with a wrong sum")
    except HeaderError as error:
        return None, gettext("one with {problem}").format(problem=error)
