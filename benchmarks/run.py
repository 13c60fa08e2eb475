"""Run the benchmarks: ``python benchmarks/run.py [small] [cold] [speed] [sizes] [page] [rules]`` (default: all).

Figures are ratios, measured in one run on one machine. Each reader runs in its own warm process, and the best of
several runs counts. These are not tests.

- ``small``: how long a command takes that has little to do, which is mostly what Python has to load.
- ``cold``: the first large log on a machine, with an empty cache.
- ``speed``: readers against each other.
- ``sizes``: a diagnosis from a packed snapshot to the page, and how time and memory grow with its size.
- ``page``: from the upload of a log of 500 MiB to `logdiag serve` until its report is there.
- ``rules``: how time grows with the number of rules.
"""

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from generate import log, write  # noqa: E402
from readers import READERS  # noqa: E402

MIB = 1 << 20


def main() -> None:
    """Run the selected benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["small", "cold", "speed", "sizes", "page", "rules"])
    parser.add_argument("--size", type=int, default=200, help="size of the log for comparing readers, in MiB")
    parser.add_argument("--largest", type=int, default=2000, help="size of the largest log, in MiB")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="folder for the logs (default: a temporary folder)")
    options = parser.parse_args()
    if options.one:
        _one(options.one[0], Path(options.one[1]), int(options.one[2]))
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="logdiag-benchmarks-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if "small" in options.what:
            _small(folder, options.times)
        if "cold" in options.what:
            _cold(folder, options.times)
        if "speed" in options.what:
            _speed(folder, options.size, options.times)
        if "sizes" in options.what:
            _sizes(folder, options.largest, options.times)
        if "page" in options.what:
            _page(folder, options.times)
        if "rules" in options.what:
            _rules(folder, options.size, options.times)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


# ── a small run, and the first large one ────────────────────────────────────────────────────


def _small(folder: Path, times: int) -> None:
    command = [sys.executable, "-c", "from logdiag.cli import main; main()"]
    sample = str(HERE.parent / "sample_logs" / "peer-lost")
    runs = {
        "`import typer`": [sys.executable, "-c", "import typer"],
        "`import pyarrow, typer`": [sys.executable, "-c", "import pyarrow, typer"],
        "`--help`": [*command, "--help"],
        "a sample to HTML": [*command, "diagnose", sample, "-o", str(folder / "small.html"), "--quiet"],
        "`alarms 20006`": [*command, "alarms", "20006"],
        "`rules show`": [*command, "rules", "show", "database/peer-down"],
        "`procedures`": [*command, "procedures"],
    }
    found = _compared(runs, 3 * times, {**_environment(), "LOGDIAG_CACHE": str(folder / "cache")})
    base = found["`import pyarrow, typer`"]
    print("| run | seconds | times `import pyarrow, typer` |")
    print("| --- | ---: | ---: |")
    for name, seconds in found.items():
        print(f"| {name} | {seconds:.2f} | {seconds / base:.1f} |")


def _cold(folder: Path, times: int) -> None:
    command = [
        sys.executable,
        "-c",
        "from logdiag.cli import main; main()",
        "diagnose",
        str(_log(folder, 60)),
    ]
    command += ["-o", str(folder / "cold.html"), "--quiet"]
    cache = folder / "cold-cache"
    cold, warm = [], []
    for _ in range(times):
        shutil.rmtree(cache, ignore_errors=True)
        cold += _compared({"": command}, 1, {**_environment(), "LOGDIAG_CACHE": str(cache)}).values()
        warm += _compared({"": command}, 2, {**_environment(), "LOGDIAG_CACHE": str(cache)}).values()
    print("| a log of 60 MiB | seconds | times a warm run |")
    print("| --- | ---: | ---: |")
    for name, seconds in (("with an empty cache", min(cold)), ("warm", min(warm))):
        print(f"| {name} | {seconds:.2f} | {seconds / min(warm):.1f} |")


def _compared(runs: dict[str, list[str]], times: int, environment: dict[str, str]) -> dict[str, float]:
    """Return the best time of each command; they take turns, so that other load meets all of them."""
    best: dict[str, float] = {}
    for _ in range(times):
        for name, command in runs.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)
    return best


# ── readers against each other ──────────────────────────────────────────────────────────────


def _one(name: str, path: Path, cores: int) -> None:
    """Time one reader in this process. The first run is cold, so the best of several counts."""
    reader = next(one for one in READERS if one.name == name)
    seconds = []
    for _ in range(4 if reader.share == 1 else 2):
        start = time.perf_counter()
        reader.run(path, cores)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": min(seconds), "memory": _memory()}))


def _memory() -> float:
    """Return the peak memory of this process and its children, in MiB."""
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(used) / 1024


def _speed(folder: Path, size: int, times: int) -> None:
    path = _log(folder, size)
    with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed)
    speeds: dict[tuple[str, int], float] = {}
    for reader in READERS:
        part = _log(folder, max(size // reader.share, 1))
        for cores in reader.cores:
            try:
                best = min(_timed(reader.name, part, cores)["seconds"] for _ in range(times))
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                print(f"{reader.name}: left out ({error})", file=sys.stderr)
                continue
            speeds[reader.name, cores] = part.stat().st_size / best
            rate = speeds[reader.name, cores] / 1e6
            print(f"{reader.name}, {cores} core(s): {rate:.1f} MB/s", file=sys.stderr)
    lark = speeds["logdiag, the same grammar with Lark", 1]
    print("| reader | what it gives | one core | two cores |")
    print("| --- | --- | ---: | ---: |")
    for reader in READERS:
        cells = [
            f"{speeds[reader.name, cores] / lark:.0f}" if (reader.name, cores) in speeds else "–"
            for cores in (1, 2)
        ]
        print(f"| {reader.name} | {reader.gives} | {cells[0]} | {cells[1]} |")


def _timed(name: str, path: Path, cores: int) -> dict[str, float]:
    command = [sys.executable, str(HERE / "run.py"), "--one", name, str(path), str(cores)]
    environment = {**_environment(), "POLARS_MAX_THREADS": str(cores)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(HERE.parent)}


# ── a diagnosis, by size ────────────────────────────────────────────────────────────────────


def _sizes(folder: Path, largest: int, times: int) -> None:
    print("| log, unpacked | time, times gzip -dc | memory, MiB |")
    print("| ---: | ---: | ---: |")
    for size in (10, 100, 200, 500, 2000):
        if size > largest:
            break
        path = folder / f"diagnostic_log_expa01_{size}.tar.gz"
        if not path.exists():
            _pack(path, size)
        unpacking, seconds, memory = float("inf"), float("inf"), 0.0
        for _ in range(times):
            command = ["gzip", "-dc", str(path)]
            unpacking = min(unpacking, _compared({"": command}, 1, _environment())[""])
            took, memory = _diagnosed(path, folder)
            seconds = min(seconds, took)
        print(f"| {size} MiB | {seconds / unpacking:.1f} ({seconds:.1f} s) | {memory:.0f} |")


def _pack(path: Path, size: int) -> None:
    import io
    import tarfile

    plain = path.with_suffix("")
    with plain.open("wb") as file:
        file.writelines(log(size * MIB))
    with gzip.open(path, "wb", compresslevel=6) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        entry = tarfile.TarInfo("loggingsnapshot_expa01/messages.txt")
        entry.size = plain.stat().st_size
        with plain.open("rb") as file:
            archive.addfile(entry, io.BufferedReader(file))  # type: ignore[type-var]
    plain.unlink()


def _diagnosed(path: Path, folder: Path, *more: str) -> tuple[float, float]:
    code = (
        "import resource, sys, time; start = time.perf_counter(); from logdiag.cli import main; "
        "sys.argv = ['logdiag', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "diagnose",
        str(path),
        "-o",
        str(folder / "report.html"),
        "--quiet",
        *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())
    seconds, memory = done.stderr.splitlines()[-1].split()
    return float(seconds), float(memory)


# ── the web page ────────────────────────────────────────────────────────────────────────────


def _page(folder: Path, times: int) -> None:
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    plain, packed = folder / "log_500.txt", folder / "diagnostic_log_expa01_500.tar.gz"
    if not plain.exists():
        write(plain, 500 * MIB)
    if not packed.exists():
        _pack(packed, 500)
    command = [sys.executable, "-m", "logdiag", "serve", "--no-open"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=_environment())
    assert server.stderr is not None
    link = urlsplit(server.stderr.readline().split()[-1])
    own = {"Origin": f"http://{link.netloc}", "Content-Type": "multipart/form-data; boundary=x"}

    def get(address: str) -> tuple[int, str]:
        connection = HTTPConnection(link.netloc)
        connection.request("GET", address, headers=own)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Set-Cookie", "")

    def send(path: Path) -> str:
        form = f'form-data; name="files"; filename="{path.name}"'
        head, tail = f"--x\r\nContent-Disposition: {form}\r\n\r\n".encode(), b"\r\n--x--\r\n"
        connection = HTTPConnection(link.netloc)
        connection.putrequest("POST", "/diagnose")
        length = len(head) + path.stat().st_size + len(tail)
        for name, value in {**own, "Content-Length": str(length)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with path.open("rb") as file:
            for part in (head, file, tail):
                connection.send(part)
        return str(connection.getresponse().getheader("Location"))

    own["Cookie"] = get(f"/?{link.query}")[1].partition(";")[0]
    print("| upload | seconds to the report | times the command |")
    print("| --- | ---: | ---: |")
    for name, path in (("a log of 500 MiB", plain), ("the same in a .tar.gz", packed)):
        alone, seconds = float("inf"), float("inf")
        for _ in range(times):
            alone = min(alone, _diagnosed(path, folder)[0])
            start = time.perf_counter()
            case = send(path)
            while get(f"{case}/report")[0] == 404:
                time.sleep(0.05)
            seconds = min(seconds, time.perf_counter() - start)
        print(f"| {name} | {seconds:.1f} | {seconds / alone:.2f} |")
    status = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    [memory] = [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
    server.terminate()
    server.wait()
    print(f"memory of the server: {memory:.0f} MiB")


# ── rules ───────────────────────────────────────────────────────────────────────────────────


def _rules(folder: Path, size: int, times: int) -> None:
    path = _log(folder, size)
    print("| more rules | time, times none |")
    print("| ---: | ---: |")
    none = 0.0
    for count in (0, 10, 100, 500):
        library = folder / f"rules-{count}"
        shutil.rmtree(library, ignore_errors=True)
        for number in range(count):
            _write_rule(library, number)
        more = ["--rules", str(library)] if count else []
        seconds = min(_diagnosed(path, folder, *more)[0] for _ in range(times))
        none = none or seconds
        print(f"| {count} | {seconds / none:.2f} ({seconds:.1f} s) |")


def _write_rule(library: Path, number: int) -> None:
    folder = library / "synthetic"
    folder.mkdir(parents=True, exist_ok=True)
    line = '2024-03-05T09:00:00.000+00:00 expa01 tvcs: Module="synthetic.m{}" Level="INFO" Detail="{}"'
    (folder / f"rule-{number}.yaml").write_text(
        f"title: Synthetic {number}\nseverity: low\nbasis: assumed\nwhy: It is made for a measurement.\n"
        f"match:\n  record:\n    - where: {{Module: synthetic.m{number}, Detail|re: 'state ([0-9]+) of {number}'}}\n"
        "cases:\n"
        f"  - name: it fires\n    logs:\n      expa01.log: |\n        {line.format(number, f'state 7 of {number}')}\n"
        "    expect: {fires: true}\n"
        f"  - name: near miss\n    logs:\n      expa01.log: |\n        {line.format(number, f'state x of {number}')}\n"
        "    expect: {fires: false}\n"
    )


def _log(folder: Path, size: int) -> Path:
    path = folder / f"expa01-{size}.log"
    if not path.exists():
        write(path, size * MIB)
    return path


if __name__ == "__main__":
    main()
