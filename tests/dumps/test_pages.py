"""Pages of the web interface that were pasted as text."""

import pytest

from logdiag.dumps import find_pages

ENGLISH = """\
System > Clustering
Cluster name (FQDN for Provisioning)  e.example.com
Configuration primary  2
TLS verification mode  Enforce
Peer 1 address  expa01.example.com
    ✔ Certificate: Valid
    ✔ Clustering: Active as expa01 (Resolved 'expa01.example.com' as '10.0.0.1')
Peer 2 address  expa02.example.com
    ✔ Certificate: Valid
    ✔ Clustering: This system
Peer 3 address  expa03.example.com
    ❌ Certificate: Invalid (certificate has expired)
    ❌ Clustering: Failed
Cluster database status
Active
"""
KOREAN = """\
클러스터 이름  e.example.com
기본 컨피그레이션  2
TLS 확인 모드  시행
피어 1 주소  expa01.example.com  인증서: 유효  클러스터링: 활성
피어 2 주소  expa02.example.com  인증서: 유효  클러스터링: 이 시스템
피어 3 주소  expa03.example.com  인증서: 유효하지 않음 (certificate has expired)  클러스터링: 실패
클러스터 데이터베이스 상태  활성
"""


@pytest.mark.parametrize("text", [ENGLISH, KOREAN])
def test_the_clustering_page_says_what_each_peer_is_like(text: str) -> None:
    [page] = find_pages(text)
    told = page.facts
    assert (page.kind, told.cluster_name, told.primary) == ("page", "e.example.com", 2)
    assert (told.tls_mode, told.database, told.this_system) == ("Enforcing", "Active", "expa02.example.com")
    assert told.peer_list == tuple(f"expa0{number}.example.com" for number in (1, 2, 3))
    assert [one.status.split()[0] for one in told.alternates] == ["Active", "This", "Failed"]
    assert told.alternates[2].certificate == "Invalid (certificate has expired)"


@pytest.mark.parametrize("after", ["", ":", " |"])
def test_a_value_can_be_on_the_line_after_its_label(after: str) -> None:
    said = {"Cluster name": "e.example.com", "Configuration primary": "2", "Peer 1 address": "10.0.0.1"}
    [page] = find_pages("".join(f"{label}{after}\n{value}\n" for label, value in said.items()))
    assert [one.value for one in page.settings] == list(said.values())


def test_an_active_peer_is_shown_with_its_host_name() -> None:
    [page] = find_pages(ENGLISH)
    assert [one.called for one in page.facts.alternates] == ["expa01", None, None]


@pytest.mark.parametrize(
    ("text", "alarms"),
    [
        (
            "20017 Cluster replication error: Configuration primary ID is inconsistent (Warning, Raised)",
            [("20017", "Cluster replication error: Configuration primary ID is inconsistent", "raised")],
        ),
        (
            "Database failure\tPlease remove database and restore from backup\tCritical\tNew\t"
            "2024-05-01 09:02:00\t2024-05-01 09:02:00\texpa02\tAcknowledge\t15005",
            [("15005", "Database failure: Please remove database and restore from backup", "new")],
        ),
        (
            "| Cluster communication failure | The system is unable to communicate with one or more of the "
            "cluster peers | Warning | Lowered |",
            [],
        ),
        ("Call 20017 if the lights go out", []),
        ("the cluster has 20006 registrations and no warning", []),
        ("", []),
    ],
)
def test_alarms_are_known_by_their_numbers_and_their_words(text: str, alarms: list[tuple[str, ...]]) -> None:
    found = [alarm for page in find_pages(text) for alarm in page.facts.alarms or () if alarm.is_raised]
    assert [(alarm.id, alarm.detail, alarm.status) for alarm in found] == alarms


def test_an_alarm_without_its_number_is_known_by_its_words() -> None:
    [page] = find_pages(
        "Alarms:\n- Cluster communication failure: The system is unable to communicate with one or more of the "
        "cluster peers\n"
    )
    assert [alarm.id for alarm in page.facts.alarms or ()] == ["20004"]


def test_alarms_of_several_peers_are_kept_apart() -> None:
    row = "Database failure\tPlease restore\tCritical\tNew\t{peer}\tAcknowledge\t15005\n"
    found = find_pages(row.format(peer="expa01") + row.format(peer="10.0.0.2"))
    assert sorted(page.facts.this_system or "" for page in found) == ["10.0.0.2", "expa01"]


def test_a_log_holds_no_page() -> None:
    log = '2024-05-01T10:00:00.000+00:00 expa01 alarm: Event="Alarm Raised" Id="20006" Detail="x"\n'
    assert find_pages(log * 3) == []
