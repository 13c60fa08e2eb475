"""Times in the bytes of a log, read as in ``logdiag/records/header.py`` and ``record.py``."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import numpy as np

from logdiag.grammar.bitcode import inner, nth
from logdiag.records.header import FIRST, LAST, LONGEST_MONTH, MAX_QUARTERS, MONTHS, QUARTER, YEAR

_MONTH_SUMS = tuple(sum(MONTHS[n : n + 3]) for n in range(0, 36, 3))
"""The letters of each month as one number: the sums of their codes are all different."""


@inner
def number(log, start, size):
    """Return the decimal number in ``size`` bytes; -1 if they are not all digits."""
    value = 0
    for n in range(start, start + size):
        digit = np.int64(log[nth(n)]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@inner
def _is_blank(byte):
    return byte == 32 or 9 <= byte <= 13


@inner
def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@inner
def _days(year, month, day):
    """Return the days since 1970; years start in March, so that the leap day is the last day."""
    y = year - 1 if month <= 2 else year
    m = month + 9 if month <= 2 else month - 3
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - 719468


@inner
def _seconds(log, start, between):
    """Return whether the 19 bytes ``YYYY-MM-DD?hh:mm:ss`` are a valid time, and its seconds since 1970."""
    if log[nth(start + 4)] != 45 or log[nth(start + 7)] != 45 or log[nth(start + 10)] != between:
        return False, 0
    if log[nth(start + 13)] != 58 or log[nth(start + 16)] != 58:
        return False, 0
    year, month, day = number(log, start, 4), number(log, start + 5, 2), number(log, start + 8, 2)
    hour, minute = number(log, start + 11, 2), number(log, start + 14, 2)
    second = number(log, start + 17, 2)
    if year < 1 or month < 1 or month > 12 or day < 1 or day > LONGEST_MONTH[month]:
        return False, 0
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return False, 0
    if month == 2 and day == 29 and not _is_leap(year):
        return False, 0
    return True, _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second


@inner
def stamp(log, start, end):
    """Read the time at the end of a token: whether it is valid, microseconds, offset, whole seconds."""
    while end > start and log[nth(end - 1)] == 32:
        end -= 1
    offset = 0
    if end > start and log[nth(end - 1)] == 90:  # Z
        end -= 1
    else:
        sign = log[nth(end - 6)] if end - start >= 6 else 0
        if (sign != 43 and sign != 45) or log[nth(end - 3)] != 58:
            return False, 0, 0, False
        hours, minutes = number(log, end - 5, 2), number(log, end - 2, 2)
        if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
            return False, 0, 0, False
        offset = (hours * 60 + minutes) * (-1 if sign == 45 else 1)
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
    if not valid or moment < FIRST or moment > LAST:
        return False, 0, 0, False
    return True, moment + micros, offset, whole


@inner
def utc_time(log, start, end):
    """Read the value of a UTCTime: whether it is valid, microseconds, number of digits of its fraction."""
    while end > start and _is_blank(log[nth(end - 1)]):
        end -= 1
    while end > start and _is_blank(log[nth(start)]):
        start += 1
    digits = end - start - 20  # after the seconds and a point or comma
    if digits != -1 and (digits < 1 or digits > 6):
        return False, 0, 0
    valid, seconds = _seconds(log, start, 32)
    if not valid or digits < 0:
        return valid, seconds * 1_000_000, 0
    if log[nth(start + 19)] != 44 and log[nth(start + 19)] != 46:
        return False, 0, 0
    micros = number(log, start + 20, digits)
    if micros < 0:
        return False, 0, 0
    # Fewer than three digits are milliseconds that were not padded: ",92" is 92 ms.
    for _ in range(3 if digits <= 3 else 6 - digits):
        micros *= 10
    return True, seconds * 1_000_000 + micros, digits


# ── times without a year ────────────────────────────────────────────────────────────────────


@inner
def yearless(log, start, end):
    """Read the BSD time at the end of a token: whether it is valid; month, day and second in one number."""
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
    letters = np.int64(log[nth(at - 1)]) + np.int64(log[nth(at - 2)]) + np.int64(log[nth(at - 3)])
    month = 1
    while month < 12 and _MONTH_SUMS[month - 1] != letters:
        month += 1
    if hour > 23 or minute > 59 or second > 59 or day < 1 or day > LONGEST_MONTH[month]:
        return False, 0
    return True, (month * 32 + day) * 86400 + (hour * 60 + minute) * 60 + second


@inner
def dated(time, utc):
    """Date a header by the record's UTCTime: whether an offset lies between them, microseconds, offset."""
    local = _nearest(time, utc)
    quarters = (local - utc + QUARTER // 2) // QUARTER
    if abs(quarters) > MAX_QUARTERS:
        return False, 0, 0
    return True, _within(local - quarters * QUARTER), quarters * 15


@inner
def dated_near(time, neighbour, offset):
    """Date a header by its neighbour: return the microseconds in the nearest year."""
    return _within(_nearest(time, neighbour + offset * 60_000_000) - offset * 60_000_000)


@inner
def _within(moment):
    return min(max(moment, FIRST), LAST)


@inner
def _nearest(time, moment):
    """Return the local time in the year that brings it closest to a moment."""
    month, day, second = time // 86400 // 32, time // 86400 % 32, time % 86400
    middle = 1970 + moment // 1_000_000 // YEAR
    found, any_ = moment, False
    for year in range(max(1, middle - 8), min(9999, middle + 8) + 1):
        if month == 2 and day == 29 and not _is_leap(year):
            continue
        local = (_days(year, month, day) * 86400 + second) * 1_000_000
        if not any_ or abs(local - moment) < abs(found - moment):
            found, any_ = local, True
    return found
