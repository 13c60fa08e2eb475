"""Reads a findings file back into the diagnosis that it was written from."""

import json
from contextlib import suppress
from typing import Any

from logdiag.errors import InputError
from logdiag.model import Diagnosis
from logdiag.report.json_ import SCHEMA

VERSION_1 = "logdiag.findings/1"
_NO_TIME = "1970-01-01T00:00:00.000Z"


def read(name: str, content: bytes) -> Diagnosis:
    """Return the diagnosis in the findings file ``name``.

    Raises:
        InputError: it is no findings file, or one of another schema.

    """
    # Pydantic takes long to load, and only --baseline and `diff` read findings files.
    from pydantic import TypeAdapter, ValidationError

    try:
        written = json.loads(content)
    # The file can come from somebody else: deep nesting must end as a message, not as a traceback.
    except RecursionError:
        raise InputError(f"{name}: is no findings file: it is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{name}: is no JSON: {error}") from None
    schema = written.get("schema") if isinstance(written, dict) else None
    converters = [_convert_references]
    if schema == VERSION_1:
        converters += [_convert_verdict, _convert_reasons, _convert_times]
    elif schema != SCHEMA:
        # At most 80 characters of a name that a stranger may have written.
        said = f"its schema is {schema!r:.80}" if isinstance(schema, str) else "it names no schema"
        raise InputError(f"{name}: is no findings file ({SCHEMA}): {said}")
    for convert in converters:
        # What is not as it should be is for the validation to name.
        with suppress(AttributeError, LookupError, TypeError):
            convert(written)
    try:
        return TypeAdapter(Diagnosis).validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{name}: is no findings file: {place}: {first['msg']}") from None


def _convert_verdict(written: dict[str, Any]) -> None:
    """Convert the verdict of version 1: one text that began with the title of the headline."""
    verdict = written["verdict"]
    titles = [incident["title"] for incident in written["incidents"][:1]]
    if titles and verdict.startswith(f"{titles[0]}. "):
        written["verdict"] = {"headline": titles[0], "detail": verdict.removeprefix(f"{titles[0]}. ")}
    else:
        written["verdict"] = {"headline": verdict}


def _convert_reasons(written: dict[str, Any]) -> None:
    """Convert the exit reasons of version 1: texts such as ``code: text``."""
    parts = [reason.partition(": ") for reason in written["exit"]["reasons"]]
    written["exit"]["reasons"] = [{"code": code, "text": text} for code, _, text in parts]


def _convert_references(written: dict[str, Any]) -> None:
    """Convert references of older releases, which were texts."""
    for found in written["findings"]:
        found["references"] = [{"title": one} if isinstance(one, str) else one for one in found["references"]]


def _convert_times(written: dict[str, Any]) -> None:
    """Convert the times of version 1: findings that only a dump showed had a time in 1970."""
    for found in (*written["incidents"], *written["findings"]):
        found.update({name: None for name in ("first", "last") if found[name] == _NO_TIME})
