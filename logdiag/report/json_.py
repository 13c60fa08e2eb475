"""The findings file: `logdiag.findings/2`, the diagnosis written out field by field."""

import dataclasses
import functools
import json
from datetime import datetime
from typing import Any

from logdiag.model import INTERNAL, Diagnosis, Finding

SCHEMA = "logdiag.findings/2"


def render(diagnosis: Diagnosis) -> str:
    """The findings file as text, indented, with a line end at the end."""
    return json.dumps({"schema": SCHEMA, **plain(diagnosis)}, indent=2, ensure_ascii=False) + "\n"


def plain(value: Any) -> Any:
    """A value of the model as JSON has it; times are RFC 3339 in UTC with milliseconds."""
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


@functools.cache
def _names(noun: type) -> tuple[str, ...]:
    # Once for each class: a diagnosis can hold 100,000 members.
    return tuple(field.name for field in written(noun))


def written(noun: Any) -> list["dataclasses.Field[Any]"]:
    """The fields of a noun, or of its class, that the findings file has."""
    return [field for field in dataclasses.fields(noun) if field.metadata != INTERNAL]


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
