"""The time at which a run has to end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Deadline:
    """The seconds that a run may take, counted from the creation of the deadline.

    Each stage may use up a share of them, so that the stages after it have the rest.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock())

    def has_passed(self, share: float = 1.0) -> bool:
        """Return whether this share of the time is used up."""
        return self.clock() - self.started > share * self.seconds

    @property
    def left(self) -> float:
        """The remaining seconds, at least 0."""
        return max(0.0, self.started + self.seconds - self.clock())
