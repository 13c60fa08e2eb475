"""Zip archives: their list of members stands at the end, so they are kept in a nameless file meanwhile.

One that is cut has no such list. What its members' own headers still tell is then read in order.
"""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from logdiag.model import Fault
from logdiag.snapshots.limits import size_said
from logdiag.snapshots.member import CHUNK, Member, readable

HEAD = 4
"""How many bytes `begins` wants to see."""

_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)

_HEADER = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_UTF8 = 1 << 11
_SIZES_FOLLOW = 1 << 3
_ENCRYPTED = 1


def begins(head: bytes) -> bool:
    """Whether a stream that begins so is a zip archive."""
    return head.startswith((_SIGNATURE, b"PK\x05\x06"))


def entries(chunks: Iterator[bytes], faults: list[Fault], largest: int) -> Iterator[Member]:
    """The files of an archive of up to ``largest`` bytes; what is wrong with it as a whole in ``faults``."""
    with tempfile.TemporaryFile(prefix="logdiag-") as kept:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > largest:
                said = f"a zip archive of more than {size_said(largest)} is not opened (member)"
                faults.append(Fault("limit", said))
                return
            kept.write(chunk)
        try:
            archive = zipfile.ZipFile(kept)
        except _ERRORS as error:
            said = f"cut or damaged: the zip archive has no list of its members ({error})"
            faults.append(Fault("cut", said))
            yield from _walk(kept)
            return
        with archive:
            for entry in archive.infolist():
                name = readable(entry.filename)
                if entry.filename.endswith("/"):
                    continue
                if entry.flag_bits & _ENCRYPTED:
                    yield Member(name, iter(()), skipped="is encrypted")
                elif (entry.external_attr >> 28) & 0xF == 0xA:
                    yield Member(name, iter(()), skipped="a link in the archive is not followed")
                else:
                    own: list[Fault] = []
                    yield Member(name, _content(archive, entry, own), own, packed=True)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, faults: list[Fault]) -> Iterator[bytes]:
    try:
        with archive.open(entry) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except _ERRORS as error:
        said = f"damaged: the archive cannot give this member whole ({error})"
        faults.append(Fault("damaged", said))


# ── an archive without its list ─────────────────────────────────────────────────────────────


def _walk(file: IO[bytes]) -> Iterator[Member]:
    """The members whose headers follow each other from the start."""
    place = 0
    while True:
        file.seek(place)
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not header.startswith(_SIGNATURE):
            return
        _, _, flags, method, *_, packed, _, name_length, extra_length = _HEADER.unpack(header)
        raw = file.read(name_length)
        file.seek(extra_length, 1)
        start = file.tell()
        name = readable(raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace"))
        known = not flags & _SIZES_FOLLOW and packed != 0xFFFFFFFF
        if flags & _ENCRYPTED or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield Member(name, iter(()), skipped="is encrypted or packed in a way that is not known here")
        elif name.endswith("/"):
            pass
        elif method == zipfile.ZIP_DEFLATED:
            faults: list[Fault] = []
            ends: list[int] = []
            yield Member(name, _inflated(file, start, faults, ends), faults, packed=True)
            if not known and ends:
                place = _behind_sizes(file, ends[0])
                continue
        elif known:
            faults = []
            yield Member(name, _stored(file, start, packed, faults), faults)
        if not known:
            return  # where the next header stands cannot be told
        place = start + packed


def _inflated(file: IO[bytes], start: int, faults: list[Fault], ends: list[int]) -> Iterator[bytes]:
    """What was deflated from ``start`` on; where it ends, if it does, in ``ends``."""
    stream = zlib.decompressobj(wbits=-15)
    place = start
    data = b""
    while not stream.eof:
        if not data:
            file.seek(place)
            data = file.read(1 << 12)
            place += len(data)
        if not data:
            faults.append(Fault("cut", "cut: the archive ends inside this member"))
            return
        try:
            content = stream.decompress(data, CHUNK)
        except zlib.error as error:
            faults.append(Fault("damaged", f"damaged: the archive cannot give this member whole ({error})"))
            return
        data = stream.unconsumed_tail
        if content:
            yield content
    ends.append(place - len(stream.unused_data))


def _stored(file: IO[bytes], start: int, size: int, faults: list[Fault]) -> Iterator[bytes]:
    place, end = start, start + size
    while place < end:
        file.seek(place)
        chunk = file.read(min(CHUNK, end - place))
        if not chunk:
            faults.append(Fault("cut", "cut: the archive ends inside this member"))
            return
        place += len(chunk)
        yield chunk


def _behind_sizes(file: IO[bytes], place: int) -> int:
    """Where the header behind a member's trailing sizes stands: they have a signature or have none."""
    file.seek(place)
    behind = file.read(32)
    found = behind.find(_SIGNATURE)
    return place + found if found >= 0 else place + len(behind)
