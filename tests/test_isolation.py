"""Files in the current folder, next to the evidence, have no effect."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from logdiag.pipeline import diagnose

ROOT = Path(__file__).parent.parent

NUMBA_CONFIG = """\
chrome_trace: victim.txt
cache_locator_classes: planted.Class
dump_llvm: 1
cpu_name: generic
cpu_features: +no-such-feature
"""
MODULES = (
    # Modules that worker processes and the command import. Python searches the current folder first.
    *("multiprocessing", "resource_tracker", "signal", "selectors", "socket", "decimal", "numbers"),
    *("sitecustomize", "usercustomize", "typer", "lark", "numba", "yaml", "pyarrow", "duckdb", "planted"),
)
SETTINGS = {
    ".numba_config.yaml": NUMBA_CONFIG,
    "logdiag.toml": "fail-on = 'info'\nlang = 'ko'\n",
    "pyproject.toml": "[tool.logdiag]\nfail-on = 'info'\n",
    "dask.yaml": "distributed:\n  worker:\n    preload: [planted]\n",
    "distributed.yaml": "distributed:\n  worker:\n    preload: [planted]\n",
    ".config/dask/evil.yaml": "distributed:\n  worker:\n    preload: [planted]\n",
    ".duckdbrc": "COPY (SELECT 1) TO 'victim.txt';\n",
    "fsspec.json": '{"file": {"auto_mkdir": true}}',
    "fsspec_file.json": '{"auto_mkdir": true}',
    ".env": "LOGDIAG_FAIL_ON=info\nPYTHONINSPECT=1\n",
    "pyvenv.cfg": "home = /nowhere\n",
    "openssl.cnf": "garbage\n",
    "openblas.conf": "garbage\n",
}


def fill(folder: Path) -> Path:
    """Write evidence that is large enough for machine code, hostile settings and hostile modules."""
    [log] = (ROOT / "sample_logs/peer-lost").glob("*.log")
    (folder / "case/expc01").mkdir(parents=True)
    (folder / "case/expc01/a.log").write_bytes(log.read_bytes() * 40)
    (folder / "victim.txt").write_text("untouched")
    for name, text in SETTINGS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in MODULES:
        (folder / f"{name}.py").write_text("open('obeyed', 'w').close()\nclass Class: pass\n")
    return folder


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return fill(tmp_path)


def remove_modules(folder: Path) -> None:
    for path in folder.glob("*.py"):
        path.unlink()


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"NO_COLOR": "1", "LOGDIAG_CONFIG": "", **os.environ, **variables}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def logdiag(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("logdiag")
    return run(folder, str(script), *words, **variables)


def check_untouched(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "define" not in done.stdout  # a word of LLVM's dump
    assert (folder / "victim.txt").read_text() == "untouched"
    assert not (folder / "obeyed").exists()


def test_without_protection_the_files_are_obeyed(hostile: Path) -> None:
    run(hostile, sys.executable, "-c", "import multiprocessing")
    assert (hostile / "obeyed").exists()
    remove_modules(hostile)
    result = run(hostile, sys.executable, "-c", "import numba; print(numba.config.DUMP_LLVM)")
    assert result.stdout == "1\n"


def test_the_command_obeys_nothing_in_the_current_folder(hostile: Path) -> None:
    done = logdiag(hostile, "diagnose", "case")
    check_untouched(hostile, done)
    assert done.stdout.split() == diagnose([hostile / "case"]).to_text().split()


def test_python_m_obeys_nothing_in_the_current_folder(hostile: Path) -> None:
    done = run(hostile, sys.executable, "-m", "logdiag", "diagnose", "case")
    check_untouched(hostile, done)


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_batch_workers_obey_nothing_in_the_current_folder(
    hostile: Path, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    out = str(tmp_path_factory.mktemp("out") / "new")
    words = ["batch", "case", "-o", out, "--jobs", "1"]  # which is one worker process
    done = logdiag(hostile, *words, *(["--engine", "dask"] if engine == "dask" else []))
    check_untouched(hostile, done)


def test_redacting_workers_obey_nothing_in_the_current_folder(
    hostile: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = hostile / "case/expc01/a.log"
    log.write_bytes(log.read_bytes() * 39)  # enough to start worker processes
    done = logdiag(
        hostile, "redact", "case", "-o", str(tmp_path_factory.mktemp("out") / "new"), "--jobs", "2"
    )
    check_untouched(hostile, done)


def test_the_python_api_obeys_no_settings_in_the_current_folder(hostile: Path) -> None:
    remove_modules(hostile)  # Python imports these before logdiag can prevent it
    code = "import logdiag; print(logdiag.parse('case', engine='compiled').num_rows)"
    done = run(hostile, sys.executable, "-c", code)
    check_untouched(hostile, done)
    assert done.stdout == "640\n"


@pytest.mark.parametrize("before", ["", "import numba; "])
def test_numba_reads_no_settings_later_either(hostile: Path, before: str) -> None:
    """Also if the caller had imported numba before logdiag did."""
    remove_modules(hostile)
    code = (
        f"import os; {before}import logdiag.grammar.bitcode, numba; os.chdir({str(hostile)!r}); "
        "numba.core.config.reload_config(); print(numba.config.DUMP_LLVM, numba.config.CHROME_TRACE)"
    )
    assert run(hostile.parent, sys.executable, "-c", code).stdout == "0 \n"


def test_the_command_ignores_numbas_variables(hostile: Path) -> None:
    """Most runs do not import numba: this one does after the command."""
    remove_modules(hostile)
    code = (
        "import sys; sys.argv = ['logdiag', 'alarms', '20006']\nfrom logdiag.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "import logdiag.grammar.bitcode, numba; print(numba.config.DUMP_LLVM, numba.config.CHROME_TRACE)"
    )
    variables = {"NUMBA_DUMP_LLVM": "1", "NUMBA_CHROME_TRACE": "victim.txt"}
    done = run(hostile, sys.executable, "-c", code, **variables)
    check_untouched(hostile, done)
    assert done.stdout.splitlines()[-1] == "0 "


def test_one_module_imports_numba() -> None:
    importers = set()
    for path in (ROOT / "logdiag").rglob("*.py"):
        text = path.read_text()
        mentions = "numba" in text or "llvmlite" in text
        for node in ast.walk(ast.parse(text)) if mentions else ():
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if any(name.split(".")[0] == "numba" for name in names):
                importers.add(path.name)
    assert importers == {"bitcode.py"}


HOOK = """
import json, os, sys
seen = set()
def note(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes, os.PathLike)):
        seen.add(("file", os.path.abspath(os.fsdecode(arguments[0]))))
    elif event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
        seen.add(("socket", repr(arguments[1:])))
    elif event in ("os.system", "subprocess.Popen", "os.exec"):
        seen.add(("program", repr(arguments[:2])))
sys.addaudithook(note)
sys.path[:] = [place for place in sys.path if place]
from logdiag.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["logdiag", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
print(json.dumps(sorted(seen)), file=sys.stderr)
"""

COMMANDS = (
    ["diagnose", "case", "-o", "{out}/r.html", "-o", "{out}/r.sarif"],
    ["query", "SELECT count(*) FROM records", "case"],
    ["redact", "case", "-o", "{out}/red", "--jobs", "1"],
    ["parse", "case", "-o", "{out}/r.parquet"],
)


class Trace(NamedTuple):
    """Commands in a hostile folder, with the files, sockets and programs that they opened."""

    folder: Path
    events: list[tuple[str, str]]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """Run the commands under an audit hook of Python, in one process."""
    folder, out = fill(tmp_path_factory.mktemp("hostile")), tmp_path_factory.mktemp("out")
    commands = json.dumps([[word.format(out=out) for word in words] for words in COMMANDS])
    code = "import sys; sys.path.pop(0); " + f"exec({HOOK!r})"
    done = run(folder, sys.executable, "-c", code, commands)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {"r.html", "r.sarif", "red", "r.parquet"}
    return Trace(folder, [tuple(event) for event in json.loads(done.stderr.splitlines()[-1])])


def test_the_commands_open_nothing_but_their_inputs_in_the_current_folder(trace: Trace) -> None:
    within = {
        Path(name).relative_to(trace.folder)
        for kind, name in trace.events
        if kind == "file" and trace.folder in Path(name).parents
    }
    assert {path.parts[0] for path in within} == {"case"}


def test_the_commands_open_no_connection(trace: Trace) -> None:
    assert [event for event in trace.events if event[0] != "file"] == []


def test_the_cache_contains_no_log_text(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    # Copy the machine code that earlier tests compiled: it is the same for every log.
    cache = tmp_path_factory.mktemp("cache") / "cache"
    shutil.copytree(os.environ["LOGDIAG_CACHE"], cache, ignore=shutil.ignore_patterns("[!c]*"))
    cache.chmod(0o700)
    log = hostile / "case/expc01/a.log"
    log.write_bytes(log.read_bytes().replace(b"apolo.local", b"only-in-this-log.test"))
    done = logdiag(hostile, "diagnose", "case", LOGDIAG_CACHE=str(cache))
    assert done.returncode == 0
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        assert b"only-in-this-log" not in path.read_bytes(), path
