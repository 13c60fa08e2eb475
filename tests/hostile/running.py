"""Runs `logdiag` many times, each time in a process of its own.

Starting Python and loading the rule library takes longer than most cases. So one process does both,
reads one harmless snapshot, and every run is a fork of it. It takes requests as lines of JSON and answers so.
"""

import contextlib
import ctypes
import faulthandler
import functools
import gc
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple, cast

CPU_SECONDS = 10
WALL_SECONDS = 240
"""Other work on the machine makes a run wait; only one that waits for ever takes this long."""

ADDRESS_SPACE = 12 << 30

_CAPABILITIES = 0x20080522
"""Version 3 of what Linux asks for and tells of a process's rights."""

_READ_ALL = 0b110
"""The rights to override permissions and to search every folder."""


class Ran(NamedTuple):
    """How a run ended: ``code`` is negative if a signal ended it; ``peak`` is in bytes."""

    code: int
    peak: int
    cpu: float


class Runner:
    """The process that runs are forked from. One that has died is started again."""

    def __init__(self) -> None:
        # The first run on a machine makes machine code; what is measured are the others.
        subprocess.run([sys.executable, "-c", _MACHINE_CODE], check=True)
        self._process = self._started()

    @staticmethod
    def _started() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self,
        words: list[str],
        outputs: list[str],
        folder: Path,
        environment: dict[str, str],
        stdin: Path | None = None,
    ) -> Ran:
        """Run ``logdiag`` twice: with outputs in the folder ``out``, then without them in ``summary``.

        Both folders get the streams of their run, too. The second run prints the summary. It gets the diagnosis
        of the first one, because reading and judging take longer than most of what it is for.
        """
        request = {"words": words, "outputs": outputs, "folder": str(folder), "environment": environment}
        request["stdin"] = os.devnull if stdin is None else str(stdin)
        if self._process.poll() is not None:
            self._process = self._started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the process that runs are forked from has ended ({self._process.wait()})"
        return Ran(**json.loads(answer))

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


_MACHINE_CODE = """
from logdiag.grammar.table_cache import tables
from logdiag.records import Want
from logdiag.records.compiled import Reader

list(Reader(tables("expressway"), 1, Want()).rows([b"2024-03-05T09:00:00Z expa01 tvcs: x\\n"]))
"""


_HARMLESS = {
    "messages": '2024-03-05T09:00:00Z expa01 tvcs: Event="x"\n',
    "xconf_dump.txt": '*c xConfiguration SIP Mode: "On"\n*c xConfiguration H323 Mode: "On"\n',
    "xconf.xml": '<?xml version="1.0"?>\n<Configuration><SIP><Mode>On</Mode></SIP></Configuration>\n',
    "notes.txt": "nothing\n",
}


def _load_what_runs_need(folder: Path) -> None:
    """Let the command load its modules, grammars, rules and templates, with a snapshot of every kind of file."""
    import typer

    exec(_MACHINE_CODE, {})
    (folder / "case").mkdir()
    for name, content in _HARMLESS.items():
        (folder / "case" / name).write_text(content)
    # Each run of the command would make its options anew, twice in each fork.
    typer.main.get_command = functools.cache(typer.main.get_command)
    outputs = ["-o", str(folder / "report.html"), "-o", str(folder / "findings.json")]
    for more in (outputs, []):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert _run_command(["diagnose", str(folder / "case"), *more]) == 0


def _serve() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _load_what_runs_need(Path(folder))
    # A collection in a fork would copy the memory of everything that is loaded.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _run(request)
        print(json.dumps(_wait(child)._asdict()), flush=True)


def _run(request: dict[str, object]) -> None:
    code = 1
    try:
        _give_up_roots_rights()
        os.environ.update(cast(dict[str, str], request["environment"]))
        faulthandler.register(signal.SIGXCPU, chain=True)  # where it was when its time was up
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _redirect(0, Path(cast(str, request["stdin"])))
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        folder, words = Path(cast(str, request["folder"])), cast(list[str], request["words"])
        _diagnose_once()
        code = _main(folder / "out", [*words, *cast(list[str], request["outputs"])])
        if _main(folder / "summary", words) != code:
            print("the summary has another exit code", file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _main(folder: Path, words: list[str]) -> int:
    """Run the command in a folder, with its output in it, and return the exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    _redirect(1, folder / "stdout")
    _redirect(2, folder / "stderr")
    os.chdir(folder)
    return _run_command(words)


def _run_command(words: list[str]) -> int:
    from logdiag.cli import main

    sys.argv = ["logdiag", *words]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _redirect(number: int, file: Path) -> None:
    opened = os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(opened, number)
    os.close(opened)


def _diagnose_once() -> None:
    """Let every further diagnosis of this process return what the first one returned."""
    from logdiag import pipeline

    diagnose, found = pipeline.diagnose, []

    def once(*given: Any) -> Any:
        if not found:
            found.append(diagnose(*given))
        return found[0]

    pipeline.diagnose = once


def _give_up_roots_rights() -> None:
    """What is closed to everybody is closed to root too from now on: tests are often run by root."""
    if sys.platform == "linux":
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
        rights = (ctypes.c_uint32 * 6)()
        libc = ctypes.CDLL(None)
        libc.capget(header, rights)
        rights[0] &= ~_READ_ALL  # those in effect
        libc.capset(header, rights)


def _wait(child: int) -> Ran:
    end = time.monotonic() + WALL_SECONDS
    while True:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            cpu = used.ru_utime + used.ru_stime
            return Ran(os.waitstatus_to_exitcode(status), used.ru_maxrss << 10, cpu)
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


if __name__ == "__main__":
    _serve()
