"""When a peer's logs were watching. Times are microseconds since 1970."""

import bisect
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """When a peer's logs can be trusted to say what happened: one span or more, ends included.

    ``down`` are the silences inside the spans that end with a start of the peer, in order.
    """

    spans: tuple[tuple[int, int], ...]
    down: tuple[tuple[int, int], ...] = ()

    @property
    def start(self) -> int:
        """The first instant that was seen."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """The last instant that was seen."""
        return self.spans[-1][1]

    def covers(self, time: datetime, within: timedelta = timedelta(0)) -> bool:
        """Whether a moment, or another one at most ``within`` later, lies in what was seen."""
        number = bisect.bisect_right(self._starts, _microseconds(time + within)) - 1
        return number >= 0 and _microseconds(time) <= self.spans[number][1]

    def covers_all(self, start: int, end: int) -> bool:
        """Whether one span contains both ends of a stretch of time."""
        number = bisect.bisect_right(self._starts, start) - 1
        return number >= 0 and end <= self.spans[number][1]

    def gaps(self) -> list[tuple[int, int]]:
        """The stretches between the spans."""
        return [(before[1], after[0]) for before, after in itertools.pairwise(self.spans)]

    def gap_within(self, start: int, end: int) -> tuple[int, int] | None:
        """The first gap that overlaps ``[start, end)``."""
        # Asked for each record that opens something: a search through all gaps would be quadratic.
        number = max(1, bisect.bisect_right(self._starts, start))
        if number == len(self.spans) or self.spans[number - 1][1] >= end:
            return None
        return self.spans[number - 1][1], self.spans[number][0]

    def up_for(self, start: int, within: int) -> int:
        """When the peer has been up for a time since a moment."""
        end = start + within
        for number in range(bisect.bisect_right(self.down, start, key=lambda span: span[1]), len(self.down)):
            since, until = self.down[number]
            if end <= since:
                break
            end += until - max(since, start)
        return end

    def gap_after(self, time: datetime) -> tuple[int, int] | None:
        """The first gap that ends after a moment."""
        return self.gap_within(_microseconds(time), self.end)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.spans]


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)
