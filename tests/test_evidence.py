"""Evidence without logs: whose a dump is, from when, and what the verdict says of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from logdiag.model import Diagnosis
from logdiag.pipeline import diagnose, examine
from logdiag.reading import read_texts
from logdiag.report import json_
from logdiag.rules.library import load

Write = Callable[..., Path]
CONF = '*c xConfiguration IP DNS Hostname: "{host}"\n*c xConfiguration Ethernet 1 IP V4 Address: "{own}"\n'
LIST = (
    '*c xConfiguration Alternates Peer 1 Address: "10.0.0.1"\n'
    '*c xConfiguration Alternates Peer 2 Address: "10.0.0.2"\n'
)
STAT = '*s SystemUnit: /\n  Software: /\n    Version: "{version}"\n  Hardware: /\n    SerialNumber: "{serial}"\n*s/end\n'
ALARM = '*s Alarm 1: /\n  ID: "20004"\n  Title: "Cluster communication failure"\n  Status: "Raised"\n{more}*s/end\n'


@pytest.fixture
def given(tmp_path: Path) -> Callable[[dict[str, str]], Diagnosis]:
    def of(files: dict[str, str]) -> Diagnosis:
        for name, content in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return diagnose([tmp_path / "in"]).diagnosis

    return of


Given = Callable[[dict[str, str]], Diagnosis]


def versions(diagnosis: Diagnosis) -> dict[str, str | None]:
    return {peer.name: peer.version for peer in diagnosis.cluster.peers if peer.snapshots}


@pytest.mark.parametrize(
    "files",
    [
        # what lies beside it
        {"a/xconf.txt": CONF.format(host="expa01", own="10.0.0.1"), "a/xstat.txt": STAT},
        # its file's name alone
        {"xstat_dump_expa01_2024-03-18_15_50_00.txt": STAT},
        # its serial number, which another dump of the peer has
        {
            "a/xstat.txt": STAT + '*s SystemUnit: /\n  Name: "expa01"\n*s/end\n',
            "b/xstat.txt": STAT,
        },
        # the same terminal session
        {
            "session.log": "login as: admin\nxstatus\n"
            + STAT
            + "OK\nxconfig\n"
            + CONF.format(host="expa01", own="10.0.0.1")
        },
    ],
)
def test_a_dump_finds_its_peer(given: Given, files: dict[str, str]) -> None:
    diagnosis = given(
        {
            name: text.replace("{version}", "X14.2.5").replace("{serial}", "0A01")
            for name, text in files.items()
        }
    )
    assert versions(diagnosis) == {"expa01": "X14.2.5"}
    assert "Not used" not in diagnosis.verdict.text


def test_dumps_of_two_peers_in_one_file_are_told_apart(given: Given) -> None:
    session = "".join(
        STAT.format(version=version, serial=serial) + LIST + CONF.format(host=host, own=own)
        for host, own, version, serial in (
            ("expa01", "10.0.0.1", "X14.2.5", "0A01"),
            ("expa02", "10.0.0.2", "X14.0.8", "0A02"),
        )
    )
    diagnosis = given({"session.log": session})
    assert versions(diagnosis) == {"expa01": "X14.2.5", "expa02": "X14.0.8"}
    assert diagnosis.incidents[0].rule == "requirements/software-version"


def test_a_dump_that_no_peer_owns_is_named_next_to_the_verdict(given: Given) -> None:
    diagnosis = given({"status.txt": STAT.format(version="X14.2.5", serial="0A01") + ALARM.format(more="")})
    assert "Not used: status.txt lists alarms (20004) as raised" in diagnosis.verdict.detail
    assert "Give the diagnostic log of every peer" in diagnosis.verdict.detail
    assert diagnosis.exit.code == 0


def test_two_settings_on_one_line_are_two_settings(given: Given) -> None:
    one_line = LIST.replace('"\n', '" ', 1)
    diagnosis = given(
        {
            f"{host}/xconf.txt": one_line + CONF.format(host=host, own=own)
            for host, own in (("expa01", "10.0.0.1"), ("expa02", "10.0.0.2"))
        }
    )
    assert [peer.name for peer in diagnosis.cluster.peers] == ["expa01", "expa02"]
    assert not diagnosis.incidents


@pytest.mark.parametrize(
    ("name", "more", "first", "as_of"),
    [
        ("xstat_dump_expa01.txt", "", None, None),
        ("xstat_dump_expa01_2024-03-18.txt", "", None, None),
        ("xstat_dump_expa01_2024-03-18_15_50_00.txt", "", None, "2024-03-18T15:50:00.000Z"),
        ("xstat_dump_expa01.txt", '  FirstRaised: "2024-02-01 04:00:00"\n', "2024-02-01T04:00:00.000Z", None),
        (
            "xstat_dump_expa01.txt",
            '  FirstRaised: "2024-02-01T05:00:00+01:00"\n',
            "2024-02-01T04:00:00.000Z",
            None,
        ),
    ],
)
@pytest.mark.parametrize("with_log", [False, True])
def test_what_only_a_dump_shows_has_the_times_that_it_states(
    given: Given, name: str, more: str, first: str | None, as_of: str | None, with_log: bool
) -> None:
    log = '2024-03-18T16:00:00.000+00:00 expa01 tvcs: UTCTime="2024-03-18 16:00:00,000" Module="network.dns" Level="INFO": Detail="x"\n'
    diagnosis = given({name: ALARM.format(more=more), **({"a.log": log} if with_log else {})})
    written = json.loads(json_.render(diagnosis))
    [finding] = [one for one in written["findings"] if one["rule"] == "cluster/communication-failure"]
    assert (finding["first"], finding["as_of"], finding["state"]) == (first, as_of, "open")
    assert [record["time"] for record in finding["evidence"]] == [None]
    assert written["incidents"][0]["first"] == first
    assert "1970" not in json.dumps(written)
    assert "16:00" not in diagnosis.verdict.text


def test_the_older_list_of_warnings_is_a_list_of_alarms(given: Given) -> None:
    warnings = (
        "*s Warnings:\n    Warning 1:\n       ID: 20004\n       State: Unacknowledged\n"
        '       Reason: "Cluster communication failure - The system is unable to communicate with one or more of '
        'the cluster peers"\n*s/end\n'
    )
    diagnosis = given({"xstat_dump_expa01.txt": warnings})
    assert diagnosis.cluster.peers[0].alarms == {"20004": "raised"}
    assert diagnosis.incidents[0].rule == "cluster/communication-failure"


def test_nothing_at_all_says_what_to_give(given: Given) -> None:
    diagnosis = given({"notes.txt": "the cluster is broken\n"})
    assert diagnosis.verdict.headline.startswith("No log record was found")
    assert "Diagnostic logging" in diagnosis.verdict.detail


# ── how much of the time the logs cover ─────────────────────────────────────────────────────


def quiet(name: str, minutes: int) -> bytes:
    line = (
        '2024-05-06T09:{minute:02d}:00.100+00:00 {name} tvcs: UTCTime="2024-05-06 09:{minute:02d}:00,100" '
        'Module="network.dns" Level="INFO": Detail="Sending DNS query"\n'
    )
    return "".join(line.format(minute=minute, name=name) for minute in range(minutes)).encode()


@pytest.mark.parametrize(("minutes", "is_short"), [(10, True), (26, False), (50, False)])
def test_a_log_that_is_much_shorter_than_the_others_is_named(minutes: int, is_short: bool) -> None:
    diagnosis = examine(read_texts({"a.log": quiet("expa01", 50), "b.log": quiet("expa02", minutes)}), load())
    assert ("The log of expa02 covers only 2024-05-06 09:00:00" in diagnosis.verdict.text) == is_short
    assert ("9 m to 49 m" in diagnosis.verdict.text) == is_short
    asked = [wanted.what for wanted in diagnosis.wanted if wanted.peer == "expa02"]
    assert bool(asked) == is_short


def test_an_alarm_that_is_no_fault_is_named_in_the_verdict_and_not_called_unknown() -> None:
    raised = (
        b'2024-05-06T09:20:00.100+00:00 expa01 alarm: Level="WARN" Event="Alarm Raised" Id="25019" '
        b'Severity="info" Detail="Verbose log levels configured" UTCTime="2024-05-06 09:20:00,100"\n'
    )
    diagnosis = examine(read_texts({"a.log": quiet("expa01", 20) + raised}), load())
    assert "Alarms that were not seen to be lowered: 25019 on expa01." in diagnosis.verdict.text
