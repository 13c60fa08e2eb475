"""The safety rules of remedies: each test tries to make the engine give advice that does harm."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.model import Diagnosis, Step
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.library import load
from logdiag.rules.placeholders import fill

KEY = "xCommand ForceSystemKeyUpdate"
DETAILS = {
    "15005": "Cluster database failure: Please contact your Cisco support representative",
    "20004": "The system is unable to communicate with one or more of the cluster peers",
    "20007": "Cluster configuration has been changed, however a restart is required for this to take effect",
    "20020": "Restart required: TLS verification configuration does not match active status",
    "40055": "Failed to update key file: Failed to update system key file due to inconsistent state",
}
PEERS = ("expa01", "expa02", "expa03")


def said(clock: str, text: str, peer: str = "expa01") -> str:
    return f'2024-03-05T{clock}.000+00:00 {peer} {text} UTCTime="2024-03-05 {clock},000"\n'


def alarm(clock: str, what: str, number: str, peer: str = "expa01") -> str:
    detail = DETAILS[number]
    return said(clock, f'alarm: Level="WARN" Event="Alarm {what}" Id="{number}" Detail="{detail}"', peer)


def cluster(*names: str, primary: str | None = None) -> str:
    """The record that lists the peers, and that says which is the primary."""
    peers = ", ".join(f"u'(10.0.0.{number} {name})'" for number, name in enumerate(names, start=1))
    claim = f' ConfigurationMasterIndex="{names.index(primary)}"' if primary else ""
    text = f'replication: Module="developer.replication" AlternateIPAddresses="[{peers}]"{claim}'
    return said("08:59:00", text, names[0])


def told(logs: str | Mapping[str, str]) -> Diagnosis:
    logs = {"a.log": logs} if isinstance(logs, str) else logs
    return examine(read_texts({name: log.encode() for name, log in logs.items()}), load())


def remedies(diagnosis: Diagnosis) -> list[tuple[Step, ...]]:
    """Every remedy that a reader can meet: of incidents and of findings."""
    told = [incident.remedy for incident in diagnosis.incidents]
    return told + [finding.remedy for finding in diagnosis.findings]


def commands(diagnosis: Diagnosis) -> set[tuple[str, ...]]:
    """Where the command on the system key is to be run, in any remedy."""
    return {step.where for remedy in remedies(diagnosis) for step in remedy if KEY in (step.command or "")}


def restarts(remedy: tuple[Step, ...]) -> list[Step]:
    return [step for step in remedy if step.risk == "outage"]


def words(step: Step) -> str:
    return " ".join((step.do, step.why, step.command or "", step.impact, step.verify, step.wait))


# ── the system key ──────────────────────────────────────────────────────────────────────────


def test_a_single_node_updates_its_key_itself() -> None:
    diagnosis = told(cluster("expa01", primary="expa01") + alarm("09:00:00", "Raised", "40055"))
    assert commands(diagnosis) == {("expa01",)}


@pytest.mark.parametrize(("primary", "chosen"), [(None, 0), ("expa01", 0), ("expa03", 2), ("expa02", 0)])
def test_a_cluster_takes_the_key_from_one_peer_without_the_alarm(primary: str | None, chosen: int) -> None:
    diagnosis = told(cluster(*PEERS, primary=primary) + alarm("09:00:00", "Raised", "40055", "expa02"))
    assert commands(diagnosis) == {(PEERS[chosen],)}
    for remedy in remedies(diagnosis):
        (run,) = (step for step in remedy if step.command)
        assert f"used instead of {PEERS[chosen]}: {PEERS[2 - chosen]}." in run.do


def test_the_peer_is_looked_at_before_the_command_is_run_on_it() -> None:
    diagnosis = told(cluster(*PEERS[:2]) + alarm("09:00:00", "Raised", "40055"))
    for remedy in remedies(diagnosis):
        run = next(i for i, step in enumerate(remedy) if step.command)
        check = next(i for i, step in enumerate(remedy) if step.risk == "read" and "40055" in step.do)
        assert check < run
        assert remedy[check].where == remedy[run].where == ("expa02",)
        assert "do not prove that it is absent" in remedy[check].do


ON_BOTH = cluster(*PEERS[:2]) + "".join(alarm("09:00:00", "Raised", "40055", peer) for peer in PEERS[:2])


def test_where_every_peer_has_the_alarm_the_command_has_no_place() -> None:
    (incident,) = told(ON_BOTH).incidents
    assert not any(KEY in words(step) for step in incident.remedy)
    assert any("raised on every known peer" in step.do for step in incident.remedy)


def test_the_remedy_of_one_finding_knows_of_the_other_peers_too() -> None:
    findings = told(ON_BOTH).findings
    assert len(findings) == 2
    assert [step for finding in findings for step in finding.remedy if KEY in words(step)] == []


@pytest.mark.parametrize("later", ["09:04:00", "09:06:00", "10:00:00"])
def test_a_peer_that_raises_the_alarm_later_has_it_too(later: str) -> None:
    logs = cluster(*PEERS) + alarm("09:00:00", "Raised", "40055") + alarm(later, "Raised", "40055", "expa02")
    assert commands(told(logs)) == {("expa03",)}


def test_an_alarm_that_was_raised_before_a_gap_may_still_be_there() -> None:
    logs = {
        "a": cluster(*PEERS) + alarm("09:00:00", "Raised", "40055"),
        "b": alarm("09:00:00", "Raised", "40055", "expa02"),
        "c": said("10:00:00", "tvcs: idle", "expa02"),
    }
    assert commands(told(logs)) == {("expa03",)}


def test_raised_and_lowered_leaves_a_peer_free_of_it() -> None:
    logs = cluster(*PEERS[:2]) + alarm("09:00:00", "Raised", "40055", "expa01")
    logs += alarm("09:00:01", "Raised", "40055", "expa02") + alarm("09:00:30", "Lowered", "40055", "expa02")
    (incident,) = told(logs).incidents
    assert [step.where for step in incident.remedy if step.command] == [("expa02",)]


def test_raised_again_is_raised() -> None:
    logs = cluster(*PEERS) + alarm("09:00:00", "Raised", "40055")
    logs += alarm("09:00:01", "Raised", "40055", "expa02") + alarm("09:00:30", "Lowered", "40055", "expa02")
    assert commands(told(logs + alarm("09:30:00", "Raised", "40055", "expa02"))) == {("expa03",)}


@pytest.mark.parametrize(
    "hint",
    ["", "AlternateIPAddresses=\"[u'10.0.0.2', u'10.0.0.3']\"", 'ConfigurationMasterIndex="0"'],
    ids=["no list", "a list that cannot be read", "an index without a list"],
)
def test_without_a_list_of_peers_no_command_is_given(hint: str) -> None:
    logs = said("08:59:00", f'replication: Module="developer.replication" {hint}')
    diagnosis = told(logs + alarm("09:00:00", "Raised", "40055"))
    assert commands(diagnosis) == set()
    (incident,) = diagnosis.incidents
    assert any("single node or a peer of a cluster" in step.do for step in incident.remedy)


# ── restarts ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["20007", "20020"])
def test_only_peers_that_ask_are_restarted_and_the_primary_first(number: str) -> None:
    logs = cluster(*PEERS, primary="expa02")
    logs += alarm("09:00:00", "Raised", number, "expa01") + alarm("09:00:01", "Raised", number, "expa02")
    (incident,) = told(logs).incidents
    assert [step.where for step in restarts(incident.remedy)] == [("expa02",), ("expa01",)]
    assert "two peers at the same time" in restarts(incident.remedy)[1].avoid
    assert all("maintenance mode" in step.do and "MRA" in step.impact for step in restarts(incident.remedy))
    assert all(step.wait for step in restarts(incident.remedy))


def test_several_that_ask_are_restarted_one_at_a_time() -> None:
    logs = cluster(*PEERS, primary="expa01")
    logs += alarm("09:00:00", "Raised", "20007", "expa02") + alarm("09:00:01", "Raised", "20007", "expa03")
    (incident,) = told(logs).incidents
    (step,) = restarts(incident.remedy)
    assert step.where == ("expa02", "expa03")
    assert "Restart expa02 and expa03 (" in step.do
    assert "two peers at the same time" in step.avoid


def test_a_primary_that_does_not_ask_is_not_restarted() -> None:
    diagnosis = told(cluster(*PEERS[:2], primary="expa01") + alarm("09:00:00", "Raised", "20007", "expa02"))
    for remedy in remedies(diagnosis):
        assert [step.where for step in restarts(remedy)] == [("expa02",)]


def test_without_a_known_primary_nobody_is_named_and_the_text_says_what_is_missing() -> None:
    logs = cluster(*PEERS)
    logs += alarm("09:00:00", "Raised", "20007", "expa01") + alarm("09:00:01", "Raised", "20007", "expa02")
    (incident,) = told(logs).incidents
    assert [step.where for step in restarts(incident.remedy)] == [(), ()]
    first, others = restarts(incident.remedy)
    assert "This evidence does not show which peer is the configuration primary" in first.do
    assert "expa01 and expa02 ask for it" in first.do
    assert "those of expa01 and expa02 that are not the primary" in others.do
    assert "two peers at the same time" in others.avoid


def test_a_single_node_is_restarted_where_it_asks() -> None:
    (incident,) = told(cluster("expa01") + alarm("09:00:00", "Raised", "20007")).incidents
    assert [step.where for step in restarts(incident.remedy)] == [("expa01",)]


def test_a_peer_that_asks_no_more_is_not_restarted() -> None:
    logs = cluster(*PEERS[:2], primary="expa01")
    logs += alarm("09:00:00", "Raised", "20007", "expa01") + alarm("09:10:00", "Lowered", "20007", "expa01")
    for remedy in remedies(told(logs)):
        assert restarts(remedy) == []


def test_one_of_two_asks_no_more() -> None:
    logs = cluster(*PEERS, primary="expa01")
    logs += alarm("09:00:00", "Raised", "20007", "expa01") + alarm("09:00:01", "Raised", "20007", "expa02")
    (incident,) = told(logs + alarm("09:10:00", "Lowered", "20007", "expa01")).incidents
    assert [step.where for step in restarts(incident.remedy)] == [("expa02",)]


def test_a_peer_asks_while_one_of_its_two_alarms_is_raised() -> None:
    logs = cluster(*PEERS[:2], primary="expa01") + alarm("09:00:00", "Raised", "20020", "expa02")
    logs += alarm("09:10:00", "Raised", "20007", "expa02") + alarm("09:20:00", "Lowered", "20007", "expa02")
    diagnosis = told(logs)
    assert diagnosis.cluster.peers[1].alarms == {"20007": "clear", "20020": "raised"}
    asking = next(incident for incident in diagnosis.incidents if incident.state != "closed")
    assert [step.where for step in restarts(asking.remedy)] == [("expa02",)]


def test_the_primary_comes_first_however_late_it_asks() -> None:
    logs = cluster(*PEERS, primary="expa02")
    logs += alarm("09:00:00", "Raised", "20007", "expa01") + alarm("09:30:00", "Raised", "20007", "expa02")
    for incident in told(logs).incidents:
        assert restarts(incident.remedy)[0].where == ("expa02",)


VERIFY = (
    'Event="System Configuration Changed" Node="clusterdb@{0}.example.com" '
    'Detail="xconfiguration clusterConfiguration tls_verify - changed from: {1} to: {2}"'
)


def verification(*peers: str, before: str = "Permissive", after: str = "Enforcing") -> str:
    return "".join(said("09:00:00", VERIFY.format(peer, before, after), peer) for peer in peers)


def test_who_logged_a_change_does_not_ask_for_a_restart_by_that() -> None:
    logs = cluster(*PEERS[:2], primary="expa01") + verification("expa01", "expa02")
    logs += alarm("09:00:01", "Raised", "20007", "expa02")
    for remedy in remedies(told(logs)):
        assert [step.where for step in restarts(remedy)] == [("expa02",)]


def test_a_change_after_which_nobody_asks_restarts_nobody() -> None:
    logs = cluster(*PEERS[:2], primary="expa01") + verification("expa01", "expa02")
    assert not any(restarts(remedy) for remedy in remedies(told(logs)))


def test_certificates_are_checked_before_the_restart_that_enforces_them() -> None:
    logs = cluster(*PEERS[:2], primary="expa01") + verification("expa01", "expa02")
    logs += alarm("09:00:01", "Raised", "20007", "expa01") + alarm("09:00:01", "Raised", "20007", "expa02")
    (incident,) = told(logs).incidents
    assert incident.rule == "incident/tls-enforcement"
    check = next(i for i, step in enumerate(incident.remedy) if "certificate" in step.do)
    first = next(i for i, step in enumerate(incident.remedy) if step.risk == "outage")
    assert check < first
    assert incident.remedy[check].risk == "read"
    assert incident.remedy[check].where == ("expa01", "expa02")


# ── nothing that cannot be undone ───────────────────────────────────────────────────────────


LAST_RESORTS = {
    "recover-a-failed-database",
    "rebuild-the-cluster",
    "complete-a-factory-reset",
    "recover-the-lost-configuration",
    "isolate-a-returned-peer",
    "isolate-a-replaced-primary",
    "isolate-a-restored-peer",
    "rejoin-a-purged-peer",
    "restore-the-address-of-a-peer",
    "remove-a-peer",
    "factory-reset-a-peer",
}


def test_what_destroys_data_is_a_last_resort_behind_a_snapshot_and_a_backup() -> None:
    found = set()
    for name, procedure in load().procedures.items():
        for number, step in enumerate(procedure.steps):
            if step.risk == "destructive" or "clusterdb_destroy" in step.do + (step.command or ""):
                found.add(name)
                assert step.risk == "destructive"
                before = " ".join((one.do + one.why).lower() for one in procedure.steps[: number + 1])
                # What somebody asked for needs no support, but its backup.
                asked_for = "reset" in name or procedure.kind == "planned"
                wanted = ("backup",) if asked_for else ("snapshot", "backup", "support")
                assert all(word in before for word in wanted)
    assert found == LAST_RESORTS


def test_the_last_resort_of_a_failed_database_is_between_taking_out_and_restoring() -> None:
    diagnosis = told(cluster(*PEERS[:2]) + alarm("09:00:00", "Raised", "15005", "expa02"))
    for remedy in remedies(diagnosis):
        out, purge, restore, back = (
            next(number for number, step in enumerate(remedy) if text in step.do)
            for text in (
                "clear every peer address",
                "Last resort",
                "Restore the earlier backup",
                "Add expa02",
            )
        )
        assert out < purge < restore < back
        assert (remedy[purge].where, remedy[purge].risk) == (("expa02",), "destructive")


def test_a_forced_update_of_the_configuration_is_for_subordinates_behind_a_backup() -> None:
    found = set()
    for name, procedure in load().procedures.items():
        for number, step in enumerate(procedure.steps):
            if "forceconfigupdate" in (step.command or "").lower():
                found.add(name)
                assert step.where == "the subordinates that report it"
                assert any("back" in one.do.lower() for one in procedure.steps[:number])
    assert found == {"force-a-configuration-update"}


# ── peers and nothing else ──────────────────────────────────────────────────────────────────

Alarms = list[tuple[int, str, str, str]]

ALARMS = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from(["Raised", "Lowered", "Acknowledged"]),
        st.sampled_from(sorted(DETAILS)),
        st.sampled_from([*PEERS, "EXPA01.example.com"]),
    ),
    max_size=6,
).map(sorted)
CLUSTERS = st.sampled_from(
    [
        "",
        cluster("expa01"),
        cluster("expa01", primary="expa01"),
        cluster(*PEERS[:2]),
        *(cluster(*PEERS, primary=primary) for primary in (None, *PEERS)),
    ]
)


def several(peers: str, alarms: Alarms) -> Diagnosis:
    return told(peers + "".join(alarm(f"09:{minute:02}:00", *words) for minute, *words in alarms))


@given(CLUSTERS, ALARMS)
@settings(deadline=None, max_examples=30)
def test_a_step_stands_on_peers_of_the_cluster_only(peers: str, alarms: Alarms) -> None:
    diagnosis = several(peers, alarms)
    names = {peer.name for peer in diagnosis.cluster.peers}
    for remedy in remedies(diagnosis):
        for step in remedy:
            assert set(step.where) <= names
            assert len(set(step.where)) == len(step.where)


@given(CLUSTERS, ALARMS)
@settings(deadline=None, max_examples=30)
def test_no_command_is_run_where_its_alarm_may_be_raised(peers: str, alarms: Alarms) -> None:
    diagnosis = several(peers, alarms)
    sizes = Counter(peer.cluster for peer in diagnosis.cluster.peers)
    raised = {
        peer.name
        for peer in diagnosis.cluster.peers
        if peer.alarms.get("40055", "clear") != "clear" and sizes[peer.cluster] > 1
    }
    assert not any(raised & set(where) for where in commands(diagnosis))


@given(CLUSTERS, ALARMS)
@settings(deadline=None, max_examples=30)
def test_no_restart_is_advised_where_none_is_asked_for(peers: str, alarms: Alarms) -> None:
    diagnosis = several(peers, alarms)
    asks = {
        peer.name
        for peer in diagnosis.cluster.peers
        if any(peer.alarms.get(number, "clear") != "clear" for number in ("20007", "20020"))
    }
    for incident in diagnosis.incidents:
        if incident.rule == "cluster/restart-required":
            assert {name for step in restarts(incident.remedy) for name in step.where} <= asks


# ── what a log says is shown as it is ───────────────────────────────────────────────────────


@pytest.mark.parametrize("value", ["{where}", "{hosts}", "{0.__class__}", "{", "}", "{{}}", "{{7*7}}"])
def test_a_value_that_looks_like_a_placeholder_is_shown_as_it_is(value: str) -> None:
    text = (
        'httpd[1]: web: Event="System Configuration Changed" Detail="configuration/cluster/tls_verify - '
        f'changed from: \'Permissive\' to: \'Enforcing\'" Src-ip="10.0.0.9" User="{value}"'
    )
    asks = (
        'management: Level="WARN" Event="Alarm Raised" Id="20007" Detail="Restart required: Cluster '
        'configuration has been changed, however a restart is required for this to take effect"'
    )
    diagnosis = told(said("09:00:00", text) + said("09:00:01", asks))
    expected = f"by {value}"
    assert [finding.title for finding in diagnosis.findings if expected in finding.title] != []
    assert all(expected in incident.title for incident in diagnosis.incidents)
    assert all("from 10.0.0.9 through the web interface" in one.summary for one in diagnosis.incidents)


@pytest.mark.parametrize("name", ["{where}", "{0}", "{peers}", "{hosts"])
def test_a_peer_that_looks_like_a_placeholder_is_shown_as_it_is(name: str) -> None:
    text = (
        'Module="developer.clusterdb.cdb" Node="clusterdb@expa01" '
        f'Detail="Processed mnesia_down event" Node="clusterdb@{name}"'
    )
    (incident,) = told(said("09:00:00", text)).incidents
    assert incident.title == f"expa01 lost the cluster connection to {name}"
    assert incident.remedy[0].where == (name,)
    assert incident.remedy[0].do.startswith(f"What stopped {name}?")


def test_filling_is_one_pass() -> None:
    values = {"a": "{b}", "b": "{a}", "where": "{0}"}
    assert fill("x {a} y {b} {where}", values) == "x {b} y {a} {0}"
    assert fill("  no placeholder  ", values) == "no placeholder"
    assert fill("", values) == ""


def test_a_single_peer_that_asks_is_named_whoever_the_primary_is() -> None:
    logs = cluster(*PEERS[:2]) + alarm("09:00:00", "Raised", "20007", "expa02")
    for remedy in remedies(told(logs)):
        assert [step.where for step in restarts(remedy)] == [("expa02",)]


def test_permissive_is_not_told_to_be_enforced() -> None:
    logs = cluster(*PEERS[:2], primary="expa01") + said(
        "09:00:00", VERIFY.format("expa01", "Enforcing", "Permissive")
    )
    logs += alarm("09:00:01", "Raised", "20007", "expa01")
    for remedy in remedies(told(logs)):
        assert not any("Enforcing" in step.do for step in remedy)
        assert [step.where for step in restarts(remedy)] == [("expa01",)]


def test_no_restart_while_a_peer_is_lost() -> None:
    logs = cluster(*PEERS, primary="expa01")
    logs += said(
        "08:59:30",
        'Module="developer.clusterdb.cdb" Detail="Processed mnesia_down event from accessible node" Node="clusterdb@expa01" Node="clusterdb@expa02"',
    )
    logs += alarm("09:00:00", "Raised", "20007", "expa01") + alarm("09:00:01", "Raised", "20007", "expa03")
    asking = next(i for i in told(logs).incidents if i.rule == "cluster/restart-required")
    assert restarts(asking.remedy) == []
    assert any("Bring the lost peer back first" in step.do for step in asking.remedy)
    back = said(
        "09:05:00",
        'Module="developer.clusterdb.cdb" Detail="Processed mnesia_up event from accessible node" Node="clusterdb@expa01" Node="clusterdb@expa02"',
    )
    asking = next(i for i in told(logs + back).incidents if i.rule == "cluster/restart-required")
    assert [step.where for step in restarts(asking.remedy)] == [("expa01",), ("expa03",)]
    assert not any("Bring the lost peer back first" in step.do for step in asking.remedy)
