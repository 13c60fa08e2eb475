"""One cause is one incident: its effects fold under it, and it is the headline."""

import pytest

from logdiag.model import Diagnosis
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.cases import files_of, tables_of
from logdiag.rules.library import load

LIST = "[u'(10.0.0.1 expa01)', u'(10.0.0.2 expa02)', u'(10.0.0.3 expa03)']"


def told(files: dict[str, str]) -> Diagnosis:
    return examine(read_texts({name: text.encode() for name, text in files.items()}), load())


def record(clock: str, peer: str, text: str) -> str:
    return f'2024-03-05T{clock}.000+00:00 {peer} {text} UTCTime="2024-03-05 {clock},000"\n'


def lists(peer: str) -> str:
    text = f'Module="developer.replication" AlternateIPAddresses="{LIST}" ConfigurationMasterIndex="0"'
    return record("09:00:00", peer, f"replication: {text}")


def edit(clock: str, peer: str, setting: str, old: str, new: str) -> str:
    detail = f"xconfiguration {setting} - changed from: {old} to: {new}"
    return record(clock, peer, f'Event="System Configuration Changed" Detail="{detail}"')


def lost(clock: str, peer: str, other: str) -> str:
    text = f'Module="developer.clusterdb.cdb" Node="clusterdb@{peer}" Detail="Processed mnesia_down event"'
    return record(clock, peer, f'{text} Node="clusterdb@{other}"')


def alarm(clock: str, peer: str, number: str, detail: str) -> str:
    return record(clock, peer, f'alarm: Event="Alarm Raised" Id="{number}" Detail="{detail}"')


def dump(peer: str, mode: str) -> str:
    entries = "".join(
        f'*c xConfiguration Alternates Peer {number} Address: "10.0.0.{number}"\n' for number in (1, 2, 3)
    )
    own = f'*c xConfiguration Ethernet 1 IP V4 Address: "10.0.0.{peer[-1]}"\n'
    name = f'*c xConfiguration IP DNS Hostname: "{peer}"\n'
    return f"{entries}*c xConfiguration ClusterConfiguration tls_verify: {mode}\n{own}{name}** end\n"


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        ("incident/upgrade-of-some-peers", 0),
        ("tls/addresses-under-enforcing", 0),
        ("time/clock-jumped", 0),
    ],
)
def test_the_cause_heads_the_only_incident_of_a_shipped_case(rule: str, number: int) -> None:
    library = load()
    diagnosis = examine(tables_of(files_of(library.rules[rule].cases[number])), library)
    assert [incident.rule for incident in diagnosis.incidents] == [rule]


def test_a_changed_address_heads_the_loss_of_the_peer_and_its_restart() -> None:
    moved = lists("expa03") + edit("09:01:00", "expa03", "ethernet 1 IP V4 Address", "10.0.0.3", "10.0.7.3")
    moved += record("09:02:00", "expa03", 'httpd: Event="Restart Requested" Detail="Restart requested"')
    moved += record("09:05:00", "expa03", 'tvcs: Event="Application Start" Detail="Software version X14.2.5"')
    moved += record("09:50:00", "expa03", 'tvcs: Module="network.dns"')
    other = lists("expa01") + lost("09:02:01", "expa01", "expa03")
    other += alarm(
        "09:02:02", "expa01", "20006", "The database is unable to replicate with one or more peers"
    )
    other += alarm(
        "09:02:03", "expa01", "20004", "Unable to communicate with one or more of the cluster peers"
    )
    other += record("09:50:00", "expa01", 'tvcs: Module="network.dns"')
    [incident] = told({"a.log": other, "c.log": moved}).incidents
    assert incident.rule == "requirements/address-changed"
    assert incident.severity == "high"
    assert (
        incident.title
        == "Wrong address of expa03: 10.0.7.3, but the lists have 10.0.0.3, so the cluster lost expa03"
    )


@pytest.mark.parametrize(
    ("is_healthy", "rule"), [(False, "tls/addresses-under-enforcing"), (True, "incident/peer-lost")]
)
def test_settings_under_which_the_cluster_replicates_explain_no_loss(is_healthy: bool, rule: str) -> None:
    log = lists("expa01")
    if is_healthy:
        texts = (
            "Starting synchronisation",
            "This peer is the cluster primary, local configuration has already been replicated",
            "Synchronisation completed successfully",
        )
        for second, text in enumerate(texts, start=10):
            said = f'replication: Module="developer.replication" Detail="{text}"'
            log += record(f"09:00:{second}", "expa01", said)
    log += lost("09:01:00", "expa01", "expa02")
    files = {"expa01/expa01.log": log, "expa01/xconf_dump_expa01.txt": dump("expa01", "Enforcing")}
    diagnosis = told(files)
    [loss] = (finding.id for finding in diagnosis.findings if finding.rule == "database/peer-down")
    assert [one.rule for one in diagnosis.incidents if loss in one.findings] == [rule]


@pytest.mark.parametrize("number", ['Id="15018" ', ""])
@pytest.mark.parametrize("starts", ["09:20:00", None])
def test_the_alarm_of_the_wrong_partition_belongs_to_the_upgrade_that_failed(
    number: str, starts: str | None
) -> None:
    started = 'tvcs: Event="Application Start" Detail="Software version X14.0.6"'
    mismatch = 'Detail="Boot selection mismatch: The booted system does not match the configured one"'
    log = record(
        "09:00:00", "expa01", 'web: Event="Upgrade" Detail="Software upgrade from X14.0.6 to X14.2.2"'
    )
    log += record(starts, "expa01", started) if starts else ""
    log += record("09:21:00", "expa01", f'alarm: Event="Alarm Raised" {number}{mismatch}')
    [incident] = told({"a.log": log}).incidents
    assert incident.rule == "system/upgrade-failed"


def refused(clock: str, peer: str, other: int, words: str) -> str:
    text = f'tvcs: Event="Outbound TLS Negotiation Error" Dst-ip="10.0.0.{other}" Dst-port="4372"'
    return record(clock, peer, f'{text} Detail="{words}"')


def test_a_refused_certificate_that_both_sides_log_is_one_incident() -> None:
    one = lists("expa01") + refused("09:10:00", "expa01", 2, "certificate revoked")
    other = lists("expa02") + refused("09:10:02", "expa02", 1, "tlsv1 alert certificate revoked")
    [incident] = told({"a.log": one, "b.log": other}).incidents
    assert incident.title == "expa01 refused the certificate of expa02: it counts as revoked"


def test_a_new_peer_that_has_not_restarted_is_an_addition_and_no_stop_of_replication() -> None:
    one, three = lists("expa01"), record("08:30:00", "expa03", 'tvcs: Module="network.dns"')
    one += edit("09:01:00", "expa01", "alternatesConfiguration Peer3 Address", "", "10.0.0.3")
    for place in (1, 2, 3):
        three += edit(
            "09:02:00", "expa03", f"alternatesConfiguration Peer{place} Address", "", f"10.0.0.{place}"
        )
    three += alarm("09:02:10", "expa03", "20007", "Restart required: Cluster configuration has been changed")
    for minute in range(3, 60):
        cycle = 'replication: Module="developer.replication" Detail="Starting synchronisation"'
        one += record(f"09:{minute:02}:00", "expa01", cycle)
        three += record(f"09:{minute:02}:00", "expa03", 'tvcs: Module="network.dns"')
    rules = {
        finding.rule for finding in told({"a.log": one, "c.log": three}).findings if "expa03" in finding.hosts
    }
    assert "cluster/restart-required" in rules
    assert "replication/stalled" not in rules


def test_dns_servers_that_were_changed_on_one_peer_head_what_follows() -> None:
    log = (
        lists("expa01")
        + lists("expa03")
        + edit("09:01:00", "expa03", "dns server 1 Address", "192.0.2.53", "192.0.2.54")
    )
    resolver = 'Module="developer.clusterdb.peernameresolver" Detail="Triggering forced peer update of peers which failed DNS"'
    for minute in range(2, 57, 5):
        log += record(f"09:{minute:02}:10", "expa03", resolver)
    log += alarm(
        "09:03:00", "expa03", "20005", "Invalid peer address: One or more peer addresses are invalid"
    )
    log += alarm("09:04:00", "expa03", "20016", "Cluster replication error: cannot reach the primary")
    [incident] = told({"a.log": log}).incidents
    assert (incident.rule, incident.peers) == ("dns/servers-edited", ("expa03",))


def test_a_restart_to_repair_a_loss_does_not_bring_the_lost_peer_back() -> None:
    one, three = lists("expa01") + lost("09:00:00", "expa01", "expa02"), lists("expa03")
    three += lost("09:00:00", "expa03", "expa02")
    three += record("09:10:00", "expa03", 'httpd: Event="Restart Requested" Detail="Restart requested"')
    one += lost("09:10:10", "expa01", "expa03")
    three += record("09:14:00", "expa03", 'tvcs: Event="Application Start" Detail="Software version X14.2.5"')
    one += lost("09:14:30", "expa01", "expa03").replace("mnesia_down", "mnesia_up")
    for minute in range(15, 60):
        one += record(f"09:{minute}:00", "expa01", 'tvcs: Module="network.dns"')
        three += record(f"09:{minute}:00", "expa03", 'tvcs: Module="network.dns"')
    diagnosis = told({"a.log": one, "c.log": three})
    assert diagnosis.incidents[0].title == "expa01 and expa03 lost the cluster connection to expa02"
    assert "is not over" in diagnosis.verdict.detail
    assert "was back" not in diagnosis.verdict.detail


def test_a_removed_peer_does_not_come_back_and_its_reset_has_its_own_time() -> None:
    three = lists("expa03")
    for place in (1, 2, 3):
        three += edit(
            "09:01:00", "expa03", f"alternatesConfiguration Peer{place} Address", f"10.0.0.{place}", ""
        )
    three += record("09:02:00", "expa03", 'httpd: Event="Restart Requested" Detail="Restart requested"')
    three += record("09:05:00", "expa03", 'tvcs: Event="Application Start" Detail="Software version X14.2.5"')
    one = lists("expa01") + lost("09:02:10", "expa01", "expa03")
    one += alarm("09:02:20", "expa01", "20004", "Unable to communicate with one or more of the cluster peers")
    one += edit("09:08:00", "expa01", "alternatesConfiguration Peer3 Address", "10.0.0.3", "")
    lowered = alarm(
        "09:09:00", "expa01", "20004", "Unable to communicate with one or more of the cluster peers"
    )
    one += lowered.replace("Alarm Raised", "Alarm Lowered")
    one += record("09:50:00", "expa01", 'tvcs: Module="network.dns"')
    diagnosis = told({"a.log": one, "c.log": three})
    [incident] = (one for one in diagnosis.incidents if one.rule == "factory-reset/carried-out")
    assert "started again at 2024-03-05 09:05:00" in incident.summary
    assert "was back" not in diagnosis.verdict.detail


def state_dump(peer: str, *failed: int) -> str:
    states = "".join(f'  Peer {n}: /\n    Address: "10.0.0.{n}"\n    Status: "Failed"\n' for n in failed)
    return f'*s SystemUnit: /\n  Name: "{peer}"\n*s/end\n*s Alternates: /\n{states}*s/end\n'


def states_of(*peers: str) -> dict[str, str]:
    files = {f"{peer}/xconf_dump_{peer}.txt": dump(peer, "Permissive") for peer in peers}
    failed = {"expa01": (3,), "expa02": (3,), "expa03": (1, 2)}
    return files | {f"{peer}/xstat_dump_{peer}.txt": state_dump(peer, *failed[peer]) for peer in peers}


def test_peers_that_show_each_other_as_failed_are_two_sides_and_not_dead() -> None:
    [incident] = told(states_of("expa01", "expa02", "expa03")).incidents
    title = "expa01 and expa02 without a cluster connection to expa03: Failed on both sides"
    assert (incident.rule, incident.title) == ("cluster/peer-failed", title)
    assert not any("factory settings" in step.do for step in incident.remedy)


def test_a_refused_certificate_heads_the_states_in_which_the_peers_see_each_other() -> None:
    files = states_of("expa01", "expa02", "expa03")
    files["expa01/a.log"] = lists("expa01") + refused(
        "09:10:00", "expa01", 3, "unable to get local issuer certificate"
    )
    assert [incident.rule for incident in told(files).incidents] == ["tls/certificate-refused"]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_peer_that_is_not_upgraded_is_named_though_no_record_says_its_version(goes_on: bool) -> None:
    def cycle(clock: str, peer: str, words: str) -> str:
        texts = ("Starting synchronisation", words, "Synchronisation completed successfully")
        said = [f'replication: Module="developer.replication" Detail="{text}"' for text in texts]
        return "".join(record(f"{clock}:0{n}", peer, text) for n, text in enumerate(said))

    primary, other = "This peer is the cluster primary", "local configuration is already up to date"
    one = lists("expa01") + cycle("09:02", "expa01", primary)
    one += record(
        "09:04:00", "expa01", 'web: Event="Upgrade" Detail="Software upgrade from X14.2.5 to X14.3.4"'
    )
    one += record("09:14:00", "expa01", 'tvcs: Event="Application Start" Detail="Software version X14.3.4"')
    two = lists("expa02") + cycle("09:02", "expa02", other)
    two += alarm("09:14:20", "expa02", "20008", "Cluster replication error: an upgrade is in progress")
    for minute in (16, 30, 45, 59):
        one += cycle(f"09:{minute}", "expa01", primary)
        two += record(f"09:{minute}:00", "expa02", 'tvcs: Module="network.dns"')
        two += cycle(f"09:{minute}", "expa02", other) if goes_on else ""
    titles = [incident.title for incident in told({"a.log": one, "b.log": two}).incidents]
    title = "The upgrade of the cluster is not finished: X14.3.4 on expa01; X14.2.5 on expa02"
    assert (title in titles) is not goes_on


@pytest.mark.parametrize("later", ["", "09:30:00"])
def test_a_cluster_that_is_half_upgraded_is_upgraded_and_no_primary_is_replaced(later: str) -> None:
    one = lists("expa01") + record(
        "09:04:00", "expa01", 'web: Event="Upgrade" Detail="upgrade from X14.2.5 to X14.3.4"'
    )
    two = record("08:00:00", "expa02", 'tvcs: Event="Application Start" Detail="Software version X14.2.5"')
    two += lists("expa02") + lost("09:05:00", "expa02", "expa01")
    one += record("09:14:00", "expa01", 'tvcs: Event="Application Start" Detail="Software version X14.3.4"')
    one += lost("09:14:20", "expa01", "expa02")
    two += alarm("09:14:30", "expa02", "20008", "Cluster replication error: an upgrade is in progress")
    for minute in range(15, 60):
        one += record(f"09:{minute}:00", "expa01", 'tvcs: Module="network.dns"')
        two += record(f"09:{minute}:00", "expa02", 'tvcs: Module="network.dns"')
    if later:  # what happens to a third peer then has nothing to do with the upgrade
        one, two = one + lost(later, "expa01", "expa03"), two + lost(later, "expa02", "expa03")
    incidents = {one.rule: one for one in told({"a.log": one, "b.log": two}).incidents}
    assert incidents.keys() == {"incident/upgrade-of-some-peers", *(["incident/peer-lost"] if later else [])}
    incident = incidents["incident/upgrade-of-some-peers"]
    steps = " ".join(step.do for step in incident.remedy)
    assert "Maintenance > Upgrade" in steps
    assert "with the same package" in steps
    assert "make another peer the primary" not in steps.lower()
    assert "clear" not in steps


def test_a_restart_comes_before_a_forced_update() -> None:
    log = lists("expa01") + lists("expa02")
    log += alarm("09:05:00", "expa02", "20007", "Restart required: Cluster configuration has been changed")
    log += alarm(
        "09:06:00",
        "expa02",
        "20011",
        "Cluster replication error: manual synchronization of configuration is required",
    )
    log += record("09:40:00", "expa02", 'tvcs: Module="network.dns"')
    steps = [step for incident in told({"a.log": log}).incidents for step in incident.remedy]
    assert any(step.do.startswith("Restart expa02") for step in steps)
    assert not any(step.command == "xCommand ForceConfigUpdate" for step in steps)


def test_an_expired_certificate_heads_its_refusal_as_both_sides_log_it() -> None:
    one = lists("expa01") + refused("09:10:00", "expa01", 2, "certificate has expired")
    other = lists("expa02") + alarm("09:05:00", "expa02", "40068", "The server certificate has expired")
    other += refused("09:10:02", "expa02", 1, "sslv3 alert certificate expired")
    [incident] = told({"a.log": one, "b.log": other}).incidents
    assert (incident.rule, incident.peers) == ("tls/certificate-expired", ("expa02",))


@pytest.mark.parametrize(
    ("clock", "rules"),
    [
        ("09:20:00", ["replication/upgrade-in-progress"]),
        ("10:20:00", ["incident/peer-lost", "replication/upgrade-in-progress"]),
    ],
)
def test_a_peer_that_started_anew_before_the_alarm_of_an_upgrade_was_upgraded(
    clock: str, rules: list[str]
) -> None:
    text = 'Module="developer.clusterdb.cdb" Node="clusterdb@expa02" Detail="Processed mnesia_up event"'
    log = lists("expa02") + lost("09:13:00", "expa02", "expa01")
    log += record("09:19:00", "expa02", f'{text} Node="clusterdb@expa01"')
    log += alarm(clock, "expa02", "20008", "Cluster replication error: an upgrade is in progress")
    log += record("10:50:00", "expa02", 'tvcs: Module="network.dns"')
    diagnosis = told({"b.log": log})
    assert [incident.rule for incident in diagnosis.incidents] == rules
    steps = [step.do for incident in diagnosis.incidents[:1] for step in incident.remedy]
    assert any("another peer the primary" in step for step in steps) is False


def test_lists_that_differ_long_after_an_edit_belong_to_the_edit() -> None:
    logs = {}
    for peer in ("expa01", "expa02", "expa03"):
        logs[peer] = "".join(lists(peer).replace("09:00:00", f"{clock}:00") for clock in ("09:00", "10:10"))
    left = LIST.replace(", u'(10.0.0.3 expa03)'", "")
    logs["expa01"] = lists("expa01") + edit(
        "09:01:00", "expa01", "alternates Peer 3 Address", "10.0.0.3", "''"
    )
    for clock in ("09:02:00", "10:10:00"):
        logs["expa01"] += lists("expa01").replace(LIST, left).replace("09:00:00", clock)
    diagnosis = told({f"{peer}.log": log for peer, log in logs.items()})
    assert [incident.rule for incident in diagnosis.incidents] == ["incident/change-unfinished"]
    [differs] = [one for one in diagnosis.findings if one.rule == "replication/peer-list-differs"]
    assert differs.first is not None
    assert differs.first.hour == 9


def test_one_clock_of_three_is_told_apart_from_the_others() -> None:
    logs = {peer: lists(peer) for peer in ("expa01", "expa02", "expa03")}
    for number, (source, target) in enumerate([(1, 2), (1, 3), (2, 3)]):
        for peer, other, said in ((source, target, "Sent"), (target, source, "Received")):
            verb, end = ("Sending", "Dst") if said == "Sent" else ("Receiving", "Src")
            text = f'tvcs: Module="network.h323" Action="{said}" {end}-ip="10.0.0.{other}"'
            clock = "09:02:10" if peer == 3 else "09:05:10"
            logs[f"expa0{peer}"] += record(
                clock, f"expa0{peer}", f'{text} Detail="{verb} RAS SCI  SeqNum={number}"'
            )
    [incident] = told({f"{peer}.log": log for peer, log in logs.items()}).incidents
    assert incident.title == "The clocks of peers differ by more than a minute: expa03"


def test_an_edit_of_a_list_that_leaves_its_own_peer_out_is_not_finished() -> None:
    logs = {}
    for peer in ("expa01", "expa02", "expa03"):
        logs[f"{peer}.log"] = lists(peer) + record("09:50:00", peer, 'tvcs: Module="network.dns"')
    for place, address in ((2, "10.0.0.2"), (3, "10.0.0.3")):
        logs["expa03.log"] += edit("09:10:00", "expa03", f"alternates Peer {place} Address", address, "''")
    logs["expa03.log"] += record("09:50:01", "expa03", 'tvcs: Module="network.dns"')
    assert [one.rule for one in told(logs).incidents] == ["incident/change-unfinished"]


def test_an_expired_certificate_is_not_why_its_peer_refuses_another_one() -> None:
    log = lists("expa01") + alarm("09:05:00", "expa01", "40068", "The server certificate has expired")
    log += refused("09:10:00", "expa01", 2, "unknown ca")
    assert sorted(one.rule for one in told({"a.log": log}).incidents) == [
        "tls/certificate-expired",
        "tls/certificate-refused",
    ]
