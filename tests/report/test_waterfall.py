"""How an incident unfolded: each finding below its cause, on a time axis that leaves out long silence."""

import dataclasses
from datetime import UTC, datetime, timedelta

import sample
from hypothesis import given
from hypothesis import strategies as st

from logdiag.model import Diagnosis, Finding
from logdiag.report.time_axis import make_scale, make_ticks
from logdiag.report.waterfall import Waterfall, distance, draw_incident

START = datetime(2024, 3, 5, 8, tzinfo=UTC)


def finding(id_: str, seconds: float | None, *causes: str, **change: object) -> Finding:
    time = None if seconds is None else START + timedelta(seconds=seconds)
    one = dataclasses.replace(
        sample.sample().findings[0], id=id_, title=id_, first=time, last=time, caused_by=causes, count=1
    )
    return dataclasses.replace(one, state="seen", **change)  # type: ignore[arg-type]


def drawn(*findings: Finding) -> Waterfall:
    diagnosis: Diagnosis = dataclasses.replace(sample.sample(), findings=findings)
    incident = dataclasses.replace(
        diagnosis.incidents[0],
        findings=tuple(one.id for one in findings),
        first=min((one.first for one in findings if one.first), default=None),
    )
    return draw_incident(incident, diagnosis)


def rows(waterfall: Waterfall) -> list[tuple[str, int, str]]:
    return [(row.finding.id, row.depth, distance(row) if row.after else "") for row in waterfall.rows]


def test_effects_are_below_their_cause_in_the_order_of_time() -> None:
    shown = drawn(
        finding("loss", 0),
        finding("alarm", 0.4, "loss"),
        finding("connect", 0.001, "loss"),
        finding("late", 700, "alarm"),
        finding("edit", -60),
    )
    assert rows(shown) == [
        ("loss", 0, "1 m after the first"),
        ("connect", 1, "1 ms after its cause"),
        ("alarm", 1, "400 ms after its cause"),
        ("late", 2, "11 m 40 s after its cause"),
        ("edit", 0, ""),
    ]


def test_equal_effects_of_one_cause_are_one_row_with_a_bar_each() -> None:
    again = [finding(f"again{number}", 100 * number, "loss", title="again") for number in range(1, 4)]
    shown = drawn(finding("loss", 0), *again)
    assert [(row.finding.id, row.count, len(row.bars)) for row in shown.rows] == [
        ("loss", 1, 1),
        ("again1", 3, 3),
    ]


def test_a_circle_of_causes_loses_no_finding() -> None:
    shown = drawn(finding("a", 0, "b"), finding("b", 1, "a"), finding("c", 2, "c"))
    assert rows(shown) == [("a", 0, ""), ("b", 1, "1 s after its cause"), ("c", 0, "2 s after the first")]


def test_what_only_a_dump_shows_has_no_bar() -> None:
    shown = drawn(finding("setting", None), finding("loss", 0, "setting"), finding("alarm", 5, "loss"))
    assert [(row.finding.id, len(row.bars)) for row in shown.rows] == [
        ("setting", 0),
        ("loss", 1),
        ("alarm", 1),
    ]
    assert drawn(finding("setting", None)).scale is None


def test_something_open_reaches_to_the_end() -> None:
    loss = finding("loss", 0)
    shown = drawn(dataclasses.replace(loss, state="open"), finding("alarm", 5, "loss"))
    (bars,) = shown.rows[0].bars
    assert bars.open is not None
    assert bars.open.x + bars.open.width == 100


@given(st.lists(st.floats(0, 1e7), min_size=2, max_size=12, unique=True))
def test_times_keep_their_order_and_the_width_whatever_is_left_out(seconds: list[float]) -> None:
    times = sorted({START + timedelta(seconds=round(one, 3)) for one in seconds})
    scale = make_scale(times)
    assert (scale is None) == (len(times) < 2)
    if scale is None:
        return
    places = [scale.place(time) for time in times]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 100)
    assert all(last - first >= timedelta(minutes=10) for first, last in scale.breaks)
    # Nothing happens in what is left out.
    assert not any(first < time < last for first, last in scale.breaks for time in times)
    ticks = [tick.x for tick in make_ticks(scale)]
    assert ticks == sorted(ticks)


def test_days_without_an_event_leave_room_for_the_seconds_that_matter() -> None:
    nights = [START + timedelta(days=day, seconds=second) for day in range(3) for second in (0, 10, 30)]
    scale = make_scale(nights)
    assert scale is not None
    assert len(scale.breaks) == 2
    assert scale.place(nights[2]) - scale.place(nights[0]) > 25
    near = make_scale([START, START + timedelta(milliseconds=1), START + timedelta(seconds=16)])
    assert near is not None
    assert near.breaks == ()
