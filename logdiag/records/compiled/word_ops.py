"""Bytes of a log, eight at a time: most strings in a record are that short."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,call-arg"

from typing import Any

import numpy as np

from logdiag.grammar.machine_code import compiled, intrinsic, ir, nth, types

WORD = 8


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place]), ir.IntType(64).as_pointer())


@intrinsic
def word(_context, log, place):
    """The eight bytes at a place, as a little-endian number. All of them must be there: nothing looks."""

    def code(context, builder, signature, args):
        return builder.load(_pointer(context, builder, signature.args[0], *args), align=1)

    return types.uint64(log, types.uint64), code


@intrinsic
def put(_context, out, place, value):
    """Write a number as eight bytes. There must be room for all of them: nothing looks."""

    def code(context, builder, signature, args):
        array, at, number = args
        builder.store(number, _pointer(context, builder, signature.args[0], array, at), align=1)
        return context.get_dummy_value()

    return types.void(out, types.uint64, types.uint64), code


@intrinsic
def _zeros(_context, number):
    def code(_, builder, _signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


@compiled
def place_of(log, start, byte):
    """Where a byte that there is stands, from ``start`` on."""
    place, last = np.uint64(start), np.uint64(max(len(log) - WORD, 0))
    ones, tops = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
    every = ones * np.uint64(byte)
    while place < last:
        other = word(log, place) ^ every
        found = (other - ones) & ~other & tops
        if found:
            return np.int64(place + (_zeros(found) >> np.uint64(3)))
        place += np.uint64(WORD)
    while log[place] != byte:
        place += np.uint64(1)
    return np.int64(place)


@compiled
def first_word(log, start, size):
    """Up to eight bytes as a number; zeros stand for what is behind them."""
    if size >= WORD:
        return word(log, np.uint64(start))
    if start + WORD <= len(log):
        return word(log, np.uint64(start)) & ((np.uint64(1) << np.uint64(8 * size)) - np.uint64(1))
    found = np.uint64(0)
    for n in range(size):
        found |= np.uint64(log[nth(start + n)]) << np.uint64(8 * n)
    return found


@compiled
def equal(log, one, other, size):
    """Whether the same bytes stand at two places."""
    done = 0
    while done + WORD <= size:
        if word(log, np.uint64(one + done)) != word(log, np.uint64(other + done)):
            return False
        done += WORD
    return first_word(log, one + done, size - done) == first_word(log, other + done, size - done)


@compiled
def moved(column, out):
    """Copy bytes."""
    for n in range(np.uint64(len(column))):
        out[n] = column[n]
