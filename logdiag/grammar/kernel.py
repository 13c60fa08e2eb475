"""Bytes to tokens, by the tables of a compiled grammar: machine code that runs without the GIL."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,call-arg"

import numpy as np

from logdiag.grammar.bitcode import compiled, intrinsic, ir, types
from logdiag.grammar.tables import ENDS

NO_TERMINAL, NO_WAY_ON, NO_END = -1, -2, -3

_BYTES, _STATES, _PLACES = (np.empty(0, kind) for kind in (np.uint8, np.uint16, np.int32))


@intrinsic
def _opaque(_context, number):
    """Return the same number, but hide that from the compiler."""

    def code(_, builder, _signature, args):
        word = ir.IntType(64)
        return builder.asm(ir.FunctionType(word, [word]), "", "=r,0", args, side_effect=True)

    return types.uint64(types.uint64), code


@compiled(_BYTES, _STATES, _STATES, _PLACES, _STATES, np.empty(0, np.bool_), _BYTES, _BYTES, _PLACES)
def scan(log, next_, ends, begin, step, complete, meanings, tokens, places):
    """Write the meaning and the end of each token.

    Each look-up of a state depends on the one before it, and would wait for the memory at each byte. So the
    code guesses the next state (see `logdiag.grammar.state_order`). Most guesses are right, and the processor
    continues with them before the look-up has ended. The compiler must not learn that a right guess equals
    the looked-up state, or it would use the latter.

    Args:
        log: the bytes, uint8.
        next_, ends, begin, step, complete: `Tables.arrays`.
        meanings: what each terminal means to the caller, uint8.
        tokens, places: where to write, uint8 and int32, with one item for each byte.

    Returns:
        The number of tokens and of bytes; or an error, below 0, and its place.

    """
    # Unsigned indices: signed ones are checked each time for whether they count from the end.
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    row_of, ends_there = np.uint64(8), np.uint64(ENDS)
    size = np.uint64(len(log))
    last = np.uint64(max(len(log) - 4, 0))
    state = np.uint64(0)
    start = np.uint64(begin[state])
    count = np.uint64(0)
    place = np.uint64(0)
    while place < size:
        # The longest path through the automaton; the last end on it counts.
        here = start
        terminal = np.uint64(0)
        end = at = place
        while at < size:
            row = here << row_of
            there = np.uint64(next_[row | np.uint64(log[at])])
            at += one
            if there == here + one:
                here = _opaque(here) + one
            elif there == here:
                while at < last:
                    if np.uint64(next_[row | np.uint64(log[at])]) != here:
                        break
                    if np.uint64(next_[row | np.uint64(log[at + one])]) != here:
                        at += one
                        break
                    if np.uint64(next_[row | np.uint64(log[at + two])]) != here:
                        at += two
                        break
                    if np.uint64(next_[row | np.uint64(log[at + three])]) != here:
                        at += three
                        break
                    at += four
                else:
                    while at < size and np.uint64(next_[row | np.uint64(log[at])]) == here:
                        at += one
            elif there == 0:
                break
            else:
                here = there
            found = np.uint64(ends[here])
            if found:
                terminal = found
                end = at
                if found >= ends_there:
                    break
        if terminal == 0:
            return NO_TERMINAL, np.int64(place)
        terminal &= ends_there - one
        then = np.uint64(step[(state << row_of) | terminal])
        if then == 0:
            return NO_WAY_ON, np.int64(place)
        then -= one
        if then == state:
            state = _opaque(state)
        else:
            state = then
            start = np.uint64(begin[then])
        tokens[count] = meanings[terminal - one]
        places[count] = end
        count += one
        place = end
    if not complete[state]:
        return NO_END, np.int64(size)
    return np.int64(count), np.int64(size)
