"""Many small snapshots through both engines: what a gigabyte costs, what a second worker brings, what a death does.

    python benchmarks/fleet.py                  200 snapshots, five of them bad; both engines, 1 and 2 workers
    python benchmarks/fleet.py --kill           and in each run with more than one worker, one is killed midway

In the end the outputs of all runs are compared byte for byte.
"""

import argparse
import gzip
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import generate

_BAD = 5
_PEERS = (1, 1, 2, 1, 3)
_LIMIT = "total=64M"
"""So that one of the bad inputs, 256 MiB of zeros, hits it."""


@dataclass
class Run:
    """One run of `logdiag batch`: how long it took, and what its workers needed."""

    engine: str
    workers: int
    seconds: float
    core_seconds: float
    peaks: list[int]
    killed: int | None
    code: int
    said: list[str] = field(default_factory=list)


def make(folder: Path, number: int) -> None:
    """Write ``number`` clusters, each in a folder of its own, the last five of them bad."""
    rng = random.Random(7)
    for index in range(number - _BAD):
        for peer in range(_PEERS[index % len(_PEERS)]):
            host = f"exp{index:03d}{'abc'[peer]}"
            whole = b"".join(generate.log(1_000_000, host=host, seed=1 + index % 3))
            content = whole[: whole.rindex(b"\n", 0, rng.randrange(150_000, 1_000_000)) + 1]
            if peer:  # what a benchmark's log lacks: something to find
                content += _lost(host, f"exp{index:03d}a")
            place = folder / f"case{index:03d}" / f"snapshot_{host}.tar.gz"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_archive(f"var/log/{host}/messages", content))
    torn = _archive("var/log/messages", b"".join(generate.log(1_000_000)))
    bad = {
        "bad-torn/snapshot.tar.gz": torn[: len(torn) // 2],
        "bad-empty/snapshot.tar.gz": b"",
        "bad-photo/photo.jpg": b"\xff\xd8\xff\xe0" + rng.randbytes(300_000),
        "bad-bomb/snapshot.tar.gz": _archive("var/log/messages", bytes(256 << 20)),
        "bad-garbled/snapshot.zip": b"PK\x03\x04" + rng.randbytes(300_000),
    }
    for name, content in bad.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    # To root, nothing is unreadable; a link to nowhere is to anybody.
    (folder / "bad-garbled" / "link.log").symlink_to("nowhere")


def _archive(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file,
        tarfile.open(fileobj=file, mode="w") as archive,
    ):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _lost(host: str, other: str) -> bytes:
    start = f'2024-03-06T09:05:00.100+00:00 {host} UTCTime="2024-03-06 09:05:00,100" Module="developer.clusterdb.cdb" '
    return (
        f'{start}Level="INFO" Node="clusterdb@{host}" PID="<0.1.0>" '
        f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{other}"\n'
    ).encode()


def run(folder: Path, out: Path, engine: str, workers: int, *, kill: bool) -> Run:
    """Do one batch, look at its processes while it runs, and kill one of them halfway."""
    words = [sys.executable, "-m", "logdiag", "batch", str(folder), "-o", str(out), "--engine", engine]
    words += ["--jobs", str(workers), "--limit", _LIMIT]
    before = os.times()
    began = time.perf_counter()
    said: list[str] = []
    peaks: dict[int, int] = {}
    killed = None
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        watched = threading.Thread(target=_watch, args=(started, peaks), daemon=True)
        watched.start()
        for line in started.stderr:
            said.append(line.rstrip("\n"))
            done, _, total = line.partition(": ")[0].partition(" of ")
            if kill and killed is None and total.isdecimal() and int(done) >= int(total) // 2:
                killed = max(_workers(started.pid), key=_cpu)
                os.kill(killed, signal.SIGKILL)
    seconds = time.perf_counter() - began
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(
        engine, workers, seconds, spent, sorted(peaks.values())[-workers:], killed, started.returncode, said
    )


def _watch(started: "subprocess.Popen[str]", peaks: dict[int, int]) -> None:
    while started.poll() is None:
        for pid in _workers(started.pid):
            peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
        time.sleep(0.25)


def _workers(parent: int) -> list[int]:
    """The processes that do the work: children that have come far enough to have read anything."""
    return [pid for pid in _children(parent) if b"spawn_main" in _read(pid, "cmdline")]


def _children(parent: int) -> Iterator[int]:
    tasks = Path(f"/proc/{parent}/task")
    for task in tasks.iterdir() if tasks.exists() else ():
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _peak(pid: int) -> int:
    lines = [line for line in _read(pid, "status").splitlines() if line.startswith(b"VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def _cpu(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def digest(folder: Path) -> dict[str, str]:
    """All files below a folder, each with a digest of what it holds."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def main() -> None:
    """Make the snapshots, do the runs, print the table, compare the outputs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshots", type=int, default=200)
    parser.add_argument("--kill", action="store_true", help="kill one of the workers midway")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engines", nargs="+", default=["local", "dask"])
    chosen = parser.parse_args()
    room = Path(tempfile.mkdtemp(prefix="fleet-"))
    try:
        sys.exit(_all(room, chosen))
    finally:
        shutil.rmtree(room)


def _all(room: Path, chosen: argparse.Namespace) -> int:
    fleet = room / "fleet"
    make(fleet, chosen.snapshots)
    packed = sum(path.stat().st_size for path in fleet.rglob("*") if path.is_file())
    size = _unpacked(fleet)
    print(
        f"{chosen.snapshots} clusters, {packed / 1e6:.0f} MB packed, {size / 1e6:.0f} MB of logs", flush=True
    )
    print(
        "engine workers  time_s  efficiency   MB/s  core_s/GB  peak_MB_per_worker  killed  exit  inputs",
        flush=True,
    )
    alone: dict[str, float] = {}
    outputs: list[dict[str, str]] = []
    for engine in chosen.engines:
        for workers in chosen.workers:
            out = room / f"{engine}-{workers}"
            one = run(fleet, out, engine, workers, kill=chosen.kill and workers > 1)
            alone.setdefault(engine, one.seconds * workers)
            efficiency = alone[engine] / (workers * one.seconds)
            peaks = " ".join(f"{peak / 1e6:.0f}" for peak in one.peaks)
            print(
                f"{engine:6} {workers:7} {one.seconds:7.1f} {efficiency:11.2f} {size / 1e6 / one.seconds:6.1f} "
                f"{one.core_seconds / (size / 1e9):10.1f}  {peaks:18}  {'yes' if one.killed else 'no':6}  {one.code:4}  "
                f"{one.said[-1].rpartition(': ')[2]}",
                flush=True,
            )
            outputs.append(digest(out))
            index = (out / "index.html").stat().st_size
            dataset = sum(path.stat().st_size for path in (out / "findings").rglob("*.parquet"))
            states = sum(path.stat().st_size for path in (out / "state").iterdir())
            reports = sum(path.stat().st_size for path in (out / "clusters").rglob("*") if path.is_file())
    print(
        f"output: {len(outputs[0])} files; index {index}, dataset {dataset}, states {states}, clusters {reports} bytes"
    )
    same = all(one == outputs[0] for one in outputs)
    print("all outputs are the same, byte for byte" if same else "THE OUTPUTS DIFFER")
    return 0 if same else 1


def _unpacked(fleet: Path) -> int:
    """Bytes of the logs in the good archives."""
    total = 0
    for path in fleet.glob("case*/*.tar.gz"):
        with tarfile.open(path) as archive:
            total += sum(member.size for member in archive)
    return total


if __name__ == "__main__":
    main()
