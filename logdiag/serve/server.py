"""Starts the server: its socket, its folders, and what is deleted when it ends."""

import asyncio
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from logdiag.errors import InputError
from logdiag.files.atomic_write import scratch_folder
from logdiag.i18n import gettext
from logdiag.options import Options
from logdiag.serve.app import Site, make_app
from logdiag.serve.cases import Cases
from logdiag.serve.security import Guard, is_loopback
from logdiag.serve.tasks import MODULES
from logdiag.serve.workers import Bounds, Workers

_SECONDS_TO_CLOSE = 2
_SECONDS_TO_SIGN_IN = 20
_MAX_STRANGERS = 64
"""Connections on which no request of the user has come yet. Each is a descriptor, and these can run out."""
_BACKLOG = 32
"""Connections that are accepted at a time, before the server can close any: macOS has 256 descriptors."""


class _Connection(H11Protocol):
    """A connection that is closed if it is of a stranger: after some time, or when there are too many."""

    _strangers: ClassVar[dict["_Connection", asyncio.TimerHandle]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request of the user."""
        super().connection_made(transport)
        # It is closed already: nobody can see whose it was, but its request would still be answered.
        if self.client is None or self.server is None:
            transport.abort()
            return
        self.app_state = {"keep": self._keep}
        if len(self._strangers) >= _MAX_STRANGERS:
            next(iter(self._strangers))._end()  # the oldest: a browser sends its request at once
        self._strangers[self] = self.loop.call_later(_SECONDS_TO_SIGN_IN, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the waiting."""
        self._keep()
        super().connection_lost(exc)

    def _keep(self) -> None:
        if timer := self._strangers.pop(self, None):
            timer.cancel()

    def _end(self) -> None:
        self._keep()
        self.transport.abort()


@contextmanager
def serving(
    options: Options,
    announce: Callable[[str], None],
    *,
    host: str,
    port: int,
    store: Path | None,
    keep_inputs: bool,
    memory: int,
    certificate: Path | None,
    key: Path | None,
) -> Iterator[tuple[str, Path, Callable[[], None]]]:
    """Yield the link, a page for the browser whose address shows no token, and a function that serves.

    ``announce`` is called with each further link. Temporary files and processes end with the block.

    Raises:
        InputError: the address or the certificate cannot be used, or the store is something else.

    """
    with ExitStack() as stack:
        # Nobody else may read the files of this process and of those that it starts: evidence and reports.
        stack.callback(os.umask, os.umask(0o077))
        listener = stack.enter_context(_listener(host, port))
        scratch = stack.enter_context(scratch_folder(Path(tempfile.gettempdir())))
        folder = store or scratch / "store"
        cases = Cases(folder, (folder if keep_inputs else scratch) / "inputs")
        stack.enter_context(cases.opened())
        # A diagnosis ends by its own limit of time first, and then still has its report.
        workers = Workers(Bounds(memory, options.limits.seconds + 60, MODULES))
        site = Site(cases, scratch, options, workers, keep_inputs=keep_inputs, stored=store is not None)
        stack.callback(site.close)
        guard = Guard(
            make_app(site),
            host,
            listener.getsockname()[1],
            options.language,
            encrypted=certificate is not None,
            announce=announce,
            own_names=() if is_loopback(host) else (socket.gethostname(), socket.getfqdn()),
        )
        config = uvicorn.Config(
            guard,
            # Requests name cases of customers: they are not logged.
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            # A local page could pretend any address with the headers of a proxy.
            proxy_headers=False,
            lifespan="off",
            ws="none",
            http=_Connection,
            backlog=_BACKLOG,
            loop="asyncio",
            timeout_graceful_shutdown=_SECONDS_TO_CLOSE,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        try:
            config.load()
        except (ssl.SSLError, OSError) as error:
            said = gettext("{file}: not a certificate with its key in PEM format: {reason}")
            raise InputError(said.format(file=certificate, reason=error.strerror or error)) from None
        opener = scratch / "open.html"
        opener.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={guard.link}">')
        yield guard.link, opener, (lambda: uvicorn.Server(config).run(sockets=[listener]))


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        said = gettext("{host}:{port} cannot be used: {reason}")
        raise InputError(said.format(host=host, port=port, reason=error.strerror or error)) from None
