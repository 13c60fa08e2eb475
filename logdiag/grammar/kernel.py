"""The fast reader: bytes to tokens, by the tables of a compiled grammar. Machine code, without the GIL."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def"

import numpy as np

from logdiag.grammar.machine_code import compiled

STACK = 4096
"""States of the parser that may wait for each other."""

NO_TERMINAL, NO_ACTION, TOO_DEEP = -1, -2, -3


@compiled
def scan(log, next_, found, begin, action, goto, pops, makes, ends, meanings, tokens, places):
    """Write what each token means and where it ends; their number, or why there is none, and where.

    Args:
        log: the bytes, uint8.
        next_, found, begin, action, goto, pops, makes, ends: the tables, as in `Tables`.
        meanings: what each terminal means to the caller, uint8.
        tokens, places: where to write, uint8 and int32, with room for a token a byte.

    """
    # Unsigned indices: of signed ones it is looked at each time whether they count from the end.
    one, eight = np.uint64(1), np.uint64(8)
    table = next_.reshape(next_.size)
    size = np.uint64(len(log))
    stack = np.empty(STACK, np.int32)
    top = 0
    stack[0] = ends[0]
    count = 0
    place = np.uint64(0)
    while place < size:
        state = stack[top]
        # The longest way through the automaton; the last end on it counts.
        here = np.uint64(begin[state])
        terminal = np.int32(-1)
        end = at = place
        while at < size:
            there = np.uint64(table[(here << eight) | np.uint64(log[at])])
            at += one
            if there == 0:
                break
            if there == here:
                row = here << eight
                while at < size and np.uint64(table[row | np.uint64(log[at])]) == here:
                    at += one
            here = there
            if found[here] >= 0:
                terminal = found[here]
                end = at
        if terminal < 0:
            return NO_TERMINAL, np.int64(place)
        while True:
            act = action[state, terminal]
            if act >= 0:
                break
            rule = -act - 1
            top -= pops[rule]
            state = goto[stack[top], makes[rule]]
            top += 1
            if top >= STACK:
                return TOO_DEEP, np.int64(place)
            stack[top] = state
        if act == 0:
            return NO_ACTION, np.int64(place)
        top += 1
        if top >= STACK:
            return TOO_DEEP, np.int64(place)
        stack[top] = act - 1
        tokens[count] = meanings[terminal]
        places[count] = end
        count += 1
        place = end
    # What the end of the input completes.
    terminal = action.shape[1] - 1
    state = stack[top]
    while state != ends[1]:
        act = action[state, terminal]
        if act == 0:
            return NO_ACTION, np.int64(size)
        if act > 0:
            break
        rule = -act - 1
        top -= pops[rule]
        state = goto[stack[top], makes[rule]]
        top += 1
        stack[top] = state
    return count, np.int64(size)
