"""The grammar of dumps: what it may hold, and that every sequence of bytes is a dump."""

import re
from pathlib import Path

import pytest
from dump_reading import FRAGMENTS, SYNTHETIC
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark

from logdiag.grammar import tokens

GRAMMAR = Path(__file__).parents[2] / "grammars" / "xdump.lark"


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark.open(str(GRAMMAR), parser="lalr", lexer="contextual", strict=True)


def assert_tokens_tile(dump: bytes) -> None:
    at = 0
    for token in tokens(dump, "xdump"):
        assert (token.start, token.end > token.start) == (at, True)
        at = token.end
    assert at == len(dump)


def test_the_dump_grammar_loads_without_a_collision(lark: Lark) -> None:
    assert lark.options.strict
    assert lark.options.start == ["start"]


def test_its_terminals_can_be_compiled_to_tables(lark: Lark) -> None:
    look_around_lazy_possessive_class = re.compile(r"\(\?(?!:)|[*+?}][?+]|\\[sSwWdDbB]")
    found = {
        terminal.name: look_around_lazy_possessive_class.findall(terminal.pattern.to_regexp())
        for terminal in lark.terminals
    }
    assert {name for name, bad in found.items() if bad} == set()
    assert [terminal.name for terminal in lark.terminals if terminal.pattern.min_width == 0] == []


def test_each_of_its_terminals_has_a_priority_of_its_own(lark: Lark) -> None:
    priorities = [terminal.priority for terminal in lark.terminals]
    assert min(priorities) > 0
    assert len(set(priorities)) == len(priorities)


def test_plain_lark_reads_a_whole_dump() -> None:
    dump = (SYNTHETIC / "expc01_xstat.txt").read_text(encoding="latin-1")
    tree = Lark.open(str(GRAMMAR), parser="lalr").parse(dump)
    assert "".join(tree.scan_values(lambda _: True)) == dump


@pytest.mark.parametrize(
    ("dump", "names"),
    [
        (b"", ""),
        (b"\r\n \n", "EOL INDENT EOL"),
        (b'*c xConfiguration A B 1 C: "v"\r\n', "MARK ROOT PATH QUOTED EOL"),
        (b"xStatus A: v", "ROOT PATH TEXT"),
        (
            b"\xef\xbb\xbf*s A: /\n\t B:\n*s/end\n** end",
            "BOM MARK PATH SLASH EOL INDENT PATH EOL END EOL END",
        ),
        (b"A: /b\n", "PATH SLASH TEXT EOL"),
        (b'A: "b: "c" d"', "PATH QUOTED"),
        (b'A: "b" c', "PATH QUOTED TEXT"),
        (b'A: "b', "PATH OPEN"),
        (b"2024-03-05T09:00:00Z x: y\n", "TEXT EOL"),
        (b"*c what\n", "MARK TEXT EOL"),
        (b"\r\rx\r\n\r", "TEXT EOL EOL"),
    ],
)
def test_tokens_of_a_dump(dump: bytes, names: str) -> None:
    assert " ".join(token.terminal for token in tokens(dump, "xdump")) == names


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_tokens_tile_any_bytes_of_a_dump(dump: bytes) -> None:
    assert_tokens_tile(dump)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join))
def test_tokens_tile_awkward_bytes_of_a_dump(dump: bytes) -> None:
    assert_tokens_tile(dump)


@pytest.mark.parametrize("start", [b"", b"*c ", b"A: ", b'A: "', b'A: "b" '], ids=repr)
@pytest.mark.parametrize(
    "part",
    [b"a", b"a ", b"1 ", b"a  \t", b" ", b"\r", b"\r ", b'"', b'" ', b"/", b":", b"*s ", b"\xff"],
    ids=repr,
)
def test_a_long_line_of_a_dump_takes_no_longer_than_its_length(start: bytes, part: bytes) -> None:
    """Were a terminal to look at the rest of its line again and again, this would take minutes."""
    assert_tokens_tile(start + part * (200_000 // len(part)))
