"""File systems that URLs name, opened by fsspec, and their errors as messages that are safe to show."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from logdiag.i18n import N_, gettext

# One letter before a colon is a drive.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=://|::)")
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "http": "aiohttp", "https": "aiohttp"}
_EXTRAS = {"s3fs": "s3", "aiohttp": "http"}
NOTHING_THERE = N_("there is no such file or folder")
_DENIED = N_("permission is denied")
_UNREACHABLE = N_("its host cannot be reached")
# The meaning of exceptions of the packages below fsspec, by a part of their names.
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


def is_url(given: str) -> bool:
    """Return whether an input has the form of a URL; a local file may have such a name, too."""
    return _URL.match(given) is not None


def shown(given: str) -> str:
    """Return an input as it may be shown: a URL without its user, password, query and fragment."""
    return "::".join(map(_without_secrets, given.split("::"))) if is_url(given) else given


def _without_secrets(bit: str) -> str:
    scheme, colon, rest = bit.partition("://")
    if not colon:
        return bit
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    _, has_port, port = host.rpartition(":")
    if "@" in host:
        rest = host.rpartition("@")[2] + rest[len(host) :]
    elif has_port and not port.isdecimal():
        rest = rest.rpartition("@")[2]  # not a port, so a password, with a slash or a similar character in it
    return scheme + colon + re.split(r"[?#]", rest, maxsplit=1)[0]


def local_path(given: str) -> Path | None:
    """Return the local path of an input (of a chain of URLs, of the last); None if it is not local."""
    last = given.split("::")[-1]
    if Path(given).exists() or not is_url(given):
        return Path(given)
    if "://" not in last:
        return Path(last)
    if last.lower().startswith(("file://", "local://")):
        from fsspec.implementations.local import LocalFileSystem

        return Path(LocalFileSystem._strip_protocol(last))
    return None


def file_system(given: str) -> tuple[Any, str]:
    """Return the file system of fsspec that a URL names, and the path in it. Nothing is requested yet.

    Raises:
        OSError: there is no such file system, or a package for it is missing.

    """
    from fsspec.core import url_to_fs

    if given.endswith("://"):
        raise OSError(errno.EINVAL, "it names no host and no file")
    scheme = cast("re.Match[str]", _URL.match(given))[0]
    given = scheme.lower() + given.removeprefix(scheme)
    for bit in given.split("::"):
        _check_scheme(bit)
    with as_os_error():
        files, path = url_to_fs(given)
        files.invalidate_cache()  # it may be from an earlier run
    return files, path


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


def is_local(files: Any) -> bool:
    """Return whether a file system of fsspec is the local one."""
    return "file" in protocols(files)


def protocols(files: Any) -> set[str]:
    """Return the URL schemes of a file system of fsspec."""
    return {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)


@contextmanager
def as_os_error() -> Iterator[None]:
    """Raise every error inside as an ``OSError`` that is safe to show.

    The packages below fsspec raise exceptions of their own, with whole URLs in their texts.
    """
    try:
        yield
    except Exception as error:
        raise OSError(getattr(error, "errno", None) or errno.EIO, _reason(error)) from None


def _reason(error: Exception) -> str:
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return gettext(NOTHING_THERE)
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
