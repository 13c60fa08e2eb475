"""Strings in the bytes of a log: compared, numbered, and written out as UTF-8."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import numpy as np

from logdiag.grammar.machine_code import compiled
from logdiag.records.digests import FACTOR, SHIFT

_PROBES = 32


@compiled
def trimmed(log, start, end, other):
    """Without blanks, and another byte, at either end."""
    while start < end and (log[start] == 32 or log[start] == other):
        start += 1
    while end > start and (log[end - 1] == 32 or log[end - 1] == other):
        end -= 1
    return start, end


@compiled
def same(log, start, end, word):
    """Whether some bytes are a word."""
    if end - start != len(word):
        return False
    for n in range(len(word)):
        if log[start + n] != word[n]:
            return False
    return True


@compiled
def line_ends(log, start, end):
    """The line ends in some bytes."""
    # Unsigned, so that it is not looked at for each byte whether an index counts from the end.
    count = 0
    for n in range(np.uint64(start), np.uint64(end)):
        count += log[n] == 10
    return count


@compiled
def interned(log, start, end, last, slots, starts, ends, count):
    """The number of a name, and how many there are now. Names that are hard to find are taken twice."""
    size = end - start
    if last >= 0 and ends[last] - starts[last] == size:
        same = True
        for n in range(size):
            if log[starts[last] + n] != log[start + n]:
                same = False
                break
        if same:
            return last, count
    # Some bytes are enough to find a name: it is compared whole, and a crowd of names has an end.
    key = np.uint64(size)
    for n in range(start, end, size // 4 + 1):
        key = (key ^ np.uint64(log[n])) * np.uint64(FACTOR)
    if size:
        key = (key ^ np.uint64(log[end - 1])) * np.uint64(FACTOR)
    key ^= key >> np.uint64(SHIFT)
    mask = np.uint64(len(slots) - 1)
    for probe in range(_PROBES):
        slot = np.int64((key + np.uint64(probe)) & mask)
        known = slots[slot]
        if known < 0:
            slots[slot] = count
            break
        if ends[known] - starts[known] == size:
            same = True
            for n in range(size):
                if log[starts[known] + n] != log[start + n]:
                    same = False
                    break
            if same:
                return known, count
    starts[count] = start
    ends[count] = end
    return count, count + 1


@compiled
def is_plain(log, start, end):
    """Whether some bytes are ASCII."""
    seen = np.uint8(0)
    for n in range(np.uint64(start), np.uint64(end)):
        seen |= log[n]
    return seen < 128


@compiled
def copied(log, start, end, out, at, plain):
    """Write bytes as UTF-8, those that are none as U+FFFD; where they end. If ``plain``, all are ASCII."""
    size = end - start
    first_byte, to = np.uint64(start), np.uint64(at)
    for n in range(np.uint64(size)):
        out[to + n] = log[first_byte + n]
    if plain or is_plain(log, start, end):
        return at + size
    place = start
    while place < end:
        first = log[place]
        if first < 128:
            out[at] = first
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
        while good <= follow and place + good < end and low <= log[place + good] <= high:
            low, high = np.uint8(0x80), np.uint8(0xBF)
            good += 1
        if follow and good > follow:
            for n in range(good):
                out[at + n] = log[place + n]
            at += good
        else:
            out[at], out[at + 1], out[at + 2] = 0xEF, 0xBF, 0xBD
            at += 3
        place += good
    return at


@compiled
def with_text(log, start, end, out, at, begun, plain):
    """Write a stretch of a record's text, trimmed and behind a blank; where the text ends."""
    start, end = trimmed(log, start, end, 13)
    if start == end or (end - start == 1 and (log[start] == 58 or log[start] == 44)):
        return at
    if at > begun:
        out[at] = 32
        at += 1
    return copied(log, start, end, out, at, plain)


@compiled
def with_body(log, start, end, out, at, plain):
    """Write a record's lines behind the first, without the last line end: are there any, their end."""
    blank = True
    for n in range(start, end):
        if not (log[n] == 32 or 9 <= log[n] <= 13):
            blank = False
            break
    if blank:
        return False, at
    if log[end - 1] == 10:
        end -= 1
    if end > start and log[end - 1] == 13:
        end -= 1
    return True, copied(log, start, end, out, at, plain)


@compiled
def digests_of(log, begins, lengths, seed):
    """A digest of each stretch of bytes, as `logdiag.records.digests.digest` makes it."""
    found = np.empty(len(begins), np.uint64)
    factor, shift, eight = np.uint64(FACTOR), np.uint64(SHIFT), np.uint64(8)
    for number in range(len(begins)):
        at, left = np.uint64(begins[number]), np.uint64(lengths[number])
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
        found[number] = digest ^ (digest >> shift)
    return found
