"""Renders the diagnosis for programs that read lines: JSON objects, each with its ``type``.

The objects are those of the findings file. Together the lines contain all that it contains.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from logdiag.model import Coverage, Diagnosis, to_plain
from logdiag.report.json_ import SCHEMA

# Some readers of lines take these for line ends; a lone surrogate cannot be written as UTF-8.
_ESCAPED = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029, *range(0xD800, 0xE000))}
_TYPES = {
    "peer": "cluster.peers",
    "stranger": "cluster.strangers",
    "incident": "incidents",
    "finding": "findings",
    "change": "changes",
    "wanted": "wanted",
    "gap": "coverage.gaps",
    "not_checked": "not_checked",
    "silent": "silent",
    "snapshot": "coverage.snapshots",
    "peer_coverage": "coverage.peers",
    "member": "coverage.members",
}
"""The types of lines, in their order, and the attribute of the diagnosis that has the objects."""
_ON_LINES_OF_THEIR_OWN = {"cluster", "coverage", *(path.split(".")[-1] for path in _TYPES.values())}


def render(diagnosis: Diagnosis) -> str:
    """Return the lines: first the whole diagnosis, then a line for each object in it."""
    return "".join(f"{_line(type_, plain)}\n" for type_, plain in _lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[tuple[str, dict[str, Any]]]:
    # The first line has everything that is not repeated, so that a program can check the schema first.
    sums = {"schema": SCHEMA, **_sums(diagnosis), "coverage": _sums(diagnosis.coverage)}
    yield "diagnosis", sums
    for type_, path in _TYPES.items():
        for value in attrgetter(path)(diagnosis):
            yield type_, to_plain(value)


def _sums(value: Diagnosis | Coverage) -> dict[str, Any]:
    names = (field.name for field in fields(value))
    return {name: to_plain(getattr(value, name)) for name in names if name not in _ON_LINES_OF_THEIR_OWN}


def _line(type_: str, plain: dict[str, Any]) -> str:
    # Outside of strings JSON is ASCII, so what is escaped is in strings.
    return json.dumps({"type": type_, **plain}, ensure_ascii=False).translate(_ESCAPED)
