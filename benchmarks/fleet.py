"""Measure batches of many small snapshots, with both engines and several numbers of workers.

    python benchmarks/fleet.py                  200 snapshots, five of them bad; both engines, 1 and 2 workers
    python benchmarks/fleet.py --kill           kill one worker in the middle of each run with several workers

At the end, the outputs of all runs are compared byte for byte.
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
"""One of the bad inputs, 256 MiB of zeros, reaches this limit."""


@dataclass
class Run:
    """One run of `logdiag batch`: its time, and the time and memory of its workers."""

    engine: str
    workers: int
    seconds: float
    core_seconds: float
    peaks: list[int]
    killed: int | None
    code: int
    messages: list[str] = field(default_factory=list)


def make(folder: Path, number: int) -> None:
    """Write ``number`` clusters, each in its own folder. The last five are bad."""
    rng = random.Random(7)
    for index in range(number - _BAD):
        for peer in range(_PEERS[index % len(_PEERS)]):
            host = f"exp{index:03d}{'abc'[peer]}"
            whole = b"".join(generate.log(1_000_000, host=host, seed=1 + index % 3))
            content = whole[: whole.rindex(b"\n", 0, rng.randrange(150_000, 1_000_000)) + 1]
            if peer:  # generated logs contain no problem, so add one
                content += _loss_of(host, f"exp{index:03d}a")
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
    # root can read every file, but nobody can read a broken link.
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


def _loss_of(host: str, other: str) -> bytes:
    start = f'2024-03-06T09:05:00.100+00:00 {host} UTCTime="2024-03-06 09:05:00,100" Module="developer.clusterdb.cdb" '
    return (
        f'{start}Level="INFO" Node="clusterdb@{host}" PID="<0.1.0>" '
        f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{other}"\n'
    ).encode()


def run(fleet: Path, out: Path, engine: str, workers: int, *, kill: bool) -> Run:
    """Run one batch, measure its processes, and kill one of them halfway on request."""
    words = [sys.executable, "-m", "logdiag", "batch", str(fleet), "-o", str(out), "--engine", engine]
    words += ["--jobs", str(workers), "--limit", _LIMIT]
    before = os.times()
    began = time.perf_counter()
    messages: list[str] = []
    peaks: dict[int, int] = {}
    killed = None
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        watched = threading.Thread(target=_watch, args=(started, peaks), daemon=True)
        watched.start()
        for line in started.stderr:
            messages.append(line.rstrip("\n"))
            done, _, total = line.partition(": ")[0].partition(" of ")
            if kill and killed is None and total.isdecimal() and int(done) >= int(total) // 2:
                killed = max(_workers(started.pid), key=_cpu)
                os.kill(killed, signal.SIGKILL)
    seconds = time.perf_counter() - began
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(
        engine,
        workers,
        seconds,
        spent,
        sorted(peaks.values())[-workers:],
        killed,
        started.returncode,
        messages,
    )


def _watch(started: "subprocess.Popen[str]", peaks: dict[int, int]) -> None:
    while started.poll() is None:
        for pid in _workers(started.pid):
            peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
        time.sleep(0.25)


def _workers(parent: int) -> list[int]:
    """Return the worker processes that have finished starting."""
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
    """Return the digest of each file below a folder, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def main() -> None:
    """Make the snapshots, run the batches, print the table, and compare the outputs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshots", type=int, default=200)
    parser.add_argument("--kill", action="store_true", help="kill one of the workers in the middle of a run")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engines", nargs="+", default=["local", "dask"])
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fleet-"))
    try:
        sys.exit(_run_all(folder, options))
    finally:
        shutil.rmtree(folder)


def _run_all(folder: Path, options: argparse.Namespace) -> int:
    fleet = folder / "fleet"
    make(fleet, options.snapshots)
    packed = sum(path.stat().st_size for path in fleet.rglob("*") if path.is_file())
    size = _unpacked(fleet)
    print(
        f"{options.snapshots} clusters, {packed / 1e6:.0f} MB packed, {size / 1e6:.0f} MB of logs", flush=True
    )
    print(
        "engine workers  time_s  efficiency   MB/s  core_s/GB  peak_MB_per_worker  killed  exit  inputs",
        flush=True,
    )
    alone: dict[str, float] = {}
    outputs: list[dict[str, str]] = []
    for engine in options.engines:
        for workers in options.workers:
            out = folder / f"{engine}-{workers}"
            result = run(fleet, out, engine, workers, kill=options.kill and workers > 1)
            alone.setdefault(engine, result.seconds * workers)
            efficiency = alone[engine] / (workers * result.seconds)
            peaks = " ".join(f"{peak / 1e6:.0f}" for peak in result.peaks)
            print(
                f"{engine:6} {workers:7} {result.seconds:7.1f} {efficiency:11.2f} {size / 1e6 / result.seconds:6.1f} "
                f"{result.core_seconds / (size / 1e9):10.1f}  {peaks:18}  {'yes' if result.killed else 'no':6}  {result.code:4}  "
                f"{result.messages[-1].rpartition(': ')[2]}",
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
    """Return the bytes of the logs in the good archives."""
    total = 0
    for path in fleet.glob("case*/*.tar.gz"):
        with tarfile.open(path) as archive:
            total += sum(member.size for member in archive)
    return total


if __name__ == "__main__":
    main()
