"""What is known of an end: states, absences, proofs, alarms and roles, from log text to findings."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from logdiag.errors import LogdiagError
from logdiag.model import Diagnosis, Finding
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.library import Library, load

REACH = (
    "Cluster communication failure: The system is unable to communicate with one or more of the cluster peers"
)


def said(clock: str, text: str, peer: str = "expa01") -> str:
    """A record; a clock without a fraction is a full second."""
    clock = clock if "." in clock else f"{clock}.000"
    return f'2024-03-05T{clock}+00:00 {peer} {text} UTCTime="2024-03-05 {clock.replace(".", ",")}"\n'


def alarm(clock: str, what: str, peer: str = "expa01", number: str = "20004") -> str:
    detail = REACH if number == "20004" else "another alarm"
    return said(clock, f'alarm: Level="WARN" Event="Alarm {what}" Id="{number}" Detail="{detail}"', peer)


def idle(clock: str, peer: str = "expa01") -> str:
    return said(clock, 'tvcs: Module="network.dns" Level="INFO": Detail="Sending DNS query"', peer)


def database(clock: str, what: str, about: str, peer: str = "expa01") -> str:
    return said(
        clock,
        f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@{peer}.example.com" '
        f'Detail="Processed {what} event from accessible node" Node="clusterdb@{about}.example.com"',
        peer,
    )


def listed(clock: str, *names: str, peer: str = "expa01", index: str = "", key: str = "Master") -> str:
    """A replication record with the peers' addresses, and which of them is the primary."""
    peers = ", ".join(f"u'(10.0.0.{number} {name})'" for number, name in enumerate(names, start=1))
    claim = f' Configuration{key}Index="{index}"' if index else ""
    text = f'replication: Module="developer.replication" AlternateIPAddresses="[{peers}]"{claim}'
    return said(clock, text, peer)


def claims(clock: str, peer: str, *, primary: bool, word: str = "master") -> str:
    detail = f"This peer is {'' if primary else 'not '}the cluster {word}, local configuration is fine"
    return said(clock, f'replication: Module="developer.replication" Detail="{detail}"', peer)


def told(logs: str | Mapping[str, str], library: Library | None = None) -> Diagnosis:
    logs = {"a.log": logs} if isinstance(logs, str) else logs
    return examine(read_texts({name: log.encode() for name, log in logs.items()}), library or load())


def found(logs: str | Mapping[str, str], rule: str = "cluster/communication-failure") -> list[Finding]:
    findings = [finding for finding in told(logs).findings if finding.rule == rule]
    return sorted(findings, key=lambda finding: (finding.first, finding.hosts))


# ── states ──────────────────────────────────────────────────────────────────────────────────


def test_open_once_the_log_goes_on_for_as_long_as_it_may_take_to_settle() -> None:
    for end, state in (("09:04:59.999", "open_at_end"), ("09:05:00", "open"), ("09:40:00", "open")):
        (finding,) = found(alarm("09:00:00", "Raised") + idle(end))
        assert finding.state == state
    assert finding.explanation.endswith("It did not end: the log of expa01 continues for 40 m.")


def test_open_at_end() -> None:
    (finding,) = found(alarm("09:00:00", "Raised"))
    assert (finding.state, finding.count, finding.first) == ("open_at_end", 1, finding.last)
    assert finding.outcome == "It was not seen to end: the log of expa01 stops with it."


def test_another_peer_s_log_does_not_prolong_one() -> None:
    (finding,) = found({"a": alarm("09:00:00", "Raised"), "b": idle("09:40:00", "expa02")})
    assert finding.state == "open_at_end"


def test_unknown_where_a_gap_lies_behind_it() -> None:
    logs = {"a": alarm("09:00:00", "Raised"), "b": idle("09:40:00"), "c": idle("09:20:00", "expa02")}
    (finding,) = found(logs)
    assert finding.state == "unknown"
    assert (
        "A gap in the log of expa01 hides how it continued, 2024-03-05 09:00:00.000 UTC to"
        in finding.explanation
    )


def test_a_gap_before_it_hides_nothing() -> None:
    (finding,) = found({"a": idle("08:00:00"), "b": alarm("09:00:00", "Raised")})
    assert finding.state == "open_at_end"


@pytest.mark.parametrize(
    ("end", "state"), [("09:02:00", "open_at_end"), ("09:02:00.001", "unknown"), ("09:10:00", "unknown")]
)
def test_what_is_a_gap_between_two_logs(end: str, state: str) -> None:
    (finding,) = found({"a": alarm("09:00:00", "Raised"), "b": idle(end)})
    assert finding.state == state


@pytest.mark.parametrize(("end", "state"), [("10:05:00", "open"), ("10:05:00.001", "unknown")])
def test_what_is_a_gap_within_a_log(end: str, state: str) -> None:
    (finding,) = found(alarm("09:00:00", "Raised") + idle(end))
    assert finding.state == state


def test_closed() -> None:
    (finding,) = found(alarm("09:00:00", "Raised") + alarm("09:30:00", "lowered"))
    assert (finding.state, finding.count) == ("closed", 1)
    assert finding.outcome == "It ended after 30 m."
    assert (finding.first.minute, finding.last.minute) == (0, 30)


def test_closed_in_the_log_behind_a_gap() -> None:
    (finding,) = found({"a": alarm("09:00:00", "Raised"), "b": alarm("09:30:00", "Lowered")})
    assert finding.state == "closed"


def test_another_peer_s_lowering_closes_nothing() -> None:
    logs = alarm("09:00:00", "Raised") + alarm("09:30:00", "Lowered", "expa02") + idle("09:40:00")
    assert [(f.hosts, f.state) for f in found(logs)] == [(("expa01",), "open"), (("expa02",), "closed")]


def test_seen() -> None:
    detail = "Triggering forced peer update of peers which failed DNS and queueing next run"
    text = f'Module="developer.clusterdb.peernameresolver" Detail="{detail}"'
    (finding,) = found(said("09:00:00", text) + idle("09:40:00"), "dns/peer-unresolved")
    assert finding.state == "seen"


def test_a_lowering_whose_raise_was_not_seen_is_closed() -> None:
    (finding,) = found(idle("08:50:00") + alarm("09:00:00", "Lowered") + idle("09:40:00"))
    assert (finding.state, finding.count) == ("closed", 1)
    assert finding.outcome == "It was raised before the log begins."


def test_acknowledged_is_not_closed() -> None:
    (finding,) = found(alarm("09:00:00", "Raised") + alarm("09:01:00", "Acknowledged") + idle("09:40:00"))
    assert finding.state == "open"
    assert len(finding.evidence) == 2


def test_flapping_is_one_finding_with_a_count() -> None:
    logs = "".join(alarm(f"09:0{n}:00", "Raised") + alarm(f"09:0{n}:30", "Lowered") for n in range(4))
    (finding,) = found(logs + idle("09:40:00"))
    assert (finding.state, finding.count, len(finding.evidence)) == ("closed", 4, 8)
    (finding,) = found(logs + alarm("09:04:00", "Raised") + idle("09:40:00"))
    assert (finding.state, finding.count) == ("open", 5)


def test_what_comes_again_after_a_while_is_another_finding() -> None:
    first = alarm("09:00:00", "Raised") + alarm("09:01:00", "Lowered")
    assert len(found(first + alarm("09:31:00", "Raised"))) == 1
    before, after = found(first + alarm("09:31:00.001", "Raised"))
    assert (before.state, after.state) == ("closed", "open_at_end")
    assert before.fingerprint == after.fingerprint
    assert before.id != after.id


def test_a_second_raise_belongs_to_the_first() -> None:
    (finding,) = found(
        alarm("09:00:00", "Raised") + alarm("09:30:00", "Raised") + alarm("09:31:00", "Lowered")
    )
    assert (finding.state, finding.count) == ("closed", 2)


# ── absences ────────────────────────────────────────────────────────────────────────────────

RULE = """\
title: T
severity: low
basis: assumed
why: W
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
match: """


def own(folder: Path, match: str, logs: str | Mapping[str, str]) -> list[Finding]:
    """What a rule of its own finds."""
    (folder / "own").mkdir()
    (folder / "own" / "rule.yaml").write_text(RULE + match)
    return [f for f in told(logs, load([folder])).findings if f.rule == "own/rule"]


def event(clock: str, name: str, peer: str = "expa01", about: str = "") -> str:
    named = f' Other="{about}"' if about else ""
    return said(clock, f'tvcs: Event="{name}"{named}', peer)


ABSENCE = "absence: {opening: {where: {Event: Asked}}, closing: {where: {Event: Told}}, within: 90s"


@pytest.mark.parametrize(
    ("logs", "state"),
    [
        ({"a": event("09:00:00", "Asked") + idle("09:01:30")}, "open"),
        ({"a": event("09:00:00", "Asked") + event("09:01:30", "Told")}, "closed"),
        ({"a": event("09:00:00", "Asked") + idle("09:01:29")}, "open_at_end"),
        ({"a": event("09:00:00", "Asked"), "b": idle("09:30:00")}, "unknown"),
        ({"a": event("09:00:00", "Asked"), "b": event("09:30:00", "Told")}, "unknown"),
        ({"a": event("09:00:00", "Asked") + idle("09:02:00"), "b": idle("09:30:00")}, "open"),
        ({"a": event("09:00:00", "Asked") + event("09:01:00", "Told", "expa02") + idle("09:30:00")}, "open"),
        ({"a": event("09:00:00", "Asked") + event("09:01:29.999", "Told")}, None),
    ],
)
def test_the_answers_of_an_absence(tmp_path: Path, logs: dict[str, str], state: str | None) -> None:
    report = "report: [absent, open_at_end, unknown]"
    assert [f.state for f in own(tmp_path, f"{{{ABSENCE}, {report}}}}}", logs)] == ([state] if state else [])


@pytest.mark.parametrize(
    ("logs", "first"),
    [
        (event("09:00:00", "Asked") + idle("09:03:00"), "09:01:00"),
        # Two requests without an answer: the first of them was due first.
        (event("09:00:00", "Asked") + event("09:01:00", "Asked") + idle("09:04:00"), "09:01:00"),
        (event("09:00:00", "Asked") + event("09:02:00", "Told"), "09:01:00"),
        # The peer was down from 09:00:40 to 09:10:00, so 20 s of the minute come after it.
        (
            event("09:00:00", "Asked")
            + idle("09:00:40")
            + event("09:10:00", "System Start")
            + idle("09:12:00"),
            "09:10:20",
        ),
        (event("09:00:00", "Asked") + event("09:01:20", "Told"), None),
    ],
    ids=["absent", "twice", "late", "down", "in time"],
)
def test_an_absence_begins_when_the_closing_record_was_due(
    tmp_path: Path, logs: str, first: str | None
) -> None:
    findings = own(tmp_path, f"{{{ABSENCE}, up: true, due: 60s, report: [absent]}}}}", logs)
    assert [f.began.isoformat()[11:19] for f in findings] == ([first] if first else [])
    assert all(f.last is None or f.last >= f.began for f in findings)


@pytest.mark.parametrize("wrong", ["due: 91s", "due: 10s, before: true"])
def test_what_was_due_is_within_the_span(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(LogdiagError, match="due is at most within"):
        own(tmp_path, f"{{{ABSENCE}, {wrong}}}}}", "")


def test_only_the_answers_that_are_asked_for(tmp_path: Path) -> None:
    match = f"{{{ABSENCE}, report: [absent, open_at_end]}}}}"
    logs = {
        "a": event("09:00:00", "Asked"),
        "b": event("09:30:00", "Asked", "expa01") + idle("09:32:00"),
        "c": event("09:00:00", "Asked", "expa02"),
    }
    assert {f.hosts[0]: f.state for f in own(tmp_path, match, logs)} == {
        "expa01": "open",
        "expa02": "open_at_end",
    }


def test_each_opening_has_a_log_of_its_own(tmp_path: Path) -> None:
    logs = {
        "a": event("09:00:00", "Asked"),
        "b": event("09:00:10", "Asked", "expa02") + idle("09:30:00", "expa02"),
    }
    findings = own(tmp_path, f"{{across: cluster, {ABSENCE}}}}}", logs)
    assert {f.first.second: f.state for f in findings} == {0: "open_at_end", 10: "open"}


# ── peers that records name ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("named", "plain", "optional"),
    [
        ("expa02", [("expa02",)], [("expa02",)]),
        ("expa01", [], [()]),
        ("elsewhere", [], [()]),
    ],
)
def test_a_record_that_names_no_other_peer_matches_where_the_peer_is_optional(
    tmp_path: Path, named: str, plain: list[tuple[str, ...]], optional: list[tuple[str, ...]]
) -> None:
    logs = listed("08:59:50", "expa01", "expa02") + listed("08:59:50", "expa01", "expa02", peer="expa02")
    logs += said("09:00:00", f'tvcs: Event="Asked" About="{named}"')
    for more, expected in (("", plain), (", optional: true", optional)):
        folder = tmp_path / str(len(more))
        folder.mkdir()
        match = f"{{record: {{where: {{Event: Asked}}, bind: {{peer: {{from: About, as: peer{more}}}}}}}}}"
        assert [f.peers for f in own(folder, match, logs)] == expected


# ── sequences across peers ──────────────────────────────────────────────────────────────────


def test_the_clocks_of_the_steps_are_trusted(tmp_path: Path) -> None:
    match = "{sequence: {steps: [{where: {Event: Asked}}, {where: {Event: Told}, peer: any}], within: 10s}}"
    logs = {"a": event("09:00:00", "Asked"), "b": event("08:59:59.999", "Told", "expa02")}
    assert own(tmp_path, match, logs) == []


# ── proof of life ───────────────────────────────────────────────────────────────────────────

LOST = listed("08:59:50", "expa01", "expa02", "expa03") + database("09:00:00", "mnesia_down", "expa02")
CHANGE = (
    'Event="System Configuration Changed" Node="clusterdb@expa01.example.com" '
    'Detail="xconfiguration zone - changed from: a to: b"'
)
RAS = 'tvcs: Module="network.h323" Action="Received" Src-ip="{}" Detail="Received RAS SCR"'
COMPLETED = 'replication: Module="developer.replication" Detail="Synchronisation completed successfully"'


def cycle(clock: str, peer: str) -> str:
    detail = "This peer is not the cluster primary, local configuration is already up to date"
    start = said(f"{clock}.100", f'replication: Module="developer.replication" Detail="{detail}"', peer)
    return start + said(f"{clock}.200", COMPLETED, peer)


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ({"b": said("10:00:00", CHANGE), "c": said("10:00:00.003", CHANGE, "expa02")}, "closed"),
        ({"b": idle("10:00:00"), "c": cycle("10:00:00", "expa02")}, "closed"),
        ({"b": said("10:00:00", CHANGE), "c": said("10:00:00.003", CHANGE, "expa03")}, "unknown"),
        ({"b": said("10:00:00", CHANGE), "c": said("10:00:05", CHANGE, "expa02")}, "unknown"),
        ({"b": said("10:00:00", RAS.format("10.0.0.2"))}, "unknown"),
        ({"b": idle("10:00:00"), "c": cycle("10:00:00", "expa03")}, "unknown"),
        ({"b": idle("10:00:00"), "c": idle("10:00:00", "expa02")}, "unknown"),
    ],
)
def test_proof_of_life_of_the_lost_peer_closes_its_loss(later: dict[str, str], state: str) -> None:
    (finding,) = found({"a": LOST, **later}, "database/peer-down")
    assert (finding.hosts, finding.peers, finding.state) == (("expa01",), ("expa02",), state)
    if state == "closed":
        assert "It was over by 2024-03-05 10:00:00." in finding.explanation
        assert "at the latest" in finding.explanation


@pytest.mark.parametrize(
    ("primary", "proof", "state"),
    [
        # The log goes on without a gap: only what the two peers share says more than it does.
        ("expa01", cycle("09:20:00", "expa02"), "closed"),
        ("expa02", cycle("09:20:00", "expa01"), "closed"),
        ("expa03", cycle("09:20:00", "expa02"), "open"),
        ("expa03", cycle("09:20:00", "expa01"), "open"),
        ("expa02", cycle("09:20:00", "expa03"), "open"),
        ("expa01", cycle("09:00:03", "expa02"), "open"),
        ("expa01", said("09:20:00", CHANGE) + said("09:20:00.400", CHANGE, "expa02"), "closed"),
        ("expa01", said("09:20:00", CHANGE, "expa02") + said("09:20:00.400", CHANGE), "closed"),
        (
            "expa03",
            said("09:20:00", CHANGE, "expa03")
            + said("09:20:00.300", CHANGE)
            + said("09:20:00.400", CHANGE, "expa02"),
            "open",
        ),
        ("expa01", said("09:20:00", RAS.format("10.0.0.2")), "open"),
        ("expa01", database("09:20:00", "mnesia_up", "expa02"), "closed"),
        ("expa01", database("09:20:00", "mnesia_up", "expa03"), "open"),
    ],
)
def test_what_closes_a_loss_in_a_log_without_a_gap(primary: str, proof: str, state: str) -> None:
    names = ("expa01", "expa02", "expa03")
    index = str(names.index(primary))
    roles = "".join(listed("08:59:50", *names, peer=peer, index=index) for peer in names)
    logs = roles + database("09:00:00", "mnesia_down", "expa02") + proof + idle("09:40:00")
    (finding,) = found(logs, "database/peer-down")
    assert (finding.hosts, finding.peers, finding.state) == (("expa01",), ("expa02",), state)


def test_a_cycle_proves_what_it_does_with_the_primary_of_its_time() -> None:
    names = ("expa01", "expa02", "expa03")
    logs = listed("08:59:50", *names, peer="expa02", index="2") + cycle("09:20:00", "expa02")
    logs += database("09:00:00", "mnesia_down", "expa02")
    later = listed("09:30:00", *names, peer="expa02", index="0")
    for more, state in ((later, "open"), (later + cycle("09:32:00", "expa02"), "closed")):
        (finding,) = found(logs + more + idle("09:40:00"), "database/peer-down")
        assert finding.state == state


def lowers(clock: str, what: str, number: str, detail: str, peer: str = "expa01") -> str:
    number = f' Id="{number}"' if number else ""
    return said(clock, f'alarm: Level="WARN" Event="Alarm {what}"{number} Detail="{detail}"', peer)


@pytest.mark.parametrize(
    ("logged", "state"),
    [
        ([("09:00:01", "Raised", "20006"), ("09:10:00", "Lowered", "20006")], "closed"),
        ([("09:00:01", "Raised", ""), ("09:10:00", "Lowered", "")], "closed"),
        # One that is still raised speaks against the one that was lowered.
        (
            [
                ("09:00:01", "Raised", "20006"),
                ("09:00:02", "Raised", "20004"),
                ("09:10:00", "Lowered", "20004"),
            ],
            "open",
        ),
        (
            [
                ("09:00:01", "Raised", "20006"),
                ("09:10:00", "Lowered", "20006"),
                ("09:12:00", "Raised", "20006"),
            ],
            "open",
        ),
        # The late end of an earlier trouble.
        ([("08:50:00", "Raised", "20006"), ("09:01:00", "Lowered", "20006")], "open"),
        # Raised for another peer, and lowered once all are back.
        ([("08:50:00", "Raised", "20006"), ("09:20:00", "Lowered", "20006")], "closed"),
        ([("09:10:00", "Lowered", "20006")], "open"),
        ([("09:00:01", "Raised", "15004"), ("09:10:00", "Lowered", "15004")], "open"),
    ],
)
def test_the_lowering_of_all_alarms_of_a_loss_closes_it(
    logged: list[tuple[str, str, str]], state: str
) -> None:
    words = {"20004": REACH, "15004": "Application failed", "": REACH}
    words["20006"] = REACH.replace(
        "communication failure: The system", "database communication failure: The database"
    )
    records = [lowers(clock, what, number, words[number]) for clock, what, number in logged]
    logs = [*records, idle("08:40:00"), database("09:00:00", "mnesia_down", "expa02"), idle("09:40:00")]
    (finding,) = found("".join(logs), "database/peer-down")
    assert finding.state == state


def test_the_alarms_of_one_peer_close_no_loss_of_another() -> None:
    logs = database("09:00:00", "mnesia_down", "expa02") + database(
        "09:00:00", "mnesia_down", "expa02", "expa03"
    )
    logs += alarm("09:00:01", "Raised", "expa03") + alarm("09:10:00", "Lowered", "expa03")
    logs += idle("09:40:00") + idle("09:40:00", "expa03")
    assert [(f.hosts, f.state) for f in found(logs, "database/peer-down")] == [
        (("expa01",), "open"),
        (("expa03",), "closed"),
    ]


def test_proof_of_life_before_the_loss_proves_nothing() -> None:
    logs = cycle("09:00:00", "expa02") + database("09:00:01", "mnesia_down", "expa02")
    (finding,) = found(listed("08:59:50", "expa01", "expa02", index="0") + logs, "database/peer-down")
    assert finding.state == "open_at_end"


def test_a_proof_closes_the_loss_and_not_the_alarms() -> None:
    logs = {"a": LOST + alarm("09:00:01", "Raised"), "b": idle("10:00:00"), "c": cycle("10:00:00", "expa02")}
    diagnosis = told(logs)
    states = {one.rule: one.state for one in diagnosis.findings if one.severity != "info"}
    assert states == {"database/peer-down": "closed", "cluster/communication-failure": "unknown"}
    assert [(incident.rule, incident.state) for incident in diagnosis.incidents] == [
        ("incident/peer-lost", "closed")
    ]


# ── alarms ──────────────────────────────────────────────────────────────────────────────────


def alarms(logs: str | Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {peer.name: dict(peer.alarms) for peer in told(logs).cluster.peers}


def test_what_is_known_of_an_alarm() -> None:
    logs = {
        "a": alarm("09:00:00", "Raised", number="1")
        + alarm("09:00:00", "Raised", number="2")
        + alarm("09:00:01", "Lowered", number="2")
        + alarm("09:00:02", "Raised", number="3")
        + alarm("09:00:03", "Acknowledged", number="3")
        + alarm("09:00:04", "Acknowledged", number="4"),
        "b": alarm("09:00:00", "Raised", "expa02", number="1")
        + alarm("09:00:00", "Raised", "expa02", number="2"),
        "c": alarm("10:00:00", "Raised", "expa02", number="2")
        + alarm("10:00:00", "Lowered", "expa02", number="5"),
        "d": idle("09:00:00", "expa03"),
    }
    assert alarms(logs) == {
        "expa01": {"1": "raised", "2": "clear", "3": "raised"},
        "expa02": {"1": "unknown", "2": "raised", "5": "clear"},
        "expa03": {},
    }


def test_an_alarm_without_a_record_is_not_listed_as_clear() -> None:
    logs = {"a": alarm("09:00:00", "Raised", number="40055"), "b": idle("09:00:00", "expa02")}
    assert alarms(logs)["expa02"] == {}


def test_an_alarm_is_the_peer_s_whatever_name_it_logs_by() -> None:
    logs = alarm("09:00:00", "Raised", "expa01") + alarm("09:00:01", "Lowered", "EXPA01.example.com")
    assert alarms(logs) == {"expa01": {"20004": "clear"}}


@pytest.mark.parametrize(
    ("what", "state"), [(("Lowered", "Raised"), "raised"), (("Raised", "Lowered"), "clear")]
)
def test_lines_decide_which_word_on_an_alarm_is_the_last(what: tuple[str, str], state: str) -> None:
    logs = "".join(alarm("09:00:00", word) for word in what)
    assert alarms(logs) == {"expa01": {"20004": state}}


# ── roles ───────────────────────────────────────────────────────────────────────────────────


def roles(logs: str | Mapping[str, str]) -> dict[str, str | None]:
    return {peer.name: peer.role for peer in told(logs).cluster.peers}


@pytest.mark.parametrize("key", ["Master", "Primary"])
@pytest.mark.parametrize(("index", "primary"), [("0", "expa01"), ("1", "expa02"), ("2", "expa03")])
def test_an_index_counts_from_0(index: str, primary: str, key: str) -> None:
    found = roles(listed("09:00:00", "expa01", "expa02", "expa03", index=index, key=key))
    assert found == {
        name: "primary" if name == primary else "subordinate" for name in ("expa01", "expa02", "expa03")
    }


@pytest.mark.parametrize("index", ["2", "-1", "", "first", "1.0", "²"])
def test_an_index_that_is_none_names_nobody(index: str) -> None:
    assert set(roles(listed("09:00:00", "expa01", "expa02", index=index)).values()) == {None}


@pytest.mark.parametrize("word", ["master", "primary", "Master"])
def test_a_peer_that_says_it_is_the_primary(word: str) -> None:
    logs = listed("09:00:00", "expa01", "expa02") + claims("09:00:01", "expa02", primary=True, word=word)
    assert roles(logs) == {"expa01": "subordinate", "expa02": "primary"}


def test_a_peer_that_says_it_is_not_the_primary() -> None:
    logs = listed("09:00:00", "expa01", "expa02") + claims("09:00:01", "expa02", primary=False)
    assert roles(logs) == {"expa01": None, "expa02": "subordinate"}


def test_two_claims_leave_no_role() -> None:
    said_so = claims("09:00:01", "expa01", primary=True) + claims("09:00:02", "expa02", primary=True)
    assert roles(said_so) == {"expa01": None, "expa02": None}
    indexes = {
        "a": listed("09:00:00", "expa01", "expa02", index="0"),
        "b": listed("09:00:00", "expa01", "expa02", index="1", peer="expa02"),
    }
    assert roles(indexes) == {"expa01": None, "expa02": None}
    both = listed("09:00:00", "expa01", "expa02", index="0") + claims("09:00:01", "expa02", primary=True)
    assert roles(both) == {"expa01": None, "expa02": None}


def test_a_peer_s_newest_word_counts() -> None:
    first = listed("09:00:00", "expa01", "expa02", index="0")
    assert roles(first + listed("09:30:00", "expa01", "expa02", index="1"))["expa02"] == "primary"
    logs = {
        "a": claims("09:00:00", "expa01", primary=True) + claims("09:30:00", "expa01", primary=False),
        "b": claims("09:00:00", "expa02", primary=False) + claims("09:30:00", "expa02", primary=True),
    }
    assert roles(logs) == {"expa01": "subordinate", "expa02": "primary"}


def test_a_peer_that_is_not_the_primary_still_says_who_is() -> None:
    logs = listed("09:00:00", "expa01", "expa02", index="0", peer="expa02")
    assert roles(logs + claims("09:00:01", "expa02", primary=False)) == {
        "expa01": "primary",
        "expa02": "subordinate",
    }


def ras(clock: str, number: int, what: str, peer: str, other: str) -> str:
    side, key = ("Sent", "Dst") if what == "Sending" else ("Received", "Src")
    text = f'Action="{side}" {key}-ip="{other}" Detail="{what} RAS SCI  SeqNum={number}"'
    return said(clock, f'tvcs: Module="network.h323" {text}', peer)


@pytest.mark.parametrize(("ahead", "state"), [(0, "closed"), (20, "open")])
def test_a_proof_that_only_another_clock_makes_later_proves_nothing(ahead: int, state: str) -> None:
    """The clock of expa02 is minutes ahead: what it logs behind the end of a log may lie within it."""
    names = ("expa01", "expa02", "expa03")
    survivor = listed("08:59:50", *names) + ras("08:59:55", 7, "Sending", "expa01", "10.0.0.2")
    survivor += ras("08:59:56", 8, "Receiving", "expa01", "10.0.0.2")
    survivor += database("09:00:00", "mnesia_down", "expa02") + idle("09:07:00")
    other = ras(
        f"{8 + (59 + ahead) // 60:02}:{(59 + ahead) % 60:02}:55", 7, "Receiving", "expa02", "10.0.0.1"
    )
    other += ras(f"{8 + (59 + ahead) // 60:02}:{(59 + ahead) % 60:02}:56", 8, "Sending", "expa02", "10.0.0.1")
    other += cycle("09:19:58", "expa02")
    (finding,) = found({"a": survivor, "c": other}, "database/peer-down")
    assert finding.state == state


def test_the_log_of_a_lost_peer_that_stops_before_the_loss_is_asked_for() -> None:
    down = 'Module="developer.clusterdb.cdb" Detail="Processed mnesia_down event" Node="clusterdb@expa01" Node="clusterdb@expa02"'
    survivor = f"2024-03-05T09:00:00.000+00:00 expa01 {down}\n"
    lost = "2024-03-05T08:59:00.000+00:00 expa02 tvcs: idle\n"
    diagnosis = examine(read_texts({"a": survivor.encode(), "b": lost.encode()}), load())
    assert [w.what for w in diagnosis.wanted if w.peer == "expa02"] == [
        "The log of expa02 that covers 2024-03-05 09:00:00.000 UTC"
    ]


def test_flapping_says_how_often() -> None:
    text = "".join(
        f'2024-03-05T09:0{minute}:{second}.000+00:00 expa01 alarm: Event="Alarm {word}" Id="20004" Detail="x"\n'
        for minute in range(3)
        for second, word in (("00", "Raised"), ("30", "Lowered"))
    )
    [finding] = examine(read_texts({"a": text.encode()}), load()).findings
    assert finding.count == 3
    assert finding.outcome == "It came and went, 3 times in 2 m 30 s; the last time it ended after 30 s."


def test_the_verdict_on_what_was_raised_before_the_log() -> None:
    text = '2024-03-05T09:00:00.000+00:00 expa01 alarm: Event="Alarm Lowered" Id="20004" Detail="x"\n'
    verdict = examine(read_texts({"a": text.encode()}), load()).verdict.text
    assert verdict.endswith("Over by 2024-03-05 09:00:00 UTC; it began before the logs do.")


def test_no_verdict_calls_a_raised_alarm_nothing() -> None:
    for number in ("15019", "30015", "77777"):
        text = f'2024-03-05T09:00:00.000+00:00 expa01 alarm: Event="Alarm Raised" Id="{number}" Detail="x"\n'
        verdict = examine(read_texts({"a": text.encode()}), load()).verdict.text
        assert "Nothing wrong" not in verdict
        assert "expa01" in verdict
