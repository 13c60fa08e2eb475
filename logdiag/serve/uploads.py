"""Writes what a browser sends to the disk while it arrives, under numbers.

The names that a browser gives are labels, as the names in an archive are: no path is made of them.
"""

import asyncio
import errno
import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from logdiag.i18n import gettext
from logdiag.serve.workers import FULL_DISK
from logdiag.snapshots import Limits
from logdiag.snapshots.limits import format_size
from logdiag.snapshots.locations import Local, Location
from logdiag.snapshots.member import readable

_MAX_FIELD = 4096
_MAX_FIELDS = 32
_MAX_DEPTH = 100
_DRAIN_SECONDS = 30.0
"""A browser shows an answer only after it has sent everything, so the rest is read and dropped that long."""


class UploadError(Exception):
    """An upload that cannot be used. ``status`` is that of the answer, the text is for the user."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class Upload:
    """The files in a folder: each has its number there, and a label with ``/`` between folders, and a size.

    ``fields`` are the other fields of the form.
    """

    folder: Path
    files: list[tuple[str, int]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(size for _, size in self.files)

    def add(self, other: "Upload") -> None:
        """Add the files of another upload, which stay there."""
        for number, sent in enumerate(other.files):
            source, target = other.folder / str(number), self.folder / str(len(self.files))
            try:
                os.link(source, target)  # takes no space
            except OSError:
                shutil.copyfile(source, target)
            self.files.append(sent)

    def locations(self) -> list[Location]:
        """Return the files as inputs of a diagnosis; the files of a folder are one input."""
        files = [(name.split("/"), self.folder / str(number)) for number, (name, _) in enumerate(self.files)]
        return [*_tree(files)]


def find_upload(folder: Path, files: Any) -> Upload | None:
    """Return the upload in a folder; None if its ``files``, as a state lists them, are not all there."""
    try:
        listed = [(str(name), int(size)) for name, size in files]
        paths = [folder / str(number) for number in range(len(listed))]
        # The folder may be from a stranger: a link in it could lead to any file.
        is_linked = any(one.is_symlink() for one in (folder.parent, folder, *paths))
        is_whole = [one.stat().st_size for one in paths] == [size for _, size in listed]
        return Upload(folder, listed) if is_whole and not is_linked else None
    except (OSError, ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True)
class _Sent(Local):
    """A file of an upload, or a folder of such files, with its label as name."""

    inside: tuple["_Sent", ...] = ()

    def children(self) -> list[Location]:
        """Return the content of a folder."""
        return [*self.inside]


def _tree(files: Sequence[tuple[list[str], Path]]) -> tuple[_Sent, ...]:
    folders: dict[str, list[tuple[list[str], Path]]] = {}
    found = []
    for (first, *rest), path in files:
        if rest:
            folders.setdefault(first, []).append((rest, path))
        else:
            found.append(_Sent(first, "file", str(path)))
    found += [_Sent(name, "folder", name, _tree(inside)) for name, inside in folders.items()]
    return tuple(sorted(found, key=lambda one: (one.name, one.address)))


async def receive(request: Request, folder: Path, limits: Limits) -> Upload:
    """Write the files of a form to a new folder. If this fails, the folder is removed.

    Raises:
        UploadError: the form is cut, too large or wrong, or the disk is full.

    """
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not 0 < len(parameters.get(b"boundary", b"")) <= 256:
        raise _unreadable()
    folder.mkdir(mode=0o700, parents=True)
    form = _Form(Upload(folder), limits)
    try:
        await _read(request, form, parameters[b"boundary"])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        form.close()
    return form.upload


async def _read(request: Request, form: "_Form", boundary: bytes) -> None:
    length = int(request.headers.get("content-length") or 0)
    problem: UploadError | None = None
    if length > form.limits.total:
        problem = _too_large(form.limits)
    elif length > shutil.disk_usage(form.upload.folder).free:
        problem = _failed(OSError(errno.ENOSPC, ""))
    until = time.monotonic() + _DRAIN_SECONDS
    parser = form.parser(boundary)
    try:
        async for chunk in request.stream():
            if problem is None:
                try:
                    parser.write(chunk)
                except (UploadError, MultipartParseError, OSError) as error:
                    problem = _failed(error)
                    form.close()
                    shutil.rmtree(form.upload.folder, ignore_errors=True)  # makes room at once
                    until = time.monotonic() + _DRAIN_SECONDS
            elif time.monotonic() > until:
                break
            # A fast upload would never let the loop do anything else.
            await asyncio.sleep(0)
    except ClientDisconnect:
        form.ended = False
    if problem is None and not form.ended:
        problem = UploadError(400, gettext("The upload was cut before its end. Send the files again."))
    if problem is not None:
        raise problem


def _failed(error: Exception) -> UploadError:
    if isinstance(error, UploadError):
        return error
    if not isinstance(error, OSError):
        return _unreadable()
    if error.errno not in FULL_DISK:
        return UploadError(500, str(error.strerror))
    said = gettext(
        "There is not enough space on the disk for these files. Delete earlier diagnoses, or start "
        "logdiag serve with TMPDIR set to a folder with more space."
    )
    return UploadError(507, said)


def _unreadable() -> UploadError:
    return UploadError(400, gettext("The form cannot be read."))


def _too_large(limits: Limits) -> UploadError:
    said = gettext("These files are larger than {size}, the most that is read (--limit total=SIZE).")
    return UploadError(413, said.format(size=format_size(limits.total)))


class _Form:
    """The parts of a form while they arrive: files and the pasted text go to the disk, fields do not."""

    # Starlette's own parser keeps the first MiB of each file, and the whole of each field, in memory.

    def __init__(self, upload: Upload, limits: Limits) -> None:
        self.upload, self.limits = upload, limits
        self.ended = False
        self._size = 0
        self._header = b"", b""
        self._name = self._label = ""
        self._is_field = self._is_text = False
        self._file: BinaryIO | None = None
        self._value = bytearray()

    def parser(self, boundary: bytes) -> MultipartParser:
        def add_header(name: bytes, value: bytes) -> None:
            self._header = self._header[0] + name, self._header[1] + value

        def finish() -> None:
            self.ended = True

        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: add_header(data[start:end], b""),
                "on_header_value": lambda data, start, end: add_header(b"", data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": lambda data, start, end: self._add(data[start:end]),
                "on_part_end": self._end,
                "on_end": finish,
            },
        )

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._name, self._is_field, self._is_text = "", True, False
        self._value.clear()
        if len(self.upload.fields) > _MAX_FIELDS:
            raise _unreadable()

    def _end_header(self) -> None:
        (name, value), self._header = self._header, (b"", b"")
        if name.lower() == b"content-disposition":
            found = parse_options_header(value)[1]
            self._name = found.get(b"name", b"").decode("utf-8", "replace")
            is_file = b"filename" in found  # and empty, if no file was chosen
            self._is_text = self._name == "text" and not is_file
            self._is_field = not is_file and not self._is_text
            if label := found.get(b"filename", b"").decode("utf-8", "replace"):
                self._open(_label(label))

    def _open(self, label: str) -> None:
        # A million empty files fill the disk, too.
        if len(self.upload.files) >= self.limits.members:
            said = gettext("These are more than {number} files, the most that is read (--limit members=N).")
            raise UploadError(413, said.format(number=f"{self.limits.members:,}"))
        self.close()
        self._label = label
        self._file = (self.upload.folder / str(len(self.upload.files))).open("xb")

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self.limits.total:
            raise _too_large(self.limits)
        if self._is_field:
            self._value += part
            if len(self._value) > _MAX_FIELD:
                raise UploadError(400, gettext("A field of the form is too long."))
            return
        if self._is_text:
            # A browser sends every line end of a text box as CR LF.
            part = part.replace(b"\r", b"")
            if self._file is None and part:
                self._open(gettext("pasted text"))
        if self._file is not None:
            self._file.write(part)

    def _end(self) -> None:
        if self._file is not None:
            size = self._file.tell()
            self.close()  # writes what is in the buffer
            self.upload.files.append((self._label, size))
        elif self._is_field:
            self.upload.fields[self._name] = self._value.decode("utf-8", "replace").strip()


def _label(given: str) -> str:
    parts = [readable(part) for part in re.split(r"[/\\]", given) if part not in ("", ".", "..")]
    return "/".join(parts[-_MAX_DEPTH:]) or "file"
