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

from logdiag.model import Fault

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OUTPUT = 1 << 20
"""Bytes that are unpacked at a time, whatever the ratio."""

# What a damaged piece of input held before the damage is lost, so it must not be much.
_SLICE = 1 << 12


class _Decompressor(Protocol):
    """What `lzma`, `bz2` and `zstd` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """The decompressor of isa-l for one gzip part, in the words of the others."""

    def __init__(self) -> None:
        self._stream = isal_zlib.decompressobj(wbits=31)

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
        content: bytes = self._stream.decompress(self._stream.unconsumed_tail + data, max(0, max_length))
        return content


@dataclass(frozen=True)
class Compression:
    """One format: its name, how its streams begin, and the suffixes that its file names carry."""

    name: str
    magic: bytes
    suffixes: tuple[str, ...]
    decompressor: Callable[[], _Decompressor]


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", (".gz",), _Gzip),
    Compression("xz", b"\xfd7zXZ\0", (".xz",), lzma.LZMADecompressor),
    Compression("Zstandard", b"\x28\xb5\x2f\xfd", (".zst",), zstd.ZstdDecompressor),
    Compression("bzip2", b"BZh", (".bz2",), bz2.BZ2Decompressor),
)

_ERRORS: tuple[type[Exception], ...] = (isal_zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)


def compression_of(head: bytes) -> Compression | None:
    """The format of a stream that begins so; None for one that is not compressed."""
    return next((one for one in COMPRESSIONS if head.startswith(one.magic)), None)


def unpacked_name(source: str) -> str:
    """The name of what a compressed file holds."""
    folder, slash, name = source.rpartition("/")
    if name.endswith(".tgz"):
        return f"{folder}{slash}{name.removesuffix('.tgz')}.tar"
    for suffix in (suffix for one in COMPRESSIONS for suffix in one.suffixes):
        if name.endswith(suffix):
            return folder + slash + (name.removesuffix(suffix) or name)
    return source


def decompress(compression: Compression, chunks: Iterator[bytes], faults: list[Fault]) -> Iterator[bytes]:
    """The content of a stream of one or more parts; all that can be read of a cut one."""
    stream = compression.decompressor()
    behind = b""
    for chunk in _slices(chunks):
        while chunk:
            if stream.eof:
                # Parts may be padded with zeros; anything else that is no further part is not ours.
                behind = (behind + chunk).lstrip(b"\0")
                if not behind.startswith(compression.magic):
                    if not compression.magic.startswith(behind):
                        faults.append(Fault("damaged", f"other data behind the {compression.name} data"))
                        return
                    break
                stream, chunk, behind = compression.decompressor(), behind, b""
            try:
                yield from _content(stream, chunk)
            except _ERRORS as error:
                faults.append(Fault("damaged", f"damaged {compression.name} data ({error})"))
                return
            chunk = stream.unused_data if stream.eof else b""
    if behind:
        faults.append(Fault("damaged", f"other data behind the {compression.name} data"))
    elif not stream.eof:
        faults.append(Fault("cut", f"cut: the {compression.name} data ends before its end mark"))


def _content(stream: _Decompressor, data: bytes) -> Iterator[bytes]:
    while True:
        content = stream.decompress(data, OUTPUT)
        if content:
            yield content
        data = b""
        if stream.eof or (stream.needs_input and len(content) < OUTPUT):
            return


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
