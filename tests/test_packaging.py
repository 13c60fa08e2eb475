"""The wheel and the sdist, and the README's commands, on their own: new environments, clean clones."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def new_environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin"


def clean(environment: dict[str, str]) -> dict[str, str]:
    """Without what would let the new environment see the one that the tests run in."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST")
    return {name: value for name, value in environment.items() if name not in hidden}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone of the checkout would hold, with what is not committed yet."""
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
    """Wherever it lies, whenever its files were written, and whatever their owner may do with them."""
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
    assert "logdiag/py.typed" in names
    assert not any(name.startswith(("tests", "sample_logs")) for name in names)


def lowest() -> str:
    """The oldest version of each package that logdiag says it can do with, as constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return "".join(f"{line.replace('>=', '==')}\n" for line in project["dependencies"])


def test_pipx_installs_the_wheel_and_the_lowest_versions_of_what_it_needs_do(
    built: Path, tmp_path: Path, samples: Path
) -> None:
    [wheel] = built.glob("*.whl")
    (tmp_path / "lowest.txt").write_text(lowest())
    environment = clean(dict(os.environ)) | {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
        "PIP_NO_COMPILE": "1",  # what is not run need not be compiled
        "PIP_CONSTRAINT": str(tmp_path / "lowest.txt"),
    }
    subprocess.run([sys.executable, "-m", "pipx", "install", "--quiet", wheel], check=True, env=environment)
    [python] = (tmp_path / "pipx").glob("venvs/logdiag/bin/python")
    logdiag = tmp_path / "bin" / "logdiag"
    shutil.copytree(samples / "peer-lost", tmp_path / "snapshot")
    for words in (
        ["diagnose", "snapshot", "-o", "report.html", "-o", "report.json", "-o", "x.sarif", "-o", "x.xml"],
        ["diagnose", "snapshot", "--lang", "ko", "-o", "ko.html"],
        ["parse", "snapshot", "-o", "records.parquet"],
        ["parse", "snapshot", "-o", "records.csv"],
        ["query", "SELECT host, count(*) FROM records GROUP BY host", "snapshot"],
        ["query", "SELECT rule FROM findings", "snapshot", "-o", "rules.parquet"],
        ["redact", "snapshot", "-o", "redacted"],
        ["shapes", "snapshot", "-o", "shapes.jsonl"],
        ["batch", "snapshot", "-o", "batch"],
        ["alarms", "20006"],
        ["rules", "lint"],
    ):
        subprocess.run([logdiag, *words], check=True, cwd=tmp_path, env=environment, capture_output=True)
    assert "expc02 was lost from the cluster" in (tmp_path / "report.html").read_text()
    # The compiled reader, too: small inputs never load it.
    code = "import logdiag; print(logdiag.parse(['snapshot'], engine='compiled') == logdiag.parse(['snapshot'], engine='lark'))"
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert done.stdout == b"True\n"


def test_a_folder_of_wheels_is_enough_to_install_all_of_it(built: Path, tmp_path: Path) -> None:
    [wheel] = built.glob("*.whl")
    environment = clean(dict(os.environ)) | {"PIP_NO_COMPILE": "1"}
    wheels = tmp_path / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet"]
    fetch = [*pip, "download", "-d", wheels, "-c", ROOT / "constraints.txt", f"{wheel}[all]"]
    subprocess.run(fetch, check=True, env=environment)
    python = new_environment(tmp_path / "venv") / "python"
    report = tmp_path / "report.json"
    # What would be installed is worked out, from these wheels alone; another test installs and runs the product.
    offline = [*pip, "--python", python, "install", "--no-index", "--find-links", wheels]
    offline += ["--dry-run", "--report", report, "logdiag[all]"]
    subprocess.run(offline, check=True, env=environment)
    installed = {one["metadata"]["name"].lower() for one in json.loads(report.read_text())["install"]}
    assert {"logdiag", "pyarrow", "duckdb", "distributed", "s3fs"} <= installed


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    return blocks


def test_the_readmes_first_command_works_as_it_stands(checkout: Path) -> None:
    main_job, _ = readme_commands()
    assert re.search(r"^logdiag diagnose sample_logs/\S+ -o \S+\.html$", main_job, re.MULTILINE)
    environment = clean(dict(os.environ)) | {"PIP_NO_COMPILE": "1"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", main_job], check=True, cwd=checkout, env=environment)
    assert "expc02 was lost from the cluster" in (checkout / "report.html").read_text()
    left = subprocess.run(
        ["git", "status", "--porcelain"], cwd=checkout, check=True, capture_output=True, text=True
    )
    assert left.stdout == ""


def test_the_readmes_second_command_is_what_runs_the_tests() -> None:
    """CI runs it as it stands in a clean clone, and with it this test: here is only looked at what it does."""
    _, tests = readme_commands()
    steps = [step.strip() for step in tests.replace("\n", " ").split("&&")]
    assert steps == [
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        "pip install -q -c constraints.txt -e '.[dev]'",
        "python tests/install_browser.py",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "python -m pytest -n auto --dist worksteal",
    ]
