"""The structure of the package: which part may import which, read evidence, or print."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "logdiag"
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

# The other parts that each part may import: only those that it needs.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "worker_process": set(),
    "model": set(),
    "files": set(),
    "procedure": {"model"},
    "tables": {"model"},
    "grammar": {"errors", "files"},
    "i18n": {"errors", "files"},
    "conditions": {"files", "i18n", "tables"},
    "records": {"errors", "grammar", "i18n", "tables"},
    "snapshots": {"errors", "files", "grammar", "i18n", "model"},
    "dumps": {"conditions", "grammar", "i18n"},
    "report": {"conditions", "files", "i18n", "model", "procedure"},
    "reading": {"dumps", "files", "grammar", "i18n", "model", "records", "snapshots", "tables"},
    "compare": {"errors", "i18n", "model", "report"},
    "cluster": {"conditions", "dumps", "files", "i18n", "model", "reading", "records", "snapshots", "tables"},
    "redaction": {
        "dumps",
        "errors",
        "files",
        "i18n",
        "model",
        "reading",
        "records",
        "snapshots",
        "worker_process",
    },
    "options": {"compare", "i18n", "model", "snapshots"},
    "rules": {"cluster", "conditions", "errors", "files", "i18n", "model", "reading", "records", "tables"},
    "outputs": {"i18n", "model", "redaction", "report"},
    "exit_code": {"cluster", "i18n", "model", "options", "rules", "snapshots"},
    "incidents": {"cluster", "conditions", "i18n", "model", "procedure", "reading", "records", "rules"},
    "shapes": {"cluster", "conditions", "i18n", "reading", "redaction", "rules", "tables"},
    "pipeline": {
        "cluster",
        "compare",
        "exit_code",
        "i18n",
        "incidents",
        "model",
        "options",
        "outputs",
        "reading",
        "records",
        "rules",
        "snapshots",
    },
    "__init__": {"errors", "options", "outputs", "pipeline"},
    "batch": {
        "cluster",
        "compare",
        "errors",
        "exit_code",
        "files",
        "i18n",
        "model",
        "options",
        "pipeline",
        "reading",
        "report",
        "rules",
        "snapshots",
        "tables",
        "worker_process",
    },
    "query": {
        "cluster",
        "errors",
        "files",
        "i18n",
        "model",
        "options",
        "pipeline",
        "reading",
        "records",
        "report",
        "rules",
        "snapshots",
        "tables",
    },
    "serve": {
        "batch",
        "compare",
        "errors",
        "files",
        "i18n",
        "incidents",
        "model",
        "options",
        "outputs",
        "pipeline",
        "query",
        "reading",
        "report",
        "rules",
        "snapshots",
        "tables",
        "worker_process",
    },
    "cli": {
        "batch",
        "cluster",
        "compare",
        "conditions",
        "errors",
        "exit_code",
        "files",
        "i18n",
        "incidents",
        "model",
        "options",
        "outputs",
        "pipeline",
        "query",
        "reading",
        "records",
        "redaction",
        "report",
        "rules",
        "serve",
        "shapes",
        "snapshots",
        "tables",
    },
    "__main__": {"cli"},
}


def part(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def imports(module: Path) -> set[str]:
    tree = ast.parse((ROOT / module).read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "logdiag":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("logdiag.")}
    return found


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_its_part_may(module: Path) -> None:
    assert imports(module) - {part(module)} <= MAY_IMPORT[part(module)]


def test_no_part_may_import_what_it_does_not_need() -> None:
    needed: dict[str, set[str]] = {part(module): set() for module in MODULES}
    for module in MODULES:
        needed[part(module)] |= imports(module) - {part(module)}
    assert needed == MAY_IMPORT


def test_imports_between_parts_have_no_circle() -> None:
    order = list(TopologicalSorter(MAY_IMPORT).static_order())  # raises CycleError
    assert set(order) == {part(module) for module in MODULES}


def module_name(module: Path) -> str:
    return ".".join(module.with_suffix("").parts).removesuffix("__init__").rstrip(".")


def test_imports_between_modules_have_no_circle() -> None:
    """This includes imports inside a part, and imports inside functions."""
    names = {module_name(module) for module in MODULES}
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        known = graph.setdefault(module_name(module), set())
        for node in ast.walk(ast.parse((ROOT / module).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "logdiag":
                base = (node.module or "").removeprefix("logdiag").lstrip(".")
                found = (f"{base}.{alias.name}".lstrip(".") for alias in node.names)
                known |= {name if name in names else base for name in found}
        known.discard(module_name(module))
    list(TopologicalSorter(graph).static_order())  # raises CycleError


PRINTING = {"print", "exit", "typer.echo", "sys.exit", "os._exit"}


def calls(module: Path) -> set[str]:
    tree = ast.parse((ROOT / module).read_text())
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_only_the_command_line_prints_and_exits(module: Path) -> None:
    if part(module) != "cli":
        assert not calls(module) & PRINTING


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_has_a_name_without_meaning(module: Path) -> None:
    assert module.stem not in {"utils", "base", "core", "manager", "helpers", "common"}


def test_every_command_is_documented() -> None:
    readme = (ROOT.parent / "README.md").read_text()
    from logdiag.cli import app
    from logdiag.cli.rules import rules_app

    for command in app.registered_commands:
        assert command.callback is not None
        assert f"`logdiag {command.callback.__name__} " in readme
    lines = [line for line in readme.splitlines() if line.startswith("| `logdiag rules ")]
    of_rules = {word for line in lines for word in re.findall("[a-z]+", line.split("|")[1])}
    for command in rules_app.registered_commands:
        assert command.callback is not None
        assert (command.name or command.callback.__name__.removeprefix("rules_")) in of_rules
