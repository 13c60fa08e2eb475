"""Run one fuzz target under atheris. No other module needs atheris.

Arguments: the target, the seconds, and the folder for crashes. ``inputs`` in that folder has the inputs that reach new
code; the next run starts with them.
"""

import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import atheris

SECONDS_EACH = 10
"""Seconds of processor time for one input. An input that takes longer counts as a hang."""

_WALL_SECONDS_EACH = 900
"""Seconds for one input after which the process ends: a signal cannot interrupt a library."""

_MEMORY = 6 << 30
"""Bytes of address space: an input that needs more fails, and not the machine."""

# numba compiles the bytecode of these, so it must not contain calls of the fuzzer.
_MACHINE_CODE = ["logdiag.grammar.kernel", "logdiag.grammar.bitcode", "logdiag.records.compiled"]


class HangError(Exception):
    """An input took too long."""


def main(name: str, seconds: str, folder: Path) -> None:
    """Fuzz the module of a target for some seconds."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with atheris.instrument_imports(include=["logdiag"], exclude=_MACHINE_CODE):
        target = importlib.import_module(f"fuzz_{name}")
        seeds = target.seeds()
        for seed in seeds[:50]:
            target.run_input(seed)  # imports what is imported late
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds):
        (inputs / f"seed-{number:04}").write_bytes(seed)
    words = folder / "words.dict"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.WORDS)
    words.write_text("".join(f'"{word}"\n' for word in quoted))
    signal.signal(signal.SIGVTALRM, _hang)
    arguments = [
        "-max_len=8192",
        "-len_control=0",  # else inputs stay short for the first hundred thousand executions
        "-rss_limit_mb=4096",
        f"-timeout={_WALL_SECONDS_EACH}",
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}/",
        f"-dict={words}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *arguments, str(inputs)], _keep_smallest(target.run_input, folder))
    atheris.Fuzz()


def _hang(*_: object) -> None:
    raise HangError


def _keep_smallest(target: Callable[[bytes], None], folder: Path) -> Callable[[bytes], None]:
    """Return the target as a function that continues after a crash, and stores the smallest input of each kind."""
    smallest: dict[str, int] = {}

    def run(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_EACH)
        try:
            target(data)
        except Exception as error:
            if type(error).__name__ == "StuckError":
                os._exit(0)  # no finding, but its thread would slow down all inputs after this one
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
            if len(data) < smallest.get(kind, sys.maxsize):
                smallest[kind] = len(data)
                (folder / kind).write_bytes(data)
                (folder / f"{kind}.txt").write_text("".join(traceback.format_exception(error)))
                print(f"{kind}: {len(data)} bytes", flush=True)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    return run


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
