"""Decides who may use the server: the token of the link, the session, and where requests are from.

Other users of the machine can connect to a port of the loopback address, and every page in the browser can
send requests to it. A request is answered only if it names the server by one of its own names, has the
cookie of the session, and does not come from the page of another site.
"""

import ipaddress
import os
import secrets
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logdiag.i18n import gettext, speaking
from logdiag.serve import pages

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: browsers would then send the origin "null" with each form.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # For browsers that do not know `frame-ancestors`; reports are framed by the server's own pages.
    "X-Frame-Options": "SAMEORIGIN",
}
"""Headers of every response that does not set them. Without a policy of its own it may load nothing."""

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux lists the connections of the machine there, with their users."""

_new_secret = partial(secrets.token_urlsafe, 32)


@dataclass
class Guard:
    """Lets only requests of the user to the application, and adds the security headers to all answers.

    ``announce`` is called with each new link. A link is valid once; when it was used, there is a new one, so
    that the user notices a stranger and can sign in with another browser.
    """

    app: ASGIApp
    host: str
    port: int
    language: str
    encrypted: bool = False
    announce: Callable[[str], None] = lambda link: None
    own_names: Iterable[str] = ()
    _token: str = field(default_factory=_new_secret, init=False, repr=False)
    _session: str = field(default_factory=_new_secret, init=False, repr=False)

    @property
    def link(self) -> str:
        """The link that signs a browser in, once."""
        name = (
            next(iter(self.own_names), self.host) if _is_address(self.host, "is_unspecified") else self.host
        )
        # Another user may listen on the other address that browsers know by this name, and get the token.
        name = "127.0.0.1" if name == "localhost" else f"[{name}]" if ":" in name else name
        return f"{self._scheme}://{name}:{self.port}/?token={self._token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application answer it. No other protocol is served."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with speaking(self.language):
            answer = self._answer(Request(scope)) or self.app
        await answer(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        if not self._is_called(request):
            return _refuse(gettext("This address is not an address of this server."))
        # Before the token and the cookie: another user may have seen them, for example because browsers send
        # the cookies of a host to every port of it.
        if is_loopback(self.host) and is_other_user(request.scope):
            said = gettext("The request comes from another user of this machine, so it was refused.")
            return _refuse(said)
        # Servers on other ports of the same host have cookies of other names.
        cookie = f"logdiag-{self.port}"
        has_session = _same(request.cookies.get(cookie, ""), self._session)
        # The link may be opened from a mail or a chat: it does nothing but sign in.
        if request.method == "GET" and request.url.path == "/" and "token" in request.query_params:
            is_valid = _same(request.query_params["token"], self._token)
            if not is_valid and not has_session:
                said = gettext("This link was used already. Open the newest link that logdiag serve printed.")
                return _refuse(said)
            answer = pages.message(gettext("Signed in"), status=200, refresh="/")
            if is_valid:
                self._token = _new_secret()
                self.announce(self.link)
                answer.set_cookie(
                    cookie, self._session, httponly=True, samesite="strict", secure=self.encrypted
                )
            return answer
        if not has_session:
            said = gettext(
                "This browser is not signed in. Open the newest link that logdiag serve printed in its "
                "terminal."
            )
            return _refuse(said)
        # The server closes the connections of strangers.
        request.scope.get("state", {}).get("keep", lambda: None)()
        if not self._is_own_page(request):
            return _refuse(gettext("The request comes from another site, so it was refused."))
        return None

    @property
    def _scheme(self) -> str:
        return "https" if self.encrypted else "http"

    def _is_called(self, request: Request) -> bool:
        """Return whether the request names the server by one of its own names, and with its port.

        A name of a stranger that leads to this machine (DNS rebinding) is none of them.
        """
        # Starlette's TrustedHostMiddleware compares no ports and cannot read IPv6 addresses.
        given = request.headers.get("host", "")
        try:
            split = urlsplit(f"//{given}")
            port = split.port or (443 if self.encrypted else 80)
        except ValueError:
            return False
        name = split.hostname or ""
        if port != self.port or split.netloc != given or "@" in given:
            return False
        if name in (*_LOOPBACK, self.host.lower(), *(one.lower() for one in self.own_names)):
            return True
        # No stranger can rebind an address: only names are looked up.
        return not is_loopback(self.host) and _is_address(name)

    def _is_own_page(self, request: Request) -> bool:
        """Return whether a page of this server, or the user, made the request.

        Scripts, forms and images of other pages are refused, also those of other ports of this machine.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site not in (None, "none", "same-origin"):
            return False
        if request.method in ("GET", "HEAD"):
            return True
        own = f"{self._scheme}://{request.headers['host']}"
        return site == "same-origin" if origin is None else origin == own


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to a host name or address."""
    return host in _LOOPBACK or _is_address(host, "is_loopback")


def is_other_user(scope: Scope) -> bool:
    """Return whether another user of this machine, except root, has the other end of a loopback connection.

    Only Linux shows this. An end that is not listed, such as that of a container's proxy, is not refused. An
    end that is closed counts as that of another user: nobody can see any more whose it was.
    """
    if not scope.get("client") or not scope.get("server") or not hasattr(os, "geteuid"):
        return False
    ends = [as_listed(*scope["client"]), as_listed(*scope["server"])]
    # A socket for IPv6 that connects to 127.0.0.1 is listed with the address ::ffff:127.0.0.1.
    mapped = as_listed("::ffff:0.0.0.0", 0)[:24]
    is_listing, is_open = False, False
    for table in _TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        is_listing = True
        for line in lines:
            # Number, own end, other end, state, queues, timer, retries, user, timeout, file.
            words = line.split()
            found = [word.removeprefix(mapped) for word in words[1:3]]
            if found == ends:
                return words[9] == "0" or int(words[7]) not in (0, os.geteuid())
            is_open = is_open or (found == ends[::-1] and words[3] == "01")
    return is_listing and not is_open


def as_listed(host: str, port: int) -> str:
    """Return an address and a port as Linux lists them: words of four bytes in the order of the machine."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"


def _refuse(reason: str) -> Response:
    # A stranger learns nothing but why the request was refused.
    return pages.message(gettext("Not allowed"), reason, status=403)


def _is_address(name: str, kind: str = "version") -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(name), kind))
    except ValueError:
        return False


def _same(given: str, secret: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())
