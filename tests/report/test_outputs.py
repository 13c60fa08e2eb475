"""What `diagnose` writes, and how the README tells of it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logdiag.cli import app
from logdiag.outputs import VIEWS
from logdiag.pipeline import diagnose

ROOT = Path(__file__).parents[2]
BEGINNINGS = {
    ".html": "<!doctype html>",
    ".md": "# ",
    ".json": '{\n  "schema": ',
    ".jsonl": '{"type": "diagnosis", ',
    ".xml": "<?xml ",
    ".sarif": '{\n "$schema": ',
}
SAMPLE = str(ROOT / "sample_logs" / "replication")


@pytest.mark.parametrize("suffix", VIEWS)
def test_the_suffix_decides_what_is_written(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"x{suffix}"
    done = CliRunner().invoke(app, ["diagnose", SAMPLE, "-o", str(file)])
    assert (done.exit_code, done.stdout) == (0, "")
    written = file.read_text(encoding="utf-8")
    assert written == diagnose([SAMPLE]).render(suffix)
    assert written.startswith(BEGINNINGS[suffix])


def test_a_summary_that_is_piped_is_plain() -> None:
    done = CliRunner().invoke(app, ["diagnose", SAMPLE], color=True)
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.split("\n"))) <= 100
    assert done.stdout == diagnose([SAMPLE]).to_text()


def test_every_output_and_every_type_of_line_is_told_of() -> None:
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/commands.md")]
    short, whole = (
        re.split(r"^##+ ", page.partition("# What comes out\n")[2], flags=re.M)[0] for page in pages
    )
    types = {json.loads(line)["type"] for line in diagnose([SAMPLE]).to_jsonl().splitlines()}
    assert [name for name in VIEWS if f"`{name}`" not in short] == []
    assert [name for name in (*VIEWS, *types) if f"`{name}`" not in whole] == []


@pytest.mark.parametrize("suffix", VIEWS)
def test_a_view_is_told_in_the_language_of_the_diagnosis(suffix: str) -> None:
    from logdiag.options import Options

    report = diagnose([SAMPLE], Options(language="ko"))
    assert report.diagnosis.verdict.headline in report.render(suffix) or suffix in (".md", ".xml", ".sarif")
    assert "복제" in report.render(suffix)
