"""When a peer's logs were watching. Times are microseconds since 1970."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """When a peer's logs can be trusted to say what happened: one span or more, ends included."""

    spans: tuple[tuple[int, int], ...]

    @property
    def start(self) -> int:
        """The first instant that was seen."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """The last instant that was seen."""
        return self.spans[-1][1]

    def covers(self, time: datetime) -> bool:
        """Whether a moment lies in what was seen."""
        moment = (time - _EPOCH) // timedelta(microseconds=1)
        return any(start <= moment <= end for start, end in self.spans)

    def gaps(self) -> list[tuple[int, int]]:
        """The stretches between the spans."""
        return [(before[1], after[0]) for before, after in itertools.pairwise(self.spans)]

    def gap_within(self, start: int, end: int) -> tuple[int, int] | None:
        """The first gap that overlaps ``[start, end)``."""
        return next((gap for gap in self.gaps() if gap[0] < end and gap[1] > start), None)
