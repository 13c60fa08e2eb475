"""What YAML files were read as, kept between runs: reading YAML takes most of the time that loading takes.

It is the plain tree of each file, as JSON, by the digest of the file's bytes.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from logdiag.files import cache

_FILE = "rules.json"

Trees = dict[str, Any]
"""What files hold, by `key_of` their bytes."""


def key_of(content: bytes) -> str:
    """What a file with these bytes is kept under."""
    return hashlib.sha256(content).hexdigest()


def read() -> Trees:
    """All that is kept."""
    body = cache.kept(_FILE)
    try:
        trees = {} if body is None else json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return trees if isinstance(trees, dict) else {}


def write(trees: Mapping[str, Any]) -> None:
    """Keep these trees, and no others; what JSON has no word for is left out."""
    kept = {}
    for key, tree in trees.items():
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            json.dumps(tree, allow_nan=False)
            kept[key] = tree
    cache.keep(_FILE, json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass"))
