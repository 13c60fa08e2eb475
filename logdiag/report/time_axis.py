"""Maps times to percent of a width, so that one drawing fits a phone, a screen and paper.

Stretches in which nothing happens are drawn shorter than they lasted: an incident of seconds stays readable
in a log of days.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from logdiag.i18n.sentences import stretch
from logdiag.model import State

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICK_STEPS = (
    *(1, 2, 5, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY, 91 * _DAY),
    *(365 * _DAY, 3653 * _DAY, 36525 * _DAY, 365250 * _DAY),
)
_MAX_TICKS = 5
# A stretch without events is a break if it would take more than this share of the remaining width. A shorter
# one than ten minutes is not: the seconds after a loss are read one by one, and their distances matter.
_LONG_STRETCH, _MIN_BREAK = 0.4, timedelta(minutes=10)
_BREAK, _MAX_BREAKS = 6.0, 6
# Percent of the width. On a phone, 15 percent have room for "19:57:43".
_TICK_APART, _DATES_APART = 15.0, 24.0


@dataclass(frozen=True)
class Bar:
    """A part of the time axis, in percent of its width."""

    x: float
    width: float


class Bars(NamedTuple):
    """The known duration of a finding or an incident, and the time after it in which it may have lasted."""

    seen: Bar
    open: Bar | None


@dataclass(frozen=True)
class Scale:
    """From time to percent of the width, in straight pieces: a break is narrower than it lasted."""

    times: tuple[datetime, ...]
    percents: tuple[float, ...]
    breaks: tuple[tuple[datetime, datetime], ...]

    def place(self, time: datetime) -> float:
        """Return the percent of the width at which ``time`` is."""
        right = min(max(bisect_right(self.times, time), 1), len(self.times) - 1)
        share = (time - self.times[right - 1]) / (self.times[right] - self.times[right - 1])
        left = self.percents[right - 1]
        return round(left + share * (self.percents[right] - left), 2)

    @property
    def pieces(self) -> list[tuple[float, float]]:
        """Seconds since 1970 and percent of the width, between which time runs evenly."""
        return [(time.timestamp(), x) for time, x in zip(self.times, self.percents, strict=True)]

    def bar(self, first: datetime, last: datetime) -> Bar:
        """Return the bar from ``first`` to ``last``."""
        x = self.place(first)
        return Bar(x, round(self.place(last) - x, 2))

    def bars(self, first: datetime, last: datetime, state: State) -> Bars:
        """Return the bars from ``first`` on; what has no known end may have lasted to that of the axis."""
        end = self.times[-1]
        lasts = state in ("open", "open_at_end", "unknown") and last < end
        return Bars(self.bar(first, last), self.bar(last, end) if lasts else None)


@dataclass(frozen=True)
class Tick:
    """A time on the axis; ``date`` only if it is another day than at the tick before.

    At a break, ``time`` is how long it lasted.
    """

    x: float
    time: str
    date: str
    is_break: bool = False


def make_scale(instants: Iterable[datetime]) -> Scale | None:
    """Return the scale from the first to the last of the times at which something happens.

    None if they are one instant, which has no axis.
    """
    times = sorted(set(instants))
    if len(times) < 2:
        return None
    start, end = times[0], times[-1]
    drawn = end - start
    breaks: list[tuple[datetime, datetime]] = []
    for first, last in sorted(pairwise(times), key=lambda pair: pair[0] - pair[1]):
        # Without two ends to show, a break would be the whole axis.
        length = last - first
        is_short = length < _MIN_BREAK or length / drawn <= _LONG_STRETCH
        if is_short or drawn == length or len(breaks) == _MAX_BREAKS:
            break
        breaks.append((first, last))
        drawn -= length
    breaks.sort()
    width = 100 - _BREAK * len(breaks)
    points, percents = [start], [0.0]
    for first, last in (*breaks, (end, end)):
        if first > points[-1]:
            percents.append(percents[-1] + width * ((first - points[-1]) / drawn))
            points.append(first)
        if last > points[-1]:
            percents.append(percents[-1] + _BREAK)
            points.append(last)
    return Scale(tuple(points), tuple(percents), tuple(breaks))


def make_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Return the labels of the axis, which do not touch each other: round times, and how long breaks last."""
    ticks: list[Tick] = []
    day = ""
    broken = {first for first, _ in scale.breaks}
    for first, last in pairwise(scale.times):
        if first in broken:
            continue
        for time, shown in _round_times(first, last, (scale.place(last) - scale.place(first)) / 100):
            x, date = scale.place(time), f"{time:%Y-%m-%d}"
            apart = _DATES_APART if date != day and ticks and ticks[-1].date else _TICK_APART
            if ticks and x - ticks[-1].x < apart:
                continue
            ticks.append(Tick(x, f"{time:{shown}}" if shown else "", date if date != day else ""))
            day = date
    for first, last in scale.breaks:
        x = (scale.place(first) + scale.place(last)) / 2
        if all(abs(x - tick.x) >= _TICK_APART for tick in ticks):
            ticks.append(Tick(x, stretch(last - first), "", is_break=True))
    return tuple(sorted(ticks, key=lambda tick: tick.x))


def _round_times(start: datetime, end: datetime, share: float) -> Iterator[tuple[datetime, str]]:
    """Return round times for a piece that has this share of the width, with their format; else its start."""
    seconds = (end - start).total_seconds()
    most = max(1.0, _MAX_TICKS * share)
    step = next((size for size in _TICK_STEPS if seconds / size <= most), _TICK_STEPS[-1])
    # Ticks of whole days need the date only.
    shown = "" if step >= _DAY else "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = (start - midnight).total_seconds()
    numbers = range(math.ceil(begin / step), math.floor((begin + seconds) / step) + 1)
    if not numbers or share < _TICK_APART / 100:
        yield start, "%H:%M:%S"
        return
    for number in numbers:
        yield midnight + timedelta(seconds=step * number), shown
