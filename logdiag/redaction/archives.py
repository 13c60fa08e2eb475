"""Write archives, and give their members names that are harmless wherever they are unpacked."""

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from logdiag.snapshots.compression import ARCHIVE_SUFFIXES, COMPRESSIONS

MAX_IN_MEMORY = 8 << 20
"""Bytes of a member; a larger one is written to a temporary file first: its header contains its size."""
_MAX_PART_LENGTH = 200
_SUFFIXES = (*ARCHIVE_SUFFIXES, *(one.suffix for one in COMPRESSIONS))


@contextmanager
def new_archive(file: BinaryIO) -> Iterator[tarfile.TarFile]:
    """Write an archive whose bytes depend on its members alone."""
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive


def add_file(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> int:
    """Add a file that was written up to here, and return its size."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = file.tell(), 0o644
    file.seek(0)
    archive.addfile(header, file)
    return header.size


def printable(text: str) -> str:
    """Return a text with underscores instead of backslashes and signs that cannot be printed."""
    return "".join(sign if sign.isprintable() and sign != "\\" else "_" for sign in text)


def safe_name(name: str) -> str:
    """Return a relative, printable name without parts that are too long."""
    parts = printable(name).split("/")
    return "/".join("_" if part in ("", ".", "..") else part[:_MAX_PART_LENGTH] for part in parts)


def archive_name(name: str) -> str:
    """Return the name of the archive for a snapshot."""
    name = safe_name(name).replace("/", "_")
    suffix = max((end for end in _SUFFIXES if name.lower().endswith(end)), key=len, default="")
    return f"{name[: len(name) - len(suffix)] or 'snapshot'}.tar.gz"
