"""Inputs behind URLs: they read like local files, what fails is said in one line, and no secret is shown."""

import contextlib
import errno
import gzip
import http.server
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as opened_schemes
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from records_from import HEADER

from logdiag.errors import InputError
from logdiag.model import Fault
from logdiag.reading import Tables, read
from logdiag.snapshots import Meter, Snapshot, find_snapshots
from logdiag.snapshots.file_systems import is_url, shown
from logdiag.snapshots.locations import Location, LocationKind, Remote, Web, open_location

NOTHING = "there is no such file or folder"
REFUSED = "its host cannot be reached"


def log(number: int = 0, records: int = 3) -> bytes:
    return b"".join(HEADER + b'tvcs: Event="%d.%d"\n' % (number, place) for place in range(records))


def tar_gz(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def parse(*inputs: str | Path) -> Tables:
    return read(find_snapshots(inputs))


def listed(tables: Tables) -> list[tuple[str, str, int]]:
    return [(member.snapshot, member.source, member.records) for member in tables.members]


def problem(*inputs: str) -> str:
    with pytest.raises(InputError) as raised:
        find_snapshots(inputs)
    # Where it came from names what it was about, and a traceback would show that too.
    assert raised.value.__cause__ is None
    return str(raised.value)


# ── stores on this machine ──────────────────────────────────────────────────────────────────


@dataclass
class Store:
    """A place to put files in, and the URL of what was put."""

    root: str
    put: Callable[[str, bytes], object]

    def url(self, path: str) -> str:
        return f"{self.root}/{path}"


@pytest.fixture
def s3(s3_client: Any) -> Iterator[Store]:
    s3_client.create_bucket(Bucket="evidence")
    # Past the server: it is in this process, and a request for each of many keys takes its time.
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    yield Store("s3://evidence", lambda key, body: backend.put_object("evidence", key, body))
    backend.reset()


@dataclass
class Server:
    """A web server on this machine: files of a folder, and answers of its own by path."""

    folder: Path
    url: str = ""
    answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = Server(tmp_path / "served")
    served.folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(served.folder))

        def do_GET(self) -> None:
            served.asked.append(f"{self.command} {self.path}")
            answer = served.answers.get(self.path.partition("?")[0], lambda _: super(Handler, self).do_GET())
            with contextlib.suppress(ConnectionError):  # the reader has seen enough
                answer(self)

        def do_HEAD(self) -> None:
            served.asked.append(f"HEAD {self.path}")
            self.send_error(405)

        def log_message(self, *args: object) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield served
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def page(*links: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    return content("".join(f'<a href="{link}">x</a>\n' for link in links).encode(), "text/html")


def content(
    body: bytes, kind: str = "text/plain", length: int | None = None, extra: dict[str, str] | None = None
) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        for name, value in (extra or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def put(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@pytest.fixture
def memory() -> Iterator[Store]:
    yield Store("memory://evidence", lambda path, body: MemoryFileSystem().pipe(f"/evidence/{path}", body))
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["s3", "http", "memory"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "http":
        served: Server = request.getfixturevalue("server")
        return Store(served.url, lambda path, body: put(served.folder / path, body))
    found: Store = request.getfixturevalue(request.param)
    return found


# ── the same as from here ───────────────────────────────────────────────────────────────────

SHAPES: dict[str, tuple[str, dict[str, bytes]]] = {
    "a log file": ("expc01.log", {"expc01.log": log(records=3000)}),
    "a compressed log file": ("messages.log.gz", {"messages.log.gz": gzip.compress(log(records=500))}),
    "an archive": ("expc01.tar.gz", {"expc01.tar.gz": tar_gz(("var/a", log(1)), ("var/b", log(2)), ("note", b"x"))}),
    "a zip archive": ("expc01.zip", {"expc01.zip": zipped(("a", log(1)), ("b", log(2)))}),
    "an archive that is cut": ("expc01.tar.gz", {"expc01.tar.gz": tar_gz(("a", log(records=1000)))[:-1000]}),
    "a folder with a log": ("expc01/", {"expc01/messages": log(), "expc01/more/deep/old.gz": gzip.compress(log(1))}),
    "a folder with a layout": ("expc01/", {"expc01/var/log/messages": log(), "expc01/etc/other": log(1)}),
    "a folder of archives": (
        "case/",
        {
            "case/b.tar.gz": tar_gz(("messages", log(1))),
            "case/a.tgz": tar_gz(("messages", log(2)), ("more", log(3))),
            "case/expc03/messages": log(4),
            "case/README.txt": b"What the customer said\n",
            "case/log of peer.tar.gz": tar_gz(("messages", log(5))),
        },
    ),
    "nothing that is a log": ("notes/", {"notes/a.txt": b"one\n", "notes/b.txt": b""}),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_url_names_reads_like_the_same_files_here(store: Store, shape: str, tmp_path: Path) -> None:
    given, files = SHAPES[shape]
    for path, body in files.items():
        store.put(path, body)
        put(tmp_path / "here" / path, body)
    here, there = parse(tmp_path / "here" / given), parse(store.url(given))
    assert there.members == here.members
    assert there.members
    assert there.snapshots == here.snapshots
    assert there.records.equals(here.records)
    assert there.unparsed.equals(here.unparsed)


@pytest.mark.parametrize("given", ["expc01", "expc01/"])
def test_a_prefix_is_a_folder_with_and_without_a_slash(s3: Store, given: str) -> None:
    s3.put("expc01/messages", log())
    s3.put("expc01/", b"")  # how consoles mark a folder
    assert listed(parse(s3.url(given))) == [("expc01", "messages", 3)]


def test_a_bucket_is_a_folder_of_its_name(s3: Store) -> None:
    s3.put("messages", log())
    assert listed(parse("s3://evidence")) == listed(parse("S3://evidence/")) == [("evidence", "messages", 3)]


def test_a_list_of_2000_files_is_read_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"messages.{number:04}" for number in range(2000)]
    for name in names:
        store.put(f"expc01/{name}", b"")
    [snapshot] = find_snapshots([store.url("expc01/")])
    assert [path for path, _ in snapshot.files()] == names


def test_same_names_here_and_there_are_numbered_by_content(store: Store, tmp_path: Path) -> None:
    bodies = [log(number, records=number + 1) for number in range(2)]
    store.put("peer.log", bodies[0])
    here = put(tmp_path / "peer.log", bodies[1])
    both = put(tmp_path / "other" / "peer.log", bodies[0])
    expected = listed(parse(both, here))
    assert [name for name, *_ in expected] == ["peer.log", "peer.log#2"]
    assert listed(parse(store.url("peer.log"), here)) == expected
    assert listed(parse(here, store.url("peer.log"))) == expected


def test_what_lies_in_an_archive_can_be_named_by_a_chain(memory: Store) -> None:
    memory.put("expc01.zip", zipped(("logs/messages", log()), ("logs/old", log(1))))
    inside = parse("zip://logs/messages::memory://evidence/expc01.zip")
    assert listed(inside) == [("messages", "messages", 3)]
    whole = parse("zip::memory://evidence/expc01.zip")
    assert listed(whole) == [("expc01.zip", "logs/messages", 3), ("expc01.zip", "logs/old", 3)]


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    here = put(tmp_path / "expc01" / "messages", log()).parent
    assert listed(parse(here.as_uri())) == [("expc01", "messages", 3)]
    assert problem((tmp_path / "none").as_uri()) == f"{(tmp_path / 'none').as_uri()}: {NOTHING}"


def test_what_exists_here_is_meant_before_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "s3:" / "evidence" / "messages", log())
    put(tmp_path / "12:30.log", log())
    assert listed(parse("s3://evidence")) == [("evidence", "messages", 3)]
    assert listed(parse("12:30.log")) == [("12:30.log", "12:30.log", 3)]


@pytest.mark.parametrize(
    "given", ["C:\\logs\\x.log", "C:/x.log", "C://x.log", "a:b", "./s3://x", "/http://x", "::", ""]
)
def test_what_is_no_url_is_a_path(given: str) -> None:
    assert not is_url(given)
    if given:
        assert problem(given) == f"{given}: {NOTHING}"


# ── how often, and how much at a time ───────────────────────────────────────────────────────


class Counting(MemoryFileSystem):
    """Files in memory; which are opened, which folders are listed, and reads that fail."""

    protocol = "counting"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    opened: ClassVar[list[str]] = []
    listings: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("counting://").strip("/")

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if "r" in mode:
            self.opened.append(path.rpartition("/")[2])
        return super()._open(path, mode, **options)

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        self.listings.append(path.rpartition("/")[2])
        return super().ls(path, detail=detail, **options)


@pytest.fixture
def counting() -> Iterator[Counting]:
    fsspec.register_implementation("counting", Counting, clobber=True)
    for kept in (Counting.store, Counting.opened, Counting.listings):
        kept.clear()
    yield Counting()
    opened_schemes.pop("counting")


def test_no_file_is_opened_and_no_folder_listed_more_often_than_needed(counting: Counting) -> None:
    for number in range(3):
        counting.pipe(f"/case/{number}.tar.gz", tar_gz(("messages", log(number))))
    counting.pipe("/case/README.txt", b"What the customer said\n")
    counting.pipe("/case/peer/messages", log())
    counting.listings.clear()
    snapshots = find_snapshots(["counting:///case"])
    assert (counting.opened, counting.listings) == (["README.txt"], ["case"])
    counting.opened.clear()
    assert sum(member.records for member in read(snapshots).members) == 12
    assert sorted(counting.opened) == ["0.tar.gz", "1.tar.gz", "2.tar.gz", "README.txt", "messages"]
    assert counting.listings == ["case", "peer"]


def test_in_a_folder_of_logs_nothing_is_opened_to_find_them(counting: Counting) -> None:
    for name in ("messages", "network_log", "README.txt"):
        counting.pipe(f"/expc01/{name}", log())
    find_snapshots(["counting:///expc01"])
    assert counting.opened == []


class Long(AbstractFileSystem):
    """One file that is long, and how much of it is asked for at a time."""

    protocol = "long"
    cachable = False
    asked: ClassVar[list[tuple[int, int]]] = []
    size = 40 << 20
    whole = size
    error: ClassVar[Exception | None] = None

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "type": "file", "size": self.size}

    def _open(self, path: str, mode: str = "rb", **options: Any) -> "LongFile":
        return LongFile(self, path, mode, **options)


class LongFile(AbstractBufferedFile):
    LINE = log(records=1)

    def _fetch_range(self, start: int, end: int) -> bytes:
        Long.asked.append((start, end))
        if end > Long.whole:
            if Long.error is not None:
                raise Long.error
            end = max(start, Long.whole)
        first = start % len(self.LINE)
        return (self.LINE * ((end - start) // len(self.LINE) + 2))[first : first + end - start]


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Long]]:
    fsspec.register_implementation("long", Long, clobber=True)
    Long.asked.clear()
    yield Long
    opened_schemes.pop("long")


def test_a_long_file_is_read_once_forwards_and_in_blocks(long: type[Long]) -> None:
    [snapshot] = find_snapshots(["long://messages"])
    assert long.asked == []
    [member] = snapshot.members(Meter())
    assert sum(map(len, member.chunks)) == long.size
    assert [start for start, _ in long.asked] == [0, *(end for _, end in long.asked[:-1])]
    assert max(end - start for start, end in long.asked) < 8 << 20
    assert len(long.asked) < 20


def test_of_a_file_that_is_only_tried_little_is_asked(long: type[Long]) -> None:
    assert len(open_location("long://messages").head()) == 1 << 18
    assert long.asked == [(0, 1 << 18)]


# ── what fails on the way ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionResetError(errno.ECONNRESET, "secret"), "cut: the connection was lost"),
        (OSError(errno.EIO, "secret"), f"cut: {os.strerror(errno.EIO)}"),
        (RuntimeError("secret"), "cut: it cannot be read (RuntimeError)"),
        (None, "cut: it ends before its size"),
    ],
)
def test_what_was_read_before_a_remote_file_failed_is_kept(
    long: type[Long], monkeypatch: pytest.MonkeyPatch, error: Exception | None, said: str
) -> None:
    monkeypatch.setattr(long, "error", error)
    monkeypatch.setattr(long, "size", 12 << 20)
    monkeypatch.setattr(long, "whole", 9 << 20)
    [snapshot] = find_snapshots(["long://messages"])
    [member] = snapshot.members(Meter())
    assert sum(map(len, member.chunks)) >= 8 << 20
    assert member.faults == [Fault("cut", said)]


@pytest.mark.parametrize("records", [10, 1000, 8000, 12000])
def test_what_a_web_server_sent_before_the_connection_was_lost_is_kept(server: Server, records: int) -> None:
    body = log(records=records)
    server.answers["/a.log"] = content(body, length=len(body) + 1000)
    (found,) = parse(f"{server.url}/a.log").members
    assert (found.records, found.size) == (records, len(body))
    assert found.faults == (Fault("cut", "cut: the connection was lost"),)


def test_bytes_that_a_web_server_packed_for_the_way_are_unpacked_once(server: Server) -> None:
    for name, body in (("a.log", gzip.compress(log())), ("b.log.gz", gzip.compress(log()))):
        server.answers[f"/{name}"] = content(body, extra={"Content-Encoding": "gzip"})
        assert [member.records for member in parse(f"{server.url}/{name}").members] == [3]


def test_an_archive_on_a_connection_that_was_lost_is_cut(server: Server) -> None:
    whole = tar_gz(("a", log(1)), ("b", os.urandom(500_000)))
    server.answers["/a.tar.gz"] = content(whole[:300_000], length=len(whole))
    tables = parse(f"{server.url}/a.tar.gz")
    assert [(source, records) for _, source, records in listed(tables)] == [("a", 3), ("a.tar", 0), ("b", 0)]
    assert Fault("cut", "cut: the connection was lost") in tables.members[1].faults


@dataclass(frozen=True)
class Broken(Location):
    """A place that fails when it is listed, or when it is read beyond what it has."""

    kind: LocationKind = "file"
    address: str = ""
    has: tuple[bytes, ...] = ()

    def children(self) -> list[Location]:
        raise PermissionError(errno.EACCES, "Permission denied")

    def head(self) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    def chunks(self) -> Iterator[bytes]:
        yield from self.has
        raise OSError(errno.EIO, "Input/output error")


def broken(*places: Location) -> Tables:
    return read([Snapshot("expc01", "expc01", Broken("expc01", "folder"), places)])


def test_a_file_or_folder_that_cannot_be_read_is_listed_and_the_run_goes_on(tmp_path: Path) -> None:
    good = open_location(str(put(tmp_path / "messages", log())))
    tables = broken(Broken("closed"), Broken("folder", "folder"), Broken("half", has=(log(),)), good)
    assert [(member.source, member.records, member.faults) for member in tables.members] == [
        ("closed", 0, (Fault("unreadable", "cannot be read: Input/output error"),)),
        ("folder", 0, (Fault("unreadable", "the folder cannot be read: Permission denied"),)),
        ("half", 3, (Fault("cut", "cut: Input/output error"),)),
        ("messages", 3, ()),
    ]


def test_a_file_that_is_gone_when_it_is_read_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path / "expc01" / "messages", log())
    gone = put(tmp_path / "expc01" / "old", log())
    snapshots = find_snapshots([tmp_path / "expc01"])
    gone.unlink()
    assert [(member.source, member.records, len(member.faults)) for member in read(snapshots).members] == [
        ("messages", 3, 0),
        ("old", 0, 1),
    ]


def test_same_names_are_numbered_even_where_one_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"1/peer.log": Broken("peer.log"), "2/peer.log": Broken("peer.log", has=(log(),))}
    monkeypatch.setattr("logdiag.snapshots.find.open_location", places.__getitem__)
    found = [find_snapshots(order) for order in (list(places), list(reversed(places)))]
    assert found[0] == found[1]
    assert [snapshot.name for snapshot in found[0]] == ["peer.log", "peer.log#2"]


# ── what cannot be opened ───────────────────────────────────────────────────────────────────


def test_what_is_not_in_a_store_is_named(store: Store) -> None:
    store.put("here.log", log())
    assert problem(store.url("none.log")) == f"{store.url('none.log')}: {NOTHING}"


def test_a_missing_bucket_and_a_missing_prefix_are_named(s3: Store) -> None:
    for given in ("s3://nobody-has-this/a.log", "s3://nobody-has-this", "s3://evidence/none/"):
        assert problem(given) == f"{given}: {NOTHING}"


def test_a_missing_folder_of_a_web_server_is_named(server: Server) -> None:
    assert problem(f"{server.url}/none/") == f"{server.url}/none/: {NOTHING}"


def test_all_problems_are_told_at_once(memory: Store, tmp_path: Path) -> None:
    memory.put("here.log", log())
    here, none = memory.url("here.log"), str(tmp_path / "none.log")
    lines = problem("memory://none", here, none, "nosuch://x/y", "http://127.0.0.1:1/x").splitlines()
    assert lines == [
        f"memory://none: {NOTHING}",
        f"{none}: {NOTHING}",
        "nosuch://x/y: no scheme nosuch:// is known",
        f"http://127.0.0.1:1/x: {REFUSED}",
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "permission is denied"),
        (403, "permission is denied"),
        (404, NOTHING),
        (503, "its host answers with status 503"),
    ],
)
@pytest.mark.parametrize("path", ["a.log", "folder/"])
def test_what_a_web_server_refuses(server: Server, status: int, said: str, path: str) -> None:
    server.answers[f"/{path}"] = lambda handler: handler.send_error(status, "secret")
    assert problem(f"{server.url}/{path}?token=secret") == f"{server.url}/{path}: {said}"


def test_a_host_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "secret")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for url in ("http://host.invalid/a.log", "ftp://host.invalid/a.log"):
        assert problem(url) == f"{url}: {REFUSED}"


def test_a_host_that_does_not_answer() -> None:
    assert problem("ftp://me:secret@127.0.0.1:1/a.log") == f"ftp://127.0.0.1:1/a.log: {REFUSED}"


@pytest.fixture
def fresh_s3(s3: Store) -> Iterator[Store]:
    """Nothing is remembered of connections with other settings."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    yield s3
    S3FileSystem.clear_instance_cache()


def test_a_store_without_credentials(fresh_s3: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert problem("s3://evidence/a.log") == "s3://evidence/a.log: there are no credentials for it"


def test_a_store_that_cannot_be_reached(fresh_s3: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert problem("s3://evidence/a.log") == f"s3://evidence/a.log: {REFUSED}"


def test_a_store_that_refuses(fresh_s3: Store, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    server.answers["/evidence"] = lambda handler: handler.send_error(403)
    assert problem("s3://evidence") == "s3://evidence: permission is denied"


@pytest.mark.parametrize(
    ("scheme", "module", "said"),
    [
        ("s3", "s3fs", "s3:// needs the package s3fs: pip install 'logdiag[s3]'"),
        (
            "https",
            "fsspec.implementations.http",
            "https:// needs the package aiohttp: pip install 'logdiag[http]'",
        ),
    ],
)
def test_a_missing_package_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, scheme: str, module: str, said: str
) -> None:
    monkeypatch.delitem(opened_schemes, scheme, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    assert problem(f"{scheme}://host/a.log") == f"{scheme}://host/a.log: {said}"


def test_a_scheme_whose_package_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(opened_schemes, "gs", raising=False)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    assert problem("gs://b/a").startswith("gs://b/a: gs:// needs a package: ")
    assert "gcsfs" in problem("zip::gs://b/a")


# ── secrets ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://me:secret@host:8443/a.log", "https://host:8443/a.log"),
        ("https://host/a.tgz?X-Amz-Signature=secret&x=1#secret", "https://host/a.tgz"),
        ("https://me:secret@host/a@b.log?x=secret@c", "https://host/a@b.log"),
        ("https://host:8443/a@b.log", "https://host:8443/a@b.log"),
        ("ftp://me:se/cret@host/a.log", "ftp://host/a.log"),
        ("ftp://me:se?cr#et@host/a.log", "ftp://host/a.log"),
        ("ftp://me:se@cret@host/a.log", "ftp://host/a.log"),
        ("https://secret@host", "https://host"),
        ("zip://x::https://me:secret@host/a.zip?y=secret", "zip://x::https://host/a.zip"),
        ("s3://bucket/a@b/c.log", "s3://bucket/a@b/c.log"),
        ("/tmp/a@b?c.log", "/tmp/a@b?c.log"),
    ],
)
def test_a_url_is_shown_without_its_secrets(given: str, expected: str) -> None:
    assert shown(given) == expected


def test_the_secrets_of_a_url_reach_neither_tables_nor_snapshots(server: Server) -> None:
    put(server.folder / "a log.tgz", tar_gz(("messages", log())))
    put(server.folder / "case" / "b.tgz", tar_gz(("messages", log())))
    secret = server.url.replace("://", "://me:secret@")
    snapshots = find_snapshots([f"{secret}/a%20log.tgz?sig=secret", f"{secret}/case/?sig=secret"])
    assert [(one.name, one.given) for one in snapshots] == [
        ("a log.tgz", f"{server.url}/a%20log.tgz"),
        ("b.tgz", f"{server.url}/case/"),
    ]
    assert "secret" not in repr(snapshots)
    tables = read(snapshots)
    assert [member.records for member in tables.members] == [3, 3]
    assert "secret" not in repr((tables.members, tables.snapshots))
    assert any("sig=secret" in asked for asked in server.asked)


@pytest.mark.parametrize(
    "url", ["http://me:secret@127.0.0.1:1/x?y=secret", "http://me:secret@[::1/x", "s3://"]
)
def test_what_cannot_be_opened_ends_the_command_with_one_line(url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "logdiag", "parse", url, "-o", "x.csv"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith(f"logdiag: {shown(url)}: ")
    assert "secret" not in done.stderr


def test_a_command_that_read_from_a_url_ends_without_a_word_more(server: Server, tmp_path: Path) -> None:
    put(server.folder / "case" / "a.log", log())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "logdiag", "parse", f"{server.url}/case/", "-o", "x.csv"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, "", 1)
    assert done.stderr.startswith("wrote x.csv: 3 records")


# ── names from strangers ────────────────────────────────────────────────────────────────────


def test_names_in_a_store_are_labels(s3: Store) -> None:
    s3.put("secret.log", log(9))
    for key in ("case/messages", "case/../secret.log", "case/./x.log", "case//y.log", "case/a\x07b.log"):
        s3.put(key, log())
    tables = parse("s3://evidence/case/")
    assert {member.source: member.records for member in tables.members if member.records} == {
        "messages": 3,
        "a\x07b.log": 3,
    }
    assert {member.reason for member in tables.members if not member.records} <= {"a link is not followed"}


def test_links_of_a_page_lead_only_down(server: Server) -> None:
    put(server.folder / "secret.log", log(9))
    put(server.folder / "case" / "a b&c.log", log())
    put(server.folder / "case" / "down" / "b.log", log())
    server.answers["/case/"] = page(
        *(
            "../",
            "..",
            "./",
            "",
            "/",
            "../secret.log",
            "/secret.log",
            "//127.0.0.1:1/x.log",
            "%2e%2e/",
            "%2E/",
        ),
        *(
            "?C=N;O=D",
            "#x",
            "http://[bad/",
            "http://127.0.0.1:1/case/x",
            "javascript:x",
            "down/b.log",
            "a/../../x",
        ),
        *("a%20b&amp;c.log", f"{server.url}/case/down/", "/case/down/"),
    )
    assert listed(parse(f"{server.url}/case/")) == [("case", "a b&c.log", 3), ("case", "down/b.log", 3)]
    assert not any("secret" in asked for asked in server.asked)


def test_folders_without_end_are_read_to_a_depth(server: Server) -> None:
    class Endless(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            return page("a/") if path.endswith("/") else default

    server.answers = Endless()
    tables = parse(f"{server.url}/x/")
    [found] = tables.members
    assert found.faults == (Fault("limit", "folders inside each other more than 100 deep are not read"),)
    assert len(server.asked) < 120


def test_a_page_without_end_is_not_read_whole(server: Server) -> None:
    server.answers["/x/"] = content(b"<a " * (6 << 20))
    assert problem(f"{server.url}/x/") == f"{server.url}/x/: the page that lists it is too long"


@pytest.mark.parametrize(
    "hostile", [b"<a ", b'href="', b"href=", b"href" + b" " * 8, b'href="' + b"a" * 4000, b"<a href = '"]
)
def test_odd_pages_are_searched_in_linear_time(server: Server, hostile: bytes) -> None:
    server.answers["/x/"] = content(hostile * ((4 << 20) // len(hostile)))
    place = open_location(f"{server.url}/x/")
    assert isinstance(place, Web)
    assert len(place.children()) <= 1


@pytest.mark.parametrize(
    ("given", "name"),
    [("memory://evidence/caf%C3%A9.log", "café.log"), ("memory://evidence/a%2F..%2Fb.log", "a/../b.log")],
)
def test_the_name_of_a_snapshot_is_the_last_part_decoded(memory: Store, given: str, name: str) -> None:
    memory.put(given.rpartition("/")[2], log())
    assert [snapshot.name for snapshot in find_snapshots([given])] == [name]
    assert isinstance(open_location(given), Remote)
