"""The tables of the grammars, cached between runs: compiling a grammar takes seconds."""

import hashlib
import io
import zipfile
from dataclasses import fields
from functools import cache as once

import numpy as np

from logdiag.files import cache, resources
from logdiag.grammar.tables import Tables

_VERSION = 3
"""To be increased when the compiler makes other tables of the same grammar."""


@once
def tables(name: str) -> Tables:
    """Return the tables of ``grammars/NAME.lark``; ``NAME.log`` is the sample, if it exists.

    Raises:
        GrammarError: the grammar cannot be compiled.

    """
    path = resources.folder("grammars") / f"{name}.lark"
    text = path.read_text(encoding="utf-8")
    sample = path.with_suffix(".log").read_bytes() if path.with_suffix(".log").exists() else b""
    digest = hashlib.sha256(f"{_VERSION}\n{text}\n".encode() + sample).hexdigest()
    file = f"{name}-{digest[:32]}.npz"
    found = _unpack(cache.kept(file))
    if found is None:
        from logdiag.grammar.compiler import compile_grammar

        found = compile_grammar(text, f"{name}.lark", sample)
        content = io.BytesIO()
        arrays = {one.name: np.array(getattr(found, one.name)) for one in fields(Tables)}
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        cache.keep(file, content.getvalue())
    return found


def _unpack(content: bytes | None) -> Tables | None:
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {one.name: arrays[one.name] for one in fields(Tables)}
        tables = Tables(**{**found, "terminals": tuple(found["terminals"].tolist())})
        return tables if tables.is_sound() else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile):
        return None
