"""Run the fuzz targets, one after the other, and print what each did. `make fuzz` calls this script.

A target is a module ``fuzz_NAME.py`` with `run_input`, which takes bytes and raises if a property fails, and
with `seeds`, the first inputs.
"""

import argparse
import importlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {
    "archives": "archives and compressed streams: every member counted, every byte accounted, limits hold",
    "dumps": "dumps and certificates: no exception, and every position is inside the file",
    "records": "logs: rows cover all bytes, and both readers give the same tables",
    "rules": "rule files: a rule that works, or mistakes with their places, and no code runs",
    "queries": "SQL: rows or an error, and no file, no setting of the machine and no extension is used",
    "reader": "any input, up to the tables and the coverage: no byte is lost",
}

_FOLDER = Path(__file__).parent
_STATE = re.compile(rb"^#(\d+)\t", re.MULTILINE)
_KILLED = ("crash-*", "timeout-*", "oom-*")
"""The inputs that the fuzzer stores when one of them ends the whole process."""


def main() -> None:
    """Run all targets or one, or one input of a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=TARGETS, help="run only this target")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs")
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / "logdiag-crashes")
    parser.add_argument("--input", type=Path, help="run the target on this file once")
    options = parser.parse_args()
    targets = [options.target] if options.target else list(TARGETS)
    if options.input is not None:
        importlib.import_module(f"fuzz_{targets[0]}").run_input(options.input.read_bytes())
        return
    sys.exit(sum(search(target, options.seconds, options.crashes / target) for target in targets) > 0)


def search(target: str, seconds: int, folder: Path) -> int:
    """Run one target and print a line about it. Return the number of findings."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "fuzzer.log"
    log.write_bytes(b"")
    started, runs = time.monotonic(), 0
    # An input that ends the process, by memory or inside a library, does not end the search.
    while (left := seconds - int(time.monotonic() - started)) > 0:
        size = log.stat().st_size
        with log.open("ab") as output:
            command = [sys.executable, "fuzzer.py", target, str(left), str(folder.resolve())]
            code = subprocess.run(command, cwd=_FOLDER, stdout=output, stderr=output, check=False).returncode
        written = log.read_bytes()[size:]
        counts = re.findall(rb"^(?:Done|stat::number_of_executed_units:) +(\d+)", written, re.MULTILINE)
        runs += max(map(int, counts or _STATE.findall(written) or [0]))
        if code and not any(any(folder.glob(name)) for name in _KILLED):
            sys.exit(f"{target} did not start; {log} says why")
    found = sorted(path for path in folder.iterdir() if path.suffix == ".txt")
    found += [path for name in _KILLED for path in sorted(folder.glob(name))]
    elapsed = time.monotonic() - started
    print(
        f"{target:10} {runs:11,} executions {runs / elapsed:8,.0f}/s {len(found):4} findings  in {folder}",
        flush=True,
    )
    for path in found:
        print(f"           {path}", flush=True)
    return len(found)


if __name__ == "__main__":
    os.nice(10)
    main()
