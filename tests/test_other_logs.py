"""Logs of other products: never a peer, never a reason to say that nothing is wrong."""

from pathlib import Path

import pytest

from logdiag import diagnose
from logdiag.model import Diagnosis

UI = (
    "2025-01-02T03:04:05.024Z <Info> [0x7f00] Views.cpp:12 show:Showing a view\n"
    "2025-01-02T03:04:05.029Z <Warn> [0x7f00] Views.cpp:40 hide:Hiding a view\n"
)
ENDPOINT = "2025-01-02T03:04:05.709+08:00 desk7 appl[77]: 12.20 SipPacket I: Outgoing => INVITE, CSeq: 1\n"
ROUTER = "2025-01-02T03:04:06+00:00 edge-router snmpd[9]: link up on port 7\n"
SHELL = "2025-01-02T03:04:07+00:00 jumphost sshd[9]: Accepted publickey for admin\n"
WEB = "2025-01-02T03:04:07+00:00 webhost httpd[9]: GET / HTTP/1.1 200\n"
PEER = (
    '2024-03-05T09:00:00.000+00:00 expa01 tvcs: Event="Application Start" Detail="Software version X14.3.1" '
    'Level="1" UTCTime="2024-03-05 09:00:00,000"\n'
)


def told(folder: Path, **files: str) -> Diagnosis:
    for name, text in files.items():
        (folder / f"{name}.log").write_text(text)
    return diagnose([folder / f"{name}.log" for name in files]).diagnosis


@pytest.mark.parametrize("log", [UI, ENDPOINT, ROUTER, SHELL, WEB, ROUTER + SHELL])
def test_a_log_of_another_product_is_nothing_to_diagnose(log: str, tmp_path: Path) -> None:
    diagnosis = told(tmp_path, other=log)
    assert diagnosis.exit.code == 4
    assert diagnosis.cluster.peers == ()
    assert "Nothing wrong" not in diagnosis.verdict.headline
    (member,) = diagnosis.coverage.members
    assert (member.kind, member.records, member.size) == ("other", 0, len(log))
    assert member.reason is not None
    assert member.reason.startswith("a log, but not of an Expressway")
    assert "other.log" in diagnosis.exit.reasons[0].text
    assert member.reason in diagnosis.exit.reasons[0].text


@pytest.mark.parametrize("log", [UI, ENDPOINT, ROUTER + SHELL])
def test_beside_a_log_of_a_peer_it_changes_nothing_but_the_coverage(log: str, tmp_path: Path) -> None:
    alone, both = told(tmp_path, expa01=PEER), told(tmp_path, expa01=PEER, other=log)
    assert both.cluster == alone.cluster
    assert (both.findings, both.wanted, both.verdict.headline) == (
        alone.findings,
        alone.wanted,
        alone.verdict.headline,
    )
    assert both.verdict.detail == f"{alone.verdict.detail} Not understood: other.log."
    assert both.coverage.records == alone.coverage.records
    assert [member.kind for member in both.coverage.members] == ["log", "other"]


def test_hosts_of_other_products_in_one_file_with_a_peer_are_no_peers(tmp_path: Path) -> None:
    diagnosis = told(tmp_path, collected=ROUTER + PEER + SHELL)
    assert [peer.name for peer in diagnosis.cluster.peers] == ["expa01"]


def test_what_a_peer_writes_without_any_sign_is_still_its_log(tmp_path: Path) -> None:
    (tmp_path / "expa01").mkdir()
    (tmp_path / "expa01" / "messages.log").write_text(PEER)
    (tmp_path / "expa01" / "secure.log").write_text(SHELL.replace("jumphost", "expa01"))
    diagnosis = diagnose([tmp_path / "expa01"]).diagnosis
    assert [member.kind for member in diagnosis.coverage.members] == ["log", "log"]


@pytest.mark.parametrize(
    "record",
    [
        'expa01 UTCTime="2024-03-05 09:00:00,000" Text="x"',
        'expa01 replication: Module="developer.replication" Detail="x"',
        'expa01 httpd[1]: web: Event="System Start"',
        "expa01 traffic_server[2]: [ET_NET 0] ERROR: refused",
        "expa01 XCP_JABBERD[2]: started",
        'expa01 Node="clusterdb@expa01.example.com" Text="x"',
    ],
)
def test_one_sign_of_the_product_makes_a_peer(record: str, tmp_path: Path) -> None:
    diagnosis = told(tmp_path, one=f"2024-03-05T09:00:00.000+00:00 {record}\n")
    assert [peer.name for peer in diagnosis.cluster.peers] == ["expa01"]
