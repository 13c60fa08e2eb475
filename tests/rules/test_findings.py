"""How many findings are told: a log can make a rule fire as often as it likes."""

from collections.abc import Iterator

import pytest

from logdiag.i18n.sentences import MOST_LISTED, listed
from logdiag.model import Diagnosis, Step
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules import findings
from logdiag.rules.library import load


def peer_down(number: int, other: str, what: str = "mnesia_down") -> str:
    clock = f"09:{number // 60:02d}:{number % 60:02d}"
    return (
        f'2024-03-05T{clock}.000+00:00 expa01 UTCTime="2024-03-05 {clock},000" '
        f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@expa01.example.com" PID="<0.159.0>" '
        f'Detail="Processed {what} event from accessible node" Node="clusterdb@{other}.example.com"\n'
    )


def examined(*records: str) -> Diagnosis:
    return examine(read_texts({"a.log": "".join(records).encode()}), load())


def lost(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    return [finding.peers for finding in diagnosis.findings if finding.rule == "database/peer-down"]


def reasons(diagnosis: Diagnosis, rule: str = "database/peer-down") -> list[str]:
    return [one.reason for one in diagnosis.not_checked if one.rule == rule]


LOST = [peer_down(number, f"peer{number}") for number in range(6)]


def test_as_many_findings_of_a_rule_as_may_be_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MAX_FINDINGS_OF_RULE", 6)
    diagnosis = examined(*LOST)
    assert (len(lost(diagnosis)), diagnosis.capped, reasons(diagnosis)) == (6, (), [])


def test_of_more_findings_of_a_rule_the_first_are_told_and_that_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(findings, "MAX_FINDINGS_OF_RULE", 4)
    diagnosis = examined(*LOST)
    assert sorted(lost(diagnosis)) == [(f"peer{number}",) for number in range(4)]
    assert diagnosis.capped == ("database/peer-down",)
    assert reasons(diagnosis) == ["fires 6 times; 4 of them are reported"]


def test_what_is_not_over_is_told_before_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MAX_FINDINGS_OF_RULE", 2)
    over = [
        peer_down(number + 60, f"peer{number}", "mnesia_up") for number in range(6) if number not in (2, 4)
    ]
    diagnosis = examined(*LOST, *over)
    assert sorted(lost(diagnosis)) == [("peer2",), ("peer4",)]


def test_of_more_findings_of_all_rules_the_worst_are_told() -> None:
    judged = findings.Judged(most=3)
    everything = examined(*LOST).findings
    for finding in everything:
        judged.findings.append(finding)
        findings._cut(judged)
    assert judged.findings == sorted(everything, key=findings.sort_key)[:3]
    assert judged.capped == ["database/peer-down"]
    assert {one.reason for one in judged.not_checked} == {"no more than 3 findings of all rules are reported"}


def steps(diagnosis: Diagnosis) -> Iterator[Step]:
    for told in (*diagnosis.findings, *diagnosis.incidents):
        yield from told.remedy


def test_a_step_names_the_first_of_very_many_peers_and_says_so() -> None:
    diagnosis = examined(*(peer_down(number, f"peer{number}") for number in range(MOST_LISTED + 20)))
    assert len(diagnosis.cluster.peers) == MOST_LISTED + 21
    longest = max(steps(diagnosis), key=lambda step: len(step.where))
    assert len(longest.where) == MOST_LISTED
    assert f"only the first {MOST_LISTED} are named" in longest.do
    assert all(f"peer{MOST_LISTED + 19}" not in step.do for step in steps(diagnosis) if len(step.where) > 1)


def test_a_list_of_very_many_names_ends_with_their_number() -> None:
    names = [str(number) for number in range(MOST_LISTED + 1950)]
    assert listed(names).endswith("48, 49 and 1,950 more")
    assert listed(names[:MOST_LISTED]).endswith("47, 48 and 49")


def own(name: str, clock: str) -> str:
    """A record of a peer's own log."""
    return (
        f'2024-03-05T{clock}.000+00:00 {name} tvcs: UTCTime="2024-03-05 {clock},000" Module="network.dns"\n'
    )


@pytest.mark.parametrize(
    ("log", "is_needed"),
    [
        ("", True),
        (own("peer1", "08:30:00") + own("peer1", "08:59:00"), True),
        (own("peer1", "09:05:00") + own("peer1", "09:07:00"), True),
        (own("peer1", "08:58:00") + own("peer1", "09:01:00"), False),
        (own("peer1", "09:01:00") + own("peer1", "09:07:00"), False),
    ],
    ids=["no log", "ends before it", "begins minutes after it", "covers it", "begins a moment after it"],
)
def test_a_loss_asks_for_the_log_of_the_lost_peer_if_none_covers_it(log: str, is_needed: bool) -> None:
    files = {"a.log": peer_down(1, "peer1").encode(), "b.log": log.encode()}
    diagnosis = examine(read_texts({name: text for name, text in files.items() if text}), load())
    (loss,) = (one for one in diagnosis.findings if one.rule == "database/peer-down")
    assert ("no given log of peer1 covers this time" in loss.explanation) is is_needed
