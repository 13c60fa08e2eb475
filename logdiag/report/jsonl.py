"""The diagnosis for programs that read lines: one JSON object a line, each with its ``type``.

The objects are those of the findings file. Together the lines hold all that it holds.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from logdiag.model import Coverage, Diagnosis, to_plain
from logdiag.report.json_ import SCHEMA

# Some readers of lines take these for line ends; a lone surrogate cannot be written as UTF-8.
_ESCAPED = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029, *range(0xD800, 0xE000))}


_ON_LINES_OF_THEIR_OWN = {
    *("cluster", "coverage", "changes", "wanted", "incidents", "findings", "not_checked", "silent"),
    *("snapshots", "members", "peers", "gaps"),
}


def render(diagnosis: Diagnosis) -> str:
    """The lines: first what holds for all, then one for each of what was found and read."""
    return "".join(f"{_line(kind, written)}\n" for kind, written in _lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[tuple[str, dict[str, Any]]]:
    coverage = diagnosis.coverage
    yield "diagnosis", {"schema": SCHEMA, **_sums(diagnosis), "coverage": _sums(coverage)}
    several: dict[str, Sequence[Any]] = {
        "peer": diagnosis.cluster.peers,
        "stranger": diagnosis.cluster.strangers,
        "incident": diagnosis.incidents,
        "finding": diagnosis.findings,
        "change": diagnosis.changes,
        "wanted": diagnosis.wanted,
        "gap": coverage.gaps,
        "not_checked": diagnosis.not_checked,
        "silent": diagnosis.silent,
        "snapshot": coverage.snapshots,
        "peer_coverage": coverage.peers,
        "member": coverage.members,
    }
    for kind, values in several.items():
        for value in values:
            yield kind, to_plain(value)


def _sums(value: Diagnosis | Coverage) -> dict[str, Any]:
    names = (field.name for field in fields(value))
    return {name: to_plain(getattr(value, name)) for name in names if name not in _ON_LINES_OF_THEIR_OWN}


def _line(kind: str, written: dict[str, Any]) -> str:
    # Outside of strings JSON is ASCII, so what is escaped stands in strings.
    return json.dumps({"type": kind, **written}, ensure_ascii=False).translate(_ESCAPED)
