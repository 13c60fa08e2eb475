"""Renders the findings file `logdiag.findings/2`: the diagnosis, field by field."""

import json

from logdiag.model import Diagnosis, to_plain

SCHEMA = "logdiag.findings/2"


def render(diagnosis: Diagnosis) -> str:
    """Return the findings file, indented, with a line end at the end."""
    return json.dumps({"schema": SCHEMA, **to_plain(diagnosis)}, indent=2, ensure_ascii=False) + "\n"
