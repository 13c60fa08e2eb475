"""Where evidence lies: files and folders here, standard input, and what a URL names.

They look alike from outside (`Place`), and whatever goes wrong with one is an ``OSError`` whose
``strerror`` can be shown: no name of a user, password or token of a URL stands in it.
"""

import errno
import html
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast
from urllib.parse import unquote, urljoin

from logdiag.language import N_, gettext
from logdiag.snapshots.member import CHUNK, readable

Kind = Literal["file", "folder", "link", "device"]

STDIN = "-"
"""The input that is standard input."""

_AHEAD = 4 << 20
"""Bytes that are asked of a remote store at a time."""

_LONGEST_PAGE = 16 << 20
"""Bytes of a web page that lists a folder."""

# One letter before a colon is a drive.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=://|::)")
_LINK = re.compile(r"""href\s{0,8}=\s{0,8}["']([^"'<>]{1,4096})["']""", re.IGNORECASE)

_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "http": "aiohttp", "https": "aiohttp"}
_EXTRAS = {"s3fs": "s3", "aiohttp": "http"}

_NOTHING_THERE = N_("there is no such file or folder")
_DENIED = N_("permission is denied")
_UNREACHABLE = N_("its host cannot be reached")
# What the exceptions of the packages below fsspec mean, by what their names hold.
_MEANINGS = {
    "Credential": N_("there are no credentials for it"),
    "Timeout": N_("its host does not answer in time"),
    "EOF": N_("it ends before its size"),
    "Payload": N_("the connection was lost"),
    "Disconnected": N_("the connection was lost"),
    "Reset": N_("the connection was lost"),
    "Aborted": N_("the connection was lost"),
    "Certificate": N_("its host has no valid certificate"),
    "SSL": N_("no secure connection to its host is possible"),
    "Connect": _UNREACHABLE,
}


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


def is_url(given: str) -> bool:
    """Whether an input names something by a URL, if nothing here has that name."""
    return _URL.match(given) is not None


def shown(given: str) -> str:
    """An input as it may be shown: a URL without its user, password, query and fragment."""
    return "::".join(map(_without_secrets, given.split("::"))) if is_url(given) else given


def open_place(given: str) -> Place:
    """What an input names: a file or folder that can be opened, or standard input.

    Raises:
        OSError: there is no such thing, or it cannot be opened.

    """
    if given == STDIN:
        return Standard()
    path = Path(given)
    return _remote(given) if is_url(given) and not path.exists() else _local(path)


def _local(path: Path) -> "Local":
    if path.is_file():
        with path.open("rb"):
            return Local(path, "file")
    if path.is_dir():
        return Local(path, "folder")
    said = gettext("is neither a file nor a folder") if path.exists() else gettext(_NOTHING_THERE)
    raise OSError(errno.ENOENT, said)


# ── here ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Standard:
    """Standard input. It can be read once."""

    name: str = STDIN
    kind: Kind = "file"

    def children(self) -> list[Place]:
        """Nothing: it is a file."""
        return []

    def head(self) -> bytes:
        """Nothing: what is read of it is gone."""
        return b""

    def chunks(self) -> Iterator[bytes]:
        """All of it."""
        while chunk := sys.stdin.buffer.read(CHUNK):
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
            while chunk := file.read(CHUNK):
                yield chunk


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


def file_system(given: str) -> tuple[Any, str]:
    """The file system of fsspec that a URL names, and the path in it. Nothing is asked of it yet.

    Raises:
        OSError: no such file system is known, or a package for it is missing.

    """
    from fsspec.core import url_to_fs

    if given.endswith("://"):
        raise OSError(errno.EINVAL, "it names no host and no file")
    scheme = cast("re.Match[str]", _URL.match(given))[0]
    given = scheme.lower() + given.removeprefix(scheme)
    for bit in given.split("::"):
        _check_scheme(bit)
    with told():
        files, path = url_to_fs(given)
        files.invalidate_cache()  # it may be from an earlier run
    return files, path


def is_local(files: Any) -> bool:
    """Whether a file system of fsspec is this machine's own."""
    return "file" in _protocols(files)


def _protocols(files: Any) -> set[str]:
    return {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)


def _remote(given: str) -> Place:
    files, path = file_system(given)
    if is_local(files):
        return _local(Path(path))
    name = _last(shown(path) if "://" in path else path) or _last(shown(given))
    if _protocols(files) & {"http", "https"}:
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


def _check_scheme(bit: str) -> None:
    from fsspec.registry import get_filesystem_class, known_implementations

    scheme, is_url_itself, _ = bit.partition("://")
    try:
        get_filesystem_class(scheme)
    except ValueError:
        if is_url_itself:  # else it is a path, at the end of a chain
            raise OSError(errno.EPROTONOSUPPORT, f"no scheme {scheme}:// is known") from None
    except ImportError:
        package = _PACKAGES.get(scheme)
        if package is None:
            said = f"{scheme}:// needs a package: {known_implementations[scheme].get('err')}"
        else:
            said = f"{scheme}:// needs the package {package}: pip install 'logdiag[{_EXTRAS[package]}]'"
        raise OSError(errno.ENOPKG, said) from None


@contextmanager
def told() -> Iterator[None]:
    """Whatever goes wrong inside as an ``OSError`` that can be shown.

    The packages below fsspec raise exceptions of their own, and their texts hold whole URLs.
    """
    try:
        yield
    except Exception as error:
        raise OSError(getattr(error, "errno", None) or errno.EIO, _reason(error)) from None


def _reason(error: Exception) -> str:
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return gettext(_NOTHING_THERE)
    if isinstance(error, PermissionError) or status in (401, 403):
        return gettext(_DENIED)
    if isinstance(status, int):
        return gettext("its host answers with status {number}").format(number=status)
    if isinstance(error, socket.gaierror):
        return gettext(_UNREACHABLE)
    name = type(error).__name__
    meaning = next((said for word, said in _MEANINGS.items() if word in name), None)
    if meaning is not None:
        return gettext(meaning)
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return os.strerror(number)
    return gettext("it cannot be read ({reason})").format(reason=name)


def _without_secrets(bit: str) -> str:
    scheme, colon, rest = bit.partition("://")
    if not colon:
        return bit
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    _, has_port, port = host.rpartition(":")
    if "@" in host:
        rest = host.rpartition("@")[2] + rest[len(host) :]
    elif has_port and not port.isdecimal():
        rest = rest.rpartition("@")[2]  # no port, so a password, with a slash or the like in it
    return scheme + colon + re.split(r"[?#]", rest, maxsplit=1)[0]


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
