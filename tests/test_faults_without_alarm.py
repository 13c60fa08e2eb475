"""Faults that no alarm reports: what the logs show by what is missing, or by what is the same everywhere."""

from datetime import UTC, datetime, timedelta

import pytest

from logdiag.model import Diagnosis
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.library import load


class Logs:
    """The logs of a cluster ``node1``, ``node2``, …: records, cycles and a sign of life in each minute."""

    def __init__(self, size: int) -> None:
        self.names = [f"node{number}" for number in range(1, size + 1)]
        self._lines: dict[str, list[str]] = {name: [] for name in self.names}

    def write(self, at: str, name: str, text: str) -> None:
        """Add a record at a time such as ``09:15:00``."""
        self._lines[name].append(f'2024-05-06T{at}.100+00:00 {name} {text} UTCTime="2024-05-06 {at},100"')

    def event(self, at: str, name: str, event: str, detail: str = "") -> None:
        self.write(at, name, f'httpd[7]: web: Event="{event}" Detail="{detail}" User="anna"')

    def start(self, at: str, *names: str) -> None:
        for name in names:
            self.write(at, name, 'tvcs: Event="Application Start" Detail="Software version X14.3.1"')

    def alive(self, start: str, end: str, *names: str) -> None:
        """Let peers, or all, log something unimportant in each minute."""
        for at in _minutes(start, end, 1):
            for name in names or self.names:
                self.write(
                    f"{at}:50", name, 'tvcs: Module="network.dns" Level="DEBUG": Detail="Sending DNS query"'
                )

    def cycles(
        self,
        start: str,
        end: str,
        *names: str,
        primary: int = 1,
        claimed: bool = True,
        entries: tuple[str, ...] | None = None,
    ) -> None:
        """Let peers, or all, finish a cycle every two minutes.

        Args:
            start: the minute of the first cycle.
            end: the minute that no cycle is after.
            names: the peers.
            primary: the number of the primary, from 1.
            claimed: whether that peer says that it is the primary.
            entries: the peers in their lists; default: all.

        """
        listed = entries or tuple(self.names)
        text = ", ".join(f"'(10.7.0.{self.names.index(name) + 1} {name})'" for name in listed)
        for at in _minutes(start, end, 2):
            for name in names or listed:
                own = "the" if claimed and listed[primary - 1 : primary] == (name,) else "not the"
                place = listed.index(name)
                for second, said in enumerate(
                    (
                        'Detail="Starting synchronisation"',
                        f'AlternateIPAddresses="[{text}]" ConfigurationMasterIndex="{primary - 1}" '
                        f'LocalPeerIndex="{place}"',
                        f'Detail="This peer is {own} cluster primary, local configuration is already up to date"',
                        'Detail="Synchronisation completed successfully"',
                    )
                ):
                    record = f'replication: Module="developer.replication" Level="INFO" {said}'
                    self.write(f"{at}:{10 * place + second:02d}", name, record)

    def told(self, *without: str) -> Diagnosis:
        """Diagnose these logs, but for those of some peers."""
        files = {
            f"{name}.log": "\n".join(sorted(lines)).encode()
            for name, lines in self._lines.items()
            if name not in without
        }
        return examine(read_texts(files), load())


def _minutes(start: str, end: str, step: int) -> list[str]:
    at = datetime.strptime(start, "%H:%M").replace(tzinfo=UTC)
    last = datetime.strptime(end, "%H:%M").replace(tzinfo=UTC)
    return [
        f"{at + timedelta(minutes=minute):%H:%M}"
        for minute in range(0, (last - at) // timedelta(minutes=1) + 1, step)
    ]


def rules(diagnosis: Diagnosis) -> list[str]:
    """Return the rules that head the incidents above info."""
    return [one.rule for one in diagnosis.incidents if one.severity != "info"]


# ── no peer is the primary ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("primary", [4, 6])
def test_a_primary_that_is_not_in_the_list_is_one_incident(primary: int) -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:40", primary=primary)
    diagnosis = logs.told()
    assert rules(diagnosis) == ["requirements/primary-not-listed"]
    assert len(diagnosis.incidents) == 1
    assert f"number {primary} on 3 peers" in diagnosis.verdict.text


def test_a_number_that_was_not_corrected_is_not_told_as_work_without_a_fault() -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:10", primary=3)
    for name in ("node2", "node3"):
        logs.event(
            "09:11:00",
            name,
            "System Configuration Changed",
            "xconfiguration alternatesConfiguration Peer1 Address - changed from: 10.7.0.1 to: 10.7.0.2",
        )
    logs.cycles("09:12", "09:50", primary=3, entries=("node2", "node3"))
    diagnosis = logs.told()
    assert [one.rule for one in diagnosis.incidents] == ["requirements/primary-not-listed"]
    [incident] = diagnosis.incidents
    assert "node1" not in {peer for step in incident.remedy for peer in step.where}


@pytest.mark.parametrize("claimed", [True, False])
def test_a_primary_has_to_say_that_it_is_one(claimed: bool) -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:40", claimed=claimed)
    diagnosis = logs.told()
    assert rules(diagnosis) == ([] if claimed else ["replication/no-primary"])


def test_without_the_log_of_a_peer_nobody_can_say_that_there_is_no_primary() -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:40")
    assert rules(logs.told("node1")) == []


# ── a peer without a cycle ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("silent", ["node1", "node3"])
def test_a_peer_without_any_cycle_in_its_log_is_stalled(silent: str) -> None:
    logs = Logs(3)
    logs.alive("09:00", "11:00")
    logs.cycles("09:00", "11:00", *(name for name in logs.names if name != silent))
    diagnosis = logs.told()
    assert rules(diagnosis) == ["replication/stalled"]
    assert diagnosis.incidents[0].peers == (silent,)


def test_no_cycle_after_a_requested_restart_is_unfinished_work() -> None:
    logs = Logs(2)
    logs.cycles("09:00", "10:00", "node1")
    logs.cycles("09:00", "09:10", "node2")
    logs.event("09:11:00", "node2", "Restart Requested")
    logs.start("09:14:00", "node2")
    logs.alive("09:14", "10:00")
    diagnosis = logs.told()
    assert rules(diagnosis) == ["incident/restart-unfinished"]
    assert "replication/stalled" in {one.rule for one in diagnosis.findings}


def test_the_end_of_a_gap_is_a_start_of_the_log_too() -> None:
    logs = Logs(2)
    logs.cycles("09:00", "10:40", "node1")
    logs.cycles("09:00", "09:20", "node2")
    logs.alive("09:00", "09:20")
    logs.alive("10:20", "10:40")
    assert rules(logs.told()) == ["replication/stalled"]


def test_a_first_cycle_that_comes_late_ends_what_began_with_the_log() -> None:
    logs = Logs(2)
    logs.alive("09:00", "10:00")
    logs.cycles("09:00", "10:00", "node1")
    logs.cycles("09:30", "10:00", "node2")
    [incident] = logs.told().incidents
    assert (incident.rule, incident.state, incident.peers) == ("replication/stalled", "closed", ("node2",))


@pytest.mark.parametrize("first", ["09:16", "09:22"])
def test_a_first_cycle_some_minutes_after_a_requested_start_is_no_fault(first: str) -> None:
    logs = Logs(2)
    logs.cycles("09:00", "10:00", "node1")
    logs.cycles("09:00", "09:10", "node2")
    logs.event("09:11:00", "node2", "Restart Requested")
    logs.start("09:14:00", "node2")
    logs.alive("09:14", "10:00")
    logs.cycles(first, "10:00", "node2")
    assert rules(logs.told()) == []


def test_logs_that_have_no_cycles_do_not_show_that_peers_replicate() -> None:
    logs = Logs(2)
    logs.cycles("09:00", "09:00")
    logs._lines = {
        name: [line for line in lines if "LocalPeer" in line] for name, lines in logs._lines.items()
    }
    logs.alive("09:00", "09:40")
    diagnosis = logs.told()
    assert rules(diagnosis) == []
    assert "No replication cycle was seen to end on node1 and node2" in diagnosis.verdict.detail


# ── peers that started together ─────────────────────────────────────────────────────────────


def power_cut(size: int, before: str, *names: str) -> Logs:
    """Logs in which some peers are silent for five minutes and start within a minute."""
    logs = Logs(size)
    cut = names or tuple(logs.names)
    logs.alive(before, "10:14")
    logs.cycles(before, "10:14")
    for number, name in enumerate(cut):
        logs.start(f"10:19:{10 * number + 5:02d}", name)
    for name in set(logs.names) - set(cut):
        logs.alive("10:15", "11:00", name)
        logs.cycles("10:16", "11:00", name)
    logs.alive("10:20", "11:00", *cut)
    return logs


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("before", ["09:00", "09:58"])
def test_peers_that_all_started_unasked_are_one_incident(size: int, before: str) -> None:
    logs = power_cut(size, before)
    logs.cycles("10:22", "11:00")
    [incident] = logs.told().incidents
    assert (incident.rule, incident.state, incident.severity) == (
        "system/all-peers-started",
        "closed",
        "high",
    )
    assert not [step for step in incident.remedy if step.risk == "outage"]


@pytest.mark.parametrize("size", [2, 3])
def test_a_cluster_that_does_not_come_back_is_restarted_in_order(size: int) -> None:
    logs = power_cut(size, "09:00")
    for name in logs.names[1:]:
        detail = "Cluster replication error: The primary peer is unreachable"
        logs.write("10:22:00", name, f'alarm: Level="WARN" Event="Alarm Raised" Id="20016" Detail="{detail}"')
    [incident] = logs.told().incidents
    assert (incident.rule, incident.state, incident.severity) == ("system/all-peers-started", "open", "high")
    restarts = [step.where for step in incident.remedy if step.risk == "outage"]
    assert restarts == [("node1",), tuple(logs.names[1:])]


def test_two_of_three_peers_that_started_together_are_one_incident() -> None:
    logs = power_cut(3, "09:00", "node2", "node3")
    logs.cycles("10:22", "11:00", "node2", "node3")
    [incident] = logs.told().incidents
    assert (incident.rule, incident.peers) == ("system/peers-started-together", ("node2", "node3"))


@pytest.mark.parametrize("requested", ["node1", "node2"])
def test_a_requested_start_beside_another_is_no_power_cut(requested: str) -> None:
    logs = power_cut(2, "09:00")
    logs.event("10:14:55", requested, "Restart Requested")
    logs.cycles("10:22", "11:00")
    assert "system/all-peers-started" not in {one.rule for one in logs.told().findings}


def test_the_verdict_names_a_start_that_may_not_have_been_requested() -> None:
    logs = power_cut(2, "10:11", "node2")
    logs.cycles("10:22", "11:00", "node2")
    verdict = logs.told().verdict.text
    assert verdict.startswith("node2 was silent for ")
    assert "do not show whether the start was requested" in verdict
    assert "Nothing wrong" not in verdict


# ── what somebody did to a peer of a cluster ────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ((("Beginning System Restore", ""), ("Completed System restore", "")), "system/restored-in-cluster"),
        ((("System restore started", ""), ("System restore completed", "")), "system/restored-in-cluster"),
        ((("System restore started", ""), ("System restore error", "")), "system/restore-failed"),
        ((("Command Executed", "xCommand DefaultValuesSet Level: 3"),), "factory-reset/by-command"),
        ((("Command Executed", "/sbin/clusterdb_destroy_and_purge_data.sh"),), "database/purged"),
    ],
)
@pytest.mark.parametrize("restarts", [True, False])
def test_what_was_done_to_a_peer_heads_also_when_the_peer_restarts(
    events: tuple[tuple[str, str], ...], rule: str, *, restarts: bool
) -> None:
    logs = Logs(3)
    logs.alive("09:00", "10:40", "node1", "node3")
    logs.alive("09:00", "09:44", "node2")
    logs.cycles("09:00", "10:40", "node1", "node3")
    logs.cycles("09:00", "09:44", "node2")
    for number, (event, detail) in enumerate(events):
        logs.event(f"09:4{5 + number}:00", "node2", event, detail)
    if restarts:
        logs.start("09:50:00", "node2")
    logs.alive("09:50", "10:40", "node2")
    logs.cycles("09:52", "10:40", "node2")
    assert rules(logs.told()) == [rule]


# ── lists that are the same on every peer, and wrong ────────────────────────────────────────


def dumped(entries: tuple[str, ...], addresses: tuple[str, ...], number: int = 1) -> dict[str, bytes]:
    """Return the xConfiguration dumps of node1, node2, …, with these addresses and one list of peers."""
    listed = "".join(
        f'*c xConfiguration Alternates Peer {place} Address: "{entry}"\n'
        for place, entry in enumerate(entries, start=1)
    )
    return {
        f"node{peer}/xconf_dump.txt": (
            f"{listed}*c xConfiguration Alternates ConfigurationPrimary: {number}\n"
            f'*c xConfiguration Ethernet 1 IP V4 Address: "{address}"\n'
            f'*c xConfiguration IP DNS Hostname: "node{peer}"\n'
            f'*c xConfiguration IP DNS Domain Name: "fjell.example"\n'
        ).encode()
        for peer, address in enumerate(addresses, start=1)
    }


@pytest.mark.parametrize(
    ("entries", "addresses", "rule"),
    [
        (("10.7.0.1", "", "10.7.0.2"), ("10.7.0.1", "10.7.0.2"), "requirements/list-gap"),
        (("10.7.0.1", "10.7.0.2", "10.7.0.2"), ("10.7.0.1", "10.7.0.2"), "requirements/list-duplicate"),
        (("10.7.0.1", "10.7.0.2"), ("10.7.0.1", "10.7.0.1"), "requirements/lan-address"),
        (
            ("node1.fjell.example", "node2.fjell.example"),
            ("10.7.0.9", "10.7.0.9"),
            "requirements/lan-address",
        ),
        (("10.7.0.1", "10.7.0.2", ""), ("10.7.0.1", "10.7.0.2"), None),
    ],
)
@pytest.mark.parametrize("logged", [True, False])
def test_a_wrong_list_is_told_although_it_is_the_same_on_every_peer(
    entries: tuple[str, ...], addresses: tuple[str, ...], rule: str | None, *, logged: bool
) -> None:
    files = dumped(entries, addresses)
    if logged:
        logs = Logs(2)
        logs.cycles("09:00", "09:40")
        files |= {f"{name}/log.txt": "\n".join(logs._lines[name]).encode() for name in logs.names}
    diagnosis = examine(read_texts(files), load())
    assert rules(diagnosis) == ([rule] if rule else [])
    steps = " ".join(step.do for incident in diagnosis.incidents for step in incident.remedy)
    assert "the same cluster name" not in steps


def test_two_peers_with_one_address_are_two_peers() -> None:
    logs = Logs(2)
    logs.cycles("09:00", "09:40")
    files = dumped(("10.7.0.1", "10.7.0.2"), ("10.7.0.1", "10.7.0.1"))
    files |= {f"{name}/log.txt": "\n".join(logs._lines[name]).encode() for name in logs.names}
    diagnosis = examine(read_texts(files), load())
    assert [peer.name for peer in diagnosis.cluster.peers] == ["node1", "node2"]
    assert diagnosis.wanted == ()


# ── an outage that began long before the logs ───────────────────────────────────────────────


@pytest.mark.parametrize(("number", "names"), [("3", "node3"), ("10.7.0.3", "node3"), ("9", None)])
def test_a_peer_that_has_been_away_for_days_is_named_by_its_place_in_the_list(
    number: str, names: str | None
) -> None:
    logs = Logs(3)
    logs.cycles("09:00", "09:40", "node1", "node2")
    detail = (
        f"Licenses of lost cluster peer have been taken off the license pool: Cluster peer {number} has been "
        "unavailable for more than 14 days."
    )
    logs.write("09:10:00", "node1", f'alarm: Level="WARN" Event="Alarm Raised" Id="30016" Detail="{detail}"')
    [incident] = logs.told().incidents
    assert incident.rule == "cluster/peer-away-for-long"
    assert incident.title.startswith(f"{names or 'A peer'} has been unavailable for more than 14")
    assert incident.severity == "medium"
