"""Run a fuzz target under atheris. No other module needs atheris."""

import argparse
import importlib
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

SECONDS_EACH = 10
"""Seconds of processor time for one input. An input that takes longer counts as a hang."""


class HangError(Exception):
    """An input took too long."""


def fuzz(name: str) -> None:
    """Fuzz a module that has `run_input` and `seeds`."""
    import atheris

    parser = argparse.ArgumentParser(description=f"Fuzz {name} and keep the smallest input of each crash.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / f"{name}-crashes")
    options = parser.parse_args()
    options.crashes.mkdir(parents=True, exist_ok=True)
    # The package was imported without instrumentation. Import it again under atheris.
    for module in [module for module in sys.modules if module.split(".")[0] == "logdiag"]:
        del sys.modules[module]
    with atheris.instrument_imports(include=["logdiag"]):
        target = importlib.import_module(name)
    signal.signal(signal.SIGVTALRM, _hang)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            Path(corpus, f"{number:04}").write_bytes(seed)
        arguments = [
            "-max_len=8192",
            "-rss_limit_mb=4096",
            f"-max_total_time={options.seconds}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *arguments, corpus], _keep_smallest(target.run_input, options.crashes))
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
