"""Load, store and compare bytes of a log, eight at a time: most strings in a record are that short."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,call-arg"

from typing import Any

import numpy as np

from logdiag.grammar.bitcode import inner, intrinsic, ir, nth, types

WORD = 8


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place]), ir.IntType(64).as_pointer())


@intrinsic
def load_word(_context, log, place):
    """Return eight bytes as a little-endian number, without a check of the array's bounds."""

    def code(context, builder, signature, args):
        return builder.load(_pointer(context, builder, signature.args[0], *args), align=1)

    return types.uint64(log, types.uint64), code


@intrinsic
def store_word(_context, out, place, value):
    """Write a number as eight bytes, without a check of the array's bounds."""

    def code(context, builder, signature, args):
        array, at, number = args
        builder.store(number, _pointer(context, builder, signature.args[0], array, at), align=1)
        return context.get_dummy_value()

    return types.void(out, types.uint64, types.uint64), code


@intrinsic
def _trailing_zeros(_context, number):
    def code(_, builder, _signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


@inner
def find_byte(log, start, byte):
    """Return the place of a byte that occurs at ``start`` or after it."""
    place, last = np.uint64(start), np.uint64(max(len(log) - WORD, 0))
    ones, tops = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
    every = ones * np.uint64(byte)
    while place < last:
        other = load_word(log, place) ^ every
        found = (other - ones) & ~other & tops
        if found:
            return np.int64(place + (_trailing_zeros(found) >> np.uint64(3)))
        place += np.uint64(WORD)
    while log[place] != byte:
        place += np.uint64(1)
    return np.int64(place)


@inner
def first_word(log, start, size):
    """Return up to eight bytes as a number, padded with zeros."""
    if size >= WORD:
        return load_word(log, np.uint64(start))
    if start + WORD <= len(log):
        return load_word(log, np.uint64(start)) & ((np.uint64(1) << np.uint64(8 * size)) - np.uint64(1))
    found = np.uint64(0)
    for n in range(size):
        found |= np.uint64(log[nth(start + n)]) << np.uint64(8 * n)
    return found


@inner
def equal(log, one, other, size):
    """Return whether the bytes at two places are the same."""
    done = 0
    while done + WORD <= size:
        if load_word(log, np.uint64(one + done)) != load_word(log, np.uint64(other + done)):
            return False
        done += WORD
    return first_word(log, one + done, size - done) == first_word(log, other + done, size - done)
