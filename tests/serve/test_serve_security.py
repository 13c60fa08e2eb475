"""Nobody but the browser that opened the link gets anything from the server, and no page makes it do anything."""

import http.client
import ipaddress
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from web_server import FORKED, SECONDS, Server, opened, serving

from logdiag.serve import security
from logdiag.serve.security import Guard

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
PAGES = ("/", "/search?q=x", "/case/0123456789abcdef", "/case/0123456789abcdef/report", "/nothing")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as started:
        started.sign_in()
        yield started


def test_without_the_cookie_nothing_is_answered(server: Server) -> None:
    for path in PAGES:
        for cookie in (None, "", f"logdiag-{server.port}=", f"logdiag-{server.port}=guessed", "x=y"):
            answer = server.ask(path, Cookie=cookie)
            assert (answer.status, "signed in" in answer.text) == (403, True), (path, cookie)
    for path in ("/diagnose", "/case/0123456789abcdef/delete"):
        assert server.ask(path, "POST", b"", Cookie=None).status == 403


def test_the_link_is_valid_once_and_the_next_one_is_announced() -> None:
    with serving() as server:
        split = urlsplit(server.link)
        wrong = server.ask("/?token=guessed", Cookie=None)
        assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
        answer = server.sign_in()
        assert answer.status == 200
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert server.ask("/").status == 200
        again = server.ask(f"/?{split.query}", Cookie=None)
        assert (again.status, "set-cookie" in again.headers) == (403, False)
        assert split.query not in answer.text
        assert server.process.stderr is not None
        announced = next(line for line in server.process.stderr if "token=" in line)
        server.link = announced.split()[-1]
        assert server.sign_in().status == 200


def test_a_name_of_a_stranger_that_leads_here_is_refused(server: Server) -> None:
    port = server.port
    for host in (
        *(
            "evil.example",
            f"evil.example:{port}",
            f"127.0.0.1.evil.example:{port}",
            "127.0.0.1",
            "localhost:1",
        ),
        *(f"evil@127.0.0.1:{port}", f"127.0.0.1:{port}/x", f"[::1:{port}", "", f"10.0.0.1:{port}"),
    ):
        assert server.ask("/", Host=host).status in (400, 403), host
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert server.ask("/", Host=host).status == 200, host


def test_pages_of_other_sites_and_ports_are_refused(server: Server) -> None:
    for site in ("cross-site", "same-site", "unknown"):
        for path in PAGES:
            assert server.ask(path, Sec_Fetch_Site=site).status == 403, (site, path)
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{server.port + 1}"},
        {"Origin": f"https://127.0.0.1:{server.port}"},
        {"Origin": f"http://localhost:{server.port}"},
        {"Origin": None, "Sec_Fetch_Site": None},
        {"Origin": None, "Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        answer = server.ask("/case/0123456789abcdef/delete", "POST", b"", **headers)
        assert (answer.status, "another site" in answer.text) == (403, True), headers
    assert server.ask("/case/0123456789abcdef/delete", "POST", b"").status == 404
    assert server.ask("/case/0123456789abcdef/delete", "POST", b"", Sec_Fetch_Site=None).status == 404


def test_every_answer_has_a_policy_and_is_not_kept(server: Server) -> None:
    answers = [server.ask(path) for path in PAGES]
    answers += [server.ask("/", Cookie=None), server.ask("/", Host="evil.example"), server.ask("/", "PUT")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in answer.headers


def test_no_address_is_a_path_and_no_folder_is_listed(server: Server) -> None:
    for path in (
        *("/case/..%2f..%2fetc/report", "/case/../../etc/passwd", "/case/%2e%2e/report", "/case//report"),
        *("/case/clusters/report", "/static/", "/inputs", "/open.html", "/case/%00/report", "/.."),
    ):
        assert server.ask(path).status in (400, 404), path


def test_the_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    monkeypatch.setattr(security, "compare_digest", lambda a, b: bool(compared.append(a)) or a == b)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    guard = Guard(app, "127.0.0.1", 1, "en")
    headers = [(b"host", b"127.0.0.1:1"), (b"cookie", b"logdiag-1=wrong")]
    for token, status in (("wrong", 403), (guard.link.partition("token=")[2], 200)):
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": f"token={token}".encode()}
        answer = guard._answer(Request({**scope, "headers": headers}))
        assert answer is not None
        assert answer.status_code == status
    assert len(compared) == 4


def test_another_user_of_the_machine_is_refused_even_with_the_cookie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server of another user sees who has the other end of a connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        scope = {"type": "http", "client": client.getsockname(), "server": listener.getsockname()}
        assert not security.is_other_user(scope)
        listed = Path("/proc/net/tcp").read_text(encoding="ascii")
        ends = (security.as_listed(*client.getsockname()), security.as_listed(*listener.getsockname()))
        [line] = [line for line in listed.splitlines() if line.split()[1:3] == [*ends]]
        assert int(line.split()[7]) == os.geteuid()
        own = f" {os.geteuid()} "
        for user, refused in (("4711", True), ("0", False)):
            fake = tmp_path / user
            fake.write_text("head\n" + line.replace(own, f" {user} ", 1) + "\n")
            monkeypatch.setattr(security, "_TABLES", (fake,))
            assert security.is_other_user(scope) is refused
        # A foreign end that is not listed is open if the own end is; a closed one is nobody's.
        own_end = next(one for one in listed.splitlines() if one.split()[1:3] == [*ends[::-1]])
        for lines, refused in ((own_end, False), (own_end.replace(" 01 ", " 08 ", 1), True), ("", True)):
            (tmp_path / "table").write_text(f"head\n{lines}\n")
            monkeypatch.setattr(security, "_TABLES", (tmp_path / "table",))
            assert security.is_other_user(scope) is refused, lines
        monkeypatch.setattr(security, "_TABLES", (tmp_path / "missing",))
        assert not security.is_other_user(scope)


def test_a_socket_for_ipv6_does_not_hide_its_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Linux lists its address as ::ffff:127.0.0.1, and the server sees 127.0.0.1."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET6) as client,
    ):
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        with listener.accept()[0] as accepted:
            scope = {"type": "http", "client": accepted.getpeername(), "server": accepted.getsockname()}
            assert not security.is_other_user(scope)
            own = f" {os.geteuid()} "
            table = tmp_path / "tcp6"
            table.write_text(Path("/proc/net/tcp6").read_text(encoding="ascii").replace(own, " 4711 "))
            monkeypatch.setattr(security, "_TABLES", (Path("/proc/net/tcp"), table))
            assert security.is_other_user(scope)


def test_connections_of_strangers_do_not_keep_the_user_out() -> None:
    with serving(TEST_DESCRIPTORS="256") as server, ExitStack() as stack:
        server.sign_in()
        address = ("127.0.0.1", server.port)
        for _ in range(300):
            idle = stack.enter_context(socket.create_connection(address, timeout=SECONDS))
            idle.sendall(b"GET / HTTP/1.1\r\n")
        assert server.ask("/").status == 200
        assert len(opened(server.process.pid)) < 200


def test_the_link_names_the_address_that_the_server_listens_on() -> None:
    """Another user may listen on the other address of this name, and would get the token."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    assert Guard(app, "localhost", 1, "en").link.startswith("http://127.0.0.1:1/?token=")
    assert Guard(app, "::1", 1, "en").link.startswith("http://[::1]:1/?token=")


def test_files_are_for_the_user_alone_and_go_with_the_server(tmp_path: Path) -> None:
    with serving(TMPDIR=str(tmp_path)) as server:
        server.sign_in()
        server.diagnose([("a.log", b"nothing")], keep="1")
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(found) > 3
        for path in (tmp_path, *tmp_path.rglob("*")):
            assert path == tmp_path or not path.stat().st_mode & 0o077, path
    assert list(tmp_path.iterdir()) == []


def test_the_opener_shows_no_token_to_other_users(tmp_path: Path) -> None:
    """The arguments of a browser's process are visible: they name a file that only this user can read."""
    with serving(TMPDIR=str(tmp_path)) as server:
        [opener] = tmp_path.rglob("open.html")
        assert server.link in opener.read_text()
        assert not opener.stat().st_mode & 0o077


def test_the_way_is_encrypted_or_a_warning_says_that_it_is_not(tmp_path: Path) -> None:
    with serving("--host", "0.0.0.0") as server:
        assert any(re.search("not encrypted", line) for line in server.said)
        server.sign_in()
        assert server.ask("/", Host=f"10.1.2.3:{server.port}").status == 200
        assert server.ask("/", Host=f"evil.example:{server.port}").status == 403


def test_with_a_certificate_everything_is_encrypted(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synthetic")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, SHA256())
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with serving("--host", "0.0.0.0", "--certificate", certificate, "--key", secret, **FORKED) as server:
        assert server.link.startswith("https://")
        assert not any("not encrypted" in line for line in server.said)
        server.trusted = ssl.create_default_context(cafile=str(certificate))
        assert "; secure" in server.sign_in().headers["set-cookie"].lower()
        case = server.diagnose([("a.log", b"nothing")])
        assert "<h1" in server.ask(f"{case}/report").text
        assert server.ask("/", Host="evil.example").status == 403
        assert (
            server.ask(f"{case}/delete", "POST", b"", Origin=f"http://127.0.0.1:{server.port}").status == 403
        )
        server.trusted = None
        with pytest.raises((OSError, http.client.HTTPException)):
            server.ask("/")


def test_a_wrong_certificate_is_reported_before_anything_is_served(tmp_path: Path, run: Run) -> None:
    for name in ("certificate", "key"):
        (tmp_path / name).write_text("nothing")
    done = run("serve", "--no-open", "--certificate", tmp_path / "certificate", "--key", tmp_path / "key")
    assert (done.returncode, b"not a certificate" in done.stderr, b"token=" in done.stderr) == (
        2,
        True,
        False,
    )


def test_no_answer_leads_to_another_address(server: Server) -> None:
    for path in (
        "//evil.example/",
        "//evil.example/case/x/",
        "/case/x/",
        "/case/%0d%0aX-Bad:%201/",
        "/search/",
    ):
        answer = server.ask(path)
        assert (answer.status, "location" in answer.headers) == (404, False), path
    for path in ("/diagnose", "/case/x/delete", "/case/x/cancel", "/case/x/add"):
        assert server.ask(path).status == 405, path
