"""Strings in the bytes of a log: compared, numbered, and written out as UTF-8."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment,call-arg,var-annotated"

import numpy as np

from logdiag.grammar.machine_code import compiled, inlined, nth
from logdiag.records.compiled.word_ops import WORD, equal, first_word, put, word
from logdiag.records.digests import FACTOR, SHIFT

ROOM = 2 * WORD
"""Bytes behind the last that is written: `copied` writes whole words."""

_NOT_ASCII = np.uint64(0x8080808080808080)

_PROBES = 32


@compiled
def trimmed(log, start, end, other):
    """Without blanks, and another byte, at either end."""
    while start < end and (log[nth(start)] == 32 or log[nth(start)] == other):
        start += 1
    while end > start and (log[nth(end - 1)] == 32 or log[nth(end - 1)] == other):
        end -= 1
    return start, end


@compiled
def line_ends(log, start, end):
    """The line ends in some bytes."""
    count = 0
    # Unsigned, so that it is not looked at for each byte whether an index counts from the end; and a
    # block at a time, whose count fits into a byte, so that many bytes are compared at once.
    place, last, block = np.uint64(start), np.uint64(end), np.uint64(128)
    while place < last:
        found = np.uint8(0)
        for n in range(place, min(place + block, last)):
            found += np.uint8(log[n] == 10)
        count += np.int64(found)
        place += block
    return count


@compiled
def interned(log, start, end, column, last, slots, starts, ends, columns, count):
    """The number of a name in a column, and how many names there are now, of all columns.

    Names that are hard to find are taken twice.
    """
    size = end - start
    if (
        last >= 0
        and ends[nth(last)] - starts[nth(last)] == size
        and equal(log, starts[nth(last)], start, size)
    ):
        return last, count
    # Some bytes are enough to find a name: it is compared whole, and a crowd of names has an end.
    key = (np.uint64(8 * size + column) ^ first_word(log, start, min(size, WORD))) * np.uint64(FACTOR)
    if size > WORD:
        key = (key ^ word(log, np.uint64(end - WORD))) * np.uint64(FACTOR)
    key ^= key >> np.uint64(SHIFT)
    mask = np.uint64(len(slots) - 1)
    for probe in range(_PROBES):
        slot = np.int64((key + np.uint64(probe)) & mask)
        known = slots[nth(slot)]
        if known < 0:
            slots[nth(slot)] = count
            break
        if (
            columns[nth(known)] == column
            and ends[nth(known)] - starts[nth(known)] == size
            and equal(log, starts[nth(known)], start, size)
        ):
            return known, count
    starts[nth(count)], ends[nth(count)], columns[nth(count)] = start, end, column
    return count, count + 1


@compiled
def is_plain(log, start, end):
    """Whether some bytes are ASCII."""
    seen = np.uint8(0)
    for n in range(np.uint64(start), np.uint64(end)):
        seen |= log[n]
    return seen < 128


@inlined
def copied(log, start, end, out, at, plain):
    """Write bytes as UTF-8, those that are none as U+FFFD; where they end.

    ``plain`` says that all of the log is ASCII. ``out`` has `ROOM` bytes more than are written.
    """
    size = end - start
    found = at + size
    if start + size + 2 * WORD <= len(log):
        left, place, to = np.uint64(size), np.uint64(start), np.uint64(at)
        seen = done = np.uint64(0)
        while done < left:
            one, two = word(log, place + done), word(log, place + done + np.uint64(WORD))
            put(out, to + done, one)
            put(out, to + done + np.uint64(WORD), two)
            seen |= one | two
            done += np.uint64(2 * WORD)
        if not plain and seen & _NOT_ASCII:
            found = _decoded(log, start, end, out, at)
    else:
        found = _decoded(log, start, end, out, at)
    return found


@compiled
def _decoded(log, start, end, out, at):
    """The same, byte by byte."""
    place = start
    while place < end:
        first = log[nth(place)]
        if first < 128:
            out[nth(at)] = first
            at += 1
            place += 1
            continue
        # As Python does it: what could have begun a character is replaced as one.
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
def with_text(log, start, end, out, at, begun, plain):
    """Write a stretch of a record's text, trimmed and behind a blank; where the text ends."""
    start, end = trimmed(log, start, end, 13)
    if start == end or (end - start == 1 and (log[nth(start)] == 58 or log[nth(start)] == 44)):
        return at
    if at > begun:
        out[nth(at)] = 32
        at += 1
    return copied(log, start, end, out, at, plain)


@compiled
def with_body(log, start, end, out, at, plain):
    """Write a record's lines behind the first, without the last line end: are there any, their end."""
    blank = True
    for n in range(start, end):
        if not (log[nth(n)] == 32 or 9 <= log[nth(n)] <= 13):
            blank = False
            break
    if blank:
        return False, at
    if log[nth(end - 1)] == 10:
        end -= 1
    if end > start and log[nth(end - 1)] == 13:
        end -= 1
    return True, copied(log, start, end, out, at, plain)


@compiled
def digests_of(log, begins, lengths, seed, found):
    """A digest of each stretch of bytes, as `logdiag.records.digests.digest` makes it, into ``found``."""
    factor, shift, eight = np.uint64(FACTOR), np.uint64(SHIFT), np.uint64(8)
    for number in range(len(begins)):
        at, left = np.uint64(begins[nth(number)]), np.uint64(lengths[nth(number)])
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
