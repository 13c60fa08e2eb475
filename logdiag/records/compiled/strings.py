"""Compare, number and write strings of a log, as UTF-8."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment,call-arg,var-annotated"

import numpy as np

from logdiag.grammar.machine_code import compiled, inlined, nth
from logdiag.records.compiled.word_ops import WORD, equal, first_word, load_word, store_word
from logdiag.records.digests import FACTOR, SHIFT

PADDING = 2 * WORD
"""Bytes after the last one that is written: `copy` writes whole words."""

_NOT_ASCII = np.uint64(0x8080808080808080)

_MAX_PROBES = 32


@compiled
def trim(log, start, end, other):
    """Leave out blanks, and another byte, at both ends."""
    while start < end and (log[nth(start)] == 32 or log[nth(start)] == other):
        start += 1
    while end > start and (log[nth(end - 1)] == 32 or log[nth(end - 1)] == other):
        end -= 1
    return start, end


@compiled
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


@compiled
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


@compiled
def is_ascii(log, start, end):
    """Return whether some bytes are ASCII."""
    seen = np.uint8(0)
    for n in range(np.uint64(start), np.uint64(end)):
        seen |= log[n]
    return seen < 128


@inlined
def copy(log, start, end, out, at, ascii_):
    """Write bytes as UTF-8, invalid ones as U+FFFD; return where they end.

    ``ascii_`` says that all of the log is ASCII. ``out`` has `PADDING` bytes more than are written.
    """
    size = end - start
    found = at + size
    if start + size + 2 * WORD <= len(log):
        left, place, to = np.uint64(size), np.uint64(start), np.uint64(at)
        seen = done = np.uint64(0)
        while done < left:
            one, two = load_word(log, place + done), load_word(log, place + done + np.uint64(WORD))
            store_word(out, to + done, one)
            store_word(out, to + done + np.uint64(WORD), two)
            seen |= one | two
            done += np.uint64(2 * WORD)
        if not ascii_ and seen & _NOT_ASCII:
            found = _copy_decoded(log, start, end, out, at)
    else:
        found = _copy_decoded(log, start, end, out, at)
    return found


@inlined
def append(log, start, end, strings, n, ascii_):
    """Write string ``n``."""
    strings.ends[nth(n + 1)] = copy(log, start, end, strings.bytes, strings.ends[nth(n)], ascii_)


@compiled
def _copy_decoded(log, start, end, out, at):
    """Do the same byte by byte."""
    place = start
    while place < end:
        first = log[nth(place)]
        if first < 128:
            out[nth(at)] = first
            at += 1
            place += 1
            continue
        # Like Python: the valid beginning of a character becomes one U+FFFD.
        low, high, follow = np.uint8(0x80), np.uint8(0xBF), 0
        if 0xC2 <= first <= 0xDF:
            follow = 1
        elif 0xE0 <= first <= 0xEF:
            follow = 2
            if first == 0xE0:
                low = np.uint8(0xA0)
            elif first == 0xED:
                high = np.uint8(0x9F)
        elif 0xF0 <= first <= 0xF4:
            follow = 3
            if first == 0xF0:
                low = np.uint8(0x90)
            elif first == 0xF4:
                high = np.uint8(0x8F)
        good = 1
        while good <= follow and place + good < end and low <= log[nth(place + good)] <= high:
            low, high = np.uint8(0x80), np.uint8(0xBF)
            good += 1
        if follow and good > follow:
            for n in range(good):
                out[nth(at + n)] = log[nth(place + n)]
            at += good
        else:
            out[nth(at)], out[nth(at + 1)], out[nth(at + 2)] = 0xEF, 0xBF, 0xBD
            at += 3
        place += good
    return at


@compiled
def append_text(log, start, end, out, at, begin, ascii_):
    """Write a trimmed part of a record's text, after a blank unless it is the first; return its end."""
    start, end = trim(log, start, end, 13)
    if start == end or (end - start == 1 and (log[nth(start)] == 58 or log[nth(start)] == 44)):
        return at
    if at > begin:
        out[nth(at)] = 32
        at += 1
    return copy(log, start, end, out, at, ascii_)


@compiled
def append_body(log, start, end, strings, n, ascii_):
    """Write a record's lines after the first, without the last line end; return False if they are blank."""
    for place in range(start, end):
        if not (log[nth(place)] == 32 or 9 <= log[nth(place)] <= 13):
            if log[nth(end - 1)] == 10:
                end -= 1
            if end > start and log[nth(end - 1)] == 13:
                end -= 1
            append(log, start, end, strings, n, ascii_)
            return True
    return False


@compiled
def write_digests(log, offsets, lengths, seed, found):
    """Write the digest of each record into ``found``, as `logdiag.records.digests.digest` makes it."""
    factor, shift, eight = np.uint64(FACTOR), np.uint64(SHIFT), np.uint64(8)
    for number in range(len(offsets)):
        at, left = np.uint64(offsets[nth(number)]), np.uint64(lengths[nth(number)])
        digest = np.uint64(seed) ^ left
        while left >= eight:
            word = np.uint64(0)
            for n in range(eight):
                word |= np.uint64(log[at + n]) << (eight * n)
            digest = (digest ^ word) * factor
            digest ^= digest >> shift
            at += eight
            left -= eight
        word = np.uint64(0)
        for n in range(left):
            word |= np.uint64(log[at + n]) << (eight * n)
        digest = (digest ^ word) * factor
        found[nth(number)] = digest ^ (digest >> shift)
