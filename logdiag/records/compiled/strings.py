"""Compare, number and write strings of a log."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment,call-arg,var-annotated"

import numpy as np

from logdiag.grammar.bitcode import inlined, inner, nth
from logdiag.records.compiled.word_ops import WORD, equal, first_word, load_word, store_word
from logdiag.records.digests import FACTOR, SHIFT

_MAX_PROBES = 32


@inner
def trim(log, start, end, other):
    """Leave out blanks, and another byte, at both ends."""
    while start < end and (log[nth(start)] == 32 or log[nth(start)] == other):
        start += 1
    while end > start and (log[nth(end - 1)] == 32 or log[nth(end - 1)] == other):
        end -= 1
    return start, end


@inner
def count_lines(log, start, end):
    """Count the line ends in some bytes."""
    count = 0
    # The count of a block fits into a byte, so that the processor compares many bytes at once.
    place, last, block = np.uint64(start), np.uint64(end), np.uint64(128)
    while place < last:
        found = np.uint8(0)
        for n in range(place, min(place + block, last)):
            found += np.uint8(log[n] == 10)
        count += np.int64(found)
        place += block
    return count


@inner
def intern_name(log, start, end, column, out, count):
    """Return the number of a name in a column, and the number of names of all columns.

    A name that is not found within `_MAX_PROBES` gets a second number.
    """
    size = end - start
    starts, ends = out.name_starts, out.name_ends
    last = out.last[nth(column)]
    if (
        last >= 0
        and ends[nth(last)] - starts[nth(last)] == size
        and equal(log, starts[nth(last)], start, size)
    ):
        return last, count
    # The hash is of some bytes only: names are compared whole, and the number of probes is limited.
    key = (np.uint64(8 * size + column) ^ first_word(log, start, min(size, WORD))) * np.uint64(FACTOR)
    if size > WORD:
        key = (key ^ load_word(log, np.uint64(end - WORD))) * np.uint64(FACTOR)
    key ^= key >> np.uint64(SHIFT)
    mask = np.uint64(len(out.slots) - 1)
    for probe in range(_MAX_PROBES):
        slot = (key + np.uint64(probe)) & mask
        known = np.int64(out.slots[slot])
        if known < 0:
            out.slots[slot] = count
            break
        if (
            out.name_columns[nth(known)] == column
            and ends[nth(known)] - starts[nth(known)] == size
            and equal(log, starts[nth(known)], start, size)
        ):
            return known, count
    starts[nth(count)], ends[nth(count)], out.name_columns[nth(count)] = start, end, column
    return count, count + 1


@inlined
def copy(log, start, end, out, at):
    """Write bytes, which need not be UTF-8, and return where they end.

    ``out`` has `logdiag.records.compiled.buffers.PADDING` bytes more than are written.
    """
    size = end - start
    left, place, to = np.uint64(size), np.uint64(start), np.uint64(at)
    done = np.uint64(0)
    if start + size + 2 * WORD <= len(log):
        while done < left:
            one, two = load_word(log, place + done), load_word(log, place + done + np.uint64(WORD))
            store_word(out, to + done, one)
            store_word(out, to + done + np.uint64(WORD), two)
            done += np.uint64(2 * WORD)
    while done < left:  # close to the end of the log
        out[to + done] = log[place + done]
        done += np.uint64(1)
    return at + size


@inlined
def append(log, start, end, strings, n):
    """Write string ``n``."""
    strings.ends[nth(n + 1)] = copy(log, start, end, strings.bytes, strings.ends[nth(n)])


@inner
def append_text(log, start, end, out, at, begin):
    """Write a trimmed part of a record's text, after a blank unless it is the first; return its end."""
    start, end = trim(log, start, end, 13)
    if start == end or (end - start == 1 and (log[nth(start)] == 58 or log[nth(start)] == 44)):
        return at
    if at > begin:
        out[nth(at)] = 32
        at += 1
    return copy(log, start, end, out, at)


@inner
def append_body(log, start, end, strings, n):
    """Write a record's lines after the first, without the last line end; return False if they are blank."""
    for place in range(start, end):
        if not (log[nth(place)] == 32 or 9 <= log[nth(place)] <= 13):
            if log[nth(end - 1)] == 10:
                end -= 1
            if end > start and log[nth(end - 1)] == 13:
                end -= 1
            append(log, start, end, strings, n)
            return True
    return False
