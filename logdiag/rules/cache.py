"""What YAML files were read as, kept between runs: reading YAML takes most of the time that loading takes.

The cache is one file of JSON in the user's cache folder, or in ``LOGDIAG_CACHE`` (empty: no cache). It
holds the plain tree of each file by the digest of the file's bytes, and nothing that runs. A cache that
is damaged, too large or somebody else's is not read but written anew; where none can be written, there
is none.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

_BEGINS = b"logdiag-rules/1"
_LARGEST = 32 << 20

Trees = dict[str, Any]
"""What files hold, by `key_of` their bytes."""


def key_of(content: bytes) -> str:
    """What a file with these bytes is kept under."""
    return hashlib.sha256(content).hexdigest()


def read() -> Trees:
    """All that is kept; nothing where that cannot be trusted."""
    try:
        with _place().open("rb") as file:
            status = os.fstat(file.fileno())
            if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
                return {}
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError):
        return {}
    head, _, body = content.partition(b"\n")
    if len(content) > _LARGEST or head != _head(body):
        return {}
    try:
        trees = json.loads(body)
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
    body = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with contextlib.suppress(OSError, ValueError):
        place = _place()
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=place.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(body) + b"\n" + body)
            # One step: whoever reads meanwhile sees the old one or the new one.
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _place() -> Path:
    """Where the cache lies.

    Raises:
        ValueError: nowhere, as the user wants it.

    """
    chosen = os.environ.get("LOGDIAG_CACHE")
    if chosen == "":
        raise ValueError("no cache is wanted")
    folder = Path(chosen) if chosen is not None else platformdirs.user_cache_path("logdiag", appauthor=False)
    return folder / "rules.json"


def _head(body: bytes) -> bytes:
    return _BEGINS + b" " + hashlib.sha256(body).hexdigest().encode()
