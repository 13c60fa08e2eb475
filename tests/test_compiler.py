"""The grammar compiler: its automaton finds what ``re`` finds, and it refuses what it cannot say."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records_from import FRAGMENTS

from logdiag.errors import GrammarError
from logdiag.files import resources
from logdiag.grammar import tokens
from logdiag.grammar.compiler import compile_grammar
from logdiag.grammar.dfa import Automaton, determinize
from logdiag.grammar.lexer import scan
from logdiag.grammar.lexer import tokens as compiled_tokens
from logdiag.grammar.nfa import Program
from logdiag.grammar.state_order import count_steps, renumber
from logdiag.grammar.table_cache import tables
from logdiag.grammar.tables import Tables

GRAMMARS = ("expressway", "xdump")


def automaton(patterns: list[str]) -> Automaton:
    """An automaton that prefers earlier patterns."""
    program = Program()
    starts = [program.add_terminal(number, pattern) for number, pattern in enumerate(patterns)]
    return determinize(program, [starts], list(range(len(patterns), 0, -1)))


def found_by_automaton(machine: Automaton, text: bytes) -> tuple[int, int] | None:
    state, last = machine.starts[0], None
    for place, byte in enumerate(text):
        state = machine.next[state, byte]
        if machine.found[state] >= 0:
            last = int(machine.found[state]), place + 1
    return last


def found_by_re(patterns: list[str], text: bytes) -> tuple[int, int] | None:
    found = re.match("|".join(f"(?P<t{n}>{one})" for n, one in enumerate(patterns)), text.decode("latin-1"))
    return None if found is None or not found.end() else (int(found.lastgroup[1:]), found.end())


_ATOMS = st.sampled_from(
    ["a", "b", "ab", "[ab]", "[^a]", ".", "(a|ab)", "(ab|a)", "(b|)", "\\n", "\\d", "[^\\s]"]
)
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "??", "{1,2}", "{2}", "{0,2}?"])).map(
            lambda p: f"({p[0]}){p[1]}"
        ),
        st.tuples(inner, st.sampled_from(["*", "+", "*?", "+?"])).map(lambda p: f"(a{p[0]}|b){p[1]}"),
    ),
    max_leaves=6,
)


@given(
    st.lists(_PATTERNS, min_size=1, max_size=3),
    st.lists(st.sampled_from(b"ab \n1c\xff"), max_size=8).map(bytes),
)
@settings(max_examples=300)
def test_it_finds_what_re_finds(patterns: list[str], text: bytes) -> None:
    assert found_by_automaton(automaton(patterns), text) == found_by_re(patterns, text)


@pytest.mark.parametrize(
    ("first", "text", "size"),
    [("a|ab", b"ab", 1), ("ab|a", b"ab", 2), ("a*?b", b"aab", 3), ("a+?", b"aaa", 1), ("(a|ab)c", b"abc", 3)],
)
def test_the_first_way_counts_and_not_the_longest(first: str, text: bytes, size: int) -> None:
    assert found_by_automaton(automaton([first]), text) == (0, size)


@pytest.mark.parametrize("name", GRAMMARS)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(b"".join), st.binary(max_size=12))
@settings(max_examples=80)
def test_the_tables_give_the_tokens_of_lark(name: str, text: bytes, odd: bytes) -> None:
    for log in (text + odd, odd + text):
        assert list(compiled_tokens(log, name)) == list(tokens(log, name))


@pytest.mark.parametrize(
    ("terminal", "message"),
    [
        ("/a(?=b)/", "looks around"),
        ("/(?<!a)b/", "looks around"),
        ("/^a/", "is anchored"),
        (r"/a\b/", "is anchored"),
        (r"/(a)\1/", "refers back"),
        ("/(a?)*b/", "repeats without end what may be empty"),
        ("/a/i", "has flags"),
        ("/(?i:a)b/", "has flags"),
        ("/€/", "write the bytes of its UTF-8"),
        ("/(a{1,200}b{1,200}){1,200}/", "states"),
        ("/a++b/", "no automaton can do"),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_its_name_and_line(terminal: str, message: str) -> None:
    with pytest.raises(GrammarError) as raised:
        compile_grammar(f"start: GOOD* BAD\nGOOD.2: /x/\nBAD.1: {terminal}\n", "mine.lark")
    [mistake] = raised.value.mistakes
    assert (mistake.file, mistake.line) == ("mine.lark", 3)
    assert mistake.message.startswith("BAD ") and message in mistake.message


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(GrammarError) as raised:
        compile_grammar("start: A B\nA: /^a/\nB: /b$/\n%ignore C\nC: /c/\n", "mine.lark")
    assert [mistake.line for mistake in raised.value.mistakes] == [2, 3, 5]


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        ("start: (A | B)*\nA: /a[xy]/\nB: /[ab]x/\n", "finds the same text as"),
        ('start: (A | B)*\nA: "ab"\nB: /[a-z]+/\n', "is a word that B finds too"),
        ("start: a | b\na: X\nb: X\nX: /x/\n", "Lark says"),
        ("start: A", "Lark says"),
        ("start: (", "Lark says"),
        ("start: A | A start\nA: /a/\n", "nests without bound"),
        ("start: A | A start B\nA: /a/\nB: /b/\n", "nests without bound"),
    ],
)
def test_grammars_that_are_refused(grammar: str, message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        compile_grammar(grammar, "mine.lark")


def test_tables_come_from_the_cache_and_a_damaged_cache_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from logdiag.files import cache

    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    first = tables.__wrapped__("xdump")
    [file] = tmp_path.iterdir()
    written = file.read_bytes()
    monkeypatch.setattr(
        "logdiag.grammar.compiler.compile_grammar", lambda *_: pytest.fail("it was in the cache")
    )
    assert same(tables.__wrapped__("xdump"), first)
    monkeypatch.undo()
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    for damage in (b"", b"no archive", written[: len(written) // 2], written.replace(b"begin", b"lost_")):
        file.write_bytes(damage)
        assert same(tables.__wrapped__("xdump"), first)
        assert cache.kept(file.name) is not None


def test_tables_that_lead_outside_are_not_sound() -> None:
    good = tables("xdump")
    assert good.is_sound()
    for name in ("next", "ends", "begin", "step"):
        bad = getattr(good, name).copy()
        bad.flat[0] = np.iinfo(bad.dtype).max
        assert not Tables(**{**vars(good), name: bad}).is_sound(), name


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(b"".join))
@settings(max_examples=20, deadline=None)
def test_a_sample_changes_the_numbers_of_the_states_and_no_token(sample: bytes) -> None:
    plain = tables("expressway")
    other = renumber(plain, sample)
    assert other.is_sound()
    log = b"".join(FRAGMENTS)
    assert scanned(other, log) == scanned(plain, log) != []


def test_most_steps_of_a_usual_log_lead_to_the_next_state() -> None:
    found = tables("expressway")
    log = Path("sample_logs/peer-lost/peer-disconnect-expc01.log").read_bytes()
    steps = count_steps(found, log)
    guessed = sum(count for (one, then), count in steps.items() if then == one + 1)
    assert guessed > 0.7 * steps.total()
    unguided = renumber(
        compile_grammar((resources.folder("grammars") / "expressway.lark").read_text(), ""), b""
    )
    steps = count_steps(unguided, log)
    assert guessed > 1.5 * sum(count for (one, then), count in steps.items() if then == one + 1)


def scanned(found: Tables, log: bytes) -> list[tuple[int, int]]:
    """The tokens by some tables: terminal and end."""
    terminals, places = np.empty(len(log), np.uint8), np.empty(len(log), np.int32)
    every = np.arange(len(found.terminals), dtype=np.uint8)
    count = scan(np.frombuffer(log, np.uint8), found, every, terminals, places)
    return list(zip(terminals[:count].tolist(), places[:count].tolist(), strict=True))


def test_another_grammar_needs_no_other_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new column in the grammar alone: the fast reader follows, and still agrees with Lark."""
    from logdiag.grammar import lark_reader

    text = (resources.folder("grammars") / "expressway.lark").read_text()
    changed = text.replace("HOST.28: /(", "HOST.28: /(@[a-z]+@|")
    assert changed != text
    (tmp_path / "expressway.lark").write_text(changed)
    log = b"2024-03-05T09:00:00.000+00:00 @peer@ tvcs: x\n"
    before = {token.terminal for token in tokens(log)}
    monkeypatch.setattr(resources, "folder", lambda _: tmp_path)
    lark_reader.load.cache_clear()
    try:
        assert "HOST" not in before
        assert "HOST" in {token.terminal for token in tokens(log)}
        monkeypatch.setattr("logdiag.grammar.lexer.tables", tables.__wrapped__)
        assert list(compiled_tokens(log, "expressway")) == list(tokens(log))
    finally:
        lark_reader.load.cache_clear()


def same(a: Tables, b: Tables) -> bool:
    """The same but for the numbers of the parser's states, which Lark gives out as it likes."""
    return a.is_sound() and a.terminals == b.terminals and np.array_equal(a.next.shape, b.next.shape)
