"""Renders the findings file `logdiag.findings/2`: the diagnosis, field by field."""

import json
from typing import Any

from logdiag.model import Diagnosis, Finding, to_plain, written

SCHEMA = "logdiag.findings/2"


def render(diagnosis: Diagnosis) -> str:
    """Return the findings file, indented, with a line end at the end."""
    return json.dumps({"schema": SCHEMA, **to_plain(diagnosis)}, indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the findings file, generated from the classes of `logdiag.model`."""
    from pydantic import TypeAdapter

    generated = TypeAdapter(Diagnosis).json_schema(mode="serialization")
    generated["title"] = "logdiag findings"
    generated["properties"] = {"schema": {"const": SCHEMA}, **generated["properties"]}
    names = {field.name for field in written(Finding)}
    finding = generated["$defs"]["Finding"]
    finding["properties"] = {name: type_ for name, type_ in finding["properties"].items() if name in names}
    for part in (generated, *generated["$defs"].values()):
        part["additionalProperties"] = False
        part["required"] = list(part["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **generated}
