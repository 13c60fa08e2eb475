"""What is to be pasted into a CI server's configuration: it fits the server's schema, and its commands run."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs" / "ci.md").read_text()
SCRIPTS = Path(sysconfig.get_path("scripts"))


def block(heading: str, language: str) -> str:
    section = DOCS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    [found] = re.findall(rf"^```{language}\n(.*?)^```", section, re.M | re.S)
    assert isinstance(found, str)
    return found


def github() -> str:
    job = YAML(typ="safe").load(block("GitHub Actions", "yaml"))["jobs"]["diagnose"]
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def gitlab() -> str:
    return "\n".join(YAML(typ="safe").load(block("GitLab", "yaml"))["diagnose"]["script"])


def jenkins() -> str:
    [found] = re.findall(r"sh '''(.*?)'''", block("Jenkins", "groovy"), re.S)
    assert isinstance(found, str)
    return found


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job's folder. Its Python does everything but to install: that is not what is tested."""
    tools = tmp_path / "tools"
    tools.mkdir()
    python = tools / "python"
    python.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '"-m pip install logdiag") exit 0 ;;\n'
        f'"-m venv .venv") mkdir -p .venv/bin; ln -s "$0" .venv/bin/python; ln -s "{SCRIPTS}/logdiag" .venv/bin ;;\n'
        f'*) exec "{sys.executable}" "$@" ;;\n'
        "esac\n"
    )
    python.chmod(0o755)
    return tmp_path


def run(job: Path, script: str) -> int:
    path = f"{job / 'tools'}{os.pathsep}{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    shell = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(shell, cwd=job, env={**os.environ, "PATH": path}, capture_output=True).returncode


@pytest.mark.parametrize(
    ("script", "outputs"),
    [
        (github, {"report.html", "findings.json", "logdiag.sarif", "logdiag.xml"}),
        (gitlab, {"report.html", "findings.json", "logdiag.xml"}),
        (jenkins, {"report.html", "findings.json", "logdiag.xml"}),
    ],
)
def test_a_job_fails_on_what_is_severe_and_keeps_its_outputs(
    script: Callable[[], str], outputs: set[str], job: Path, samples: Path
) -> None:
    shutil.copytree(samples / "peer-lost", job / "snapshots")
    assert run(job, script()) == 1
    assert {path.name for path in (job / "out").iterdir()} == outputs


def test_a_job_passes_where_all_is_well(job: Path, samples: Path) -> None:
    shutil.copytree(samples / "replication", job / "snapshots")
    assert run(job, gitlab()) == 0


@pytest.mark.parametrize(
    ("heading", "schema", "slip"),
    [
        ("GitHub Actions", "vendor.github-workflows", ("runs-on", "run-on")),
        ("GitLab", "vendor.gitlab-ci", ("when: always", "when: ever")),
    ],
)
def test_the_server_understands_it(heading: str, schema: str, slip: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "job.yml"
    file.write_text(block(heading, "yaml"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    assert subprocess.run([*command, file], capture_output=True).returncode == 0
    file.write_text(block(heading, "yaml").replace(*slip))
    assert subprocess.run([*command, file], capture_output=True).returncode != 0


def test_the_container_file_is_sound() -> None:
    file = ROOT / "Containerfile"
    done = subprocess.run([SCRIPTS / "hadolint", file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    stages = file.read_text().split("\nFROM ")
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", stages[-1], re.M), "runs as root"
    assert "pip install" not in stages[-1]
