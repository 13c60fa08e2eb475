"""The shape of the package: who may know whom, who may read and who may print."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "logdiag"
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

# What each part may import of the package, beside itself: as little as it needs.
MAY_IMPORT: dict[str, set[str]] = {
    **{noun: set() for noun in ("model", "errors", "resources", "spans")},
    "conditions": {"catalogue"},
    "numbering": set(),
    "particles": set(),
    "cache": set(),
    "deadline": set(),
    "language": {"errors", "resources"},
    "wording": {"language"},
    "kinds": {"language"},
    "catalogue": {"language", "resources"},
    "grammar": {"cache", "errors", "resources"},
    "dumps": {"catalogue", "grammar", "language"},
    "records": {"errors", "grammar", "language"},
    "snapshots": {"deadline", "errors", "grammar", "language", "model", "numbering"},
    "reading": {
        "deadline",
        "dumps",
        "grammar",
        "kinds",
        "language",
        "model",
        "numbering",
        "records",
        "snapshots",
    },
    "overlaps": {"reading"},
    "cluster": {"conditions", "language", "model", "numbering", "reading", "records", "spans"},
    "ledger": {"cluster", "kinds", "language", "model", "reading", "snapshots", "wording"},
    "evidence": {"catalogue", "cluster", "conditions", "dumps", "reading", "records"},
    "edited_settings": {"cluster", "conditions"},
    "facts": {
        "cluster",
        "conditions",
        "dumps",
        "edited_settings",
        "evidence",
        "model",
        "reading",
        "records",
    },
    "membership": {"cluster", "conditions", "facts", "language", "model", "records", "wording"},
    "alarms": {"catalogue", "cluster", "conditions", "evidence", "model", "reading", "records"},
    "changes": {"cluster", "conditions", "model", "records"},
    "rules": {
        "cache",
        "catalogue",
        "cluster",
        "conditions",
        "errors",
        "evidence",
        "facts",
        "language",
        "model",
        "particles",
    }
    | {"reading", "records", "report", "resources", "spans", "wording"},
    "incidents": {"cluster", "language", "model", "records", "rules", "wording"},
    "selection": {"alarms", "changes", "cluster", "conditions", "facts", "membership", "records", "rules"},
    "telling": {"cluster", "incidents", "language", "model", "reading", "records", "spans", "wording"},
    "report": {"language", "model", "resources", "wording"},
    "redaction": {"dumps", "errors", "grammar", "kinds", "language", "model", "numbering", "records"}
    | {"resources", "snapshots"},
    "export": set(),
    "query": {
        "columns",
        "deadline",
        "errors",
        "export",
        "language",
        "ledger",
        "model",
        "reading",
        "records",
        "report",
    }
    | {"snapshots"},
    "shapes": {"alarms", "catalogue", "conditions", "language", "reading", "redaction", "rules", "selection"},
    "ci": {"errors", "language", "model", "report"},
    "writing": set(),
    "columns": set(),
    "pipeline": {
        "alarms",
        "changes",
        "ci",
        "cluster",
        "conditions",
        "deadline",
        "errors",
        "evidence",
        "facts",
        "incidents",
    }
    | {
        "ledger",
        "language",
        "membership",
        "model",
        "overlaps",
        "reading",
        "records",
        "redaction",
        "report",
        "rules",
    }
    | {"selection", "snapshots", "telling"},
    "batch": {
        "columns",
        "errors",
        "language",
        "ledger",
        "model",
        "numbering",
        "pipeline",
        "reading",
        "records",
    }
    | {"report", "rules", "selection", "snapshots"},
    "cli": {
        "batch",
        "cache",
        "deadline",
        "catalogue",
        "ci",
        "errors",
        "export",
        "facts",
        "language",
        "ledger",
        "model",
        "pipeline",
        "query",
        "reading",
        "records",
        "redaction",
        "report",
        "rules",
    }
    | {"selection", "shapes", "snapshots", "writing"},
    "__init__": {"errors", "pipeline"},
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


def test_parts_know_each_other_in_one_direction() -> None:
    order = list(TopologicalSorter(MAY_IMPORT).static_order())  # raises CycleError where there is none
    assert set(order) == {part(module) for module in MODULES}


PRINTING = {"print", "exit", "typer.echo", "sys.exit", "os._exit"}


def calls(module: Path) -> set[str]:
    tree = ast.parse((ROOT / module).read_text())
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_only_the_command_line_prints_and_exits(module: Path) -> None:
    if part(module) != "cli":
        assert not calls(module) & PRINTING


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_module_is_named_for_nothing(module: Path) -> None:
    assert module.stem not in {"utils", "base", "core", "manager", "helpers", "common"}


def test_every_command_is_documented() -> None:
    readme = (ROOT.parent / "README.md").read_text()
    from logdiag.cli import app
    from logdiag.cli.rules import rules_app

    for command in app.registered_commands:
        assert command.callback is not None
        assert f"`logdiag {command.callback.__name__} " in readme
    for command in rules_app.registered_commands:
        assert command.callback is not None
        assert f"{command.name or command.callback.__name__.removeprefix('rules_')}" in readme
