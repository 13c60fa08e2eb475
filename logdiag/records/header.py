"""The time that a record's header states."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)) *$")
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
