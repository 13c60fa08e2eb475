"""When a dump was made, and since when an alarm is raised, as dumps and file names write it; UTC."""

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath

from logdiag.dumps.facts import Facts

_WRITTEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T _](\d\d)[:_-](\d\d)[:_-](\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?"
)


def time_of(source: str, facts: Facts) -> datetime | None:
    """When a dump was made: its system time, else the time in its file's name, else not known.

    A name with a date alone has no time.
    """
    return time_in(facts.time or "") or time_in(PurePosixPath(source.rpartition("!/")[2]).name)


def time_in(text: str) -> datetime | None:
    """The first time in a text; without an offset it is UTC, which xStatus writes."""
    found = _WRITTEN.search(text)
    if found is None:
        return None
    *numbers, offset = found.groups()
    written = "{}-{}-{}T{}:{}:{}".format(*numbers) + (offset or "Z")
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
