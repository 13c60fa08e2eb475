"""A server in a process of its own, as a user starts it, and a browser's requests without a browser."""

import http.client
import io
import os
import re
import ssl
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

START = """
import multiprocessing, os, resource, sys
from logdiag.cli import main
if os.environ.get("TEST_FORKED"):  # a worker has everything loaded in 20 ms instead of 1 s
    from logdiag.serve.tasks import MODULES
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["logdiag.serve.tasks", *("logdiag." + name for name in MODULES)])
    multiprocessing.get_context = lambda method: context
if most := os.environ.get("TEST_FILE_BYTES"):  # as a full disk does it: a file does not become larger
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
if most := os.environ.get("TEST_DESCRIPTORS"):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(most), int(most)))
sys.argv = ["logdiag", "serve", *sys.argv[1:]]
main()
"""
SAMPLES = Path(__file__).parents[2] / "sample_logs"
PRIMARY, PEER = (SAMPLES / "replication" / f"replication-{name}.log" for name in ("primary", "peer"))
SECONDS = 90
"""A diagnosis takes a few seconds; on a busy machine many more."""


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Server:
    process: "subprocess.Popen[str]"
    link: str
    cookie: str = ""
    said: list[str] = field(default_factory=list)
    scratch: Path = Path()
    trusted: ssl.SSLContext | None = None

    @property
    def port(self) -> int:
        port = urlsplit(self.link).port
        assert port is not None
        return port

    @property
    def origin(self) -> str:
        return f"{'https' if self.trusted else 'http'}://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str | None) -> Answer:
        """A request as a page of the server makes it. A header of None is left out."""
        given: dict[str, str | None] = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}
        if method == "POST":
            given["Origin"] = self.origin
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        if self.trusted:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=SECONDS, context=self.trusted
            )
        with closing(connection):
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            with connection.getresponse() as got:
                content = got.read().decode("utf-8", "replace")
                return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, content)

    def sign_in(self) -> Answer:
        split = urlsplit(self.link)
        answer = self.ask(f"{split.path}?{split.query}", Cookie=None, Sec_Fetch_Site="none")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def send(self, path: str, files: list[tuple[str, bytes]], **fields: str) -> Answer:
        body, kind = form(files, **fields)
        return self.ask(path, "POST", body, Content_Type=kind)

    def diagnose(self, files: list[tuple[str, bytes]], **fields: str) -> str:
        """Send files, wait for the result, and return the address of the case."""
        answer = self.send("/diagnose", files, **fields)
        assert answer.status == 303, answer.text
        return self.wait(answer.headers["location"])

    def wait(self, case: str) -> str:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if "data-poll>" not in self.ask(case).text:
                return case
            time.sleep(0.2)
        raise AssertionError(f"{case}: not finished")

    def children(self) -> list[int]:
        """The processes of tasks, also the one that waits, without Python's own resource tracker.

        Forked workers are not found.
        """
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int(re.search(r"^PPid:\s+(\d+)", (path / "status").read_text(), re.M)[1])  # type: ignore[index]
                command = (path / "cmdline").read_bytes()
            except (OSError, TypeError):
                continue
            if parent == self.process.pid and b"spawn_main" in command:
                found.append(int(path.name))
        return found

    def readers(self) -> list[int]:
        """Wait until processes read what was sent, and return them."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = [child for child in self.children() if any("/inputs/" in one for one in opened(child))]
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError("nothing is read")


def small_logs() -> bytes:
    """An archive that nobody misses: machine code does not read small logs, so it is read for seconds."""
    log = PRIMARY.read_bytes() * 96
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(300):
            content = log + b"\n" * number
            member = tarfile.TarInfo(f"{number}.log")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def opened(process: int) -> list[str]:
    """The files that a process has open."""
    found = []
    for one in Path(f"/proc/{process}/fd").glob("*"):
        with suppress(OSError):
            found.append(str(one.readlink()))
    return found


def form(files: list[tuple[str, bytes]], **fields: str) -> tuple[bytes, str]:
    """A form with files, as a browser sends it."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [f'name="files"; filename="{name}"\r\n\r\n'.encode() + content for name, content in files]
    body = b"".join(b"--xyz\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    return body + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"


FORKED = {"TEST_FORKED": "1"}
"""Variables of a server whose workers are forked: for tests of what the workers do, not of how they start."""


@contextmanager
def serving(*words: str | Path, **variables: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-c", START, "--no-open", *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if link := re.search(r"https?://\S+token=\S+", line):
                break
        else:
            raise AssertionError("".join(said))
        yield Server(process, link[0], said=said)
    finally:
        process.terminate()
        process.communicate(timeout=30)
