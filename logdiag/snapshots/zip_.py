"""Zip archives: their list of members stands at the end, so they are kept in a nameless file meanwhile."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator

from logdiag.snapshots.member import CHUNK, Member, readable

LARGEST = 8 << 30
"""Bytes of a zip archive that are kept; one that is larger is named but not opened."""

_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)


def begins(head: bytes) -> bool:
    """Whether a stream that begins so is a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def entries(chunks: Iterator[bytes], faults: list[str]) -> Iterator[Member]:
    """The files of an archive; what is wrong with it as a whole in ``faults``."""
    with tempfile.TemporaryFile(prefix="logdiag-") as kept:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST:
                faults.append(f"the zip archive is larger than {LARGEST >> 30} GiB and is not opened")
                return
            kept.write(chunk)
        try:
            archive = zipfile.ZipFile(kept)
        except _ERRORS as error:
            faults.append(f"cut or damaged: the zip archive has no list of its members ({error})")
            return
        with archive:
            for entry in archive.infolist():
                name = readable(entry.filename)
                if entry.is_dir():
                    continue
                if entry.flag_bits & 1:
                    yield Member(name, iter(()), skipped="is encrypted")
                elif (entry.external_attr >> 28) & 0xF == 0xA:
                    yield Member(name, iter(()), skipped="a link in the archive is not followed")
                else:
                    own: list[str] = []
                    yield Member(name, _content(archive, entry, own), own)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, faults: list[str]) -> Iterator[bytes]:
    try:
        with archive.open(entry) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _ERRORS as error:
        faults.append(f"damaged: the archive cannot give this member whole ({error})")
