"""Which peers started together: the window over the starts gives what looking from each start gives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdiag.cluster import starts
from logdiag.cluster.starts import Start, find_starts_together

WINDOW = 10 * 60 * 1_000_000
"""Ten minutes, in microseconds."""

STARTS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40)), max_size=12)
"""Peer and minute of each start."""


def naive(found: list[Start]) -> set[str]:
    """The peers of the largest window of ten minutes that begins with a start; of equal ones the last."""
    best: set[str] = set()
    for first in found:
        group = {one.peer for one in found if first.time <= one.time <= first.time + WINDOW}
        if len(group) >= max(2, len(best)):
            best = group
    return best


@given(STARTS)
def test_the_peers_of_the_largest_window_started_together(given: list[tuple[str, int]]) -> None:
    found = sorted(
        (Start(peer, minute * 60 * 1_000_000, row, None, "open") for row, (peer, minute) in enumerate(given)),
        key=lambda one: (one.time, one.peer),
    )
    nothing: Any = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts, "_unrequested", lambda log, cluster: found)
        together = find_starts_together(nothing, nothing)
    assert len({one.peer for one in together}) == len(together) == len(naive(found))
    assert not together or max(one.time for one in together) - min(one.time for one in together) <= WINDOW
