"""The grammar: what it may hold, and that every sequence of bytes is a log."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Tree
from records_from import FRAGMENTS, HEADER

from logdiag.grammar import tokens

GRAMMAR = Path(__file__).parents[1] / "grammars" / "expressway.lark"
AWKWARD = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark.open(str(GRAMMAR), parser="lalr", lexer="contextual", strict=True)


def assert_tokens_tile(log: bytes) -> None:
    at = 0
    for token in tokens(log):
        assert (token.start, token.end > token.start) == (at, True)
        at = token.end
    assert at == len(log)


def test_it_loads_without_a_collision(lark: Lark) -> None:
    assert lark.options.strict
    assert lark.options.start == ["start"]


def test_terminals_can_be_compiled_to_tables(lark: Lark) -> None:
    look_around_lazy_possessive_class = re.compile(r"\(\?(?!:)|[*+?}][?+]|\\[sSwWdDbB]")
    found = {
        terminal.name: look_around_lazy_possessive_class.findall(terminal.pattern.to_regexp())
        for terminal in lark.terminals
    }
    assert {name for name, bad in found.items() if bad} == set()


def test_no_terminal_matches_nothing(lark: Lark) -> None:
    assert [terminal.name for terminal in lark.terminals if terminal.pattern.min_width == 0] == []


def test_every_terminal_has_a_priority_of_its_own(lark: Lark) -> None:
    priorities = [terminal.priority for terminal in lark.terminals]
    assert min(priorities) > 0
    assert len(set(priorities)) == len(priorities)


def test_plain_lark_reads_a_whole_log() -> None:
    log = b"".join(
        [
            b"the end of a record\n",
            b" " + HEADER + b'httpd[12]: web: Event="Call Attempted"\n',
            HEADER + b'tvcs: Module="network.sip" Level="DEBUG":  Msg-Hash="1"\n',
            b' SIPMSG:\n |INVITE sip:a@example.com SIP/2.0\n Via: b="c"\n \n v=0\n |\n\n',
            HEADER + b"MARK",
        ]
    ).decode("latin-1")
    lark = Lark.open(str(GRAMMAR), start="start", parser="lalr")
    tree = lark.parse(log)
    assert [child.data for child in tree.children if isinstance(child, Tree)] == [
        "pasted_record",
        "message",
        "last",
    ]
    assert "".join(tree.scan_values(lambda _: True)) == log


def test_an_empty_log_is_a_log() -> None:
    assert list(tokens(b"")) == []


@pytest.mark.parametrize(
    ("log", "names"),
    [
        (HEADER, "TIME HOST"),
        (b"x\n\n", "ORPHAN ORPHAN"),
        (b"\n\nx\n", "ORPHAN ORPHAN"),
        (HEADER + b"tvcs: a", "TIME HOST PROCESS TEXT"),
        (HEADER + b'a="b" c="', "TIME HOST PAIR KEY"),
        (HEADER + b'a="b<c"', "TIME HOST KEY VALUE"),
        (HEADER + b"a bc d e=f g h", "TIME HOST NAME TEXT TEXT TEXT TEXT"),
        (HEADER + b'a="b\nc"\n', "TIME HOST KEY OPEN_VALUE EOL VALUE_END EOL"),
        (HEADER + b'a="b": c="d",\n', "TIME HOST PAIR SEPARATOR PAIR SEPARATOR EOL"),
        (HEADER + b'httpd[1]: web: a="b"\n\n', "TIME HOST PROCESS SUBPROCESS PAIR EOL BODY"),
        (HEADER + b"x\n SIPMSG:\n b\n", "TIME HOST TEXT EOL BODY_MESSAGE BODY"),
        (HEADER + b"x\n\n\n\nb\n\n\n" + HEADER, "TIME HOST TEXT EOL BODY BODY BODY TIME HOST"),
        (HEADER + b'a="\n\n\nb"\n', "TIME HOST KEY EOL VALUE_LINE VALUE_END EOL"),
        (b" " + HEADER + b"\n", "PASTED_TIME HOST EOL"),
        (b"2018-01-02T03:04:05Z\n" + HEADER, "ORPHAN TIME HOST"),
        (b"2018-01-02T03:04:05Z {\n" + HEADER, "TIME BODY TIME HOST"),
    ],
)
def test_tokens(log: bytes, names: str) -> None:
    assert " ".join(token.terminal for token in tokens(log)) == names


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_tokens_tile_any_bytes(log: bytes) -> None:
    assert_tokens_tile(log)


@settings(deadline=None, max_examples=300)
@given(AWKWARD, st.binary(max_size=8), AWKWARD)
def test_tokens_tile_awkward_bytes(before: bytes, between: bytes, after: bytes) -> None:
    assert_tokens_tile(before + between + HEADER + after)


@pytest.mark.parametrize("start", [HEADER + b"tvcs: ", HEADER + b'tvcs: x="'], ids=["text", "value"])
@pytest.mark.parametrize(
    "part",
    [
        *(b'x="<a b="', b'<a b="c"', b'x="<a b="c" >', b'"<', b'a="<', b'="', b'x="', b"<a =", b'" ', b'"'),
        *(b" ", b"<", b">", b":", b"a->", b"a.", b"a - ", b"0:", b"\\0x0a", b" \r"),
        *(b"\xe2\x80", b"\xe2\x80\x9c", b'x="\xe2\x80\x9c', b"\xe2\x80\x9d"),
    ],
    ids=repr,
)
def test_a_long_line_takes_no_longer_than_its_length(start: bytes, part: bytes) -> None:
    """Were a terminal to look at the rest of its line again and again, this would take minutes."""
    log = start + part * (200_000 // len(part))
    assert sum(token.end - token.start for token in tokens(log)) == len(log)


def test_a_line_of_carriage_returns_takes_no_longer_than_its_length() -> None:
    log = HEADER + b"tvcs: " + b"\r" * 50_000
    assert sum(token.end - token.start for token in tokens(log)) == len(log)


@pytest.mark.parametrize("line", [b"\n", b'x="\n', b"{\n", b" SIPMSG:\n"], ids=repr)
def test_a_long_body_takes_no_longer_than_its_length(line: bytes) -> None:
    log = HEADER + b'tvcs: x="\n' + line * (100_000 // len(line))
    assert sum(token.end - token.start for token in tokens(log)) == len(log)
