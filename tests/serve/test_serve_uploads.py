"""What a browser sends is written under numbers, within the limits, or not at all."""

import io
import re
import socket
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_server import FORKED, SAMPLES, Server, form, serving

from logdiag.reading import read
from logdiag.serve.uploads import Upload, _label, find_upload
from logdiag.snapshots import find_snapshots
from logdiag.snapshots.limits import Meter, watching

HOSTILE = (
    "../../../etc/passwd",
    "/etc/cron.d/evil",
    "C:\\Windows\\evil.log",
    "<script>pwned=1</script>.log",
    "%22><img src=x onerror=pwned=1>.log",
    "\u202egnihton\u2066.log",
    "..",
    "a" * 3000,
    "con",
    "-rf",
    "{{7*7}}{% raw %}",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    scratch = tmp_path_factory.mktemp("scratch")
    limits = ("--limit", "total=4M", "--limit", "members=12")
    with serving(*limits, TMPDIR=str(scratch), TEST_FILE_BYTES=str(2 << 20), **FORKED) as started:
        started.scratch = scratch
        started.sign_in()
        yield started


def uploads(server: Server) -> list[Path]:
    [folder] = server.scratch.glob(".logdiag-*/inputs")
    return sorted(folder.iterdir())


def test_hostile_names_are_labels(server: Server) -> None:
    before = {path for path in server.scratch.rglob("*") if path.is_dir()}
    case = server.diagnose([(name, b"x") for name in HOSTILE], keep="1", case="<b>1</b>")
    text = server.ask(case).text
    assert "<script>pwned" not in text
    assert "<img" not in text
    assert "<b>1" not in text
    assert "&lt;b&gt;1&lt;/b&gt;: passwd" in re.sub(r"etc", "passwd", text)
    [folder] = uploads(server)
    assert sorted(path.name for path in folder.iterdir()) == sorted(map(str, range(11)))
    new = {path for path in server.scratch.rglob("*") if path.is_dir()} - before
    assert all(
        re.fullmatch("[0-9a-f]{16}|inputs|clusters|state|findings|severity=.*|.unfinished", one.name)
        for one in new
    )
    assert server.ask(f"{case}/delete", "POST", b"").status == 303
    assert uploads(server) == []


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([("a.log", bytes(5 << 20))], 413, "larger than 4 MiB"),
        ([(f"{n}.log", bytes(1 << 19)) for n in range(10)], 413, "larger than 4 MiB"),
        ([(f"{n}.log", b"") for n in range(13)], 413, "more than 12 files"),
        ([("a.log", bytes(3 << 20))], 507, "not enough space on the disk"),
        ([], 400, "No file and no text"),
    ],
)
def test_what_is_too_much_has_a_page_and_leaves_nothing(
    server: Server, files: list[tuple[str, bytes]], status: int, said: str
) -> None:
    answer = server.send("/diagnose", files)
    assert (answer.status, said in answer.text) == (status, True), answer.text
    assert uploads(server) == []


def test_a_form_that_is_none_is_refused(server: Server) -> None:
    body, kind = form([("a.log", b"x")])
    for content, type_ in (
        (b"x=1", "text/plain"),
        (b"nothing", kind),
        (body[:-20], kind),
        (body, "multipart/form-data"),
    ):
        assert server.ask("/diagnose", "POST", content, Content_Type=type_).status == 400
    fields = {f"field{number}": "x" for number in range(40)}
    assert server.send("/diagnose", [("a.log", b"x")], **fields).status == 400
    assert server.send("/diagnose", [("a.log", b"x")], case="x" * 5000).status == 400
    assert (
        server.ask(
            "/case/x/ask", "POST", bytes(1 << 20), Content_Type="application/x-www-form-urlencoded"
        ).status
        == 404
    )
    assert uploads(server) == []


def test_an_upload_that_is_cut_leaves_nothing(server: Server) -> None:
    body, kind = form([("a.log", bytes(1 << 20))])
    head = (
        f"POST /diagnose HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n"
        f"Origin: {server.origin}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + body[: 1 << 19])
        until = time.monotonic() + 20
        while not uploads(server) and time.monotonic() < until:
            time.sleep(0.05)
        assert len(uploads(server)) == 1
    while uploads(server) and time.monotonic() < until:
        time.sleep(0.05)
    assert uploads(server) == []
    assert "has no result" not in server.ask("/").text


def test_a_full_disk_after_the_upload_has_a_page(tmp_path: Path) -> None:
    log = (SAMPLES / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()[:40_000]
    with serving("--store", tmp_path / "store", TEST_FILE_BYTES=str(64 << 10), **FORKED) as server:
        server.sign_in()
        case = server.diagnose([("a.log", log)])
        assert "The disk is full" in server.ask(case).text
        assert not any((tmp_path / "store" / "clusters").glob("*"))


def test_files_of_a_folder_are_one_input_with_their_paths(tmp_path: Path) -> None:
    names = ["case/expc01/messages", "case/expc02/messages", "case/notes.txt", "single.log", "single.log"]
    record = (
        b'2024-03-05T09:00:00.100+00:00 expc01 tvcs: Event="System Start" UTCTime="2024-03-05 09:00:00,100"\n'
    )
    for number in range(len(names)):
        (tmp_path / str(number)).write_bytes(record if "messages" in names[number] else b"text")
    seen: list[str | None] = []
    found = find_snapshots(Upload(tmp_path, [(name, 1) for name in names]).locations())
    assert [one.name for one in found] == ["case", "expc01", "expc02", "single.log", "single.log#2"]
    with watching(lambda name, size: seen.append(name)):
        members = [member for one in found for member in one.members(Meter())]
    assert b"".join(chunk for member in members for chunk in member.chunks).count(b"System Start") == 2
    assert "messages" in seen


def test_the_progress_names_the_members_of_an_archive(tmp_path: Path) -> None:
    log = (SAMPLES / "peer-lost" / "peer-disconnect-expc01.log").read_bytes()
    with tarfile.open(tmp_path / "0", "w:gz") as archive:
        for name in ("messages", "developer.log"):
            entry = tarfile.TarInfo(f"var/log/{name}")
            entry.size = len(log)
            archive.addfile(entry, io.BytesIO(log))
    seen: list[tuple[str | None, int]] = []
    with watching(lambda name, size: seen.append((name, size))):
        read(find_snapshots(Upload(tmp_path, [("expc01.tar.gz", 1)]).locations()))
    assert ("var/log/messages", 0) in seen
    assert ("var/log/developer.log", 0) in seen
    assert seen[-1] == (None, 0)
    assert sum(size for _, size in seen) == (tmp_path / "0").stat().st_size


def test_a_chunked_upload_without_a_length_ends_at_the_limit(server: Server) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"--xyz\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\n"
        for _ in range(8):
            yield bytes(1 << 20)

    head = (
        f"POST /diagnose HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\n"
        f"Origin: {server.origin}\r\nContent-Type: multipart/form-data; boundary=xyz\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode())
        for chunk in chunks():
            client.sendall(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
        client.sendall(b"0\r\n\r\n")
        # The file is limited to 2 MiB here, before the limit of 4 MiB.
        assert client.recv(12) == b"HTTP/1.1 507"
    assert uploads(server) == []


def test_labels_lose_what_means_something_in_a_path() -> None:
    assert [_label(name) for name in ("../../a", "C:\\x\\b.log", "/", "a//./b")] == [
        "a",
        "C:/x/b.log",
        "file",
        "a/b",
    ]


def test_an_upload_is_found_again_if_it_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "upload"
    folder.mkdir()
    (folder / "0").write_bytes(b"abc")
    found = find_upload(folder, [["../x", 3]])
    assert found == Upload(folder, [("../x", 3)])
    more = tmp_path / "more"
    more.mkdir()
    joined = Upload(more)
    joined.add(found)
    assert (more / "0").read_bytes() == b"abc"
    for listed in ([["../x", 4]], [["x", 3], ["y", 3]], {"a": "digest"}, [["x"]], None, [["x", "y"]]):
        assert find_upload(folder, listed) is None
    (folder / "0").rename(tmp_path / "secret")
    (folder / "0").symlink_to(tmp_path / "secret")
    assert find_upload(folder, [["x", 3]]) is None
