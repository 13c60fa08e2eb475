"""Compressed streams: gzip, xz, Zstandard and bzip2, in one forward pass, known by their first bytes.

All that can be read of a stream that is cut or damaged is given out, and what is wrong is written down.
"""

import bz2
import lzma
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from isal import isal_zlib

from logdiag.i18n import gettext
from logdiag.model import Fault

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OUTPUT = 1 << 20
"""Bytes that are unpacked at a time, whatever the ratio."""

# What a damaged piece of input held before the damage is lost, so it must not be much.
_SLICE = 1 << 12

_FAR, _NEAR = 27, 26
"""How far back a stream may quote, as a power of 2: all of it is memory, for each stream inside another."""

_FAR_TO_DEPTH = 2
"""Such as an archive in a compressed archive."""

_LZMA_BESIDE = 1 << 20

_MOST_PARTS = 1_000_000
"""Each takes a decompressor of its own."""


class Decompressor(Protocol):
    """What `lzma`, `bz2` and `zstd` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end mark was read."""

    @property
    def needs_input(self) -> bool:
        """Whether all that was given is used up."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end mark."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """What comes out of more input."""


class _Deflate:
    """The decompressor of isa-l, in the words of the others."""

    def __init__(self, wbits: int) -> None:
        self._stream = isal_zlib.decompressobj(wbits=wbits)

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return bytes(self._stream.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        piece: bytes = self._stream.decompress(self._stream.unconsumed_tail + data, max(0, max_length))
        return piece


def gzip(_: int = 0) -> Decompressor:
    """For one part of gzip; how far it quotes is the same for all."""
    return _Deflate(31)


def deflate(_: int = 0) -> Decompressor:
    """For what gzip and zip hold, without anything around it."""
    return _Deflate(-15)


def bzip2(_: int = 0) -> Decompressor:
    """For one part of bzip2; how far it quotes is never much."""
    return bz2.BZ2Decompressor()


def xz(window: int = _FAR) -> Decompressor:
    """For xz, and what zip calls so."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, (1 << window) + _LZMA_BESIDE)


def lzma_alone(window: int = _FAR) -> Decompressor:
    """For LZMA without a container."""
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, (1 << window) + _LZMA_BESIDE)


def zstandard(window: int = _FAR) -> Decompressor:
    """For Zstandard."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window})


@dataclass(frozen=True)
class Compression:
    """One format: its name, how its streams begin, and the suffixes that its file names carry.

    ``decompressor`` makes one for streams that quote from no further back than a power of 2 of bytes.
    """

    name: str
    magics: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    decompressor: Callable[[int], Decompressor]


# Such frames hold notes of other programs, and are skipped by the decompressor.
_ZSTD_SKIPPED = tuple(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))

COMPRESSIONS = (
    Compression("gzip", (b"\x1f\x8b",), (".gz",), gzip),
    Compression("xz", (b"\xfd7zXZ\0",), (".xz",), xz),
    Compression("Zstandard", (b"\x28\xb5\x2f\xfd", *_ZSTD_SKIPPED), (".zst",), zstandard),
    Compression("bzip2", (b"BZh",), (".bz2",), bzip2),
)

ERRORS: tuple[type[Exception], ...] = (isal_zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)
"""What decompressors raise of data that is damaged."""


def compression_of(head: bytes) -> Compression | None:
    """The format of a stream that begins so; None for one that is not compressed."""
    return next((one for one in COMPRESSIONS if head.startswith(one.magics)), None)


def unpacked_name(source: str) -> str:
    """The name of what a compressed file holds."""
    folder, slash, name = source.rpartition("/")
    if name.endswith(".tgz"):
        return f"{folder}{slash}{name.removesuffix('.tgz')}.tar"
    for suffix in (suffix for one in COMPRESSIONS for suffix in one.suffixes):
        if name.endswith(suffix):
            return folder + slash + (name.removesuffix(suffix) or name)
    return source


def decompress(
    compression: Compression, chunks: Iterator[bytes], faults: list[Fault], depth: int = 0
) -> Iterator[bytes]:
    """The content of a stream of one or more parts; all that can be read of a cut one."""
    window = _FAR if depth <= _FAR_TO_DEPTH else _NEAR
    stream = compression.decompressor(window)
    behind = b""
    parts = 1
    for chunk in slices(chunks):
        while chunk:
            if stream.eof:
                # Parts may be padded with zeros; anything else that is no further part is not ours.
                behind = (behind + chunk).lstrip(b"\0")
                if not behind.startswith(compression.magics):
                    if not any(magic.startswith(behind) for magic in compression.magics):
                        faults.append(_other_data(compression))
                        return
                    break
                parts += 1
                if parts > _MOST_PARTS:
                    said = gettext("of {format} data no more than {number} parts are read")
                    said = said.format(format=compression.name, number=f"{_MOST_PARTS:,}")
                    faults.append(Fault("limit", said))
                    return
                stream, chunk, behind = compression.decompressor(window), behind, b""
            try:
                yield from content(stream, chunk)
            except ERRORS as error:
                said = gettext("damaged {format} data ({reason})")
                faults.append(Fault("damaged", said.format(format=compression.name, reason=error)))
                return
            chunk = stream.unused_data if stream.eof else b""
    if behind:
        faults.append(_other_data(compression))
    elif not stream.eof:
        said = gettext("cut: the {format} data ends before its end mark")
        faults.append(Fault("cut", said.format(format=compression.name)))


def _other_data(compression: Compression) -> Fault:
    return Fault("damaged", gettext("other data behind the {format} data").format(format=compression.name))


def content(stream: Decompressor, data: bytes) -> Iterator[bytes]:
    """What comes out of a piece of input, in pieces of `OUTPUT` at most."""
    while True:
        piece = stream.decompress(data, OUTPUT)
        if piece:
            yield piece
        data = b""
        if stream.eof or (stream.needs_input and len(piece) < OUTPUT):
            return


def slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, in pieces that are small."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
