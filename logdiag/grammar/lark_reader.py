"""The reference reader: Lark runs the grammar.

The names of terminals say what a token means; ``logdiag/records`` and ``logdiag/dumps`` interpret them.
"""

import io
import re
from collections.abc import Iterator
from functools import cache as once
from importlib.metadata import version
from typing import NamedTuple

from lark import Lark

from logdiag.files import cache, resources


class Token(NamedTuple):
    """A terminal's name and the half-open byte range ``[start, end)`` of the token."""

    terminal: str
    start: int
    end: int


@once
def load(name: str) -> Lark:
    """Return the LALR parser of ``grammars/NAME.lark``.

    Only the tests use ``strict``: it needs a second library and proves the same thing each time.
    """
    path = resources.folder("grammars") / f"{name}.lark"
    source = version("lark").encode() + path.read_bytes()
    # This user's logdiag wrote these bytes: `cache.kept` checks owner and digest. Lark's own cache does not.
    if (body := cache.kept_by_this_code(path.name, source)) is not None:
        return Lark.load(io.BytesIO(body))
    lark = Lark.open(str(path), parser="lalr", lexer="contextual")
    content = io.BytesIO()
    lark.save(content)
    cache.keep_by_this_code(path.name, content.getvalue(), source)
    return lark


@once
def record_start() -> re.Pattern[bytes]:
    """Return a pattern of what can start a record at the start of a line: the grammar's times."""
    times = "|".join(f"(?:^{_pattern(name)})" for name in ("TIME", "BSD_TIME", "PASTED_TIME"))
    return re.compile(times.encode("latin-1"), re.MULTILINE)


@once
def record_header() -> re.Pattern[bytes]:
    """Return a pattern of a time at the start of a line, and a host, which start a record in any context.

    A log may be cut there if the group ``time`` is a valid time, or has no year.
    """
    times = f"^(?P<time>(?>{_pattern('TIME')}|{_pattern('BSD_TIME')}))"
    return re.compile((times + _pattern("HOST")).encode("latin-1"), re.MULTILINE)


def _pattern(terminal: str) -> str:
    return load("expressway").get_terminal(terminal).pattern.to_regexp()


def tokens(log: bytes, grammar: str = "expressway") -> Iterator[Token]:
    """Return the tokens of a log, in order. They tile the log: no gap, no overlap.

    ``log`` starts at the start of a file or of a record (of a line, with the grammar ``xdump``). Every
    grammar accepts every byte, so no input raises.
    """
    reader = load(grammar).parse_interactive(log.decode("latin-1"))
    for token in reader.iter_parse():
        # Lark gives every token of a text its place; only its type says "perhaps none".
        yield Token(token.type, token.start_pos or 0, token.end_pos or 0)
