"""Very large jobs: read in parts by several workers, they give what they give as a whole."""

import dataclasses
import gzip
import io
import pickle
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from clusters import Elsewhere, Here, R, T, cluster, log, put, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag import pipeline
from logdiag.batch.engines import Processes
from logdiag.batch.run import batch
from logdiag.batch.run_job import Join
from logdiag.batch.split import PartTask, large
from logdiag.options import Options
from logdiag.reading import Stored, Tables, joined, keep, read
from logdiag.records import Want
from logdiag.snapshots import Limits, Snapshot, find_snapshots
from logdiag.snapshots.locations import Local
from logdiag.snapshots.parts import parts, size

SAMPLES = Path(__file__).parents[2] / "sample_logs"
ALL = Want(texts=True, digests=True, sha256=True)


# ── tables ──────────────────────────────────────────────────────────────────────────────────


def in_parts(snapshots: Sequence[Snapshot], limits: Limits, together: int = 1) -> Tables | None:
    """The tables of snapshots whose parts are read from the last to the first, each into a folder."""
    with tempfile.TemporaryDirectory() as folder:

        def stored(place: Path, some: tuple[Snapshot, ...]) -> Stored:
            place.mkdir()
            some = pickle.loads(pickle.dumps(some))  # as workers get them
            keep(some, place, limits, want=ALL, jobs=1)
            return Stored(some, lambda name: (place / name).read_bytes())

        found = []
        for number, snapshot in reversed(list(enumerate(snapshots))):
            own = parts(snapshot)
            starts = range(0, len(own), together)
            bundles = [tuple(own[start : start + together]) for start in starts]
            read_ = [
                stored(Path(folder, f"{number}-{at}"), bundle)
                for at, bundle in reversed(list(enumerate(bundles)))
            ]
            found.append((snapshot.name, read_[::-1]))
        return joined(found[::-1], limits, want=ALL)


def plain(tables: Tables) -> dict[str, object]:
    """Everything in some tables, as it can be compared."""
    columns = {name: getattr(tables, name) for name in (one.name for one in dataclasses.fields(tables))}
    told = {name: columns[name].to_pylist() for name in ("records", "unparsed", "config", "status", "texts")}
    digests = {place: one.tolist() for place, one in tables.digests.items()}
    spans = {place: list(one) for place, one in tables.spans.items()}
    return {**columns, **told, "numbers": tables.numbers.tolist(), "digests": digests, "spans": spans}


def tar(**files: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, held in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(held)
            archive.addfile(entry, io.BytesIO(held))
    return content.getvalue()


def zipped(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, held in files.items():
            archive.writestr(name, held)
    return content.getvalue()


DUMP = b"*c xConfiguration SystemUnit Name: expa01\n*c xConfiguration Zones DefaultZone Access: On\nwhat is this\n"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A snapshot with all that is read in another way than a log, and one without it beside it."""
    folder = tmp_path / "site" / "expa01"
    one = log("expa01").encode()
    for name, held in {
        "messages.log": one + b"no record\n",
        "logs/older": log("expa01", day="2024-03-04").encode(),
        "logs/older.gz": gzip.compress(one),
        "logs/older#2": b"\n".join(one.splitlines()[:2]),
        "deep.tgz": tar(messages=one, inner=zipped(messages=one, notes=b"none"), messages_=b""),
        "wide.txt": "\ufeff".encode("utf-16-le") + log("expa02").encode("utf-16-le"),
        "xconf_dump_expa01.txt": DUMP,
        "cut.gz": gzip.compress(one)[:-20],
        "behind.gz": gzip.compress(one) + b"other data" * 100_000,
        "empty": b"",
        "zlost": one,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(held)
    (folder / "link").symlink_to("messages.log")
    (tmp_path / "site" / "none").mkdir()
    put(tmp_path / "site" / "expa02" / "xconf_dump_expa02.txt", DUMP.decode())
    return tmp_path / "site"


@pytest.mark.parametrize("together", [1, 3, 100])
def test_parts_that_are_read_apart_and_backwards_make_the_tables_of_the_whole(
    odd: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    chunks = Local.chunks

    def lost(self: Local) -> Iterator[bytes]:
        if self.name == "zlost":
            raise OSError(5, "Input/output error")
        return chunks(self)

    monkeypatch.setattr(Local, "chunks", lost)
    snapshots = find_snapshots([odd])
    whole = read(snapshots, want=ALL, jobs=1)
    made = in_parts(snapshots, Limits(), together)
    assert made is not None
    assert plain(made) == plain(whole)
    # What makes this hard is there.
    assert {"logs/older#2", "logs/older#3"} <= {one.source for one in whole.members}
    assert {fault.kind for one in whole.members for fault in one.faults} == {"cut", "damaged", "unreadable"}
    assert [(dump.snapshot, dump.host, dump.taken is None) for dump in whole.dumps] == [
        ("expa01", "expa01", True),
        ("expa02", "expa01", True),
    ]
    assert whole.snapshots[0].given < sum(path.stat().st_size for path in (odd / "expa01").rglob("*"))


NAMES = st.sampled_from(["messages", "messages.gz", "messages#2", "sub/messages", "a.tgz", "xconf_dump.txt"])
CONTENTS = st.sampled_from(
    [
        b"",
        b"no record\n",
        DUMP,
        log("expa01").encode(),
        gzip.compress(log("expa01").encode()),
        tar(messages=log("expa02").encode(), other=DUMP),
    ]
)


@settings(max_examples=20, deadline=None)
@given(
    files=st.dictionaries(NAMES, CONTENTS, min_size=1),
    together=st.integers(1, 3),
    total=st.sampled_from([1, 500, 1500, 64 << 30]),
    members=st.sampled_from([1, 3, 100_000]),
)
def test_parts_are_the_whole_or_say_that_a_limit_may_have_been_reached(
    files: dict[str, bytes], together: int, total: int, members: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, "expa01", name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, "expa01", name).write_bytes(content)
        limits = Limits(total=total, members=members)
        snapshots = find_snapshots([Path(folder, "expa01")])
        whole = read(snapshots, limits, want=ALL, jobs=1)
        made = in_parts(snapshots, limits, together)
    reached = any(fault.kind == "limit" for one in whole.members for fault in one.faults)
    assert (made is None) == reached
    assert made is None or plain(made) == plain(whole)


def test_archives_that_are_only_together_out_of_proportion_are_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logdiag.snapshots.limits.RATIO_FROM", 300_000)
    monkeypatch.setattr("logdiag.snapshots.parts.RATIO_FROM", 300_000)
    for name in ("one.gz", "two.gz"):
        (tmp_path / name).write_bytes(gzip.compress(bytes(200_000)))
    put(tmp_path / "messages.log", log("expa01"))
    snapshots = find_snapshots([tmp_path])
    assert in_parts(snapshots, Limits(ratio=2000)) is not None
    assert in_parts(snapshots, Limits(ratio=20)) is None
    whole = read(snapshots, Limits(ratio=20), want=ALL, jobs=1)
    assert [one.source for one in whole.members if one.faults] == ["two"]


# ── batches ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A cluster of two peers, both of which hold one log beside their own, and a cluster that is one log."""
    cluster(tmp_path / "fleet" / "east", "expa01", "expa02")
    for host in ("expa01", "expa02"):
        put(tmp_path / "fleet" / "east" / f"snapshot_{host}" / "older.log", log("expa02", day="2024-03-04"))
    cluster(tmp_path / "fleet" / "west", "expb01")
    return tmp_path / "fleet"


@pytest.fixture
def expected(fleet: Path, tmp_path: Path) -> dict[str, bytes]:
    """What is made of it when nothing is read in parts."""
    batch([fleet], tmp_path / "whole", Options(), Here(), split=0)
    return tree(tmp_path / "whole")


def never(*_: object, **__: object) -> Tables:
    raise AssertionError("read as a whole")


def test_samples_in_parts_give_the_same_bytes_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [shutil.copytree(SAMPLES / "core-and-edge", tmp_path / "core-and-edge")]
    (given[0] / "diagnostic_log_none").mkdir()
    options = Options(language="ko")
    batch(given, tmp_path / "whole", options, Here(), split=0)
    monkeypatch.setattr(pipeline, "read", never)
    engine = Elsewhere()
    batch(given, tmp_path / "parts", options, engine, split=1)
    assert tree(tmp_path / "parts") == tree(tmp_path / "whole")
    assert engine.seen.count(PartTask) == sum(path.is_file() for path in given[0].rglob("*"))
    # Which way it was done makes no difference to what is done.
    again = batch(given, tmp_path / "parts", options, Here(), split=0)
    assert [row.told for row in again.rows] == [True]
    assert not (tmp_path / "parts" / ".unfinished").exists()


@dataclass(frozen=True)
class Halves(Here):
    """Two processes: one does the first half of the tasks, the other the rest."""

    pair: tuple[Processes, Processes] = field(default_factory=lambda: (Processes(1), Processes(1)))

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        for number, task in enumerate(tasks):
            yield from self.pair[2 * number // len(tasks)].run([task], work)


def test_processes_share_the_parts_of_a_job_and_know_what_each_of_them_has_read(
    fleet: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    assert b'"repeated": 3,' in expected["clusters/east/findings.json"]
    batch([fleet], tmp_path / "out", Options(jobs=2), Halves(), split=1)
    assert tree(tmp_path / "out") == expected


def test_a_job_that_reaches_a_limit_is_read_as_a_whole(fleet: Path, tmp_path: Path) -> None:
    options = Options(limits=Limits(total=1000))
    assert batch([fleet], tmp_path / "whole", options, Here(), split=0).code == 5
    assert batch([fleet], tmp_path / "parts", options, Elsewhere(), split=1).code == 5
    assert tree(tmp_path / "parts") == tree(tmp_path / "whole")


@pytest.mark.parametrize("wrong", ["changed", "gone", "failed"])
def test_a_part_that_is_not_as_it_was_read_is_never_taken(
    fleet: Path,
    expected: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
) -> None:
    def spoil(kind: type) -> None:
        if kind is Join and wrong != "failed":
            [table] = (tmp_path / "out" / ".unfinished").glob("*-1/records.arrow")
            content = table.read_bytes()
            table.unlink()
            if wrong == "changed":
                table.write_bytes(content[:-9] + b"something")

    if wrong == "failed":
        monkeypatch.setattr("logdiag.batch.split.keep", never)
    engine = Elsewhere(before=spoil)
    batch([fleet], tmp_path / "out", Options(), engine, split=1)
    assert Join in engine.seen
    assert tree(tmp_path / "out") == expected


def test_a_part_that_kills_its_process_is_a_row_that_names_the_job(fleet: Path, tmp_path: Path) -> None:
    class Deadly(Here):
        def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
            for task in tasks:
                deadly = isinstance(task, PartTask) and task.part.folder.endswith("-2")
                yield task, None if deadly else work(task)

    outcome = batch([fleet], tmp_path / "out", Options(), Deadly(), split=1)
    assert [(row.name, row.told) for row in outcome.rows] == [("east", False), ("west", True)]
    assert outcome.rows[0].reasons == (
        "the process that diagnosed it died each time: it may need too much memory",
    )
    assert batch([fleet], tmp_path / "out", Options(), Here(), split=1).code == 0


def test_a_run_that_ends_before_the_parts_are_joined_leaves_nothing_that_counts(
    fleet: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    def end(kind: type) -> None:
        if kind is Join:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch([fleet], tmp_path / "out", Options(), Elsewhere(before=end), split=1)
    assert {path.parent.name for path in (tmp_path / "out").glob("clusters/*/*")} == {"west"}
    batch([fleet], tmp_path / "out", Options(), Elsewhere(), split=1)
    assert tree(tmp_path / "out") == expected


def test_only_large_jobs_are_in_parts_and_small_files_are_one_part(fleet: Path) -> None:
    snapshots = find_snapshots([fleet / "east"])
    all_bytes = sum(path.stat().st_size for path in (fleet / "east").rglob("*.log"))
    assert sum(map(size, [part for one in snapshots for part in parts(one)])) == all_bytes
    split = partial(large, snapshots, state="0", about={})
    assert split(split=all_bytes + 1) is None
    found = split(split=all_bytes)
    assert found is not None
    assert [(part.snapshot, len(part.parts)) for part in found.parts] == [
        ("snapshot_expa01", 2),
        ("snapshot_expa02", 2),
    ]
    assert large(find_snapshots([fleet / "west"]), 1, "0", {}) is None


def test_a_size_that_is_none_is_2(
    run: Callable[..., "subprocess.CompletedProcess[bytes]"], fleet: Path, tmp_path: Path
) -> None:
    done = run("batch", fleet, "-o", tmp_path / "out", "--split", "much")
    assert (done.returncode, done.stderr) == (
        2,
        b"logdiag: --split much: write a number of bytes, such as 4G, or 0\n",
    )
