"""The documentation: the site is complete, and the examples in its pages work."""

import doctest
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from ruamel.yaml import YAML

from logdiag.conditions import alarm_catalogue as catalogue
from logdiag.pipeline import examine
from logdiag.records import RECORDS
from logdiag.rules.cases import run_cases
from logdiag.rules.library import load
from logdiag.rules.lint import lint
from logdiag.rules.schema import Rule

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

# ── the site ────────────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """The ids and links of a page, and the files that a browser loads for it."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.ids |= {given["id"]} if "id" in given else set()
        self.loads += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and set(given.get("rel", "").split()) & {
            "stylesheet",
            "icon",
            "preload",
            "preconnect",
        }:
            self.loads.append(given["href"])


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. The build gives no warning and leaves no other files."""
    out = tmp_path_factory.mktemp("site")
    before = files(DOCS)
    command = [
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        out / "doctrees",
        DOCS,
        out / "html",
    ]
    done = subprocess.run(
        [sys.executable, "-B", *command],
        env={**os.environ, "LOGDIAG_CONFIG": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert files(DOCS) == before
    return out / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_the_site_contains_every_page_of_the_folder(pages: dict[Path, Page], site: Path) -> None:
    assert {path.removesuffix(".md") for path in PAGES} <= {path.stem for path in pages}
    front = {urlsplit(link).path for link in pages[site / "index.html"].links}
    assert {f"{name.removesuffix('.md')}.html" for name in PAGES} - {"index.html"} <= front


def test_every_link_within_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            file = (path.parent / unquote(target.path)).resolve() if target.path else path
            anchors = pages[file].ids if file in pages else set()
            if not file.exists() or (target.fragment and unquote(target.fragment) not in anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_a_page_loads_nothing_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    assert any(page.loads for page in pages.values())
    loaded = [one for page in pages.values() for one in page.loads]
    loaded += [
        one
        for path in site.rglob("*.css")
        for one in re.findall(r"""(?:url\(|@import)\s*["']?([^"')]+)""", path.read_text(encoding="utf-8"))
    ]
    assert [one for one in loaded if urlsplit(one).scheme not in ("", "data") or one.startswith("//")] == []


def test_the_site_describes_every_rule_alarm_column_and_command(pages: dict[Path, Page], site: Path) -> None:
    from typer.main import get_command

    from logdiag.cli import app

    assert {f"rule-{name.replace('/', '-')}" for name in load().rules} <= pages[site / "library.html"].ids
    assert {f"alarm-{name}" for name in catalogue.load()} <= pages[site / "alarms.html"].ids
    columns = (site / "records.html").read_text(encoding="utf-8")
    assert [name for name in RECORDS.names if f'<span class="pre">{name}</span>' not in columns] == []
    commands = {f"logdiag-{name}" for name in get_command(app).commands} - {"logdiag-rules"}  # type: ignore[attr-defined]
    assert {*commands, "logdiag-rules-lint"} <= pages[site / "commands.html"].ids


def test_the_site_contains_no_path_of_the_build(site: Path) -> None:
    found = [path.name for path in site.rglob("*.html") if str(ROOT) in path.read_text(encoding="utf-8")]
    assert found == []


# ── examples ────────────────────────────────────────────────────────────────────────────────


class Block(NamedTuple):
    """A code block of a page; ``reason`` says why it cannot run in a test."""

    language: str
    text: str
    reason: str


def blocks(page: Path) -> Iterator[Block]:
    found = re.findall(
        r"(?:^% not run: (.+)\n\n?)?^```([^\n]+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S
    )
    return (Block(language, text, reason) for reason, language, text in found)


# Blocks with other tests: SQL in test_query.py, jobs in test_ci_snippets.py, rules below.
ELSEWHERE = {"query.md": {"sql", "log"}, "ci.md": {"yaml", "groovy"}, "rules.md": {"yaml"}}
SHOWN = {"text", "", "{toctree}", "{eval-rst}"}


@pytest.fixture
def case(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a reader who follows a page."""
    shutil.copytree(samples, tmp_path / "sample_logs")
    shutil.copytree(samples / "replication", tmp_path / "snapshots" / "replication")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_line(line: str, run: Run) -> str:
    """Run a command line, and return its standard output. It must succeed."""
    program, *words = shlex.split(line, comments=True)
    assert program == "logdiag", line
    done = run(*words)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout.decode()


def sh(text: str, run: Run, _: Path) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            run_line(line, run)


def console(text: str, run: Run, _: Path) -> None:
    checker = doctest.OutputChecker()
    for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", text, re.M):
        printed = run_line(command, run)
        assert checker.check_output(expected, printed, doctest.ELLIPSIS), printed


def toml(text: str, run: Run, case: Path) -> None:
    """Use a block as settings file. An unknown key in it would be an error of every command."""
    file = case / "logdiag.toml"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGDIAG_CONFIG", str(file))
        run_line("logdiag rules facts", run)
        file.write_text(f"{text}\nno-such-key = 1\n")
        assert run("rules", "facts").returncode == 2


RUNS: dict[str, Callable[[str, Run, Path], None]] = {"sh": sh, "console": console, "toml": toml}


@pytest.mark.parametrize("page", [name for name in PAGES if any(blocks(DOCS / name))])
def test_the_examples_of_a_page_work(page: str, case: Path, run: Run) -> None:
    names: dict[str, Any] = {}
    for block in blocks(DOCS / page):
        if block.reason or block.language in SHOWN | ELSEWHERE.get(page, set()):
            continue
        if block.language == "python":
            exec(compile(block.text, page, "exec"), names)
        else:
            RUNS[block.language](block.text, run, case)


def test_only_commands_that_cannot_run_here_are_not_run() -> None:
    not_run = [block.text for page in PAGES for block in blocks(DOCS / page) if block.reason]
    assert not_run
    for text in not_run:
        assert re.search(r"^(podman|pip|dask|DASK_\w+=\S+ dask) ", text, re.M), text


def test_the_python_of_the_readme_runs(case: Path) -> None:
    names: dict[str, Any] = {}
    [text] = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    exec(compile(text, "README.md", "exec"), names)
    assert names["records"].num_rows == 16
    assert "database/peer-down" in set(names["report"].findings["rule"])


def test_the_rule_in_the_reference_works_and_an_editor_takes_it(tmp_path: Path) -> None:
    [text] = [block.text for block in blocks(DOCS / "rules.md") if block.language == "yaml"]
    path = tmp_path / "mine" / "crash" / "report.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    library = load([tmp_path / "mine"])
    assert list(lint(library)) == []
    assert [outcome.problems for outcome in run_cases(library, examine, {"crash/report"})] == [(), ()]
    jsonschema.validate(YAML(typ="safe").load(path), Rule.model_json_schema())
    first, _, _ = text.partition("\n")
    schema = first.removeprefix("# yaml-language-server: $schema=")
    # The page writes the schema next to the folder of rules.
    assert (path.parent / schema).resolve() == tmp_path / "mine" / "rule.schema.json"


def test_the_notebook_runs_from_top_to_bottom(case: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    notebook = json.loads((DOCS / "example.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in cells if cell["outputs"] or cell["execution_count"]] == []
    names: dict[str, Any] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    try:
        assert names["hourly"].to_dict("list") == {"expe01": [2], "expe02": [2]}
        assert [bar.get_height() for bar in names["axes"].patches] == [2, 2]
        counted = names["worst"].set_index(["severity", "rule"])["findings"]
        assert counted["high", "database/peer-down"] == 2
        assert set(names["steps"]["on"]) == {"expe01, expe02"}
    finally:
        pyplot.close("all")
