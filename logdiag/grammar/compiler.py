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
from logdiag.grammar.automaton import determined
from logdiag.grammar.expressions import CompilerError, Program
from logdiag.grammar.tables import Tables


def compiled(text: str, file: str) -> Tables:
    """The tables of a grammar.

    Args:
        text: the grammar, as Lark reads it.
        file: its name, for mistakes.

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

    rules = sorted(
        {arg for actions in table.states.values() for action, arg in actions.values() if action is not Shift},
        key=str,
    )
    symbols = sorted({rule.origin.name for rule in rules})
    action = np.zeros((len(table.states), len(terminals) + 1), np.int32)
    goto = np.zeros((len(table.states), len(symbols)), np.int32)
    begin = np.zeros(len(table.states), np.int32)
    for state, actions in table.states.items():
        begin[state] = automaton.starts[lists.index(tried[state])]
        for name, (kind, arg) in actions.items():
            if name in symbols:
                goto[state, symbols.index(name)] = arg
                continue
            column = len(terminals) if name == "$END" else numbers[name]
            if kind is Shift:
                action[state, column] = arg + 1
            else:
                action[state, column] = -rules.index(arg) - 1
    start = table.start_states["start"]
    return Tables(
        terminals=tuple(one.name for one in terminals),
        next=automaton.next.astype(np.int16),
        found=automaton.found,
        begin=begin,
        action=action,
        goto=goto,
        pops=np.array([len(rule.expansion) for rule in rules], np.int32),
        makes=np.array([symbols.index(rule.origin.name) for rule in rules], np.int32),
        ends=np.array([start, table.end_states["start"]], np.int32),
    )


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
