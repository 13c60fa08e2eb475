"""The wheel and the sdist, the lowest versions of dependencies, and the commands of the README."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag.grammar.machine_code import installed_file

ROOT = Path(__file__).parent.parent

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def clean(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables without those that expose the environment of the tests."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST")
    return {name: value for name, value in environment.items() if name not in hidden}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the checkout, with files that are not committed yet."""
    folder = tmp_path_factory.mktemp("checkout") / "logdiag"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    author = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", *author, "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=folder, check=True)
    return folder


def build(source: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=clean(dict(os.environ)))
    return folder


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(checkout, tmp_path_factory.mktemp("dist"))


def test_the_same_source_gives_the_same_bytes(built: Path, checkout: Path, tmp_path: Path) -> None:
    """Folder, times and modes of the source have no effect."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(checkout, elsewhere, ignore=shutil.ignore_patterns(".venv"))
    for path in elsewhere.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            path.chmod(0o600)
            os.utime(path, (1_000_000_000, 1_000_000_000))
    again = build(elsewhere, tmp_path / "again")
    assert sorted(path.name for path in again.iterdir()) == sorted(path.name for path in built.iterdir())
    for path in again.iterdir():
        assert path.read_bytes() == (built / path.name).read_bytes(), path.name


def test_the_sdist_holds_the_project(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"grammars/expressway.lark", "rules/database/peer-down.yaml", "README.md", "LICENSE"} <= names
    assert {"tests/test_packaging.py", "sample_logs/README.md", "constraints.txt", "SECURITY.md"} <= names
    assert not any(name.startswith(".ci") for name in names)


def test_the_wheel_holds_the_data(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in ("grammars/expressway.lark", "rules/database/peer-down.yaml", "reports/report.html.jinja"):
        assert f"logdiag/data/{file}" in names
    assert "logdiag/data/reports/locale/ko/LC_MESSAGES/logdiag.mo" in names
    for module in ("logdiag.grammar.kernel", "logdiag.records.compiled.columns"):
        assert f"logdiag/data/grammars/{installed_file(module)}" in names
    assert "logdiag/py.typed" in names
    assert not any(name.startswith(("tests", "sample_logs")) for name in names)


def lowest() -> str:
    """Return the lowest allowed version of each dependency, as constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return "".join(f"{line.replace('>=', '==')}\n" for line in project["dependencies"])


ALL_COMMANDS = """
import sys
import logdiag
from logdiag.cli import main
for words in (
    "diagnose snapshot -o report.html -o report.json -o x.sarif -o x.xml",
    "diagnose snapshot --lang ko -o ko.html",
    "parse snapshot -o records.parquet",
    "parse snapshot -o records.csv",
    "query|SELECT host, count(*) FROM records GROUP BY host|snapshot",
    "query|SELECT rule FROM findings|snapshot|-o|rules.parquet",
    "redact snapshot -o redacted",
    "shapes snapshot -o shapes.jsonl",
    "batch snapshot -o batch",
    "alarms 20006",
    "rules lint",
):
    sys.argv = ["logdiag", *words.split("|" if "|" in words else None)]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
# Small inputs never load the compiled reader, so compare it here.
assert logdiag.parse(["snapshot"], engine="compiled") == logdiag.parse(["snapshot"], engine="lark")
"""
"""All commands in one process: to start a process for each takes longer than the commands."""


def test_pipx_installs_the_wheel_and_it_works_with_the_lowest_versions(
    built: Path, tmp_path: Path, samples: Path
) -> None:
    [wheel] = built.glob("*.whl")
    (tmp_path / "lowest.txt").write_text(lowest())
    environment = clean(dict(os.environ)) | {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
        "PIP_NO_COMPILE": "1",  # saves compiling modules that no command imports
        "PIP_CONSTRAINT": str(tmp_path / "lowest.txt"),
    }
    subprocess.run([sys.executable, "-m", "pipx", "install", "--quiet", wheel], check=True, env=environment)
    [python] = (tmp_path / "pipx").glob("venvs/logdiag/bin/python")
    logdiag = tmp_path / "bin" / "logdiag"
    shutil.copytree(samples / "peer-lost", tmp_path / "snapshot")
    subprocess.run([logdiag, "--version"], check=True, cwd=tmp_path, env=environment, capture_output=True)
    subprocess.run(
        [python, "-c", ALL_COMMANDS], check=True, cwd=tmp_path, env=environment, capture_output=True
    )
    assert "expc01 lost the cluster connection to expc02" in (tmp_path / "report.html").read_text()


def test_every_dependency_has_a_wheel() -> None:
    """CI installs all extras by the README's command, and from wheels only (docs/install.md)."""
    assert "export PIP_ONLY_BINARY=:all:" in (ROOT / ".ci" / "run").read_text().splitlines()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert any(one.startswith("logdiag[all") for one in extras["dev"])


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    return blocks


def steps_of(command: str) -> list[str]:
    return [step.strip() for step in command.replace("\n", " ").split("&&")]


def test_the_readmes_first_command_diagnoses_a_sample(tmp_path: Path, run: Run) -> None:
    """The second command installs the same in a clean clone, and another test installs the wheel."""
    *setup, diagnosis = steps_of(readme_commands()[0])
    assert setup == ["python3 -m venv .venv", ". .venv/bin/activate", "pip install -q -c constraints.txt ."]
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    program, *words = diagnosis.split()
    assert program == "logdiag"
    assert run(*words).returncode == 0
    assert "expc01 lost the cluster connection to expc02" in (tmp_path / "report.html").read_text(
        encoding="utf-8"
    )


def test_the_readmes_second_command_is_what_runs_the_tests() -> None:
    """CI runs the command in a clean clone, and with it this test. Here only its steps are compared."""
    assert steps_of(readme_commands()[1]) == [
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        "pip install -q -U -c constraints.txt pip",  # takes half the time of Python 3.11's own pip
        "pip install -q -c constraints.txt -e '.[dev]'",
        "python tests/install_browser.py",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "python -m pytest -n auto --dist worksteal",
    ]
