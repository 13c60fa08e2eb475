"""The reference reader: Lark itself, run over the grammar.

It owns nothing but the way from bytes to tokens. Which token means what is said by the terminal
names in the grammars; what becomes of them is ``logdiag/records`` and ``logdiag/dumps``.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from lark import Lark

from logdiag.files import resources


class Token(NamedTuple):
    """A terminal's name and the half-open byte range ``[start, end)`` that it covers."""

    terminal: str
    start: int
    end: int


@cache
def load(name: str) -> Lark:
    """The LALR parser of ``grammars/NAME.lark``.

    ``strict`` is left to the tests: it needs a second library and proves the same thing each time.
    """
    path = resources.folder("grammars") / f"{name}.lark"
    return Lark.open(str(path), parser="lalr", lexer="contextual")


@cache
def record_start() -> re.Pattern[bytes]:
    """What stands where a record may start, at the start of a line: the grammar's own times."""
    grammar = load("expressway")
    times = [grammar.get_terminal(name).pattern.to_regexp() for name in ("TIME", "BSD_TIME", "PASTED_TIME")]
    return re.compile("|".join(f"(?:^{time})" for time in times).encode("latin-1"), re.MULTILINE)


@cache
def record_header() -> re.Pattern[bytes]:
    """A time at a line's start, and a host: where a record starts whatever stands before it.

    A log may be cut there, if the group ``time`` is an instant, or has no year.
    """
    grammar = load("expressway")
    time, bsd_time, host = (
        grammar.get_terminal(name).pattern.to_regexp() for name in ("TIME", "BSD_TIME", "HOST")
    )
    return re.compile(f"^(?P<time>(?>{time}|{bsd_time})){host}".encode("latin-1"), re.MULTILINE)


def tokens(log: bytes, grammar: str = "expressway") -> Iterator[Token]:
    """The tokens of a log, in order. They tile it: no byte is left out and none comes twice.

    ``log`` starts at the start of a file or of a record (of a line, in the grammar ``xdump``). Every
    grammar accepts every byte, so no input raises.
    """
    reader = load(grammar).parse_interactive(log.decode("latin-1"))
    for token in reader.iter_parse():
        # Lark gives every token of a text its place; only its type says "perhaps none".
        yield Token(token.type, token.start_pos or 0, token.end_pos or 0)
