"""Tar archives, read as streams: only a chunk and the headers of one member are in memory.

Not `tarfile`: it stops at the first damaged header. Here reading continues at the next header that is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from logdiag.i18n import N_, gettext
from logdiag.model import Fault
from logdiag.snapshots.member import CHUNK, Member, readable
from logdiag.snapshots.tar_headers import (
    BLOCK,
    MAGIC,
    PATH,
    SIZE,
    SPARSE,
    SPARSE_NAME,
    Header,
    HeaderError,
    header_of,
    read_pax,
)

HEAD = BLOCK
"""The number of bytes that `begins` needs."""

_MAX_HEADER_BYTES = 1 << 20
"""Bytes of a header that extends another, such as a long name."""

# Two blocks of zeros end an archive; one alone can be damage.
_EMPTY = bytes(BLOCK)

# `X` is the letter of Solaris for the same header as `x` of POSIX.
_PAX = (b"x", b"X")
_PAX_FOR_ALL = b"g"
_LONG_NAME, _LONG_LINK = b"L", b"K"
_FOLDER, _FOLDER_WITH_NAMES = b"5", b"D"
# Before POSIX a plain file had a zero byte as its kind.
_OLD_FILE = b"\0"
_LINK = N_("a link in the archive is not followed")
_DEVICE = N_("a device in the archive is not followed")
# No Expressway writes sparse files, and four formats would have to be read for the others.
_SPARSE = N_("sparse file, not read: unpack the archive with tar and give the folder instead")
_SKIPPED = {b"1": _LINK, b"2": _LINK, b"3": _DEVICE, b"4": _DEVICE, b"6": _DEVICE}


def begins(head: bytes) -> bool:
    """Return whether a stream with this beginning is a tar archive."""
    try:
        return head[257:262] == MAGIC or header_of(head) is not None
    except HeaderError:
        return False


def read_entries(chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[Member]:
    """Yield the files of an archive, each to be read before the next; faults of the archive in ``faults``."""
    stream, damage = _Stream(chunks), _Damage()
    values: dict[bytes, bytes] = {}
    long_name = b""
    for header in _headers(stream, damage):
        if header.kind in (*_PAX, _PAX_FOR_ALL, _LONG_NAME, _LONG_LINK):
            content = _extension(stream, header, damage)
            if header.kind == _LONG_NAME:
                long_name = content.partition(b"\0")[0]
            elif header.kind in _PAX:
                damage.note(read_pax(content, values))
            continue  # values for all members, such as a comment, and names of links change nothing
        name = values.get(SPARSE_NAME) or values.get(PATH) or long_name or header.name
        label = readable(name.decode("utf-8", "surrogateescape"))
        if header.kind in _SKIPPED:
            yield Member(label, iter(()), skipped=gettext(_SKIPPED[header.kind]))
        elif header.kind != _FOLDER:  # links, devices and folders have no data, whatever their size
            data = _Data(stream, int(values.get(SIZE, header.size)))
            if header.is_sparse or SPARSE in values:
                stream.skip_places(header)
                yield Member(label, iter(()), [Fault("unreadable", gettext(_SPARSE))])
            elif header.kind != _FOLDER_WITH_NAMES and not (header.kind == _OLD_FILE and name.endswith(b"/")):
                own: list[Fault] = []
                yield Member(label, _content(data, own), own)
            data.skip()
        values, long_name = {}, b""
    if values or long_name:
        damage.note(gettext("a header for a member that does not follow"))
    damage.report(faults)


def _content(data: "_Data", faults: list[Fault]) -> Iterator[bytes]:
    yield from data.chunks()
    if data.missing:
        faults.append(Fault("cut", gettext("cut: the archive ends inside this member")))


def _extension(stream: "_Stream", header: Header, damage: "_Damage") -> bytes:
    data = _Data(stream, header.size)
    content = b""
    if header.size > _MAX_HEADER_BYTES:
        damage.note(gettext("a header of {number} bytes").format(number=f"{header.size:,}"))
    elif header.kind in (*_PAX, _LONG_NAME):
        content = b"".join(data.chunks())
    data.skip()
    return content


class _Stream:
    """The bytes of an archive in one forward pass."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._at = 0

    def piece(self, size: int) -> bytes:
        """Return some of the next ``size`` bytes, without a copy of more; none only at the end."""
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._chunk, self._at = chunk, 0
        piece = self._chunk[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def block(self) -> bytes:
        """Return the next block, shorter only at the end."""
        block = self.piece(BLOCK)
        while len(block) < BLOCK and (more := self.piece(BLOCK - len(block))):
            block += more
        return block

    def skip_places(self, header: Header) -> None:
        """Skip the blocks between the header of a sparse file and its data."""
        is_extended = header.is_extended
        while is_extended:
            block = self.block()
            is_extended = len(block) == BLOCK and block[504] != 0


class _Data:
    """The data after a header, up to the next block."""

    def __init__(self, stream: _Stream, size: int) -> None:
        self._stream = stream
        self._padding = -size % BLOCK
        self.missing = size

    def chunks(self) -> Iterator[bytes]:
        """Yield the data that were not read yet, fewer if the archive ends."""
        while self.missing and (piece := self._stream.piece(min(self.missing, CHUNK))):
            self.missing -= len(piece)
            yield piece

    def skip(self) -> None:
        """Go to the next header."""
        self.missing += self._padding
        for _ in self.chunks():
            pass


@dataclass
class _Damage:
    """What is wrong with an archive, reported in a few words however much it is."""

    headers: int = 0
    first: str = ""
    passed: int = 0
    is_over: bool = False
    """Whether its end mark was read, and no header after it."""
    goes_on: bool = False
    """Whether there is anything after an end mark."""

    def note(self, problem: str | None) -> None:
        """Count a damaged header, if there is a problem with it."""
        if problem is not None:
            self.headers += 1
            self.first = self.first or problem

    def report(self, faults: list[Fault]) -> None:
        """Add what is wrong to the faults."""
        if not self.is_over and not faults:
            faults.append(Fault("cut", gettext("cut: the archive ends before its end mark")))
        said = []
        if self.headers:
            unread = gettext("{number} of its headers cannot be read, first {first}")
            said.append(unread.format(number=f"{self.headers:,}", first=self.first))
        if self.goes_on:
            said.append(gettext("other data after its end mark"))
        if self.passed:
            said.append(gettext("{number} bytes were passed over").format(number=f"{self.passed:,}"))
        if said:
            damaged = gettext("damaged archive: {problems}").format(problems="; ".join(said))
            faults.append(Fault("damaged", damaged))


def _headers(stream: _Stream, damage: _Damage) -> Iterator[Header]:
    """Yield the headers of an archive. The caller reads the data of each before the next."""
    empty = 0
    is_lost = False
    while len(block := stream.block()) == BLOCK:
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
    """Return the header in a block, or what is wrong. After a damaged header only one with a magic counts."""
    if is_lost and block[257:262] != MAGIC:
        return None, ""
    try:
        return header_of(block), gettext("one with a wrong sum")
    except HeaderError as error:
        return None, gettext("one with {problem}").format(problem=error)
