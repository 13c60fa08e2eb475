"""The findings file read back: the diagnosis that it was written from."""

import json

from logdiag.errors import InputError
from logdiag.model import Diagnosis
from logdiag.report.json_ import SCHEMA


def read(name: str, content: bytes) -> Diagnosis:
    """The diagnosis in the findings file ``name``.

    Raises:
        InputError: it is no findings file, or one of another schema.

    """
    from pydantic import TypeAdapter, ValidationError

    try:
        written = json.loads(content)
    except RecursionError:
        raise InputError(f"{name}: is no findings file: it is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{name}: is no JSON: {error}") from None
    schema = written.get("schema") if isinstance(written, dict) else None
    if schema != SCHEMA:
        said = f"its schema is {schema!r:.80}" if isinstance(schema, str) else "it names no schema"
        raise InputError(f"{name}: is no findings file ({SCHEMA}): {said}")
    try:
        return TypeAdapter(Diagnosis).validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{name}: is no findings file: {place}: {first['msg']}") from None
