"""Requested work from its request to its end: finished, still running, unfinished, failed, or the fault itself."""

from datetime import UTC, datetime, timedelta

import pytest

from logdiag.model import Diagnosis, Finding, Incident
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.library import load

TEXTS = {
    "20004": "Cluster communication failure: The system is unable to communicate with one or more of the "
    "cluster peers",
    "20006": "Cluster database communication failure: The database is unable to replicate with one or more "
    "of the cluster peers",
    "20007": "Restart required: Cluster configuration has been changed, however a restart is required for "
    "this to take effect",
    "20008": "Cluster replication error: Automatic replication of configuration has been temporarily disabled "
    "because an upgrade is in progress",
    "20011": "Cluster replication error: This peer's configuration conflicts with the primary's configuration, "
    "manual synchronization of configuration is required",
    "15009": "Factory reset started: system restart required",
    "40055": "Failed to update key file: Failed to update system key file due to inconsistent state",
}


class Logs:
    """The logs of a cluster ``node1``, ``node2``, …, written minute by minute."""

    def __init__(self, size: int) -> None:
        self.names = [f"node{number}" for number in range(1, size + 1)]
        self._lines: dict[str, list[tuple[str, str]]] = {name: [] for name in self.names}
        self._cycles: list[tuple[str, str, int, tuple[str, ...]]] = []
        self._gone: list[tuple[str, str, str]] = []

    def write(self, at: str, name: str, text: str) -> None:
        """A record at a time such as ``09:15:00``."""
        line = f'2024-05-06T{at}.100+00:00 {name} {text} UTCTime="2024-05-06 {at},100"'
        self._lines.setdefault(name, []).append((at, line))

    def event(self, at: str, name: str, event: str, detail: str = "") -> None:
        self.write(
            at, name, f'httpd[7]: web: Event="{event}" Detail="{detail}" User="anna" Src-ip="192.0.2.9"'
        )

    def start(self, at: str, name: str, version: str = "X14.3.1") -> None:
        self.write(at, name, f'tvcs: Event="Application Start" Detail="Software version {version}"')

    def upgrade(self, at: str, name: str, old: str = "X14.2.6", new: str = "X14.3.1") -> None:
        self.event(at, name, "Upgrade", f"Software upgrade from {old} to {new} started")

    def alarm(self, at: str, name: str, number: str, way: str = "Raised", *, with_id: bool = True) -> None:
        key = f'Id="{number}" ' if with_id else ""
        self.write(at, name, f'alarm: Level="WARN" Event="Alarm {way}" {key}Detail="{TEXTS[number]}"')

    def node(self, at: str, name: str, other: str, way: str) -> None:
        own, theirs = (f"clusterdb@{one}.fjell.example" for one in (name, other))
        self.write(
            at,
            name,
            f'Module="developer.clusterdb.cdb" Level="INFO" Node="{own}" Detail="Processed mnesia_{way} '
            f'event from accessible node" Node="{theirs}"',
        )

    def away(
        self, start: str, end: str | None, name: str, *, alarm: bool = True, with_id: bool = True
    ) -> None:
        """A peer is gone: what the others log, and no cycle of it."""
        self.gone(name, start, end or "24")
        for other in self.names:
            if other != name:
                self.node(start, other, name, "down")
                if alarm:
                    self.alarm(start, other, "20006", with_id=with_id)
                if end is not None:
                    self.node(end, other, name, "up")
                    if alarm:
                        self.alarm(end, other, "20006", "Lowered", with_id=with_id)

    def gone(self, name: str, start: str, end: str) -> None:
        """A peer has no cycles in a time."""
        self._gone.append((name, start, end))

    def edit(self, at: str, name: str, setting: str, old: str, new: str) -> None:
        node = f"clusterdb@{name}.fjell.example"
        self.write(
            at,
            name,
            f'Event="System Configuration Changed" Node="{node}" Detail="xconfiguration '
            f'alternatesConfiguration {setting} - changed from: {old} to: {new}"',
        )

    def cycles(self, start: str, end: str, primary: int = 1, *names: str) -> None:
        """A replication cycle of each peer, or of some, every two minutes while it is there."""
        self._cycles.append((start, end, primary, names or tuple(self.names)))

    def _write_cycles(self, start: str, end: str, primary: int, names: tuple[str, ...]) -> None:
        peers = ", ".join(f"'(10.7.0.{n} {name})'" for n, name in enumerate(self.names, start=1))
        at = datetime.strptime(start, "%H:%M").replace(tzinfo=UTC)
        while f"{at:%H:%M}" <= end:
            for number, name in enumerate(self.names):
                moment = f"{at:%H:%M}:{10 * number:02d}"
                gone = any(who == name and since <= moment <= until for who, since, until in self._gone)
                if name in names and not gone:
                    self._write_cycle(moment[:-1], number, primary, peers)
            at += timedelta(minutes=2)

    def _write_cycle(self, at: str, number: int, primary: int, peers: str) -> None:
        own = "the" if number + 1 == primary else "not the"
        done = "has already been replicated" if number + 1 == primary else "is already up to date"
        texts = (
            'Detail="Starting synchronisation"',
            f'AlternateIPAddresses="[{peers}]" ConfigurationMasterIndex="{primary - 1}" LocalPeerIndex="{number}"',
            f'Detail="This peer is {own} cluster primary, local configuration {done}"',
            'Detail="Synchronisation completed successfully"',
        )
        for second, text in enumerate(texts):
            record = f'replication: Module="developer.replication" Level="INFO" {text}'
            self.write(f"{at}{second}", self.names[number], record)

    def told(self, *without: str, dumps: dict[str, str] | None = None) -> Diagnosis:
        """What is told of these logs, but for those of some peers, and of some dumps."""
        for cycles in self._cycles:
            self._write_cycles(*cycles)
        files = {
            f"{name}.log": "\n".join(line for _, line in sorted(lines, key=lambda one: one[0])).encode()
            for name, lines in self._lines.items()
            if lines and name not in without
        }
        files |= {name: text.encode() for name, text in (dumps or {}).items()}
        return examine(read_texts(files), load())


def faults(diagnosis: Diagnosis) -> list[Finding]:
    return [one for one in diagnosis.findings if one.severity != "info"]


def only(diagnosis: Diagnosis) -> Incident:
    assert len(diagnosis.incidents) == 1, [one.title for one in diagnosis.incidents]
    return diagnosis.incidents[0]


def steps(incident: Incident) -> str:
    return "\n".join(step.do for step in incident.remedy)


# ── finished: one incident at info ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("with_id", [True, False])
def test_a_rolling_restart_that_went_well_is_one_incident_at_info(size: int, with_id: bool) -> None:
    logs = Logs(size)
    logs.cycles("08:50", "10:10")
    for number, name in enumerate(logs.names):
        logs.event(f"09:{10 * number:02d}:00", name, "Restart Requested")
        logs.away(f"09:{10 * number:02d}:10", f"09:{10 * number + 4:02d}:00", name, with_id=with_id)
        logs.start(f"09:{10 * number + 3:02d}:30", name)
    diagnosis = logs.told()
    assert faults(diagnosis) == []
    incident = only(diagnosis)
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/planned-restart",
        "info",
        "closed",
    )
    assert incident.peers == tuple(logs.names)


@pytest.mark.parametrize("size", [2, 3])
def test_an_upgrade_in_order_that_went_well_is_one_incident_at_info(size: int) -> None:
    logs = Logs(size)
    logs.cycles("08:50", "08:58")
    for number, name in enumerate(logs.names):
        hour = 9 + number
        logs.upgrade(f"{hour:02d}:00:00", name)
        logs.event(f"{hour:02d}:10:00", name, "Reboot Requested")
        logs.away(f"{hour:02d}:10:10", f"{hour:02d}:18:00", name)
        logs.start(f"{hour:02d}:17:30", name)
    logs.alarm("09:18:30", "node2", "20008")
    logs.alarm("11:25:00", "node2", "20008", "Lowered")
    logs.cycles("11:26", "11:40")
    diagnosis = logs.told()
    assert [one.title for one in faults(diagnosis)] == []
    assert only(diagnosis).severity == "info"


def test_a_change_of_primary_explains_that_the_old_one_still_calls_itself_so() -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:08")
    logs.edit("09:09:00", "node3", "ConfigurationPrimary", "1", "3")
    logs.cycles("09:10", "09:10", 3, "node3")
    logs.cycles("09:10", "09:10", 1, "node1")
    logs.edit("09:11:00", "node1", "ConfigurationPrimary", "1", "3")
    logs.edit("09:11:30", "node2", "ConfigurationPrimary", "1", "3")
    logs.cycles("09:12", "09:50", 3)
    diagnosis = logs.told()
    assert [one.title for one in faults(diagnosis)] == []
    assert only(diagnosis).state == "closed"


@pytest.mark.parametrize(("old", "new"), [("Permissive", "Enforcing"), ("Enforcing", "Permissive")])
def test_tls_verification_that_was_changed_and_took_effect_is_told_at_info(old: str, new: str) -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:50")
    logs.event(
        "09:00:00",
        "node1",
        "System Configuration Changed",
        f"configuration/cluster/tls_verify - changed from: '{old}' to: '{new}'",
    )
    for name in logs.names:
        node = f"clusterdb@{name}.fjell.example"
        logs.write(
            "09:00:00",
            name,
            f'Event="System Configuration Changed" Node="{node}" Detail="xconfiguration clusterConfiguration tls_verify - changed from: {old} to: {new}"',
        )
        logs.alarm("09:00:02", name, "20007")
    for name, minute in (("node1", 5), ("node2", 15)):
        logs.event(f"09:{minute:02d}:00", name, "Restart Requested")
        logs.away(f"09:{minute:02d}:10", f"09:{minute + 3:02d}:40", name)
        logs.start(f"09:{minute + 3:02d}:00", name)
        logs.alarm(f"09:{minute + 3:02d}:05", name, "20007", "Lowered")
    diagnosis = logs.told()
    assert [one.title for one in faults(diagnosis)] == []
    incident = only(diagnosis)
    assert (incident.rule, incident.state) == ("incident/planned-restart", "closed")


@pytest.mark.parametrize("minutes", [3, 12, 29])
def test_a_restart_of_up_to_half_an_hour_was_asked_for(minutes: int) -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:50")
    logs.event("09:00:00", "node2", "Reboot Requested")
    logs.away("09:00:10", f"09:{minutes:02d}:40", "node2")
    logs.start(f"09:{minutes:02d}:10", "node2")
    diagnosis = logs.told()
    assert faults(diagnosis) == []
    rules = {one.rule for one in diagnosis.findings}
    assert "system/started-unrequested" not in rules
    assert ("system/restart-took-long" in rules) == (minutes > 8)


# ── still running ───────────────────────────────────────────────────────────────────────────


def test_work_whose_log_ends_soon_and_without_an_alarm_is_told_as_open_at_the_end() -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:00")
    logs.event("09:01:00", "node2", "Restart Requested")
    incident = only(logs.told())
    assert (incident.severity, incident.state) == ("info", "open_at_end")
    assert "nothing else" not in steps(incident)


def test_a_peer_that_has_not_started_yet_is_lost_for_as_long_as_a_restart_may_take() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    logs.event("09:00:00", "node2", "Reboot Requested")
    logs.away("09:00:10", None, "node2", alarm=False)
    logs.cycles("09:00", "09:20", 1, "node1", "node3")
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == ("incident/planned-restart", "info", "open")
    assert "no fault" not in incident.summary
    assert "It did not end" in incident.summary


def test_a_change_that_a_peer_was_not_told_of_yet_is_told_as_open_at_the_end() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:20")
    logs.edit("09:00:00", "node1", "Peer4 Address", "", "10.7.0.4")
    logs.edit("09:01:00", "node3", "Peer4 Address", "", "10.7.0.4")
    incident = only(logs.told())
    assert (incident.severity, incident.state) == ("info", "open_at_end")
    assert "no fault" not in incident.summary
    assert "Cluster settings changed on some peers only" in incident.summary


# ── unfinished: it keeps its effects and heads them ─────────────────────────────────────────


@pytest.mark.parametrize("with_id", [True, False])
@pytest.mark.parametrize("name", ["node1", "node2"])
def test_a_peer_that_stays_out_after_its_restart_is_one_incident_that_the_request_heads(
    name: str, with_id: bool
) -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    logs.event("09:00:00", name, "Restart Requested")
    logs.away("09:00:10", None, name, with_id=with_id)
    logs.start("09:03:00", name)
    logs.alarm("09:03:20", name, "20006", with_id=with_id)
    logs.cycles("09:02", "09:50", 1, *[other for other in logs.names if other != name])
    logs.write("09:50:00", name, 'tvcs: Module="network.dns" Level="INFO": Detail="Sending DNS query"')
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/restart-unfinished",
        "high",
        "open",
    )
    assert incident.peers == (name,)
    assert "What stopped" not in steps(incident)


@pytest.mark.parametrize("seconds", [0, 4, 8])
def test_the_others_may_log_the_noise_of_a_restart_some_seconds_before_its_request(seconds: int) -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:50")
    logs.event("09:00:10", "node2", "Restart Requested")
    logs.away(f"09:00:{10 - seconds:02d}", None, "node2")
    logs.start("09:03:00", "node2")
    incident = only(logs.told())
    assert (incident.rule, incident.peers) == ("incident/restart-unfinished", ("node2",))


def test_a_peer_that_started_and_stays_lost_is_told_before_half_an_hour_is_over() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    logs.event("09:00:00", "node2", "Restart Requested")
    logs.away("09:00:10", None, "node2", alarm=False)
    logs.start("09:03:00", "node2")
    logs.cycles("09:00", "09:20", 1, "node1", "node3")
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/restart-unfinished",
        "high",
        "open",
    )


@pytest.mark.parametrize("end", ["09:24", "09:50"])
@pytest.mark.parametrize("size", [2, 3])
def test_two_primaries_are_told_when_the_old_one_was_not_told_of_the_change(size: int, end: str) -> None:
    logs = Logs(size)
    others = logs.names[1:]
    logs.cycles("08:50", "08:58")
    for name in others:
        logs.edit("08:59:00", name, "ConfigurationPrimary", "1", "2")
    logs.cycles("09:00", end, 1, "node1")
    logs.cycles("09:00", end, 2, *others)
    incident = logs.told().incidents[0]
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/change-unfinished",
        "high",
        "open",
    )
    assert "each claim to be the configuration primary" in incident.summary


@pytest.mark.parametrize("end", ["09:24", "09:50"])
def test_a_peer_without_cycles_since_a_change_that_arrived_everywhere_is_the_fault(end: str) -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    for second, name in enumerate(logs.names):
        logs.edit(f"08:59:0{second}", name, "ConfigurationPrimary", "1", "2")
    logs.gone("node3", "08:59:30", "24")
    logs.cycles("09:00", end, 2)
    for minute in range(int(end[3:]) + 1):
        at = f"09:{minute:02d}:30"
        logs.write(at, "node3", 'tvcs: Module="network.dns" Level="INFO": Detail="Sending DNS query"')
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == ("replication/stalled", "medium", "open")


@pytest.mark.parametrize("minutes", [31, 45, 100])
def test_a_restart_that_took_too_long_is_one_incident_whose_title_knows_the_request(minutes: int) -> None:
    logs = Logs(2)
    logs.cycles("08:20", "11:40")
    logs.event("09:00:00", "node2", "Restart Requested")
    at = datetime(2024, 5, 6, 9, tzinfo=UTC) + timedelta(minutes=minutes)
    logs.away("09:00:10", f"{at:%H:%M}:40", "node2")
    logs.start(f"{at:%H:%M}:10", "node2")
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/restart-unfinished",
        "high",
        "closed",
    )
    assert "took too long" in incident.title


def test_an_upgrade_that_took_too_long_is_one_incident_whose_title_knows_the_upgrade() -> None:
    logs = Logs(2)
    logs.cycles("08:20", "12:40")
    logs.upgrade("09:00:00", "node2")
    logs.away("09:00:10", "11:30:40", "node2")
    logs.start("11:30:10", "node2")
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == (
        "incident/upgrade-unfinished",
        "high",
        "closed",
    )
    assert "took too long" in incident.title


def test_a_start_long_after_a_restart_that_ended_was_not_requested() -> None:
    logs = Logs(2)
    logs.cycles("08:20", "11:40")
    logs.event("09:00:00", "node2", "Restart Requested")
    logs.away("09:00:10", "09:03:40", "node2")
    logs.start("09:03:10", "node2")
    logs.away("09:45:00", "09:49:40", "node2")
    logs.start("09:49:10", "node2")
    fault, work = logs.told().incidents
    assert (fault.rule, work.rule) == ("incident/peer-lost", "incident/planned-restart")


def test_a_restart_of_the_lost_peer_itself_is_told_as_an_attempt_to_repair_it() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:50")
    logs.away("09:00:00", None, "node2")
    logs.event("09:15:00", "node2", "Restart Requested")
    logs.start("09:18:00", "node2")
    diagnosis = logs.told()
    repair = next(one for one in diagnosis.findings if one.rule == "system/restart-requested")
    incident = diagnosis.incidents[0]
    assert (incident.rule, incident.state) == ("incident/peer-lost", "open")
    assert repair.id in incident.findings
    assert "an attempt to repair" in repair.explanation


def test_the_others_tell_that_a_peer_did_not_come_back_where_its_own_log_ends_with_the_request() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    logs.event("09:00:00", "node3", "Reboot Requested")
    logs.away("09:00:10", None, "node3")
    logs.cycles("09:00", "09:50", 1, "node1", "node2")
    incident = only(logs.told())
    assert (incident.rule, incident.state, incident.peers) == (
        "incident/restart-unfinished",
        "open",
        ("node3",),
    )


def test_an_addition_that_one_of_three_peers_was_not_told_of_is_unfinished() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:50")
    logs.edit("09:00:00", "node1", "Peer4 Address", "", "10.7.0.4")
    logs.edit("09:01:00", "node3", "Peer4 Address", "", "10.7.0.4")
    incident = only(logs.told())
    assert (incident.rule, incident.severity) == ("incident/change-unfinished", "medium")
    enters = [step for step in incident.remedy if "enter the same peer addresses" in step.do]
    assert [step.where for step in enters] == [("node2",)]


def test_a_change_of_primary_that_a_peer_was_not_told_of_is_unfinished() -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:08")
    logs.edit("09:09:00", "node2", "ConfigurationMaster", "1", "2")
    logs.edit("09:10:00", "node1", "ConfigurationMaster", "1", "2")
    logs.cycles("09:12", "09:50", 2, "node1", "node2")
    logs.cycles("09:12", "09:50", 1, "node3")
    diagnosis = logs.told()
    headline = diagnosis.incidents[0]
    assert headline.rule == "incident/change-unfinished"
    assert headline.title.startswith("Change of the configuration primary")
    assert [step.where for step in headline.remedy if "to the same number" in step.do] == [("node3",)]


# ── what follows, and what came before ──────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["20006", "20004"])
def test_an_alarm_after_a_restart_is_not_joined_to_its_noise(number: str) -> None:
    logs = Logs(2)
    logs.cycles("08:50", "08:58")
    logs.event("09:00:00", "node2", "Restart Requested")
    logs.away("09:00:10", "09:03:40", "node2", alarm=False)
    logs.alarm("09:00:12", "node1", number)
    logs.start("09:03:20", "node2")
    logs.alarm("09:03:45", "node1", number, "Lowered")
    logs.alarm("09:08:30", "node1", number)
    logs.cycles("09:04", "09:50")
    diagnosis = logs.told()
    fault, work = diagnosis.incidents
    assert fault.first == datetime(2024, 5, 6, 9, 8, 30, 100_000, tzinfo=UTC)
    assert (work.rule, work.severity, work.state) == ("incident/planned-restart", "info", "closed")


@pytest.mark.parametrize("end", ["09:24", "09:50"])
def test_the_loss_of_another_peer_after_a_restart_that_ended_well_is_a_fault_of_its_own(end: str) -> None:
    logs = Logs(3)
    logs.cycles("08:50", end)
    logs.event("09:00:00", "node2", "Restart Requested")
    logs.away("09:00:10", "09:03:30", "node2")
    logs.start("09:03:10", "node2")
    logs.away("09:05:00", None, "node3")
    fault, work = logs.told("node3").incidents
    assert (fault.rule, fault.state, fault.peers) == ("incident/peer-lost", "open", ("node3",))
    assert (work.severity, work.state) == ("info", "closed")


def test_failed_connections_to_another_peer_after_a_restart_that_ended_well_are_a_fault_of_their_own() -> (
    None
):
    logs = Logs(3)
    logs.cycles("08:50", "09:50")
    logs.event("09:00:00", "node2", "Restart Requested")
    logs.away("09:00:10", "09:03:30", "node2")
    logs.start("09:03:10", "node2")
    for minute in range(5, 50, 5):
        logs.write(
            f"09:{minute:02d}:00",
            "node2",
            'Module="developer.clusterdb.cdb" Level="WARN" Node="clusterdb@node2.fjell.example" '
            'Detail="Failed connecting to node" Reason="nodedown" Node="clusterdb@node3.fjell.example"',
        )
    fault, work = logs.told().incidents
    assert (fault.rule, fault.state) == ("database/connect-failed", "open")
    assert (work.rule, work.severity) == ("incident/planned-restart", "info")


def test_a_loss_after_a_change_of_primary_is_a_fault_of_its_own() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    for second, name in enumerate(logs.names):
        logs.edit(f"08:59:0{second}", name, "ConfigurationPrimary", "1", "2")
    logs.away("09:01:00", None, "node3", alarm=False)
    logs.cycles("09:00", "09:24", 2)
    fault, work = logs.told("node3").incidents
    assert (fault.rule, fault.severity, fault.peers) == ("incident/peer-lost", "high", ("node3",))
    assert (work.rule, work.severity) == ("incident/planned-restart", "info")


def test_an_alarm_half_an_hour_after_a_complete_upgrade_is_a_fault_of_its_own() -> None:
    logs = Logs(2)
    logs.cycles("08:50", "08:58")
    for number, name in enumerate(logs.names):
        logs.upgrade(f"09:{20 * number:02d}:00", name)
        logs.event(f"09:{20 * number + 10:02d}:00", name, "Reboot Requested")
        logs.away(f"09:{20 * number + 10:02d}:10", f"09:{20 * number + 18:02d}:00", name)
        logs.start(f"09:{20 * number + 17:02d}:30", name)
    logs.cycles("09:40", "10:40")
    logs.alarm("10:08:00", "node2", "20006")
    fault, work = logs.told().incidents
    assert (fault.rule, fault.state) == ("cluster/database-communication-failure", "open")
    assert (work.rule, work.severity, work.state) == ("incident/planned-restart", "info", "closed")


def test_a_restart_while_another_peer_is_lost_is_told_as_an_attempt_to_repair_it() -> None:
    logs = Logs(4)
    logs.cycles("08:50", "09:50")
    logs.away("09:00:00", None, "node2")
    logs.event("09:15:00", "node3", "Restart Requested")
    logs.gone("node3", "09:15:10", "09:18:20")
    for other in ("node1", "node4"):
        logs.node("09:15:10", other, "node3", "down")
        logs.node("09:18:20", other, "node3", "up")
    logs.start("09:18:00", "node3")
    diagnosis = logs.told("node2")
    incident = only(diagnosis)
    assert (incident.rule, incident.peers) == ("incident/peer-lost", ("node2",))
    repair = next(one for one in diagnosis.findings if one.rule == "system/restart-requested")
    assert repair.id in incident.findings
    assert "an attempt to repair" in repair.explanation
    assert (repair.severity, repair.requested) == ("info", False)


def test_a_change_of_primary_while_the_peers_are_apart_is_told_inside_the_split_brain() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:08")
    for one, other in (("node1", "node2"), ("node2", "node1")):
        logs.node("09:09:30", one, other, "down")
    logs.edit("09:16:00", "node2", "ConfigurationPrimary", "1", "2")
    logs.cycles("09:10", "09:50", 1, "node1", "node3")
    logs.cycles("09:16", "09:50", 2, "node2")
    diagnosis = logs.told()
    assert diagnosis.incidents[0].rule == "incident/split-brain"
    assert not any(one.requested for one in diagnosis.findings)
    assert {one.rule for one in diagnosis.incidents}.isdisjoint(
        {"incident/planned-restart", "incident/change-unfinished"}
    )


@pytest.mark.parametrize("started", [True, False])
def test_an_upgrade_out_of_order_is_told_inside_the_conflict_that_it_caused(started: bool) -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58")
    for name, minute in (("node3", 0), ("node1", 20)):
        logs.upgrade(f"09:{minute:02d}:00", name)
        if started:
            logs.start(f"09:{minute + 8:02d}:00", name)
    logs.alarm("09:40:00", "node3", "20011")
    for name in logs.names:
        logs.write("10:20:00", name, 'tvcs: Module="network.dns" Level="INFO": Detail="Sending DNS query"')
    diagnosis = logs.told()
    incident = only(diagnosis)
    assert incident.rule == "incident/upgrade-order"
    assert incident.first == datetime(2024, 5, 6, 9, 0, 0, 100_000, tzinfo=UTC)
    assert "node1" in incident.title
    inside = [
        one.hosts
        for one in diagnosis.findings
        if one.rule == "system/upgrade" and one.id in incident.findings
    ]
    assert sorted(inside) == [("node1",), ("node3",)]


def test_a_tls_mode_that_one_of_three_peers_never_got_is_no_work_that_went_well() -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:50")
    for name in ("node1", "node2"):
        node = f"clusterdb@{name}.fjell.example"
        logs.write(
            "09:00:00",
            name,
            f'Event="System Configuration Changed" Node="{node}" Detail="xconfiguration clusterConfiguration '
            'tls_verify - changed from: Permissive to: Enforcing"',
        )
    for name, minute in (("node1", 5), ("node2", 15)):
        logs.event(f"09:{minute:02d}:00", name, "Restart Requested")
        logs.away(f"09:{minute:02d}:10", f"09:{minute + 3:02d}:40", name)
        logs.start(f"09:{minute + 3:02d}:00", name)
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.state) == ("requirements/tls-mode", "medium", "open")
    assert incident.title.endswith("Permissive on node3")


def test_a_downgrade_of_all_peers_is_one_incident_and_no_work_that_went_well() -> None:
    logs = Logs(2)
    logs.cycles("08:50", "08:58")
    for number, name in enumerate(logs.names):
        logs.upgrade(f"09:{20 * number:02d}:00", name, "X14.3.1", "X14.2.6")
        logs.event(f"09:{20 * number + 10:02d}:00", name, "Reboot Requested")
        logs.away(f"09:{20 * number + 10:02d}:10", f"09:{20 * number + 18:02d}:00", name)
        logs.start(f"09:{20 * number + 17:02d}:30", name, "X14.2.6")
    logs.cycles("09:40", "10:40")
    incident = only(logs.told())
    assert (incident.rule, incident.severity, incident.peers) == (
        "system/downgrade",
        "high",
        ("node1", "node2"),
    )


@pytest.mark.parametrize(
    ("version", "rule"), [("X8.10.4", "cluster/peer-left"), ("", "factory-reset/carried-out")]
)
def test_a_cleared_list_and_a_restart_are_a_removal_before_x8_11(version: str, rule: str) -> None:
    """A version that is not known is taken for X8.11 or later."""
    logs = Logs(3)
    logs.cycles("08:50", "09:50", 1, "node1", "node2")
    logs.cycles("08:50", "08:58", 1, "node3")
    for number in (1, 2, 3):
        logs.edit(f"09:00:0{number}", "node3", f"Peer{number} Address", f"10.7.0.{number}", "")
    logs.event("09:01:00", "node3", "Restart Requested")
    logs.write("09:05:00", "node3", f'tvcs: Event="Application Start" Detail="Software version {version}"')
    logs.write("09:30:00", "node3", 'tvcs: Module="network.dns" Level="INFO": Detail="Sending DNS query"')
    assert [one.rule for one in logs.told().incidents] == [rule]


# ── failed ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["node1", "node2"])
def test_the_old_version_that_starts_again_heads_what_the_upgrade_caused(name: str) -> None:
    logs = Logs(2)
    logs.cycles("08:50", "08:58")
    logs.upgrade("09:00:00", name)
    logs.event("09:10:00", name, "Reboot Requested")
    logs.away("09:10:10", "09:15:20", name)
    logs.start("09:15:00", name, "X14.2.6")
    logs.cycles("09:16", "10:00")
    incident = only(logs.told())
    assert (incident.rule, incident.severity) == ("system/old-version-started", "high")
    assert "X14.2.6" in incident.title


# ── a factory reset ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("requested", [True, False])
@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 2, 1)])
def test_a_cleared_list_and_a_start_is_a_factory_reset(numbers: tuple[int, ...], requested: bool) -> None:
    logs = Logs(3)
    logs.cycles("08:50", "09:50")
    for second, number in enumerate(numbers):
        logs.edit(f"09:00:0{second}", "node3", f"Peer{number} Address", f"10.7.0.{number}", "")
    if requested:
        logs.event("09:30:00", "node3", "Restart Requested")
    logs.away("09:30:10", None, "node3")
    logs.start("09:36:00", "node3")
    logs.alarm("09:36:10", "node3", "15009")
    diagnosis = logs.told()
    incident = only(diagnosis)
    assert (incident.rule, incident.severity) == ("factory-reset/carried-out", "critical")
    assert incident.peers == ("node3",)
    assert "LAN2" in steps(incident) and "backup" in steps(incident)
    assert not any(one.requested for one in diagnosis.findings)


def test_a_list_that_was_cleared_in_the_log_and_is_empty_in_a_dump_is_told_once() -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:40")
    logs.edit("09:00:00", "node2", "Peer1 Address", "10.7.0.1", "")
    logs.edit("09:00:01", "node2", "Peer2 Address", "10.7.0.2", "")
    lists = {"node1": ("10.7.0.1", "10.7.0.2"), "node2": ("", "")}
    dumps = {
        f"xconf_{name}.txt": "".join(
            [
                *(
                    f'*c xConfiguration Alternates Peer {n} Address: "{one}"\n'
                    for n, one in enumerate(own, 1)
                ),
                f'*c xConfiguration IP DNS Hostname: "{name}"\n',
                '*c xConfiguration IP DNS Domain Name: "fjell.example"\n',
            ]
        )
        for name, own in lists.items()
    }
    diagnosis = logs.told(dumps=dumps)
    incident = only(diagnosis)
    assert (incident.rule, incident.peers) == ("factory-reset/pending", ("node2",))


def test_a_list_that_was_cleared_is_no_repair_of_an_alarm_before() -> None:
    logs = Logs(2)
    logs.cycles("08:50", "09:40")
    logs.alarm("08:55:00", "node2", "40055")
    logs.edit("09:00:00", "node2", "Peer1 Address", "10.7.0.1", "")
    logs.edit("09:00:01", "node2", "Peer2 Address", "10.7.0.2", "")
    diagnosis = logs.told()
    assert [one.rule for one in diagnosis.incidents] == ["factory-reset/pending", "incident/system-key"]


# ── a start that nobody requested ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(("start", "again"), [("08:59", "09:00"), ("09:40", "09:42"), ("15:00", "15:02")])
def test_a_start_without_a_request_is_a_loss_by_the_peers_own_log_alone(start: str, again: str) -> None:
    """However long the peer was silent before: its log has no gap, it was down."""
    logs = Logs(2)
    logs.cycles("08:20", "08:58")
    logs.start(f"{start}:30", "node1")
    logs.cycles(again, f"{again[:2]}:59")
    diagnosis = logs.told("node2")
    incident = only(diagnosis)
    assert (incident.rule, incident.state, incident.peers) == ("incident/peer-lost", "closed", ("node1",))
    assert incident.title == "Unrequested restart of node1"
    assert "Nothing wrong" not in diagnosis.verdict.text
    assert "gap" not in diagnosis.verdict.text


def test_whether_a_start_was_requested_is_not_known_when_the_log_begins_with_it() -> None:
    logs = Logs(2)
    logs.start("08:59:30", "node1")
    logs.cycles("09:00", "09:40")
    diagnosis = logs.told("node2")
    assert faults(diagnosis) == []
    assert "system/started-unwatched" in {one.rule for one in diagnosis.findings}


def test_a_loss_that_the_other_peers_log_keeps_its_title() -> None:
    logs = Logs(2)
    logs.cycles("08:20", "09:50")
    logs.away("09:00:10", "09:05:40", "node2")
    logs.start("09:05:10", "node2")
    incident = only(logs.told())
    assert incident.rule == "incident/peer-lost"
    assert "node1" in incident.title and "node2" in incident.title


# ── a factory reset of the primary ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(("primary", "is_named"), [(2, True), (1, False)])
def test_another_peer_becomes_the_primary_before_a_reset_primary_joins_again(
    primary: int, is_named: bool
) -> None:
    logs = Logs(3)
    logs.cycles("08:50", "08:58", primary)
    for number in (1, 2, 3):
        logs.edit(f"09:00:0{number}", "node2", f"Peer{number} Address", f"10.7.0.{number}", "")
    logs.start("09:05:10", "node2")
    incident = only(logs.told())
    assert incident.rule == "factory-reset/carried-out"
    said = [step.do for step in incident.remedy]
    chosen = [n for n, text in enumerate(said) if "set Configuration primary" in text]
    assert bool(chosen) == is_named
    if is_named:
        assert said[chosen[0]].startswith("node2 was the configuration primary. On node1 and node3, set")
        assert chosen[0] < next(
            n for n, text in enumerate(said) if "add the peer to the cluster again" in text
        )
        assert incident.remedy[chosen[0]].where == ("node1", "node3")
