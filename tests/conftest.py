"""What all tests share: the golden files, and that nothing is skipped where everything must run."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long a test takes says nothing about it on a busy machine.
settings.register_profile("logdiag", deadline=None)
settings.load_profile("logdiag")

ROOT = Path(__file__).parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Rules and grammars are read once for all tests and what they start; nothing of the user's is touched."""
    if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker has the folder of the one that started it
        folder = tempfile.mkdtemp(prefix="logdiag-cache-")
        os.environ["LOGDIAG_CACHE"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: many tests wait for a process or a browser that they started."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the golden files")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("CI") and skipped:
        print(f"\n{len(skipped)} tests were skipped; in CI nothing is")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a golden file, or rewrite the file with ``--bless``."""
    folder = Path(request.path).parent / "golden"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--bless"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; `make bless` rewrites it"

    return compare


@pytest.fixture
def samples() -> Path:
    return ROOT / "sample_logs"


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser for the tests that look at pages."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path is not None, "these tests need chromium"
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server of buckets: one for all tests, because file systems are kept with their address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_client(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of that server, to which all requests for buckets go."""
    import boto3

    settings = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return boto3.client("s3")


@pytest.fixture(autouse=True)
def no_user_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person has settled who runs the tests is no part of them."""
    for name in [name for name in os.environ if name.startswith("LOGDIAG_") and name != "LOGDIAG_CACHE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOGDIAG_CONFIG", "")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """The command line with its output and exit code, in the temporary folder of the test.

    It runs in this process: to start one takes longer than most of what a command does.
    """

    def run(
        *words: str | Path, given: bytes = b"", keep: Collection[str] = ()
    ) -> "subprocess.CompletedProcess[bytes]":
        from logdiag.cli import main

        out, err = io.BytesIO(), io.BytesIO()
        code = 0
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("GITHUB_") and name not in keep]:
                patch.delenv(name)
            patch.setenv("NO_COLOR", "1")
            patch.setenv("PYTHONSAFEPATH", "1")  # which the command sets for good
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["logdiag", *map(str, words)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", "backslashreplace"))
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            sys.stdout.flush()
            sys.stderr.flush()
            return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def run_text(
    run: "Callable[..., subprocess.CompletedProcess[bytes]]", monkeypatch: pytest.MonkeyPatch
) -> "Callable[..., subprocess.CompletedProcess[str]]":
    """Run the command line with variables of the environment, and return its output as text."""

    def run_text(*words: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            done = run(*words, keep=tuple(variables))
        return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_text
