"""Tar archives, as streams."""

import tarfile
from collections.abc import Iterator
from typing import cast

from logdiag.model import Fault
from logdiag.snapshots.member import CHUNK, Member, readable

HEAD = 512
"""How many bytes `begins` wants to see."""

_BLOCK = 512

# Of headers that lie, tarfile also gives out what int() and the like make of them.
_ERRORS = (
    tarfile.TarError,
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    EOFError,
    OSError,
    MemoryError,
)

_LONGEST_HEADER = 1 << 20
_HEADERS_READ_WHOLE = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Reader:
    """Chunks as the file object that ``tarfile`` wants; remembers how the stream ended."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._last = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        self._last = (self._last + data)[-2 * _BLOCK :]
        return data

    def ended_well(self) -> bool:
        """Whether the stream, read to its end, ends with the two empty blocks of a whole archive."""
        while self.read(CHUNK):
            pass
        return self._last == bytes(2 * _BLOCK)


def begins(head: bytes) -> bool:
    """Whether a stream that begins so is a tar archive."""
    return head[257:262] == b"ustar"


def entries(chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[Member]:
    """The files of an archive, each to be read before the next.

    What is wrong with the archive as a whole is written to ``faults``.
    """
    reader = _Reader(chunks)
    try:
        # The stub asks for a whole file object; tarfile's stream mode only ever calls read().
        with tarfile.open(
            fileobj=cast("tarfile._Fileobj", reader), mode="r|", bufsize=CHUNK, tarinfo=_header_type(faults)
        ) as archive:
            while (entry := archive.next()) is not None:
                # It remembers every header, and there may be millions; the stub does not know of it.
                archive.members.clear()  # type: ignore[attr-defined]
                name = readable(entry.name)
                if entry.isfile():
                    own: list[Fault] = []
                    yield Member(name, _entry(archive, entry, own), own, packed=entry.issparse())
                elif not entry.isdir():
                    kind = "link" if entry.issym() or entry.islnk() else "device"
                    yield Member(name, iter(()), skipped=f"a {kind} in the archive is not followed")
    except _ERRORS as error:
        faults.append(_fault(error))
    if not reader.ended_well() and not faults:
        faults.append(Fault("cut", "cut: the archive ends before its end mark"))


def _fault(error: Exception) -> Fault:
    """Damage, or where the archive ends inside a header, a cut."""
    if str(error).startswith(("unexpected end of data", "truncated header")):
        return Fault("cut", f"cut: the archive ends too early ({error})")
    return Fault("damaged", f"damaged archive ({error})")


def _header_type(faults: list[Fault]) -> type[tarfile.TarInfo]:
    """Headers that write down their damage.

    In stream mode tarfile takes one that it cannot read for the end of the archive, silently.
    """

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Header":
            try:
                header = super().frombuf(buf, encoding, errors)
                if header.type in _HEADERS_READ_WHOLE and header.size > _LONGEST_HEADER:
                    raise tarfile.HeaderError(f"a header of {header.size:,} bytes")
                return header
            except tarfile.HeaderError as error:
                # The two empty blocks of the end, and the end of the stream, are no damage.
                if buf.strip(b"\0"):
                    faults.append(_fault(error))
                raise

    return Header


def _entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, faults: list[Fault]) -> Iterator[bytes]:
    # The stream itself rather than extractfile(), which gives nothing of a piece that is cut.
    file = archive.extractfile(entry) if entry.issparse() else archive.fileobj
    if file is archive.fileobj and file is not None:
        file.seek(entry.offset_data)
    left = entry.size
    while file is not None and left:
        try:
            chunk = file.read(min(CHUNK, left))
        except _ERRORS:
            chunk = b""
        if not chunk:
            faults.append(Fault("cut", "cut: the archive ends inside this member"))
            return
        left -= len(chunk)
        yield chunk
