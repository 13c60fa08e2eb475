"""The findings file: `logdiag.findings/2`, the diagnosis written out field by field."""

import json
from typing import Any

from logdiag.model import Diagnosis, Finding, to_plain, written

SCHEMA = "logdiag.findings/2"


def render(diagnosis: Diagnosis) -> str:
    """The findings file as text, indented, with a line end at the end."""
    return json.dumps({"schema": SCHEMA, **to_plain(diagnosis)}, indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of the findings file, made from the classes of `logdiag.model`."""
    from pydantic import TypeAdapter

    made = TypeAdapter(Diagnosis).json_schema(mode="serialization")
    made["title"] = "logdiag findings"
    made["properties"] = {"schema": {"const": SCHEMA}, **made["properties"]}
    names = {field.name for field in written(Finding)}
    finding = made["$defs"]["Finding"]
    finding["properties"] = {name: said for name, said in finding["properties"].items() if name in names}
    for part in (made, *made["$defs"].values()):
        part["additionalProperties"] = False
        part["required"] = list(part["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
