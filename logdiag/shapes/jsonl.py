"""The file of shapes: JSON lines that a user can read before sending them."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from logdiag.i18n import gettext
from logdiag.rules.library import Library
from logdiag.shapes.count import Shape, Shapes
from logdiag.shapes.near import Nearest

SCHEMA = "logdiag.shapes/1"


def written(shapes: Shapes, library: Library) -> Iterator[str]:
    """The lines of the file: what it is, what nothing knows, what was assumed. The frequent first."""
    nearest = Nearest(library)
    head = {
        "type": "shapes",
        "schema": SCHEMA,
        "version": version("logdiag"),
        "records": shapes.records,
        "unknown_records": shapes.unknown.total() + shapes.left_out,
        "shapes": len(shapes.unknown),
        "left_out_records": shapes.left_out,
        "about": gettext(
            "Values are masked: of texts only words stay that logdiag's rules and alarm catalogue have. "
            "Keys, modules and processes stand as they were logged, if they are made of letters. "
            "Read it before you send it."
        ),
    }
    yield _line(head)
    for shape, count in sorted(shapes.unknown.items(), key=lambda one: (-one[1], repr(one[0]))):
        rules = nearest.rules(shape)
        near = {"near": rules} if rules else {}
        yield _line({"type": "unknown", "count": count, **_told(shape), **near})
    for (seen, shape), count in sorted(
        shapes.seen.items(), key=lambda one: (one[0][0], -one[1], repr(one[0]))
    ):
        yield _line({"type": "assumed_and_seen", **seen._asdict(), "count": count, **_told(shape)})


def _told(shape: Shape) -> dict[str, Any]:
    return {name: value for name, value in shape._asdict().items() if value is not None}


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"
