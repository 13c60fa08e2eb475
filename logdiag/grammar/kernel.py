"""The fast reader: bytes to tokens, by the tables of a compiled grammar. Machine code, without the GIL."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def"

import numpy as np

from logdiag.grammar.machine_code import compiled

NO_TERMINAL, NO_WAY_ON, NO_END = -1, -2, -3


@compiled
def scan(log, classes, next_, width, found, over, begin, step, rows, complete, meanings, tokens, places):
    """Write what each token means and where it ends; their number, or why there is none, and where.

    Args:
        log: the bytes, uint8.
        classes, next_, width, found, over, begin, step, rows, complete: `Tables.arrays`.
        meanings: what each terminal means to the caller, uint8.
        tokens, places: where to write, uint8 and int32, with room for a token a byte.

    """
    # Unsigned indices: of signed ones it is looked at each time whether they count from the end.
    one = np.uint64(1)
    size = np.uint64(len(log))
    state = np.uint64(0)
    count = np.uint64(0)
    place = np.uint64(0)
    while place < size:
        # The longest way through the automaton; the last end on it counts.
        here = np.uint64(begin[state])
        terminal = np.int64(-1)
        end = at = place
        while at < size:
            row = here << width
            there = np.uint64(next_[row | np.uint64(classes[log[at]])])
            at += one
            if there == here:
                while at < size and np.uint64(next_[row | np.uint64(classes[log[at]])]) == here:
                    at += one
            elif there == 0:
                break
            here = there
            if found[here] >= 0:
                terminal = found[here]
                end = at
                if over[here]:
                    break
        if terminal < 0:
            return NO_TERMINAL, np.int64(place)
        state = np.uint64(step[(state << rows) | np.uint64(terminal)])
        if state == 0:
            return NO_WAY_ON, np.int64(place)
        state -= one
        tokens[count] = meanings[terminal]
        places[count] = end
        count += one
        place = end
    if not complete[state]:
        return NO_END, np.int64(size)
    return np.int64(count), np.int64(size)
