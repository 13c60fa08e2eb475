"""The time that a record's header states.

``logdiag/records/compiled/times.py`` computes the same with machine code.
"""

import re
from calendar import isleap
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)) *$")
_BSD = re.compile(rb"([A-Z][a-z]{2}) ([ 0-9]?[0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) +$")
_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"
_LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Stamp(NamedTuple):
    """Microseconds since 1970, the offset from UTC in minutes, and whether it states no fraction."""

    time: int
    utc_offset: int
    whole_seconds: bool


def stamp_of(token: bytes) -> Stamp | None:
    """The time that a token ends with; None where it is no instant."""
    stamp = _STAMP.search(token)
    if stamp is None:
        return None
    clock, fraction, sign, hours, minutes = stamp.groups()
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        return None
    offset = 0 if sign is None else (int(hours) * 60 + int(minutes)) * (-1 if sign == b"-" else 1)
    zone = timezone(timedelta(minutes=offset))
    try:
        year, month, day, hour, minute, second = map(int, re.split(rb"[-T:]", clock))
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    microseconds = (moment - _EPOCH) // _MICROSECOND + int((fraction or b"0")[:6].ljust(6, b"0"))
    return Stamp(microseconds, offset, fraction is None)


class Yearless(NamedTuple):
    """The time of a BSD syslog header: a local time in an unknown year; ``second`` is of the day."""

    month: int
    day: int
    second: int


def yearless_of(token: bytes) -> Yearless | None:
    """The time that a token of BSD syslog ends with; None if no year has such a time."""
    found = _BSD.search(token)
    if found is None:
        return None
    month = _MONTHS.index(found[1]) // 3 + 1
    day, hour, minute, second = (int(part) for part in found.groups()[1:])
    if hour > 23 or minute > 59 or second > 59 or not 1 <= day <= _LONGEST_MONTH[month]:
        return None
    return Yearless(month, day, (hour * 60 + minute) * 60 + second)


_YEAR = 31_556_952  # seconds of a mean year
_QUARTER = 900_000_000  # offsets from UTC are whole quarters of an hour
_MOST_QUARTERS = 56
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999


def dated(time: Yearless, utc: int) -> Stamp | None:
    """The stamp of a header whose record states the instant, too; None if no offset lies between them."""
    local = _nearest(time, utc)
    quarters = (local - utc + _QUARTER // 2) // _QUARTER
    if abs(quarters) > _MOST_QUARTERS:
        return None
    return _stamp(local, quarters * 15)


def dated_near(time: Yearless, neighbour: int, utc_offset: int) -> Stamp:
    """The stamp of a header by that of a neighbour: the nearest year, the same offset."""
    return _stamp(_nearest(time, neighbour + utc_offset * 60_000_000), utc_offset)


def _stamp(local: int, utc_offset: int) -> Stamp:
    return Stamp(min(max(local - utc_offset * 60_000_000, _FIRST), _LAST), utc_offset, whole_seconds=True)


def _nearest(time: Yearless, moment: int) -> int:
    """The local time in the year that brings it nearest to a moment, in microseconds since 1970.

    A leap day has a year within eight years of any moment.
    """
    middle = 1970 + moment // 1_000_000 // _YEAR
    found = None
    for year in range(max(1, middle - 8), min(9999, middle + 8) + 1):
        if time.month == 2 and time.day == 29 and not isleap(year):
            continue
        days = (datetime(year, time.month, time.day, tzinfo=UTC) - _EPOCH).days
        local = (days * 86400 + time.second) * 1_000_000
        if found is None or abs(local - moment) < abs(found - moment):
            found = local
    return found if found is not None else moment
