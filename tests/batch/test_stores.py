"""Batches from URLs and to URLs: the same bytes as in folders, and nothing half written counts as done."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Here, cluster, log, put, tree
from fsspec.implementations.memory import MemoryFileSystem
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from logdiag.batch.jobs import find_jobs
from logdiag.batch.run import Outcome, batch
from logdiag.batch.stores import open_store
from logdiag.errors import InputError
from logdiag.options import Options


@pytest.fixture
def bucket(s3_client: Any) -> Iterator[Any]:
    s3_client.create_bucket(Bucket="cases")
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    yield backend
    backend.reset()


@pytest.fixture
def memory() -> Iterator[None]:
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    cluster(tmp_path / "fleet" / "east", "expa01", "expa02")
    cluster(tmp_path / "fleet" / "deep" / "west", "expb01", "expb02", day="2024-05-06")
    put(tmp_path / "fleet" / "notes.txt", "no record\n")
    put(tmp_path / "fleet" / "bad" / "photo.jpg", "\xff\xd8")
    return tmp_path / "fleet"


def run(out: str | Path, *given: str | Path) -> Outcome:
    return batch(given, out, Options(jobs=1), Here())


def objects(backend: Any, prefix: str) -> dict[str, bytes]:
    keys = backend.buckets["cases"].keys
    return {key.removeprefix(prefix): keys[key].value for key in keys if key.startswith(prefix)}


def test_a_batch_from_a_bucket_to_a_bucket_is_byte_for_byte_the_same(
    fleet: Path, tmp_path: Path, bucket: Any
) -> None:
    for path, content in tree(fleet).items():
        bucket.put_object("cases", f"in/fleet/{path}", content)
    expected = run(tmp_path / "out", fleet)
    outcome = run("s3://cases/out", "s3://cases/in/fleet/")
    assert outcome == expected
    assert objects(bucket, "out/") == tree(tmp_path / "out")

    # What is done is not done again; a report that is not as it was made is.
    times = {key: one.last_modified for key, one in bucket.buckets["cases"].keys.items() if "report" in key}
    bucket.put_object("cases", "out/clusters/east/report.html", b"half")
    again: dict[str, bool] = {}
    batch(
        ["s3://cases/in/fleet"],
        "s3://cases/out",
        Options(jobs=1),
        Here(),
        report_step=lambda step: again.update({step.row.name: step.again}),
    )
    assert again == {"bad": True, "deep-west": True, "east": False}
    assert objects(bucket, "out/") == tree(tmp_path / "out")
    assert (
        bucket.buckets["cases"].keys["out/clusters/deep-west/report.html"].last_modified
        == times["out/clusters/deep-west/report.html"]
    )

    # What is there of other inputs goes away, and nothing beside it.
    bucket.put_object("cases", "out2/mine.txt", b"mine")
    run("s3://cases/out", "s3://cases/in/fleet/east")
    run(tmp_path / "east", fleet / "east")
    assert objects(bucket, "out/") == tree(tmp_path / "east")
    with pytest.raises(InputError, match="s3://cases/out2: it is neither empty nor the output of an earlier"):
        run("s3://cases/out2", fleet / "east")
    assert objects(bucket, "out2/") == {"mine.txt": b"mine"}


def test_memory_and_file_urls_are_folders_like_others(fleet: Path, tmp_path: Path, memory: None) -> None:
    files = MemoryFileSystem()
    for path, content in tree(fleet).items():
        files.pipe_file(f"/fleet/{path}", content)
    run(tmp_path / "one", fleet)
    run("memory://out", "memory://fleet")
    listed = {path.removeprefix("/out/"): files.cat_file(path) for path in files.find("/out")}
    assert listed == tree(tmp_path / "one")
    run(f"file://{tmp_path}/two", f"file://{fleet}")
    assert tree(tmp_path / "two") == tree(tmp_path / "one")


def test_content_comes_first_and_the_state_last(
    fleet: Path, memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file: Callable[..., None] = MemoryFileSystem.put_file
    order: list[str] = []

    def put_one(self: MemoryFileSystem, source: str, path: str) -> None:
        if order:
            raise ConnectionResetError
        order.append(path)
        put_file(self, source, path)

    monkeypatch.setattr(MemoryFileSystem, "put_file", put_one)
    with pytest.raises(OSError, match="the connection was lost") as raised:
        run("memory://out", fleet / "east")
    assert raised.value.filename == "memory://out/clusters/east"
    files = MemoryFileSystem()
    assert order == ["/out/clusters/east/findings.json"]
    assert [path for path in files.find("/out") if "/state/" in path] == []
    monkeypatch.undo()
    assert run("memory://out", fleet / "east").code == 0
    assert len([path for path in files.find("/out") if "/state/" in path]) == 1


def test_an_output_below_an_input_or_of_no_known_kind_is_an_error(fleet: Path, memory: None) -> None:
    files = MemoryFileSystem()
    files.pipe_file("/fleet/messages.log", log("expa01").encode())
    with pytest.raises(InputError, match="memory://fleet/out: it is in a folder that is read"):
        run("memory://fleet/out", "memory://fleet")
    with pytest.raises(InputError, match="nowhere://x: no scheme nowhere:// is known"):
        run("nowhere://user@x?token=1", fleet)
    with pytest.raises(InputError, match="memory://none: there is no such file or folder"):
        run("memory://out", "memory://none")
    assert find_jobs(["memory://fleet"], "memory://out").jobs[0].inputs == ("memory://fleet",)


def test_a_name_that_looks_like_a_pattern_takes_nothing_else_away(memory: None) -> None:
    files = MemoryFileSystem()
    for name in ("*", "mine"):
        files.pipe_file(f"/out/clusters/{name}/report.html", b"")
    place = open_store("memory://out")
    place.remove("clusters/*")
    assert files.find("/out") == ["/out/clusters/mine/report.html"]
