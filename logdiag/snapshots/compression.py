"""Compressed streams: gzip, xz, Zstandard and bzip2, in one forward pass, recognized by their first bytes.

Not the file objects of the standard library: they read ahead as much as they like and raise at the first
damage. Here a stream that is cut or damaged gives everything before the damage, in pieces of limited size,
and a fault.
"""

import bz2
import lzma
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from isal import isal_zlib

from logdiag.i18n import gettext
from logdiag.model import Fault

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OUTPUT = 1 << 20
"""Bytes that are unpacked at a time, whatever the ratio."""

# A damaged slice of input is lost as a whole, so it must be small. But after each, Python has to wait for
# its lock, which the threads that read the log hold as well.
_SLICE = 1 << 14

_WINDOW, _NESTED_WINDOW = 27, 26
"""How far back a stream may refer, as a power of 2. Each stream inside another needs that memory."""

_MAX_WINDOW_DEPTH = 2
"""Streams inside each other that get the larger window, such as an archive in a compressed archive."""

_LZMA_OVERHEAD = 1 << 20

_MAX_FRAMES = 1_000_000
"""Each frame needs a new decompressor: a stream of empty frames would take hours."""


class Deflate:
    """The decompressor of isa-l with the methods of those of `lzma`, `bz2` and `zstd`.

    isa-l's own `IgzipDecompressor` has these methods, too, but gives 480 MB/s instead of 820 in small slices.
    """

    GZIP, RAW = 31, -15

    def __init__(self, wbits: int) -> None:
        self._stream = isal_zlib.decompressobj(wbits=wbits)

    @property
    def eof(self) -> bool:
        """Whether the end mark was read."""
        return bool(self._stream.eof)

    @property
    def needs_input(self) -> bool:
        """Whether all input is used up."""
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """The input after the end mark."""
        return bytes(self._stream.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return output for more input."""
        piece: bytes = self._stream.decompress(self._stream.unconsumed_tail + data, max(0, max_length))
        return piece


Decompressor = Deflate | lzma.LZMADecompressor | bz2.BZ2Decompressor | zstd.ZstdDecompressor


@dataclass(frozen=True)
class Compression:
    """One format: its name, the first bytes of its streams, and its file suffix.

    ``decompressor`` makes one for streams that refer back no further than a power of 2 of bytes. Streams of
    gzip and bzip2 never refer back far.
    """

    name: str
    magics: tuple[bytes, ...]
    suffix: str
    decompressor: Callable[[int], Decompressor]


def _xz(window: int) -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, (1 << window) + _LZMA_OVERHEAD)


def _zstandard(window: int) -> Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window})


# The decompressor skips such frames, in which other programs keep notes.
_ZSTD_SKIPPED = tuple(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))

COMPRESSIONS = (
    Compression("gzip", (b"\x1f\x8b",), ".gz", lambda window: Deflate(Deflate.GZIP)),
    Compression("xz", (b"\xfd7zXZ\0",), ".xz", _xz),
    Compression("Zstandard", (b"\x28\xb5\x2f\xfd", *_ZSTD_SKIPPED), ".zst", _zstandard),
    Compression("bzip2", (b"BZh",), ".bz2", lambda window: bz2.BZ2Decompressor()),
)

ARCHIVE_SUFFIXES = (".tar", ".tgz", ".zip", *(f".tar{one.suffix}" for one in COMPRESSIONS))

ERRORS: tuple[type[Exception], ...] = (isal_zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)
"""What the decompressors raise on damaged data; each of them becomes a fault in the coverage."""


def compression_of(head: bytes) -> Compression | None:
    """Return the format of a stream with this beginning; None if it is not compressed."""
    return next((one for one in COMPRESSIONS if head.startswith(one.magics)), None)


def unpacked_name(source: str) -> str:
    """Return the name of the content of a compressed file."""
    folder, slash, name = source.rpartition("/")
    if name.endswith(".tgz"):
        return f"{folder}{slash}{name.removesuffix('.tgz')}.tar"
    for one in COMPRESSIONS:
        if name.endswith(one.suffix):
            return folder + slash + (name.removesuffix(one.suffix) or name)
    return source


def decompress(
    compression: Compression, chunks: Iterator[bytes], faults: list[Fault], depth: int = 0
) -> Iterator[bytes]:
    """Yield the content of a stream of one or more frames; of a cut stream all that can be read."""
    window = _WINDOW if depth <= _MAX_WINDOW_DEPTH else _NESTED_WINDOW
    stream = compression.decompressor(window)
    behind = b""
    frames = 1
    for chunk in cut_slices(chunks):
        while chunk:
            if stream.eof:
                # Frames may be padded with zeros; anything else that is not a frame does not belong to it.
                behind = (behind + chunk).lstrip(b"\0")
                if not behind.startswith(compression.magics):
                    if not any(magic.startswith(behind) for magic in compression.magics):
                        faults.append(_other_data(compression))
                        return
                    break
                frames += 1
                if frames > _MAX_FRAMES:
                    said = gettext("of {format} data no more than {number} parts are read")
                    said = said.format(format=compression.name, number=f"{_MAX_FRAMES:,}")
                    faults.append(Fault("limit", said))
                    return
                stream, chunk, behind = compression.decompressor(window), behind, b""
            try:
                yield from unpack_piece(stream, chunk)
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
    return Fault("damaged", gettext("other data after the {format} data").format(format=compression.name))


def unpack_piece(stream: Decompressor, data: bytes) -> Iterator[bytes]:
    """Yield the output for a piece of input, at most `OUTPUT` bytes at a time."""
    while True:
        piece = stream.decompress(data, OUTPUT)
        if piece:
            yield piece
        data = b""
        if stream.eof or (stream.needs_input and len(piece) < OUTPUT):
            return


def cut_slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in small slices."""
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
