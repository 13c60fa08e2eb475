"""Times in the bytes of a log, as ``logdiag/records/header.py`` and ``rows.py`` read them."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import numpy as np

from logdiag.grammar.machine_code import compiled, nth

_FIRST, _LAST = -62135596800_000_000, 253402300799_999_999
"""What a datetime can hold, in microseconds since 1970."""


@compiled
def number(log, start, size):
    """The decimal number in ``size`` bytes; -1 where they are not all digits."""
    value = 0
    for n in range(start, start + size):
        digit = np.int64(log[nth(n)]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@compiled
def _seconds(log, start, between):
    """Seconds since 1970 of the 19 bytes ``YYYY-MM-DD?hh:mm:ss``; False where they are no time."""
    if (
        log[nth(start + 4)] != 45
        or log[nth(start + 7)] != 45
        or log[nth(start + 10)] != between
        or log[nth(start + 13)] != 58
        or log[nth(start + 16)] != 58
    ):
        return False, 0
    year, month, day = number(log, start, 4), number(log, start + 5, 2), number(log, start + 8, 2)
    hour, minute, second = (
        number(log, start + 11, 2),
        number(log, start + 14, 2),
        number(log, start + 17, 2),
    )
    if year < 1 or month < 1 or month > 12 or day < 1 or hour < 0 or minute < 0 or second < 0:
        return False, 0
    if hour > 23 or minute > 59 or second > 59:
        return False, 0
    if day > _longest(month) or (month == 2 and day == 29 and not _is_leap(year)):
        return False, 0
    return True, _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second


@compiled
def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@compiled
def _longest(month):
    """The days of a month in the years in which it is longest."""
    if month == 2:
        return 29
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@compiled
def _days(year, month, day):
    """Days since 1970, counted from March so that the leap day is the last of its year."""
    y = year - 1 if month <= 2 else year
    m = month + 9 if month <= 2 else month - 3
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - 719468


@compiled
def stamp(log, start, end):
    """The time that a token ends with: whether it is one, microseconds, offset, whether in whole seconds."""
    while end > start and log[nth(end - 1)] == 32:
        end -= 1
    offset = 0
    if end > start and log[nth(end - 1)] == 90:  # Z
        end -= 1
    else:
        if (
            end - start < 6
            or log[nth(end - 3)] != 58
            or (log[nth(end - 6)] != 43 and log[nth(end - 6)] != 45)
        ):
            return False, 0, 0, False
        hours, minutes = number(log, end - 5, 2), number(log, end - 2, 2)
        if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
            return False, 0, 0, False
        offset = (hours * 60 + minutes) * (-1 if log[nth(end - 6)] == 45 else 1)
        end -= 6
    digits = 0
    while end - digits > start and 48 <= log[nth(end - digits - 1)] <= 57:
        digits += 1
    micros = 0
    whole = True
    if digits and end - digits > start and log[nth(end - digits - 1)] == 46:  # .
        whole = False
        for n in range(6):
            micros *= 10
            if n < digits:
                micros += np.int64(log[nth(end - digits + n)]) - 48
        end -= digits + 1
    if end - start < 19:
        return False, 0, 0, False
    valid, seconds = _seconds(log, end - 19, 84)
    moment = (seconds - offset * 60) * 1_000_000
    if not valid or moment < _FIRST or moment > _LAST:
        return False, 0, 0, False
    return True, moment + micros, offset, whole


@compiled
def utc_time(log, start, end):
    """The value of a UTCTime: whether it is one, microseconds, digits of its fraction."""
    while end > start and (log[nth(end - 1)] == 32 or 9 <= log[nth(end - 1)] <= 13):
        end -= 1
    while end > start and (log[nth(start)] == 32 or 9 <= log[nth(start)] <= 13):
        start += 1
    size = end - start
    if size < 19 or size == 20 or size > 26:
        return False, 0, 0
    valid, seconds = _seconds(log, start, 32)
    if not valid:
        return False, 0, 0
    digits = 0
    micros = 0
    if size > 19:
        if log[nth(start + 19)] != 44 and log[nth(start + 19)] != 46:
            return False, 0, 0
        digits = size - 20
        micros = number(log, start + 20, digits)
        if micros < 0:
            return False, 0, 0
        # Fewer than three digits are milliseconds that were not padded: ",92" is 92 ms.
        if digits <= 3:
            micros *= 1000
        else:
            for _ in range(6 - digits):
                micros *= 10
    return True, seconds * 1_000_000 + micros, digits


# ── times without a year ────────────────────────────────────────────────────────────────────

_YEAR = 31_556_952
_QUARTER = 900_000_000
_MOST_QUARTERS = 56
"""As in ``logdiag/records/header.py``."""


@compiled
def yearless(log, start, end):
    """The time that a token of BSD syslog ends with: whether it is one, and month, day and second in one."""
    while end > start and log[nth(end - 1)] == 32:
        end -= 1
    hour, minute, second = number(log, end - 8, 2), number(log, end - 5, 2), number(log, end - 2, 2)
    day = np.int64(log[nth(end - 10)]) - 48
    at = end - 11
    if log[nth(at)] != 32:
        day += 10 * (np.int64(log[nth(at)]) - 48)
        at -= 1
    elif log[nth(at - 1)] == 32:
        at -= 1
    month = _month(log, at - 3)
    if hour > 23 or minute > 59 or second > 59 or day < 1 or day > _longest(month):
        return False, 0
    return True, (month * 32 + day) * 86400 + (hour * 60 + minute) * 60 + second


@compiled
def _month(log, start):
    """The number of the month of a token of BSD syslog, by its three letters."""
    a, b, c = log[nth(start)], log[nth(start + 1)], log[nth(start + 2)]
    if a == 74:  # J
        return 1 if b == 97 else (6 if c == 110 else 7)
    if a == 70:  # F
        return 2
    if a == 77:  # M
        return 3 if c == 114 else 5
    if a == 65:  # A
        return 4 if b == 112 else 8
    if a == 83:  # S
        return 9
    if a == 79:  # O
        return 10
    return 11 if a == 78 else 12


@compiled
def dated(time, utc):
    """The header's time by the instant that the record states: whether it can be, microseconds, offset."""
    local = _nearest(time, utc)
    quarters = (local - utc + _QUARTER // 2) // _QUARTER
    if abs(quarters) > _MOST_QUARTERS:
        return False, 0, 0
    return True, _within(local - quarters * _QUARTER), quarters * 15


@compiled
def dated_near(time, neighbour, offset):
    """The header's time in microseconds by that of a neighbour."""
    return _within(_nearest(time, neighbour + offset * 60_000_000) - offset * 60_000_000)


@compiled
def _within(moment):
    return min(max(moment, _FIRST), _LAST)


@compiled
def _nearest(time, moment):
    """The local time in the year that brings it nearest to a moment."""
    month, day, second = time // 86400 // 32, time // 86400 % 32, time % 86400
    middle = 1970 + moment // 1_000_000 // _YEAR
    found, any_ = moment, False
    for year in range(max(1, middle - 8), min(9999, middle + 8) + 1):
        if month == 2 and day == 29 and not _is_leap(year):
            continue
        local = (_days(year, month, day) * 86400 + second) * 1_000_000
        if not any_ or abs(local - moment) < abs(found - moment):
            found, any_ = local, True
    return found
