"""The advice of the alarm catalogue agrees with the procedures of the rules that look for the alarm."""

import re

import pytest

from logdiag.conditions.alarm_catalogue import load as load_alarms
from logdiag.rules.alarm_page import find_rules_by_alarm
from logdiag.rules.library import load

LIBRARY = load()
ALARMS = load_alarms()
NAMED = {
    id_: names
    for id_, names in find_rules_by_alarm(ALARMS.values(), LIBRARY).items()
    if names != ["alarm/raised"]
}
"""The rules that look for each alarm that has a rule of its own."""

ACTIONS = {
    "ForceConfigUpdate": r"ForceConfigUpdate",
    "ForceSystemKeyUpdate": r"ForceSystemKeyUpdate",
    "restart or reboot": r"\b(restart|reboot)(?! required)",
    "upgrade": r"\bupgrade (the primary|every node|\{where\}|it)|Finish the upgrade",
    "snapshot": r"system snapshot|snapshot of every",
    "backup": r"\b(take|back|Take) (a backup|up)\b|Back up first",
    "ports": r"\b4371\b",
    "UDP 1719": r"\b1719\b",
    "H.323": r"H\.323 mode",
    "peer list": r"(the same|every) (addresses|list)|[Pp]eer lists?|list of (every|each)|every list|every peer's list",
    "cluster name": r"cluster name",
    "NTP": r"\bNTP\b|time server",
    "firewall rules": r"[Ff]irewall rules|rules in force|[Cc]ompare the rules|Correct the rules",
    "certificate": r"server certificate|new certificate",
    "support": r"\b[Ss]upport\b",
}
"""What an alarm's advice can ask for. The procedures have to ask for it as well."""

DANGEROUS = ("ForceConfigUpdate", "ForceSystemKeyUpdate")


def steps_of(alarm: str) -> str:
    """All texts of all steps for an alarm, with the steps of the incidents that its rules head."""
    rules = set(NAMED[alarm]) | {
        name for name, _, match in LIBRARY.incidents() if {*match.causes} & {*NAMED[alarm]}
    }
    names = {name for rule in rules for name in LIBRARY.rules[rule].procedures}
    steps = [step for name in names for step in LIBRARY.procedures[name].steps]
    return " ".join(f"{step.do} {step.command or ''} {step.impact} {step.verify}" for step in steps)


def disagreement(advice: str, steps: str) -> list[str]:
    """What the advice asks for and no step does, and dangerous commands of steps that the advice lacks."""
    asked = {name for name, words in ACTIONS.items() if re.search(words, advice)}
    done = {name for name, words in ACTIONS.items() if re.search(words, steps, re.IGNORECASE)}
    done |= {"peer list"} if re.search(r"list|System > Clustering", steps) else set()
    return sorted((asked - done) | {name for name in DANGEROUS if name in done - asked})


@pytest.mark.parametrize("alarm", NAMED)
def test_the_procedures_do_what_the_catalogue_advises(alarm: str) -> None:
    assert disagreement(ALARMS[alarm].remedy, steps_of(alarm)) == []


@pytest.mark.parametrize("alarm", [id_ for id_ in NAMED if id_.startswith("2")])
def test_every_cluster_alarm_has_a_rule_with_steps(alarm: str) -> None:
    assert any(LIBRARY.rules[name].procedures for name in NAMED[alarm])


def test_cluster_alarms_have_rules_of_their_own() -> None:
    about_clusters = {
        id_
        for id_, alarm in ALARMS.items()
        if id_.startswith("200") or re.search(r"\b(cluster peer|cluster database)\b", alarm.title.lower())
    }
    assert about_clusters - NAMED.keys() == set()


def test_the_comparison_can_fail() -> None:
    steps = "Test TCP 4371 and 4372 from expa01. Take a system snapshot."
    assert disagreement("Test TCP 4371, then restart the peer.", steps) == ["restart or reboot"]
    assert disagreement("Call Cisco support.", steps) == ["support"]
    assert disagreement("Test TCP 4371.", f"{steps} xCommand ForceConfigUpdate") == ["ForceConfigUpdate"]
    assert disagreement("Test TCP 4371.", steps) == []


def test_no_advice_orders_the_restart_of_a_peer_for_a_connection_that_is_lost() -> None:
    """Only peers that ask for a restart get one: it helps neither a cut way nor a peer that is down."""
    for alarm in ("20004", "20006", "20016", "20021"):
        assert not re.search(r"\b(restart|reboot)\b", ALARMS[alarm].remedy), alarm
