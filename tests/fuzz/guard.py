"""Notices code that opens files, runs programs or text, or connects, while a target reads an input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FORBIDDEN = (
    *("compile", "exec", "import", "open", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename"),
    *("os.spawn", "os.system", "socket.connect", "socket.getaddrinfo", "subprocess.Popen"),
)

_seen: list[str] = []
_watching = False


class ForbiddenError(AssertionError):
    """An input made the code do something else than read it."""


def _hook(event: str, details: tuple[object, ...]) -> None:
    if _watching and event in _FORBIDDEN:
        _seen.append(f"{event} {details!r:.300}")


@contextmanager
def nothing_else() -> Iterator[None]:
    """Fail if the block does more than compute."""
    global _watching
    _install()
    _seen.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    if _seen:
        raise ForbiddenError("; ".join(_seen))


def _install() -> None:
    if not hasattr(sys, "_logdiag_guard"):
        sys.addaudithook(_hook)
        sys._logdiag_guard = True  # type: ignore[attr-defined]
