"""When a peer's logs were watching: a silence is a gap by the rhythm of the peer's own logs."""

from datetime import datetime, timedelta

import pytest

from logdiag.model import Diagnosis
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.library import load

START = datetime(2024, 3, 5, 9, 0, 0)
LIST = "AlternateIPAddresses=\"['(10.0.0.1 expa01)', '(10.0.0.2 expa02)']\" ConfigurationPrimaryIndex=\"0\""


def logged(seconds: float, peer: str, text: str) -> str:
    time = START + timedelta(seconds=seconds)
    clock = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
    return f'2024-03-05T{clock}+00:00 {peer} {text} UTCTime="2024-03-05 {clock.replace(".", ",")}"\n'


def cycle(seconds: float, peer: str) -> str:
    role = "the cluster primary, local configuration has already been replicated to the other peers"
    if peer != "expa01":
        role = "not the cluster primary, local configuration is already up to date"
    words = ('Detail="Starting synchronisation"', LIST, f'Detail="This peer is {role}"')
    words = (*words, 'Detail="Synchronisation completed successfully"')
    return "".join(
        logged(seconds + number / 100, peer, f'replication: Module="developer.replication" {text}')
        for number, text in enumerate(words)
    )


def cycles(peer: str, *stretches: tuple[int, int], every: int = 120) -> str:
    """Cycles in some stretches of time, from one minute to another."""
    offset = 0 if peer == "expa01" else 30
    return "".join(
        cycle(seconds + offset, peer)
        for start, end in stretches
        for seconds in range(start * 60, end * 60 + 1, every)
    )


def told(**logs: str) -> Diagnosis:
    return examine(read_texts({name: log.encode() for name, log in logs.items()}), load())


def gaps(diagnosis: Diagnosis) -> list[tuple[str, int, int]]:
    """Each gap: whose it is, and how many whole minutes behind the start it begins and ends."""
    epoch = START.timestamp()
    found = [(gap.peer, gap.start, gap.end) for gap in diagnosis.coverage.gaps]
    return [
        (peer, *(int(time.replace(tzinfo=None).timestamp() - epoch) // 60 for time in (start, end)))
        for peer, start, end in found
    ]


@pytest.mark.parametrize(
    ("stretches", "every", "found"),
    [
        (((0, 10), (40, 60)), 120, [("expa01", 10, 40)]),
        (((0, 20), (31, 60)), 120, [("expa01", 20, 31)]),
        (((0, 20), (27, 60)), 120, []),
        # A peer that writes every six minutes is silent for longer before that says anything.
        (((0, 60), (80, 120)), 360, []),
        (((0, 60), (90, 120)), 360, [("expa01", 60, 90)]),
        # Too little is known of how often it writes.
        (((0, 4), (40, 44)), 120, []),
        (((0, 4), (80, 84)), 120, [("expa01", 4, 80)]),
        (((0, 20), (50, 70), (100, 120)), 120, [("expa01", 20, 50), ("expa01", 70, 100)]),
    ],
)
def test_a_silence_is_a_gap_by_the_rhythm_of_the_log(
    stretches: tuple[tuple[int, int], ...], every: int, found: list[tuple[str, int, int]]
) -> None:
    assert gaps(told(a=cycles("expa01", *stretches, every=every))) == found


@pytest.mark.parametrize(("minutes", "found"), [(2, []), (15, [("expa01", 20, 40)])])
def test_a_peer_that_was_down_leaves_no_gap(minutes: int, found: list[tuple[str, int, int]]) -> None:
    """The application starts a while after the first record of a boot; not long after it."""
    boot = "".join(
        logged((40 + minute) * 60, "expa01", 'kernel: Detail="Booting"') for minute in range(minutes)
    )
    start = 'tvcs: Event="Application Start" Detail="Software version X14.0.6"'
    up = 40 + minutes
    log = (
        cycles("expa01", (0, 20))
        + boot
        + logged(up * 60, "expa01", start)
        + cycles("expa01", (up + 1, up + 9))
    )
    assert gaps(told(a=log)) == found


def test_a_healthy_cluster_with_a_hole_in_its_log_is_healthy_with_a_gap() -> None:
    diagnosis = told(a=cycles("expa01", (0, 12), (54, 80)), b=cycles("expa02", (0, 80)))
    assert gaps(diagnosis) == [("expa01", 12, 54)]
    assert diagnosis.incidents == ()
    assert {finding.rule for finding in diagnosis.findings} == {"replication/healthy"}
    assert "Nothing wrong was seen in 1 h 20 m of the logs of 2 of 2 peers." in diagnosis.verdict.headline
    assert diagnosis.verdict.detail.endswith(
        "The logs have a gap (expa01: 2024-03-05 09:12:00 UTC to 2024-03-05 09:54:00 UTC)."
    )


def test_what_is_stalled_while_the_log_goes_on_is_no_gap() -> None:
    idle = "".join(
        logged(minute * 60, "expa01", 'tvcs: Module="network.dns" Detail="Sending DNS query"')
        for minute in range(13, 54)
    )
    diagnosis = told(a=cycles("expa01", (0, 12)) + idle + cycles("expa01", (54, 80)))
    assert gaps(diagnosis) == []
    assert [incident.rule for incident in diagnosis.incidents] == ["replication/stalled"]


def test_a_loss_in_a_hole_of_both_logs_is_over_by_the_first_cycle_behind_it() -> None:
    def down(peer: str, other: str, seconds: float) -> str:
        words = f'Node="clusterdb@{peer}" Detail="Processed mnesia_down event" Node="clusterdb@{other}"'
        return logged(seconds, peer, f'Module="developer.clusterdb.cdb" {words}')

    logs = {
        "a": cycles("expa01", (0, 12)) + down("expa01", "expa02", 760) + cycles("expa01", (54, 80)),
        "b": cycles("expa02", (0, 12)) + down("expa02", "expa01", 761) + cycles("expa02", (54, 80)),
    }
    diagnosis = told(**logs)
    (incident,) = diagnosis.incidents
    assert (incident.rule, incident.state) == ("incident/peer-lost", "closed")
    assert incident.last == START.replace(tzinfo=incident.last.tzinfo) + timedelta(minutes=54, seconds=30.03)


@pytest.mark.parametrize(("later", "asked"), [(1, False), (100, False), (600, True)])
def test_the_log_of_a_peer_is_asked_for_in_a_loss_and_not_for_a_moment(later: int, asked: bool) -> None:
    down = 'Module="developer.clusterdb.cdb" Node="clusterdb@expa01" Detail="mnesia_down" Node="clusterdb@expa02"'
    one = logged(0, "expa01", down)
    other = "".join(
        logged(later + second, "expa02", 'tvcs: Module="network.dns" Detail="Query"') for second in (0, 60)
    )
    wanted = [one.what for one in told(a=one, b=other).wanted if "covers" in one.what]
    assert wanted == (["The log of expa02 that covers 2024-03-05 09:00:00.000 UTC"] if asked else [])


def test_no_log_is_asked_for_where_nobody_was_lost() -> None:
    first = "".join(cycle(minute * 60, "expa01") for minute in range(0, 20, 2))
    other = "".join(cycle(minute * 60, "expa01") for minute in range(5, 20, 2))
    diagnosis = told(a=first, b=other.replace(" expa01 ", " expa02 "))
    assert [incident.rule for incident in diagnosis.incidents] == ["replication/role-conflict"]
    assert not [one for one in diagnosis.wanted if "Only its own log" in one.why]
