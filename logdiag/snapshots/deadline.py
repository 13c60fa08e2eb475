"""When a run has to be over."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Deadline:
    """The seconds that a run may take, counted from when this was made.

    Each stage may go on until a share of them is used up, so that the stages after it have the rest.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock())

    def has_passed(self, share: float = 1.0) -> bool:
        """Whether so much of the time is used up."""
        return self.clock() - self.started > share * self.seconds

    @property
    def left(self) -> float:
        """The seconds that are left, never fewer than 0."""
        return max(0.0, self.started + self.seconds - self.clock())
