"""Compiles a Lark grammar to the tables of the fast reader.

Lark reads the grammar, builds the LALR table, and orders the terminals that each state tries. One automaton
replaces Lark's regular expressions. The compiler refuses what tables cannot express, with the terminal's
name and line.
"""

import re
from typing import Any

import numpy as np
from lark import Lark
from lark.exceptions import LarkError
from lark.lexer import PatternRE, TerminalDef
from lark.parsers.lalr_analysis import Shift

from logdiag.errors import GrammarError, Mistake
from logdiag.grammar.dfa import determinize
from logdiag.grammar.nfa import CompilerError, Program
from logdiag.grammar.state_order import renumber
from logdiag.grammar.tables import ENDS, Tables

_MAX_STACKS = 10_000
"""A grammar that nests without bound has more; those of logdiag have fewer than 300."""

_Stack = tuple[int, ...]
_Problems = list[tuple[str, str]]


def compile_grammar(text: str, file: str, sample: bytes = b"") -> Tables:
    """Return the tables of a grammar.

    Args:
        text: the grammar, as Lark reads it.
        file: its name, for mistakes.
        sample: a typical text; the tables are as correct without it, but slower.

    Raises:
        GrammarError: Lark refuses the grammar, or tables cannot express it.

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

    def refuse(problems: _Problems) -> GrammarError:
        mistakes = [Mistake(file, _line(name, text), 1, f"{name} {message}") for name, message in problems]
        return GrammarError(mistakes)

    terminals = sorted(lark.terminals, key=lambda one: one.name)
    numbers = {one.name: number for number, one in enumerate(terminals)}
    problems = _refused(lark, terminals)
    program, addresses = Program(), []
    for number, one in enumerate(terminals):
        try:
            addresses.append(program.add_terminal(number, one.pattern.to_regexp()))
        except CompilerError as error:
            problems.append((one.name, str(error)))
    if problems:
        raise refuse(problems)

    # States that accept the same terminals share a first state of the automaton.
    tried = {
        state: tuple(numbers[one.name] for one in lexer.lexers[state].terminals) for state in table.states
    }
    lists = sorted(set(tried.values()))
    starts = [[addresses[number] for number in one] for one in lists]
    try:
        automaton = determinize(program, starts, [one.priority for one in terminals])
    except CompilerError as error:
        raise refuse([("start", str(error))]) from error
    names = [one.name for one in terminals]
    if automaton.collisions:
        same = "finds the same text as {}, with the same priority"
        raise refuse([(names[a], same.format(names[b])) for a, b in automaton.collisions])
    if len(terminals) >= ENDS:
        raise refuse([("start", f"has more than {ENDS - 1} terminals")])
    stacks, steps = _stacks(table, set(numbers))
    if len(stacks) > _MAX_STACKS:
        raise refuse([("start", "nests without bound; write lists to the left: a: b | a b")])
    step = np.zeros((len(stacks), ENDS), np.uint16)
    for stack, name, then in steps:
        step[stack, numbers[name] + 1] = then + 1
    leads_nowhere = automaton.next.max(axis=1) == 0
    tables = Tables(
        terminals=tuple(names),
        next=automaton.next,
        ends=(automaton.found + 1 + ENDS * leads_nowhere).astype(np.uint16),
        begin=np.array([automaton.starts[lists.index(tried[stack[-1]])] for stack in stacks], np.int32),
        step=step,
        complete=np.array([_after(table, stack, "$END") is not None for stack in stacks]),
    )
    return renumber(tables, sample)


def _stacks(table: Any, terminals: set[str]) -> tuple[list[_Stack], list[tuple[int, str, int]]]:
    """Return the stacks that the parser can have, up to too many, and the steps between them."""
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
        if len(stacks) > _MAX_STACKS:
            break
    return stacks, steps


def _after(table: Any, stack: _Stack, terminal: str) -> _Stack | None:
    """Return the stack after a terminal and all reductions; None if the parser rejects the terminal."""
    while stack[-1] != table.end_states["start"]:
        if terminal not in table.states[stack[-1]]:
            return None
        kind, then = table.states[stack[-1]][terminal]
        if kind is Shift:
            return (*stack, then)
        stack = stack[: len(stack) - len(then.expansion)]
        stack = (*stack, table.states[stack[-1]][then.origin.name][1])
    return stack


def _refused(lark: Lark, terminals: list[TerminalDef]) -> _Problems:
    """Return mistakes for features of Lark that tables lack: ignored tokens, and words before patterns."""
    problems = [(str(name), "is ignored: its bytes would be lost") for name in lark.ignore_tokens]
    patterns = [one for one in terminals if isinstance(one.pattern, PatternRE)]
    for word in terminals:
        if not isinstance(word.pattern, PatternRE):
            problems += [
                (word.name, f"is a word that {other.name} finds too; write both as patterns")
                for other in patterns
                if re.fullmatch(other.pattern.to_regexp(), word.pattern.value)
            ]
    return problems


def _line(name: str, text: str) -> int:
    """Return the number of the line that defines a terminal; the first if no line does."""
    found = re.search(rf"^{re.escape(name)}(\.[0-9]+)?\s*:", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1
