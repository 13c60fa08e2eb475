"""The JSON Schema with which an editor completes and checks a rule."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

LIBRARY = Path(__file__).parent.parent.parent / "rules"


@pytest.fixture
def schema(run: Callable[..., "subprocess.CompletedProcess[bytes]"]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(run("rules", "schema").stdout))


def test_the_schema_takes_every_rule_of_the_library(schema: jsonschema.Draft202012Validator) -> None:
    yaml = YAML(typ="safe")
    files = [
        path
        for path in LIBRARY.rglob("*.yaml")
        if path.parent.name not in ("procedures", "signals", "effects")
    ]
    assert len(files) > 50
    assert [path.name for path in files if list(schema.iter_errors(yaml.load(path)))] == []


@pytest.mark.parametrize("slip", [{"remedyy": ["x"]}, {"remedy": [{"procedur": "x"}]}, {"remedy": [7]}])
def test_the_schema_knows_a_slip(slip: dict[str, object], schema: jsonschema.Draft202012Validator) -> None:
    rule = {
        "title": "a",
        "severity": "info",
        "basis": "confirmed",
        "why": "b",
        "match": {"record": {"where": {"Event": "c"}, "bind": {"user": "User"}}},
        "references": ["d"],
        "cases": [{"name": "e", "log": "f", "expect": []}],
    }
    schema.validate(rule)
    assert not schema.is_valid({**rule, **slip})
