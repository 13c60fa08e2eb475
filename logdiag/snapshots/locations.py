"""Locations of evidence: local files and folders, standard input, and what a URL names.

All of them have the methods of `Location`. Every error is an ``OSError`` whose ``strerror`` is safe to show:
it contains no user, password or token of a URL.
"""

import errno
import html
import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urljoin

from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import (
    NOTHING_THERE,
    as_os_error,
    file_system,
    is_local,
    is_url,
    protocols,
    shown,
)
from logdiag.snapshots.member import CHUNK, readable

LocationKind = Literal["file", "folder", "link", "device"]

STDIN = "-"
"""The usual name of standard input on a command line."""

_READ_AHEAD = 4 << 20
"""Bytes of one request to a remote store."""

_MAX_PAGE_BYTES = 16 << 20
"""Bytes of a web page that lists a folder."""

_LINK = re.compile(r"""href\s{0,8}=\s{0,8}["']([^"'<>]{1,4096})["']""", re.IGNORECASE)


@dataclass(frozen=True)
class Location(ABC):
    """A file or a folder, wherever it is. Its methods raise ``OSError`` and nothing else.

    ``name`` is the last part of its path, a label only. Links and devices are neither followed nor read.
    ``address`` is the path or URL that `open_location` opens again.
    """

    name: str
    kind: LocationKind
    address: str = field(repr=False)

    def children(self) -> "list[Location]":
        """Return the content of a folder, sorted by name."""
        return []

    def head(self) -> bytes:
        """Return the first `CHUNK` bytes of a file, or all of a shorter one."""
        return next(self.chunks(), b"")

    @abstractmethod
    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of a file once, at most `CHUNK` at a time."""


def open_location(given: str) -> Location:
    """Return the file or folder that an input names, or standard input. A local path wins over a URL.

    Raises:
        OSError: it does not exist, or cannot be opened.

    """
    if given == STDIN:
        if sys.stdin is None:
            raise OSError(errno.EBADF, gettext("standard input is closed"))
        return Stream(STDIN, "file", STDIN)
    path = Path(given)
    return _remote(given) if is_url(given) and not path.exists() else _open_local(path)


def _open_local(path: Path) -> Location:
    if path.is_file():
        with path.open("rb"):
            return _local(path, "file")
    if path.is_dir():
        return _local(path, "folder")
    if path.is_fifo() or (path.is_char_device() and path.samefile("/dev/stdin")):
        return Stream(readable(path.name), "file", str(path), path)
    said = gettext("is neither a file nor a folder") if path.exists() else gettext(NOTHING_THERE)
    raise OSError(errno.ENOENT, said)


def _local(path: Path, kind: LocationKind) -> "Local":
    name = path.name if path.name not in ("", "..") else path.resolve().name
    return Local(readable(name), kind, str(path))


@dataclass(frozen=True)
class Stream(Location):
    """Standard input (no ``path``) or a pipe, such as that of ``<(…)``. It can be read once."""

    path: Path | None = None

    def head(self) -> bytes:
        """Return nothing: a stream cannot be read again from its beginning."""
        return b""

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it."""
        with nullcontext(sys.stdin.buffer) if self.path is None else self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class Local(Location):
    """A file or folder of this machine."""

    def children(self) -> list[Location]:
        """Return the content of a folder, links as links."""
        with os.scandir(self.address) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
            return [_local(Path(self.address, entry.name), _kind(entry)) for entry in found]

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes."""
        with Path(self.address).open("rb") as file:
            missing = os.fstat(file.fileno()).st_size
            while chunk := file.read(CHUNK):
                missing -= len(chunk)
                yield chunk
        if missing > 0:
            raise OSError(errno.EIO, gettext("the file became shorter while it was read"))


def _kind(entry: "os.DirEntry[str]") -> LocationKind:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "device"


@dataclass(frozen=True)
class Remote(Location):
    """A file or folder of a file system of fsspec (``files``)."""

    files: Any = field(repr=False)
    path: str = field(repr=False)

    def children(self) -> list[Location]:
        """Return what the file system lists."""
        with as_os_error():
            listed = {str(entry["name"]): entry["type"] for entry in self.files.ls(self.path, detail=True)}
        # Some list a folder's own marker in it.
        own = {name for name, kind in listed.items() if kind != "directory" and _same(name, self.path)}
        return [self._child(name, kind) for name, kind in sorted(listed.items()) if name not in own]

    def head(self) -> bytes:
        """Return its first bytes, without reading ahead."""
        head = bytearray()
        for part in self._parts(0):
            head += part
            if len(head) >= CHUNK:
                break
        return bytes(head[:CHUNK])

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes, and read ahead."""
        return self._parts(_READ_AHEAD)

    def _parts(self, ahead: int) -> Iterator[bytes]:
        with (
            as_os_error(),
            self.files.open(self.path, "rb", block_size=ahead, cache_type="readahead") as file,
        ):
            size = getattr(file, "size", None)
            missing = size if isinstance(size, int) else 0
            while part := file.read(CHUNK):
                missing -= len(part)
                yield part
            if missing > 0:
                raise EOFError

    def _child(self, path: str, kind: str) -> "Remote":
        last = path.rstrip("/").rpartition("/")[2]
        # These names would lead out of the folder or back into it.
        elsewhere = last in ("", ".", "..") or _same(path, self.path)
        address = f"{self.address.rstrip('/')}/{last}"
        return Remote(unquote(last), "link" if elsewhere else _remote_kind(kind), address, self.files, path)


@dataclass(frozen=True)
class Web(Remote):
    """A file of a web server; if its URL ends with ``/``, a folder that the server lists as a page."""

    def children(self) -> list[Location]:
        """Return the links of the page that lead right below it."""
        # Not by fsspec's own listing: it takes pages of any length, and its search is slow on odd pages.
        page = bytearray()
        for chunk in self.chunks():
            page += chunk
            if len(page) > _MAX_PAGE_BYTES:
                raise OSError(errno.EFBIG, gettext("the page that lists it is too long"))
        base = re.split(r"[?#]", self.path, maxsplit=1)[0]
        found: dict[str, Location] = {}
        for link in set(_LINK.findall(page.decode("utf-8", "replace"))):
            target = _joined(base, html.unescape(link).strip())
            last = target.removeprefix(base).removesuffix("/")
            # Other links of the page lead out of the folder, or sort its list in another way.
            is_below = target.startswith(base) and not set(last) & set("/?#")
            if is_below and unquote(last) not in ("", ".", ".."):
                kind: LocationKind = "folder" if target.endswith("/") else "file"
                found[target] = Web(unquote(last), kind, target, self.files, target)
        return [location for _, location in sorted(found.items())]

    def open(self) -> Any:
        """Return the answer of the server, as a file of fsspec.

        One request for all, without a request for the size before: not every server reports it, and a signed
        URL may be good for this kind of request only. The bytes come as they are stored. The buffer is small,
        because its content is lost with a lost connection.
        """
        import aiohttp

        return self.files.open(
            self.path,
            "rb",
            block_size=0,
            size=1,
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            read_bufsize=1,
            timeout=aiohttp.ClientTimeout(sock_connect=30, sock_read=60),
        )

    def _parts(self, ahead: int) -> Iterator[bytes]:
        from fsspec.asyn import sync

        with as_os_error(), self.open() as file:
            # Not the file's own read(), which makes the buffer as large as what is asked for.
            while part := sync(file.loop, file.r.content.readany):
                yield part


def _remote(given: str) -> Location:
    files, path = file_system(given)
    if is_local(files):
        return _open_local(Path(path))
    name = _last(shown(path) if "://" in path else path) or _last(shown(given))
    if protocols(files) & {"http", "https"}:
        folder = re.split(r"[?#]", path, maxsplit=1)[0].endswith("/")
        page = Web(name, "folder" if folder else "file", path, files, path)
        if not folder:
            with as_os_error(), page.open():
                pass  # a server that refuses it is reported before the work
        return page
    with as_os_error():
        location = Remote(name, _remote_kind(files.info(path)["type"]), given, files, path)
    if location.kind not in ("file", "folder"):
        raise OSError(errno.ENOENT, gettext("is neither a file nor a folder"))
    return location


def _last(path: str) -> str:
    return unquote(re.split(r"/|::", path.rstrip("/:"))[-1])


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:  # such as a host in brackets that is no address
        return ""


def _same(one: str, other: str) -> bool:
    return one.strip("/") == other.strip("/")


def _remote_kind(kind: str) -> LocationKind:
    kinds: dict[str, LocationKind] = {"file": "file", "directory": "folder", "link": "link"}
    return kinds.get(kind, "device")
