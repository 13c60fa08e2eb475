"""The time in a record's header. ``logdiag/records/compiled/times.py`` reads the same with machine code."""

import re
from calendar import isleap
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"
LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = 31_556_952  # seconds of a mean year
QUARTER = 900_000_000  # offsets from UTC are whole quarters of an hour
MAX_QUARTERS = 56
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)) *$")
_BSD = re.compile(rb"([A-Z][a-z]{2}) ([ 0-9]?[0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) +$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stamp(NamedTuple):
    """Microseconds since 1970, the offset from UTC in minutes, and whether the header has whole seconds."""

    time: int
    utc_offset: int
    whole_seconds: bool


def stamp_of(token: bytes) -> Stamp | None:
    """Return the time at the end of a token; None if it is not valid."""
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
    microseconds = int((fraction or b"0")[:6].ljust(6, b"0"))
    return Stamp((moment - _EPOCH) // timedelta(microseconds=1) + microseconds, offset, fraction is None)


class Yearless(NamedTuple):
    """The local time of a BSD syslog header, in an unknown year; ``second`` is the second of the day."""

    month: int
    day: int
    second: int


def yearless_of(token: bytes) -> Yearless | None:
    """Return the BSD syslog time at the end of a token; None if no year has such a time."""
    found = _BSD.search(token)
    if found is None:
        return None
    month = MONTHS.index(found[1]) // 3 + 1
    day, hour, minute, second = (int(part) for part in found.groups()[1:])
    if hour > 23 or minute > 59 or second > 59 or not 1 <= day <= LONGEST_MONTH[month]:
        return None
    return Yearless(month, day, (hour * 60 + minute) * 60 + second)


def dated(time: Yearless, utc: int) -> Stamp | None:
    """Return the stamp of a header by the record's UTCTime; None if no offset lies between them."""
    local = _nearest(time, utc)
    quarters = (local - utc + QUARTER // 2) // QUARTER
    if abs(quarters) > MAX_QUARTERS:
        return None
    return _stamp(local, quarters * 15)


def dated_near(time: Yearless, neighbour: int, utc_offset: int) -> Stamp:
    """Return the stamp of a header by a neighbour: the nearest year, the same offset."""
    return _stamp(_nearest(time, neighbour + utc_offset * 60_000_000), utc_offset)


def _stamp(local: int, utc_offset: int) -> Stamp:
    return Stamp(min(max(local - utc_offset * 60_000_000, FIRST), LAST), utc_offset, whole_seconds=True)


def _nearest(time: Yearless, moment: int) -> int:
    """Return the local time in the year closest to a moment; a leap day has a year within eight years."""
    middle = 1970 + moment // 1_000_000 // YEAR
    found: list[int] = []
    for year in range(max(1, middle - 8), min(9999, middle + 8) + 1):
        if (time.month, time.day) != (2, 29) or isleap(year):
            days = (datetime(year, time.month, time.day, tzinfo=UTC) - _EPOCH).days
            found.append((days * 86400 + time.second) * 1_000_000)
    return min(found, key=lambda local: abs(local - moment), default=moment)
