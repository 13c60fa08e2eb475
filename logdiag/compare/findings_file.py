"""The findings file read back: the diagnosis that it was written from."""

import json
from typing import Any

from logdiag.errors import InputError
from logdiag.model import Diagnosis
from logdiag.report.json_ import SCHEMA

VERSION_1 = "logdiag.findings/1"


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
    if schema == VERSION_1:
        written = _from_version_1(written)
    elif schema != SCHEMA:
        said = f"its schema is {schema!r:.80}" if isinstance(schema, str) else "it names no schema"
        raise InputError(f"{name}: is no findings file ({SCHEMA}): {said}")
    try:
        return TypeAdapter(Diagnosis).validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{name}: is no findings file: {place}: {first['msg']}") from None


def _from_version_1(written: dict[str, Any]) -> dict[str, Any]:
    """A file of version 1 in the shape of version 2; what is not as it should be is left for the check.

    Version 1 had the verdict as one text that began with the headline's title, exit reasons as
    ``code: text``, and 1970 as the time of what only a dump showed.
    """
    new = dict(written)
    incidents, verdict, exit_ = (written.get(name) for name in ("incidents", "verdict", "exit"))
    if isinstance(verdict, str):
        headline = incidents[0] if isinstance(incidents, list) and incidents else None
        title = headline.get("title") if isinstance(headline, dict) else None
        if isinstance(title, str) and verdict.startswith(f"{title}. "):
            new["verdict"] = {"headline": title, "detail": verdict[len(title) + 2 :]}
        else:
            new["verdict"] = {"headline": verdict}
    if isinstance(exit_, dict) and isinstance(reasons := exit_.get("reasons"), list):
        new["exit"] = {**exit_, "reasons": [_reason_of_version_1(one) for one in reasons]}
    for name in ("incidents", "findings"):
        if isinstance(found := written.get(name), list):
            new[name] = [_without_1970(one) for one in found]
    return new


def _reason_of_version_1(reason: Any) -> Any:
    if not isinstance(reason, str):
        return reason
    code, _, text = reason.partition(": ")
    return {"code": code, "text": text}


def _without_1970(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    times = {name: None for name in ("first", "last") if found.get(name) == _NO_TIME}
    return {**found, **times}


_NO_TIME = "1970-01-01T00:00:00.000Z"
