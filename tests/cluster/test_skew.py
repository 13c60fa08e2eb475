"""How far clocks differ, also if one of them was set while the peers logged."""

from logdiag.cluster import find_clusters
from logdiag.cluster.cluster import Cluster
from logdiag.reading import read_texts

NAMES = ("expa01", "expa02", "expa03")


def record(minute: float, peer: str, text: str) -> str:
    clock = f"{9 + int(minute) // 60:02d}:{int(minute) % 60:02d}:{round(minute % 1 * 60):02d}"
    return f'2024-03-05T{clock}.000+00:00 {peer} {text} UTCTime="2024-03-05 {clock},000"\n'


def cluster(ahead: dict[str, list[float]], count: int = 8) -> Cluster:
    """A cluster in which each peer sends to each other once a minute; ``ahead``: minutes by minute."""
    listed = ", ".join(f"(10.0.0.{number} {name})" for number, name in enumerate(NAMES, start=1))
    logs = {
        name: record(
            0, name, f'replication: Module="developer.replication" AlternateIPAddresses="[{listed}]"'
        )
        for name in NAMES
    }
    for minute in range(1, count + 1):
        for number, (source, target) in enumerate((a, b) for a in NAMES for b in NAMES if a != b):
            detail = f"RAS SCI  SeqNum={minute * 100 + number}"
            for peer, other, said in (
                (source, f'Action="Sent" Dst-ip="10.0.0.{NAMES.index(target) + 1}"', "Sending"),
                (target, f'Action="Received" Src-ip="10.0.0.{NAMES.index(source) + 1}"', "Receiving"),
            ):
                time = minute + ahead.get(peer, [0.0] * count)[minute - 1]
                logs[peer] += record(
                    time, peer, f'tvcs: Module="network.h323" {other} Detail="{said} {detail}"'
                )
    [(found, _)] = find_clusters(read_texts({f"{name}.log": log.encode() for name, log in logs.items()}))
    return found


def test_after_a_jump_the_newest_difference_counts_and_the_jump_is_found_once() -> None:
    found = cluster({"expa02": [0.0] * 4 + [14.0] * 4})
    assert found.skews == {("expa01", "expa02"): 840, ("expa01", "expa03"): 0, ("expa02", "expa03"): -840}
    assert [(jump.peer, jump.seconds) for jump in found.jumps] == [("expa02", 840)]
    [skipped] = found.observed["expa02"].down
    assert skipped == found.jumps[0].skipped
    assert found.observed["expa01"].down == ()


def test_a_clock_that_is_set_back_leaves_no_time_out() -> None:
    found = cluster({"expa03": [14.0] * 4 + [0.0] * 4})
    assert found.skews["expa01", "expa03"] == 0
    assert [(jump.peer, jump.seconds) for jump in found.jumps] == [("expa03", -840)]
    assert found.observed["expa03"].down == ()


def test_a_clock_that_shows_a_time_twice_is_the_one_that_was_set() -> None:
    found = cluster({"expa01": [0.0] * 8 + [-3.0] * 8}, count=16)
    assert [(jump.peer, jump.seconds) for jump in found.jumps] == [("expa01", -180)]


def test_a_constant_difference_and_a_slow_drift_are_no_jumps() -> None:
    assert cluster({"expa02": [3.0] * 8}).jumps == ()
    assert cluster({"expa02": [minute / 6 for minute in range(8)]}).jumps == ()


def test_two_jumps_are_both_found() -> None:
    found = cluster({"expa02": [0.0] * 3 + [14.0] * 3 + [20.0] * 3}, count=9)
    assert [(jump.peer, jump.seconds) for jump in found.jumps] == [("expa02", 840), ("expa02", 360)]
    assert found.skews["expa01", "expa02"] == 1200
