"""Pauses of a peer: what counts as one, and pauses at the same time of day. Times are seconds here."""

import itertools
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdiag.cluster.observed import Observed
from logdiag.cluster.pauses import Marks, Pause, list_pauses
from logdiag.model import Diagnosis
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.records import SILENCE
from logdiag.rules.library import load

SECOND = 1_000_000
DAY = 86_400


def seen(*written: tuple[int, int], members: Sequence[tuple[int, int]] = ()) -> Observed:
    spans = tuple((start * SECOND, end * SECOND) for start, end in written)
    whole = (spans[0][0], spans[-1][1])
    files = tuple((start * SECOND, end * SECOND) for start, end in members) or (whole,)
    return Observed((whole,), written=spans, members=files)


def marks(
    lost: Sequence[int], found: Sequence[int], own: Sequence[int] = (), stops: Sequence[int] = ()
) -> Marks:
    times = ([time * SECOND for time in one] for one in (found, own, stops))
    return Marks([(time * SECOND, number) for number, time in enumerate(lost)], *times)


def found(given: Marks, observed: Observed) -> list[tuple[float, float]]:
    return [(one.start / SECOND, one.end / SECOND) for one in list_pauses(given, observed)]


BUSY = seen((0, 300), (330, 700))


@pytest.mark.parametrize(
    ("given", "observed", "expected"),
    [
        (marks([310], [332]), BUSY, [(300, 330)]),
        # Of two others that lost the peer, both are evidence of one pause.
        (marks([310, 312], [332, 333]), BUSY, [(300, 330)]),
        (marks([299], [332]), BUSY, []),
        (marks([310], []), BUSY, []),
        (marks([310], [320]), BUSY, []),
        (marks([310], [327]), BUSY, [(300, 330)]),
        (marks([310], [332], stops=[331]), BUSY, []),
        (marks([310], [332], stops=[30]), BUSY, []),
        (marks([310], [332], stops=[690]), BUSY, []),
        # The log began, or ended, too soon to show the rhythm before, or a start after it.
        (marks([110], [132]), seen((0, 100), (130, 700)), []),
        (marks([310], [332]), seen((0, 300), (330, 500)), []),
        # Nobody has given what may have been logged between two files.
        (marks([310], [332]), seen((0, 300), (330, 700), members=[(0, 300), (330, 700)]), []),
        # The log is often silent for 20 s, so 30 s are nothing special; 40 s are.
        (marks([310], [332]), seen((0, 200), (220, 300), (330, 700)), []),
        (marks([310], [342]), seen((0, 200), (220, 300), (340, 700)), [(300, 340)]),
        # A silence long before, or after the return, is no part of the rhythm.
        (marks([310], [332]), seen((-500, -400), (0, 300), (330, 700)), [(300, 330)]),
        (marks([310], [332]), seen((0, 300), (330, 400), (460, 700)), [(300, 330)]),
        # The peer itself finds its connections lost when it continues, long after the others.
        (marks([310], [365], own=[360]), seen((0, 200), (240, 300), (360, 700)), [(300, 360)]),
        (marks([310], [365], own=[360, 363]), seen((0, 200), (240, 300), (360, 700)), [(300, 363)]),
        (marks([310], [365]), seen((0, 200), (240, 300), (360, 700)), []),
        (marks([335], [365], own=[360]), seen((0, 200), (240, 300), (360, 700)), []),
        # So long a silence can be a boot.
        (marks([310], [902]), seen((0, 300), (901, 1400)), []),
    ],
)
def test_pauses(given: Marks, observed: Observed, expected: list[tuple[float, float]]) -> None:
    assert found(given, observed) == expected


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(-5, 65), st.integers(-5, 65), st.integers(0, 70))
def test_silences_are_those_between_the_records(
    records: set[int], time: int, start: int, within: int
) -> None:
    """The oracle looks at all pairs of records; a unit is longer than the shortest silence."""
    unit = SILENCE + 1
    ordered = sorted(records)
    observed = seen(*((one, one) for one in ordered))
    observed = Observed(
        observed.spans,
        written=tuple((one * unit, one * unit) for one in ordered),
        members=((ordered[0] * unit, ordered[-1] * unit),),
    )
    pairs = [(one * unit, two * unit) for one, two in itertools.pairwise(ordered)]
    inside = [(one, two) for one, two in pairs if one < time * unit < two]
    assert observed.silence_at(time * unit) == (inside[0] if inside else None)
    end = start + within
    overlapping = [two - one for one, two in pairs if two > start * unit and two <= end * unit]
    assert observed.longest_silence(start * unit, end * unit) == max(overlapping, default=SILENCE)


def pause(start: int) -> Pause:
    return Pause(start * SECOND, (start + 30) * SECOND, (0,))


# ── from logs to findings ───────────────────────────────────────────────────────────────────

BEGIN = datetime(2024, 3, 5, 9, 0, 0)


def record(seconds: float, peer: str, text: str) -> str:
    time = BEGIN + timedelta(seconds=seconds)
    clock = f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"
    return f'{clock.replace(" ", "T")}+00:00 {peer} {text} UTCTime="{clock.replace(".", ",")}"\n'


def database(seconds: float, what: str, peer: str, about: str) -> str:
    return record(
        seconds,
        peer,
        f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@{peer}.example.com" '
        f'Detail="Processed {what} event from accessible node" Node="clusterdb@{about}.example.com"',
    )


def logs(*starts: int, length: int = 60) -> dict[str, str]:
    """The logs of two peers; the second pauses at some times."""
    first = record(
        -600,
        "expa01",
        'replication: Module="developer.replication" AlternateIPAddresses="[u\'(10.0.0.1 expa01)\', '
        'u\'(10.0.0.2 expa02)\']" ConfigurationMasterIndex="0" LocalPeerIndex="0"',
    )
    second = ""
    for start in starts:
        first += database(start + 20, "mnesia_down", "expa01", "expa02")
        first += database(start + length + 2, "mnesia_up", "expa01", "expa02")
        times = (*range(start - 600, start + 1, 15), *range(start + length, start + 700, 15))
        second += "".join(record(time, "expa02", 'tvcs: Module="network.dns" Detail="x"') for time in times)
    return {"a.log": first, "b.log": second}


def told(given: dict[str, str]) -> Diagnosis:
    return examine(read_texts({name: text.encode() for name, text in given.items()}), load())


def test_each_pause_is_a_finding_with_its_own_times() -> None:
    diagnosis = told(logs(0, 5000))
    times = [(one.first, one.last) for one in diagnosis.findings if one.rule == "system/paused"]
    offsets = [
        tuple((time.replace(tzinfo=None) - BEGIN).total_seconds() for time in pair if time is not None)
        for pair in times
    ]
    assert offsets == [(0, 60), (5000, 5060)]
    assert len({one.id for one in diagnosis.findings}) == len(diagnosis.findings)
    assert [incident.rule for incident in diagnosis.incidents] == ["system/paused", "system/paused"]


@pytest.mark.parametrize(
    ("starts", "days"),
    [
        ([0, DAY, 2 * DAY + 60], [3]),
        ([0, DAY + 200], [2]),
        ([0, DAY + 700], [1, 1]),
        ([0, 5000], [1, 1]),
        ([0, DAY, DAY + 50_000], [2, 1]),
    ],
)
def test_pauses_at_the_same_time_of_day_are_one_incident(starts: list[int], days: list[int]) -> None:
    incidents = sorted(told(logs(*starts)).incidents, key=lambda one: one.first)

    assert {one.rule for one in incidents} == {"system/paused"}
    said = [re.findall(r"on ([0-9]+) days$", one.title) for one in incidents]
    assert said == [[str(number)] if number > 1 else [] for number in days]
