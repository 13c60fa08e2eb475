"""The tables of the grammars, kept between runs: to compile one takes a while."""

import hashlib
import io
import zipfile
from dataclasses import fields
from functools import cache as once
from typing import Any

import numpy as np

from logdiag.files import cache, resources
from logdiag.grammar.tables import Tables

_VERSION = 3
"""To be counted up when the compiler makes other tables of the same grammar."""


@once
def tables(name: str) -> Tables:
    """The tables of ``grammars/NAME.lark``, from the cache or compiled.

    ``grammars/NAME.log``, where it is there, is a text to number the states by.

    Raises:
        GrammarError: the grammar cannot be compiled.

    """
    path = resources.folder("grammars") / f"{name}.lark"
    text = path.read_text(encoding="utf-8")
    sample = path.with_suffix(".log").read_bytes() if path.with_suffix(".log").exists() else b""
    digest = hashlib.sha256(f"{_VERSION}\n{text}\n".encode() + sample).hexdigest()
    file = f"{name}-{digest[:32]}.npz"
    known = _unpacked(cache.kept(file))
    if known is None:
        from logdiag.grammar.compiler import compiled

        known = compiled(text, f"{name}.lark", sample)
        cache.keep(file, _packed(known))
    return known


def _packed(tables: Tables) -> bytes:
    content = io.BytesIO()
    arrays: dict[str, Any] = {one.name: np.array(getattr(tables, one.name)) for one in fields(Tables)}
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def _unpacked(content: bytes | None) -> Tables | None:
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {one.name: arrays[one.name] for one in fields(Tables)}
        tables = Tables(**{**found, "terminals": tuple(found["terminals"].tolist())})
        return tables if tables.is_sound() else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile):
        return None
