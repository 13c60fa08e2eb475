"""Where evidence lies: files and folders here, standard input, and what a URL names.

They look alike from outside (`Place`), and whatever goes wrong with one is an ``OSError`` whose
``strerror`` can be shown: no name of a user, password or token of a URL stands in it.
"""

import errno
import html
import os
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import unquote, urljoin

from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import (
    NOTHING_THERE,
    file_system,
    is_local,
    is_url,
    protocols,
    shown,
    told,
)
from logdiag.snapshots.member import CHUNK, readable

Kind = Literal["file", "folder", "link", "device"]

STDIN = "-"
"""The input that is standard input."""

_AHEAD = 4 << 20
"""Bytes that are asked of a remote store at a time."""

_LONGEST_PAGE = 16 << 20
"""Bytes of a web page that lists a folder."""

_LINK = re.compile(r"""href\s{0,8}=\s{0,8}["']([^"'<>]{1,4096})["']""", re.IGNORECASE)


class Place(Protocol):
    """A file or a folder, wherever it is. Its methods raise ``OSError`` and nothing else."""

    @property
    def name(self) -> str:
        """Its last name, a label only."""

    @property
    def kind(self) -> Kind:
        """What it is. Links and devices are neither followed nor read."""

    def children(self) -> "list[Place]":
        """What a folder holds, in the order of names."""

    def head(self) -> bytes:
        """The first `CHUNK` bytes of a file, fewer where there are no more."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes of a file, in one forward pass, `CHUNK` at most at a time."""


def open_place(given: str) -> Place:
    """What an input names: a file or folder that can be opened, or standard input.

    Raises:
        OSError: there is no such thing, or it cannot be opened.

    """
    if given == STDIN:
        if sys.stdin is None:
            raise OSError(errno.EBADF, gettext("standard input is closed"))
        return Stream()
    path = Path(given)
    return _remote(given) if is_url(given) and not path.exists() else _local(path)


def _local(path: Path) -> "Local | Stream":
    if path.is_file():
        with path.open("rb"):
            return Local(path, "file")
    if path.is_dir():
        return Local(path, "folder")
    if path.is_fifo() or (path.is_char_device() and path.samefile("/dev/stdin")):
        return Stream(path)
    said = gettext("is neither a file nor a folder") if path.exists() else gettext(NOTHING_THERE)
    raise OSError(errno.ENOENT, said)


# ── here ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Stream:
    """Standard input (no ``path``) or a pipe, such as that of ``<(…)``. It can be read once."""

    path: Path | None = None
    kind: Kind = "file"

    @property
    def name(self) -> str:
        """The last part of its path."""
        return STDIN if self.path is None else readable(self.path.name)

    def children(self) -> list[Place]:
        """Nothing: it is a file."""
        return []

    def head(self) -> bytes:
        """Nothing: a stream cannot be read again from its beginning."""
        return b""

    def chunks(self) -> Iterator[bytes]:
        """All of it."""
        with nullcontext(sys.stdin.buffer) if self.path is None else self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class Local:
    """A file or folder of this machine."""

    path: Path
    kind: Kind

    @property
    def name(self) -> str:
        """The last part of its path."""
        return readable(self.path.name if self.path.name not in ("", "..") else self.path.resolve().name)

    def children(self) -> list[Place]:
        """What lies in it, links as links."""
        with os.scandir(self.path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
            return [Local(self.path / entry.name, _kind(entry)) for entry in found]

    def head(self) -> bytes:
        """Its first bytes."""
        return next(self.chunks(), b"")

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, as they are read."""
        with self.path.open("rb") as file:
            missing = os.fstat(file.fileno()).st_size
            while chunk := file.read(CHUNK):
                missing -= len(chunk)
                yield chunk
        if missing > 0:
            raise OSError(errno.EIO, gettext("the file became shorter while it was read"))


def _kind(entry: "os.DirEntry[str]") -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "device"


# ── behind a URL ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Remote:
    """A file or folder of a file system that fsspec opens. ``files`` is that file system."""

    files: Any = field(repr=False)
    path: str = field(repr=False)
    name: str
    kind: Kind

    def children(self) -> list[Place]:
        """What the file system lists."""
        with told():
            listed = {str(entry["name"]): entry["type"] for entry in self.files.ls(self.path, detail=True)}
        # Some list a folder's own marker in it.
        own = {name for name, kind in listed.items() if kind != "directory" and _same(name, self.path)}
        return [self._child(name, kind) for name, kind in sorted(listed.items()) if name not in own]

    def head(self) -> bytes:
        """Its first bytes; few more are asked for."""
        head = bytearray()
        for part in self._parts(0):
            head += part
            if len(head) >= CHUNK:
                break
        return bytes(head[:CHUNK])

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, with some read ahead."""
        return self._parts(_AHEAD)

    def _parts(self, ahead: int) -> Iterator[bytes]:
        with (
            told(),
            self.files.open(self.path, "rb", block_size=ahead, cache_type="readahead") as file,
        ):
            size = getattr(file, "size", None)
            left = size if isinstance(size, int) else 0
            while part := file.read(CHUNK):
                left -= len(part)
                yield part
            if left > 0:
                raise EOFError

    def _child(self, path: str, kind: str) -> "Remote":
        last = path.rstrip("/").rpartition("/")[2]
        # These names would lead out of the folder or back into it.
        elsewhere = last in ("", ".", "..") or _same(path, self.path)
        return Remote(self.files, path, unquote(last), "link" if elsewhere else _remote_kind(kind))


@dataclass(frozen=True)
class Web(Remote):
    """A file of a web server; where its URL ends with ``/``, a folder that the server lists as a page."""

    def children(self) -> list[Place]:
        """What the server's page links to, as far as it lies right below."""
        # Not by the file system's own listing: it takes any length, and its search is slow on odd pages.
        page = bytearray()
        for chunk in self.chunks():
            page += chunk
            if len(page) > _LONGEST_PAGE:
                raise OSError(errno.EFBIG, gettext("the page that lists it is too long"))
        base = re.split(r"[?#]", self.path, maxsplit=1)[0]
        found: dict[str, Place] = {}
        for link in set(_LINK.findall(page.decode("utf-8", "replace"))):
            target = _joined(base, html.unescape(link).strip())
            last = target.removeprefix(base).removesuffix("/")
            # Other links of the page lead out of the folder, or order its list anew.
            if (
                target.startswith(base)
                and unquote(last) not in ("", ".", "..")
                and not set(last) & set("/?#")
            ):
                kind: Kind = "folder" if target.endswith("/") else "file"
                found[target] = Web(self.files, target, unquote(last), kind)
        return [place for _, place in sorted(found.items())]

    def open(self) -> Any:
        """The answer of the server, as a file that fsspec has opened.

        One request for all, without asking for the size before: not every server tells it, and a
        signed URL may be good for this one kind of request only. The bytes come as they are stored.
        Few lie in the buffer, because a lost connection takes them along.
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

        with told(), self.open() as file:
            # Not the file's own read(), which makes the buffer as large as what is asked for.
            while part := sync(file.loop, file.r.content.readany):
                yield part


def _remote(given: str) -> Place:
    files, path = file_system(given)
    if is_local(files):
        return _local(Path(path))
    name = _last(shown(path) if "://" in path else path) or _last(shown(given))
    if protocols(files) & {"http", "https"}:
        folder = re.split(r"[?#]", path, maxsplit=1)[0].endswith("/")
        page = Web(files, path, name, "folder" if folder else "file")
        if not folder:
            with told(), page.open():
                pass  # what is refused is refused now
        return page
    with told():
        place = Remote(files, path, name, _remote_kind(files.info(path)["type"]))
    if place.kind not in ("file", "folder"):
        raise OSError(errno.ENOENT, gettext("is neither a file nor a folder"))
    return place


def _last(path: str) -> str:
    return unquote(re.split(r"/|::", path.rstrip("/:"))[-1])


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:  # such as a host in brackets that is no address
        return ""


def _same(one: str, other: str) -> bool:
    return one.strip("/") == other.strip("/")


def _remote_kind(kind: str) -> Kind:
    kinds: dict[str, Kind] = {"file": "file", "directory": "folder", "link": "link"}
    return kinds.get(kind, "device")
