"""From chunks of bytes to members: decompress, walk tar archives, both in one forward pass."""

import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from isal import isal_zlib

CHUNK = 1 << 18
"""Bytes asked for at a time."""

DEPTH = 8
"""How many archives may stand inside each other before the rest is named but not opened."""

_GZIP = b"\x1f\x8b"
_GZIP_ERROR: type[Exception] = isal_zlib.error
_BLOCK = 512
_SLICE = 1 << 12


@dataclass
class Member:
    """One file inside a snapshot, while it is being read.

    ``chunks`` can be read once, and before the next member is asked for. ``faults`` says in what
    way the bytes are not all there; it is complete when ``chunks`` is used up. ``skipped`` says
    why a member has no bytes to read at all (a link, a device).
    """

    source: str
    chunks: Iterator[bytes]
    faults: list[str] = field(default_factory=list)
    skipped: str | None = None


def members(
    source: str,
    chunks: Iterator[bytes],
    *,
    whole: bool = True,
    depth: int = 0,
    faults: list[str] | None = None,
) -> Iterator[Member]:
    """What a stream of bytes holds: itself, or the members of the archive that it is.

    An archive that is not whole comes last, as a member without bytes that carries the fault.

    Args:
        source: the stream's name, a label only.
        chunks: its bytes.
        whole: whether the stream is a whole input; the names of the members of an archive that
            is not whole start with its own name and ``!/``.
        depth: how many archives the stream stands in.
        faults: where to write what is wrong with the stream; the compression around it may have
            written there already.

    """
    faults = [] if faults is None else faults
    head, chunks = _peek(chunks, _BLOCK)
    if head.startswith(_GZIP) and depth < DEPTH:
        unpacked = _gunzip(chunks, faults)
        yield from members(_unpacked_name(source), unpacked, whole=whole, depth=depth + 1, faults=faults)
    elif head[257:262] == b"ustar" and depth < DEPTH:
        yield from _tar(source, chunks, whole=whole, depth=depth, faults=faults)
    elif head.startswith(_GZIP) or head[257:262] == b"ustar":
        reason = f"archives inside each other more than {DEPTH} deep are not opened"
        yield Member(source, iter(()), skipped=reason)
    else:
        yield Member(source, chunks, faults)


def readable(name: str) -> str:
    """A name as text: bytes in it that are not UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unpacked_name(source: str) -> str:
    if source.endswith(".tgz"):
        return source[: -len(".tgz")] + ".tar"
    folder, slash, name = source.rpartition("/")
    return folder + slash + (name.removesuffix(".gz") or name)


def _peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head[:size], itertools.chain([head] if head else [], chunks)


def _gunzip(chunks: Iterator[bytes], faults: list[str]) -> Iterator[bytes]:
    """The content of a gzip stream of one or more parts; all that can be read of a cut one."""
    stream = isal_zlib.decompressobj(wbits=31)
    behind = b""
    for chunk in _slices(chunks):
        while chunk:
            if stream.eof:
                # Parts may be padded with zeros; anything else that is no further part is not ours.
                behind = (behind + chunk).lstrip(b"\0")
                if not behind.startswith(_GZIP):
                    if not _GZIP.startswith(behind):
                        faults.append("other data behind the gzip data")
                        return
                    break
                stream, chunk, behind = isal_zlib.decompressobj(wbits=31), behind, b""
            try:
                content = stream.decompress(chunk)
            except _GZIP_ERROR as error:
                faults.append(f"damaged gzip data ({error})")
                return
            if content:
                yield content
            chunk = stream.unused_data if stream.eof else b""
    if behind:
        faults.append("other data behind the gzip data")
    elif not stream.eof:
        faults.append("cut: the gzip data ends before its end mark")


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces: what a damaged piece held before the damage is lost, so it must not be much."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]


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


def _tar(
    source: str, chunks: Iterator[bytes], *, whole: bool, depth: int, faults: list[str]
) -> Iterator[Member]:
    reader = _Reader(chunks)
    try:
        # The stub asks for a whole file object; tarfile's stream mode only ever calls read().
        with tarfile.open(
            fileobj=cast("tarfile._Fileobj", reader), mode="r|", bufsize=CHUNK, tarinfo=_header_type(faults)
        ) as archive:
            for entry in archive:
                name = readable(entry.name) if whole else f"{source}!/{readable(entry.name)}"
                if entry.isfile():
                    own: list[str] = []
                    content = _entry(archive, entry, own)
                    yield from members(name, content, whole=False, depth=depth + 1, faults=own)
                elif not entry.isdir():
                    kind = "link" if entry.issym() or entry.islnk() else "device"
                    yield Member(name, iter(()), skipped=f"a {kind} in the archive is not followed")
    except tarfile.TarError as error:
        faults.append(f"damaged archive ({error})")
    if not reader.ended_well() and not faults:
        faults.append("cut: the archive ends before its end mark")
    if faults:
        yield Member(source, iter(()), faults)


def _header_type(faults: list[str]) -> type[tarfile.TarInfo]:
    """Headers that write down their damage.

    In stream mode tarfile takes one that it cannot read for the end of the archive, silently.
    """

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Header":
            try:
                return super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                # The two empty blocks of the end, and the end of the stream, are no damage.
                if buf.strip(b"\0"):
                    faults.append(f"damaged archive ({error})")
                raise

    return Header


def _entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, faults: list[str]) -> Iterator[bytes]:
    # The stream itself rather than extractfile(), which gives nothing of a piece that is cut.
    file = archive.extractfile(entry) if entry.issparse() else archive.fileobj
    if file is archive.fileobj and file is not None:
        file.seek(entry.offset_data)
    left = entry.size
    while file is not None and left:
        try:
            chunk = file.read(min(CHUNK, left))
        except tarfile.TarError:
            chunk = b""
        if not chunk:
            faults.append("cut: the archive ends inside this member")
            return
        left -= len(chunk)
        yield chunk
