"""The tables of the grammars, cached between runs: compiling a grammar takes seconds."""

import hashlib
import pickle
from contextlib import suppress
from functools import cache as once

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
    file = f"{name}-{digest[:32]}.tables"
    # This user's logdiag wrote these bytes: `cache.kept` checks owner and digest.
    if (body := cache.kept(file)) is not None:
        with suppress(Exception):  # of any kind, such as another NumPy: the grammar is then compiled again
            known: Tables = pickle.loads(body)  # noqa: S301
            if known.is_sound():
                return known
    from logdiag.grammar.compiler import compile_grammar

    found = compile_grammar(text, f"{name}.lark", sample)
    cache.keep(file, pickle.dumps(found))
    return found
