"""From a Lark grammar to the tables that the fast reader runs.

Lark reads the grammar, builds the LALR table and says in which order the terminals of each state
are tried; its own regular expressions give way to one automaton. What cannot be said in tables is
refused, with the terminal's name and line.
"""

import re
from typing import Any

import numpy as np
from lark import Lark
from lark.exceptions import LarkError
from lark.lexer import PatternRE, TerminalDef
from lark.parsers.lalr_analysis import Shift

from logdiag.errors import GrammarError, Mistake
from logdiag.grammar.dfa import determined
from logdiag.grammar.nfa import CompilerError, Program
from logdiag.grammar.state_order import numbered
from logdiag.grammar.tables import ENDS, Tables


def compiled(text: str, file: str, sample: bytes = b"") -> Tables:
    """The tables of a grammar.

    Args:
        text: the grammar, as Lark reads it.
        file: its name, for mistakes.
        sample: a text that is like those to be read; the tables are as right without, and slower.

    Raises:
        GrammarError: Lark refuses it, or it needs more than tables can do.

    """
    try:
        lark = Lark(text, parser="lalr", lexer="contextual")
    except LarkError as error:
        line, column = int(getattr(error, "line", 0) or 1), int(getattr(error, "column", 0) or 1)
        first = str(error).strip().splitlines()[0]
        raise GrammarError([Mistake(file, line, column, f"Lark says: {first}")]) from error
    parser = lark.parse_interactive("")
    table = parser.parser_state.parse_conf.parse_table
    lexer: Any = parser.lexer_thread.lexer

    terminals = sorted(lark.terminals, key=lambda one: one.name)
    numbers = {one.name: number for number, one in enumerate(terminals)}
    problems = _refused(lark, terminals)
    program, addresses = Program(), []
    for number, one in enumerate(terminals):
        try:
            pattern = one.pattern.to_regexp()
            addresses.append(program.terminal(number, pattern))
        except CompilerError as error:
            problems.append((one.name, str(error)))
            addresses.append(-1)
    if problems:
        raise _error(problems, text, file)

    # States that accept the same terminals begin in the same state of the automaton.
    tried = {
        state: tuple(numbers[one.name] for one in lexer.lexers[state].terminals) for state in table.states
    }
    lists = sorted(set(tried.values()))
    try:
        automaton = determined(
            program, [[addresses[n] for n in one] for one in lists], [one.priority for one in terminals]
        )
    except CompilerError as error:
        raise _error([("start", str(error))], text, file) from error
    if automaton.collisions:
        found = [
            (terminals[a].name, f"finds the same text as {terminals[b].name}, with the same priority")
            for a, b in automaton.collisions
        ]
        raise _error(found, text, file)

    stacks, steps = _stacks(table, set(numbers))
    if len(stacks) > _MOST:
        raise _error([("start", "nests without bound; write lists to the left: a: b | a b")], text, file)
    if len(terminals) >= ENDS:
        raise _error([("start", f"has more than {ENDS - 1} terminals")], text, file)
    step = np.zeros((len(stacks), ENDS), np.uint16)
    for stack, name, then in steps:
        step[stack, numbers[name] + 1] = then + 1
    over = automaton.next.max(axis=1) == 0
    tables = Tables(
        terminals=tuple(one.name for one in terminals),
        next=automaton.next,
        ends=(automaton.found + 1 + ENDS * over).astype(np.uint16),
        begin=np.array([automaton.starts[lists.index(tried[stack[-1]])] for stack in stacks], np.int32),
        step=step,
        complete=np.array([_after(table, stack, "$END") is not None for stack in stacks]),
    )
    return numbered(tables, sample)


_MOST = 10_000

_Stack = tuple[int, ...]


def _stacks(table: Any, terminals: set[str]) -> tuple[list[_Stack], list[tuple[int, str, int]]]:
    """The stacks that the parser can have, up to too many, and what leads from which to which."""
    numbers: dict[_Stack, int] = {(table.start_states["start"],): 0}
    steps = []
    stacks = list(numbers)
    for stack in stacks:  # grows meanwhile
        for name in table.states[stack[-1]]:
            if name not in terminals or (then := _after(table, stack, name)) is None:
                continue
            if then not in numbers:
                numbers[then] = len(stacks)
                stacks.append(then)
            steps.append((numbers[stack], name, numbers[then]))
        if len(stacks) > _MOST:
            break
    return stacks, steps


def _after(table: Any, stack: _Stack, terminal: str) -> _Stack | None:
    """The stack behind a terminal, all reductions done; None where the parser does not take it."""
    while stack[-1] != table.end_states["start"]:
        if terminal not in table.states[stack[-1]]:
            return None
        kind, then = table.states[stack[-1]][terminal]
        if kind is Shift:
            return (*stack, then)
        stack = stack[: len(stack) - len(then.expansion)]
        stack = (*stack, table.states[stack[-1]][then.origin.name][1])
    return stack


def _refused(lark: Lark, terminals: list[TerminalDef]) -> list[tuple[str, str]]:
    """What Lark does beyond terminals and rules: dropping tokens, and words that take another's place."""
    problems = [(str(name), "is ignored: its bytes would be lost") for name in lark.ignore_tokens]
    for one in terminals:
        if not isinstance(one.pattern, PatternRE):
            for other in terminals:
                if isinstance(other.pattern, PatternRE) and re.fullmatch(
                    other.pattern.to_regexp(), one.pattern.value
                ):
                    problems.append(
                        (one.name, f"is a word that {other.name} finds too; write both as patterns")
                    )
    return problems


def _error(problems: list[tuple[str, str]], text: str, file: str) -> GrammarError:
    return GrammarError(
        [Mistake(file, _line(name, text), 1, f"{name} {message}") for name, message in problems]
    )


def _line(name: str, text: str) -> int:
    """The line on which a terminal is defined; the first where it has no definition of its own."""
    found = re.search(rf"^{re.escape(name)}(\.[0-9]+)?\s*:", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1
